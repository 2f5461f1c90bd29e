"""A recording for a colleague or a bug report: a ZIP that can be replayed, without what is private."""

import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.new_file import new_file
from rtvoice_tui.recording.export.privacy import Redactor
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, SOUND, WIRE, Track
from rtvoice_tui.recording.reader import Recording, open_file

_CHUNK = 1 << 20

Stream = tuple[str, str, str]
"""What the pieces of one text have in common: type, item or call, and place."""


class Preview(NamedTuple):
    """What leaves.

    Attributes:
        files: names and sizes in bytes.
        removed: how often each kind of private text was removed.
        sound: whether the voices are part of it.
    """

    files: dict[str, int]
    removed: dict[str, int]
    sound: bool

    @property
    def short(self) -> str:
        """What was removed, in one line."""
        gone = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.removed.items())) or "nothing"
        return f"removed: {gone}; {'with' if self.sound else 'without'} sound"

    def __str__(self) -> str:
        """The preview in lines."""
        lines = [f"  {name:<16} {size:>12,} bytes".replace(",", " ") for name, size in self.files.items()]
        gone = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.removed.items())) or "nothing"
        voices = "the voices of both sides" if self.sound else "no sound"
        return "\n".join(["what leaves:", *lines, f"  with {voices}", f"removed from the texts: {gone}"])


def bundle(recording: Recording, path: Path | None, names: Iterable[str] = (), sound: bool = False) -> Preview:
    """Write a bundle to a new file; without a file only tell what would leave.

    Args:
        recording: the recording.
        path: the file.
        names: names and other words to remove as well.
        sound: whether the sound is part of it.

    Raises:
        RecordingError: the file exists already, or cannot be written.
    """
    redactor = Redactor(names)
    for name in (WIRE, JOURNAL):
        for line in _found(recording, name):
            _learn(redactor, line)
    texts = {
        MANIFEST: _manifest(recording, redactor, sound),
        WIRE: b"".join(_lines(recording, WIRE, redactor)),
        JOURNAL: b"".join(_lines(recording, JOURNAL, redactor)),
    }
    kept = [SOUND, *(track.file for track in Track)] if sound else []
    sizes = {name: len(data) for name, data in texts.items()}
    sizes |= {
        name: recording.folder.joinpath(name).stat().st_size for name in kept if (recording.folder / name).is_file()
    }
    preview = Preview(sizes, dict(redactor.removed), sound)
    if path is not None:
        _write(recording, path, texts, [name for name in kept if name in sizes])
    return preview


def _write(recording: Recording, path: Path, texts: dict[str, bytes], kept: list[str]) -> None:
    with new_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in texts.items():
            archive.writestr(f"recording/{name}", data)
        for name in kept:
            with _sound_of(recording, name) as source, archive.open(f"recording/{name}", "w") as target:
                while data := source.read(_CHUNK):
                    target.write(data)


def _sound_of(recording: Recording, name: str) -> BinaryIO:
    try:
        return open_file(recording.folder / name)
    except OSError as error:
        sentence = f"{name} of {recording.name} cannot be read: {error.strerror or error}"
        raise RecordingError(sentence, "leave --with-sound out") from None


def _manifest(recording: Recording, redactor: Redactor, sound: bool) -> bytes:
    whole = msgspec.to_builtins(recording.manifest)
    whole["sound"] = whole["sound"] and sound
    for private in ("profile", "identity", "summary"):
        whole[private] = redactor.value(whole[private])
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _lines(recording: Recording, name: str, redactor: Redactor) -> Iterator[bytes]:
    """The lines of a file; pieces of one text are looked at together."""
    streams: dict[Stream, list[dict[str, Any]]] = defaultdict(list)
    lines = _found(recording, name)
    for line in lines:
        event = line.get("event")
        if isinstance(event, dict) and isinstance(event.get("delta"), str) and not line.get("speech"):
            streams[_stream(event)].append(event)
    for events in streams.values():
        for event, piece in zip(events, redactor.pieces([event["delta"] for event in events]), strict=True):
            event["delta"] = _Done(piece)
    for line in lines:
        try:
            made = _redacted(line, redactor)
        except RecursionError:
            return
        yield json.dumps(made, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _found(recording: Recording, name: str) -> list[dict[str, Any]]:
    """The lines of a file, up to the first that cannot be read, where a reader ends."""
    lines: list[dict[str, Any]] = []
    try:
        with open_file(recording.folder / name) as file:
            for data in file:
                if (line := _parsed(data)) is None:
                    break
                lines.append(line)
    except OSError:
        pass
    return lines


def _learn(redactor: Redactor, value: Any) -> None:
    """Learn the names that are introduced in any text of a value."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            redactor.learn(value)
        else:
            waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


class _Done(str):
    """A text that was looked at already."""

    __slots__ = ()


def _redacted(line: dict[str, Any], redactor: Redactor) -> Any:
    delta = line["event"]["delta"] if isinstance(line.get("event"), dict) and "delta" in line["event"] else None
    made = redactor.value(line)
    if isinstance(delta, _Done):
        made["event"]["delta"] = str(delta)
    return made


def _stream(event: dict[str, Any]) -> Stream:
    item = str(event.get("item_id") or event.get("call_id") or "")
    return str(event.get("type")), item, f"{event.get('content_index')} {event.get('summary_index')}"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
