"""Reads a recording, also one that was cut off at any byte: what cannot be read ends a file, and is never an error."""

import mmap
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.format import (
    JOURNAL,
    MANIFEST,
    SOUND,
    VERSION,
    WIRE,
    JournalLine,
    Manifest,
    Segment,
    Speech,
    Track,
    WireLine,
)

MOST_MANIFEST = 1_000_000
MOST_LINE = 64 << 20
"""Maximum size of a line in bytes: a longer one is no line of ours."""

Line = TypeVar("Line")


class Recording:
    """One recording, for reading.

    Args:
        folder: its folder.

    Raises:
        RecordingError: it is no recording, or of a later version.

    Attributes:
        folder: its folder.
        manifest: what it is of.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def journal(self) -> Iterator[JournalLine]:
        """The inputs of the machine, in order."""
        return self._lines(JOURNAL, JournalLine)

    def wire(self) -> Iterator[WireLine]:
        """The frames of both directions, in order."""
        return self._lines(WIRE, WireLine)

    @cached_property
    def segments(self) -> dict[Track, list[Segment]]:
        """The stretches of each track, in order."""
        found: dict[Track, list[Segment]] = {track: [] for track in Track}
        for segment in self._lines(SOUND, Segment):
            found[segment.track].append(segment)
        return found

    def samples(self, track: Track) -> int:
        """Number of samples that are kept of a track."""
        try:
            return os.stat(self.folder / track.file).st_size // 2
        except OSError:
            return 0

    def speech(self, speech: Speech) -> bytes:
        """The sound of a frame as PCM16; silence where it is not kept."""
        stretches = self._stretches[speech.track]
        if not stretches:
            return bytes(speech.samples * 2)
        pcm = bytearray(speech.samples * 2)
        for segment, until in stretches:
            first = max(speech.first, segment.first)
            last = min(speech.first + speech.samples, until)
            if first < last:
                data = self.pcm(speech.track, segment.place + first - segment.first, last - first)
                start = (first - speech.first) * 2
                pcm[start : start + len(data)] = data
        return bytes(pcm)

    def pcm(self, track: Track, place: int, samples: int) -> bytes:
        """Samples of a track's file as PCM16; fewer where it ends before."""
        try:
            with open(self.folder / track.file, "rb") as file:
                return os.pread(file.fileno(), samples * 2, place * 2)
        except OSError:
            return b""

    @cached_property
    def _stretches(self) -> dict[Track, list[tuple[Segment, int]]]:
        """The stretches of each track, each with the number of the sample behind it."""
        found = {}
        for track, segments in self.segments.items():
            ends = [*(segment.place for segment in segments[1:]), self.samples(track)]
            both = zip(segments, ends, strict=False)
            found[track] = [(segment, segment.first + end - segment.place) for segment, end in both]
        return found

    def _lines(self, name: str, kind: type[Line]) -> Iterator[Line]:
        decoder = msgspec.json.Decoder(kind)
        path = self.folder / name
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield from _decoded(data, decoder)


def _decoded(data: mmap.mmap, decoder: "msgspec.json.Decoder[Line]") -> Iterator[Line]:
    """The whole lines that can be read; the first that cannot ends them."""
    start = 0
    while (end := data.find(b"\n", start, start + MOST_LINE)) >= 0:
        try:
            yield decoder.decode(data[start:end])
        except (msgspec.DecodeError, RecursionError):
            return
        start = end + 1


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a recording.

    Raises:
        RecordingError: the folder holds no recording, or one of a later version.
    """
    path = folder / MANIFEST
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_MANIFEST)
        manifest = msgspec.json.decode(data, type=_AnyVersion)
        if manifest.version > VERSION:
            sentence = f"{folder.name} was recorded by a later version of the app"
            raise RecordingError(sentence, "update rtvoice-tui to open it")
        return msgspec.json.decode(data, type=Manifest)
    except OSError as error:
        raise RecordingError(
            f"{folder} is no recording: {MANIFEST} cannot be read ({error.strerror or error})",
            "rtvoice-tui sessions list shows all recordings",
        ) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"{path} is no manifest of a recording: {error}", "it may be damaged") from None


class _AnyVersion(msgspec.Struct):
    version: int
