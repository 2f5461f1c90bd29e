"""What both sides heard, on one time line: left the microphone as sent, right the agent as the device played it."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from rtvoice_tui.audio.pcm.resample import Resampler
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.new_file import new_file
from rtvoice_tui.recording.format import Speech, Track
from rtvoice_tui.recording.reader import Recording

SLOWEST, FASTEST, USUAL = 8_000, 48_000, 24_000
"""Sample rates between which a mix keeps that of the recording; else it has the usual one."""

MOST_S, MOST_AFTER_S = 86_400.0, 600.0
"""Maximum length of a mix in seconds, and of what comes after the last input."""

MOST_RATES = 16
"""Different sample rates in one recording; the profile is not changed more often."""

WINDOW_S = 10.0
"""Seconds that are mixed at a time."""

JOINS_S = 0.06
"""A frame that was sent so close to the end of the one before belongs to the same run: frames are sent in bursts."""

APART_S = 0.005
"""A run goes on as one stretch while its frames are no further than this from the time at which they were sent."""

DELAYS_S = 5.0
"""A frame that was delayed is placed by those behind it that were not, up to so much later."""

TELLING = 5
"""Frames of a run that must be left to place them later than those before: the last ones may all be delayed."""

Samples = npt.NDArray[np.int16]


class Stretch(NamedTuple):
    """A stretch of a track on the time line, in samples of its own rate.

    Attributes:
        start: where it begins on the time line.
        place: where it begins in the track's file.
        length: its length.
        rate: its sample rate in Hz.
    """

    start: int
    place: int
    length: int
    rate: int

    @property
    def ends(self) -> float:
        """Where it ends on the time line, in seconds."""
        return (self.start + self.length) / self.rate


def write_stereo(recording: Recording, path: Path) -> float:
    """Write both sides as one audio file; the name's suffix says the format, such as ``.flac`` or ``.wav``.

    Returns:
        Its length in seconds.

    Raises:
        RecordingError: no sound was kept, or the file cannot be written.
    """
    import soundfile

    if not recording.has_sound:
        raise RecordingError(f"{recording.name} holds no sound", "the key r, --record, or record = true keeps it")
    mix = Mix(recording)
    seconds = 0.0
    kind = path.suffix.removeprefix(".").upper()
    if kind not in ("FLAC", "WAV"):
        raise RecordingError(f"no sound has the suffix '{path.suffix}'", "end the name in .flac or .wav")
    try:
        with new_file(path) as target:
            written = _Written(target)
            with soundfile.SoundFile(written, "w", mix.rate, 2, "PCM_16", format=kind) as file:
                for window in mix.windows():
                    file.write(window)
                    seconds += len(window) / mix.rate
                    written.check()
            written.check()
    except soundfile.SoundFileError as error:
        raise RecordingError(f"{path} cannot be written: {error}", "choose another file that ends in .flac") from None
    return seconds


class _Written:
    """File for libsndfile, which calls it from C, where no exception may be raised: `check` raises it later."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None
        self.seek, self.tell, self.read = file.seek, file.tell, file.read

    def write(self, data: bytes) -> int:
        """Write; after an error nothing is written, which is not told to the caller."""
        if self._error is None:
            try:
                return self._file.write(data)
            except OSError as error:
                self._error = error
        return len(data)

    def check(self) -> None:
        """Raise the error."""
        if self._error is not None:
            raise self._error


class Mix:
    """Both sides on one time line, which begins at `begins`.

    Args:
        recording: the recording. All of its lines are read at once.
        window_s: seconds that are mixed at a time.

    Attributes:
        rate: samples per second.
        ends: where it ends, in seconds.
    """

    def __init__(self, recording: Recording, window_s: float = WINDOW_S) -> None:
        zero = begins(recording)
        self.rate = recording.manifest.output_rate
        if not SLOWEST <= self.rate <= FASTEST:
            self.rate = USUAL
        self._recording = recording
        self._window_s = window_s
        self._sides = {
            Track.SENT: _stretches_sent(recording, zero),
            Track.HEARD: _stretches_heard(recording, zero),
        }
        ends = max((stretch.ends for side in self._sides.values() for stretch in side), default=0.0)
        self.ends = min(ends, recording.ends - zero + MOST_AFTER_S, MOST_S)
        if len({stretch.rate for side in self._sides.values() for stretch in side}) > MOST_RATES:
            raise RecordingError(f"the sound of {recording.name} has too many sample rates", "it is damaged")

    def windows(self, first: int = 0) -> Iterator[Samples]:
        """The windows from a number on: arrays of samples by two channels."""
        channels = [
            _Channel(self._recording, track, stretches, self.rate, self._window_s)
            for track, stretches in self._sides.items()
        ]
        count = round(self._window_s * self.rate)
        for number in range(first, int(self.ends / self._window_s) + 1):
            last = min(count, max(0, round(self.ends * self.rate) - number * count))
            yield np.stack([channel.window(number) for channel in channels], axis=1)[:last]


