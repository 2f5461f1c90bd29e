"""Reads a recording, also one that was cut off at any byte: what cannot be read ends a file, and is never an error.

Only files are read: no link is followed, and nothing waits for a pipe.
"""

import contextlib
import errno
import os
import stat
import weakref
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

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
    Seconds,
    Segment,
    Speech,
    Track,
    WireLine,
)

MOST_MANIFEST = 1_000_000
TAIL = 1 << 20
"""Bytes at the end of the journal in which its last line is looked for."""

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
        self._files: dict[Track, BinaryIO] = {}

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def journal(self, place: int = 0) -> "Lines[JournalLine]":
        """The inputs of the machine, in order, from a `Lines.place` on."""
        return Lines(self.folder / JOURNAL, JournalLine, place)

    def wire(self, place: int = 0) -> "Lines[WireLine]":
        """The frames of both directions, in order, from a `Lines.place` on."""
        return Lines(self.folder / WIRE, WireLine, place)

    @property
    def ends(self) -> float:
        """Time of the last input that can be read, in seconds."""
        try:
            with open_file(self.folder / JOURNAL) as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
                lines = file.read(TAIL).splitlines()
        except OSError:
            return 0.0
        for line in reversed(lines):
            with contextlib.suppress(msgspec.DecodeError, RecursionError):
                return msgspec.json.decode(line, type=_Timed).at
        return 0.0

    @cached_property
    def segments(self) -> dict[Track, list[Segment]]:
        """The stretches of each track, in order."""
        found: dict[Track, list[Segment]] = {track: [] for track in Track}
        for segment in Lines(self.folder / SOUND, Segment):
            found[segment.track].append(segment)
        return found

    def size(self, track: Track) -> int:
        """Bytes that are kept of a track."""
        try:
            with open_file(self.folder / track.file) as file:
                return os.fstat(file.fileno()).st_size
        except OSError:
            return 0

    @property
    def has_sound(self) -> bool:
        """Whether sound of either side is kept: it may be asked for where there is no device, or nobody speaks."""
        return self.manifest.sound and any(self.size(track) for track in (Track.SENT, Track.RECEIVED))

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

    def keeps(self, speech: Speech) -> bool:
        """Whether any sound of a frame is kept."""
        first, last = speech.first, speech.first + speech.size
        return any(
            segment.first < last and first < segment.first + size for segment, size in self.stretches(speech.track)
        )

    def stretches(self, track: Track) -> list[tuple[Segment, int]]:
        """The stretches of a track, each with its size in bytes."""
        return self._stretches[track]

    def pcm(self, track: Track, place: int, size: int) -> bytes:
        """Bytes of a track's file; fewer where it ends before. May be called from any thread."""
        try:
            if track not in self._files:
                self._files[track] = file = open_file(self.folder / track.file)
                weakref.finalize(self, file.close)
            return os.pread(self._files[track].fileno(), size, place)
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


class Lines(Generic[Line]):
    """The whole lines of a file that can be read; the first that cannot ends them.

    Args:
        path: the file.
        kind: what a line is.
        place: where the first line begins, in bytes.

    Attributes:
        place: where the next line begins, in bytes.
    """

    def __init__(self, path: Path, kind: type[Line], place: int = 0) -> None:
        self.place = place
        self._decoder = msgspec.json.Decoder(kind)
        self._file: BinaryIO | None = None
        with contextlib.suppress(OSError):
            self._file = file = open_file(path)
            weakref.finalize(self, file.close)
            file.seek(place)

    def __iter__(self) -> "Lines[Line]":
        return self

    def __next__(self) -> Line:
        """The next line."""
        if self._file is not None:
            try:
                line = self._file.readline(MOST_LINE)
                if line.endswith(b"\n"):
                    self.place += len(line)
                    return self._decoder.decode(line)
            except (OSError, MemoryError, msgspec.DecodeError, RecursionError):
                pass
            self._file.close()
            self._file = None
        raise StopIteration


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


class _Timed(msgspec.Struct):
    at: Seconds


class _AnyVersion(msgspec.Struct):
    version: int
