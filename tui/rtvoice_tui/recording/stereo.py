"""What both sides heard, on one time line: left the microphone as sent, right the agent as the device played it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rtvoice_tui.audio.pcm.resample import Resampler
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.format import Track
from rtvoice_tui.recording.reader import Recording

WINDOW_S = 10.0
"""Seconds that are mixed at a time."""

JOINS_S = 0.06
"""A frame that was sent so close to the end of the one before joins it: frames are sent in bursts."""

Samples = npt.NDArray[np.int16]


class Stretch(NamedTuple):
    """A stretch of a track on the time line.

    Attributes:
        start: where it begins on the time line, in samples of the track.
        place: where it begins in the track's file, in samples.
        length: its length in samples.
    """

    start: int
    place: int
    length: int


def write_stereo(recording: Recording, path: Path) -> float:
    """Write both sides as one audio file; the name's suffix says the format, such as ``.flac`` or ``.wav``.

    Returns:
        Its length in seconds.

    Raises:
        RecordingError: no sound was kept, or the file cannot be written.
    """
    import soundfile

    if not recording.manifest.sound:
        raise RecordingError(f"{recording.name} holds no sound", "the key r, --record, or record = true keeps it")
    rate = recording.manifest.output_rate
    seconds = 0.0
    try:
        with soundfile.SoundFile(path, "x", samplerate=rate, channels=2, subtype="PCM_16") as file:
            for window in mixed(recording):
                file.write(window)
                seconds += len(window) / rate
    except (OSError, soundfile.SoundFileError, TypeError) as error:
        raise RecordingError(f"{path} cannot be written: {error}", "choose another file that ends in .flac") from None
    return seconds


def mixed(recording: Recording) -> Iterator[npt.NDArray[np.int16]]:
    """The time line in windows: an array of samples by two channels each, at the output rate, from `begins` on."""
    manifest = recording.manifest
    zero = begins(recording)
    left = _stretches_sent(recording, zero)
    right = _stretches_heard(recording, zero)
    ends = max(_end(left) / manifest.input_rate, _end(right) / manifest.output_rate)
    resampler = Resampler(manifest.input_rate, manifest.output_rate)
    count = round(WINDOW_S * manifest.output_rate)
    source = round(WINDOW_S * manifest.input_rate)
    for number in range(int(ends / WINDOW_S) + 1):
        sent = _window(left, number * source, source, _reader(recording, Track.SENT))
        heard = _window(right, number * count, count, _reader(recording, Track.HEARD))
        last = min(count, max(0, round(ends * manifest.output_rate) - number * count))
        window = np.zeros((count, 2), np.int16)
        converted = np.frombuffer(resampler(sent.tobytes()), "<i2")[:count]
        window[: len(converted), 0] = converted
        window[:, 1] = heard
        yield window[:last]


def begins(recording: Recording) -> float:
    """The time of the first sample of the time line, in seconds: that of the recording's first input."""
    return next((line.at for line in recording.journal()), 0.0)


def _stretches_sent(recording: Recording, zero: float) -> list[Stretch]:
    """The microphone, frame by frame: a frame was recorded just before it was sent."""
    rate = recording.manifest.input_rate
    places = _Places(recording, Track.SENT)
    found: list[Stretch] = []
    for line in recording.wire():
        speech = line.speech
        if speech is None or speech.track is not Track.SENT:
            continue
        place = places.of(speech.first, speech.samples)
        if place is None:
            continue
        start = max(0, round((line.at - zero) * rate) - speech.samples)
        last = found[-1] if found else None
        joins = last is not None and last.place + last.length == place
        if last is not None and joins and abs(last.start + last.length - start) <= JOINS_S * rate:
            found[-1] = last._replace(length=last.length + speech.samples)
        else:
            found.append(Stretch(start, place, speech.samples))
    return found


def _stretches_heard(recording: Recording, zero: float) -> list[Stretch]:
    rate, segments = recording.manifest.output_rate, recording.segments[Track.HEARD]
    ends = [*(segment.place for segment in segments[1:]), recording.samples(Track.HEARD)]
    return [
        Stretch(max(0, round((segment.at - zero) * rate)), segment.place, end - segment.place)
        for segment, end in zip(segments, ends, strict=False)
    ]


class _Places:
    """Where samples of a track are in its file."""

    def __init__(self, recording: Recording, track: Track) -> None:
        segments = recording.segments[track]
        ends = [*(segment.place for segment in segments[1:]), recording.samples(track)]
        self._known = [(s.first, s.first + e - s.place, s.place) for s, e in zip(segments, ends, strict=False)]

    def of(self, first: int, samples: int) -> int | None:
        """The place of a run of samples; ``None`` if it is not kept as a whole."""
        for start, end, place in reversed(self._known):
            if start <= first and first + samples <= end:
                return place + first - start
        return None


def _end(stretches: list[Stretch]) -> int:
    return max((stretch.start + stretch.length for stretch in stretches), default=0)


def _reader(recording: Recording, track: Track) -> Callable[[int, int], bytes]:
    return lambda place, samples: recording.pcm(track, place, samples)


def _window(stretches: list[Stretch], first: int, count: int, read: Callable[[int, int], bytes]) -> Samples:
    """``count`` samples of the time line from ``first`` on; silence where nothing is."""
    window = np.zeros(count, np.int16)
    for stretch in stretches:
        start = max(first, stretch.start)
        end = min(first + count, stretch.start + stretch.length)
        if start < end:
            data = np.frombuffer(read(stretch.place + start - stretch.start, end - start), "<i2")
            window[start - first : start - first + len(data)] = data
    return window