def begins(recording: Recording) -> float:
    """The time of the first sample of the time line, in seconds: that of the recording's first input."""
    return next((line.at for line in recording.journal()), 0.0)


def _stretches_sent(recording: Recording, zero: float) -> list[Stretch]:
    """The microphone, frame by frame: a frame was recorded just before it was sent."""
    places = _Places(recording, Track.SENT)
    runs: list[list[Stretch]] = []
    for line in recording.wire():
        speech = line.speech
        if speech is None or speech.track is not Track.SENT or (kept := places.of(speech)) is None:
            continue
        place, rate = kept
        length = speech.size // 2
        frame = Stretch(max(0, round((line.at - zero) * rate) - length), place, length, rate)
        if runs and _follows(runs[-1][-1], frame):
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return [stretch for run in runs for stretch in _joined(run)]


def _follows(last: Stretch, frame: Stretch) -> bool:
    """Whether a frame belongs to the same run as the one before."""
    joins = last.rate == frame.rate and last.place + last.length == frame.place
    return joins and abs(last.start + last.length - frame.start) <= JOINS_S * frame.rate


def _joined(run: list[Stretch]) -> list[Stretch]:
    """The stretches of a run of frames. No frame is sent before it was recorded, and many are sent later."""
    found: list[Stretch] = []
    offsets = [frame.start - frame.place for frame in run]
    earliest: deque[int] = deque()  # numbers of frames behind, each earlier than those between it and this one
    steady = [0] * len(run)
    for number in reversed(range(len(run))):
        while earliest and offsets[earliest[-1]] >= offsets[number]:
            earliest.pop()
        earliest.append(number)
        while run[earliest[0]].place - run[number].place > DELAYS_S * run[number].rate:
            earliest.popleft()
        steady[number] = offsets[earliest[0]]
    for number, frame in enumerate(run):
        last = found[-1] if found else None
        apart = steady[number] - (last.start - last.place) if last is not None else 0
        if last is not None and (abs(apart) <= APART_S * frame.rate or (apart > 0 and len(run) - number < TELLING)):
            found[-1] = last._replace(length=last.length + frame.length)
        else:
            found.append(frame._replace(start=max(0, steady[number] + frame.place)))
    return found


def _stretches_heard(recording: Recording, zero: float) -> list[Stretch]:
    found = []
    for segment, size in recording.stretches(Track.HEARD):
        start = max(0, round((segment.at - zero) * segment.rate))
        found.append(Stretch(start, segment.place // 2, size // 2, segment.rate))
    return found


class _Places:
    """Where the sound of frames is in its track's file."""

    def __init__(self, recording: Recording, track: Track) -> None:
        self._known = recording.stretches(track)

    def of(self, speech: Speech) -> tuple[int, int] | None:
        """Place in samples, and sample rate; ``None`` if it is not kept as a whole."""
        for segment, size in reversed(self._known):
            if segment.first <= speech.first and speech.first + speech.size <= segment.first + size:
                return (segment.place + speech.first - segment.first) // 2, segment.rate
        return None


class _Channel:
    """One side on the time line, window after window, converted to one sample rate.

    Args:
        recording: the recording.
        track: the track of this side.
        stretches: what is kept of it.
        rate: the sample rate in Hz.
        window_s: seconds of a window.
    """

    def __init__(
        self, recording: Recording, track: Track, stretches: list[Stretch], rate: int, window_s: float
    ) -> None:
        self._recording = recording
        self._track = track
        self._stretches = stretches
        self._window_s = window_s
        self._count = round(window_s * rate)
        self._resamplers = {stretch.rate: Resampler(stretch.rate, rate) for stretch in stretches}

    def window(self, number: int) -> Samples:
        """The samples of a window. Windows are asked for in order."""
        whole = np.zeros(self._count, np.int16)
        for rate, resampler in self._resamplers.items():
            count = round(self._window_s * rate)
            part = np.frombuffer(resampler(self._own(rate, number * count, count).tobytes()), "<i2")[: self._count]
            loud = np.flatnonzero(part)
            whole[loud] = part[loud]
        return whole

    def _own(self, rate: int, first: int, count: int) -> Samples:
        """``count`` samples of the time line at one rate, from ``first`` on; silence where nothing is."""
        window = np.zeros(count, np.int16)
        for stretch in self._stretches:
            start = max(first, stretch.start)
            end = min(first + count, stretch.start + stretch.length)
            if stretch.rate == rate and start < end:
                place = stretch.place + start - stretch.start
                data = self._recording.pcm(self._track, place * 2, (end - start) * 2)
                samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
                window[start - first : start - first + len(samples)] = samples
        return window
