"""Reads a recording, also one that was cut off at any byte: what cannot be read ends a file, and is never an error.

Only files are read: no link is followed, and nothing waits for a pipe.
"""

import errno
import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, TypeVar

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

    def size(self, track: Track) -> int:
        """Bytes that are kept of a track."""
        try:
            with open_file(self.folder / track.file) as file:
                return os.fstat(file.fileno()).st_size
        except OSError:
            return 0

    def speech(self, speech: Speech) -> bytes:
        """The sound of a frame; silence where it is not kept."""
        pcm = bytearray(speech.size)
        for segment, size in self.stretches(speech.track):
            first = max(speech.first, segment.first)
            last = min(speech.first + speech.size, segment.first + size)
            if first < last:
                data = self.pcm(speech.track, segment.place + first - segment.first, last - first)
                start = first - speech.first
                pcm[start : start + len(data)] = data
        return bytes(pcm)

    def stretches(self, track: Track) -> list[tuple[Segment, int]]:
        """The stretches of a track, each with its size in bytes."""
        return self._stretches[track]

    def pcm(self, track: Track, place: int, size: int) -> bytes:
        """Bytes of a track's file; fewer where it ends before."""
        try:
            with open_file(self.folder / track.file) as file:
                file.seek(place)
                return file.read(size)
        except OSError:
            return b""

    @cached_property
    def _stretches(self) -> dict[Track, list[tuple[Segment, int]]]:
        found = {}
        for track, segments in self.segments.items():
            end = self.size(track)
            ends = [*(min(end, segment.place) for segment in segments[1:]), end][: len(segments)]
            both = zip(segments, ends, strict=True)
            found[track] = [(segment, max(0, end - segment.place)) for segment, end in both]
        return found

    def _lines(self, name: str, kind: type[Line]) -> Iterator[Line]:
        """The whole lines that can be read; the first that cannot ends them."""
        decoder = msgspec.json.Decoder(kind)
        try:
            with open_file(self.folder / name) as file:
                while (line := file.readline(MOST_LINE)).endswith(b"\n"):
                    yield decoder.decode(line)
        except (OSError, MemoryError, msgspec.DecodeError, RecursionError):
            return


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        OSError: it cannot be read, or is a link, a folder, a pipe or a device.
    """
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_RDONLY | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no file")
    return os.fdopen(descriptor, "rb")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a recording.

    Raises:
        RecordingError: the folder holds no recording, or one of a later version.
    """
    path = folder / MANIFEST
    try:
        with open_file(path) as file:
            data = file.read(MOST_MANIFEST)
        manifest = msgspec.json.decode(data, type=_AnyVersion)
        if manifest.version > VERSION:
            sentence = f"{folder.name} was recorded by a later version of the app"
            raise RecordingError(sentence, "update rtvoice-tui to open it")
        return msgspec.json.decode(data, type=Manifest)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror or str(error)
        raise RecordingError(
            f"{folder} is no recording: {MANIFEST} cannot be read ({reason})",
            "rtvoice-tui sessions list shows all recordings",
        ) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"{path} is no manifest of a recording: {error}", "it may be damaged") from None


class _AnyVersion(msgspec.Struct):
    version: int
