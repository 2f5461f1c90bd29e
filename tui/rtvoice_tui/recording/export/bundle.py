"""A recording for a colleague or a bug report: a ZIP that can be replayed, without what is private."""

import contextlib
import json
import os
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.new_file import new_file
from rtvoice_tui.recording.export.privacy import MOST_EXAMPLES, Redactor
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, SOUND, WIRE, Track
from rtvoice_tui.recording.reader import MOST_LINE, Recording, open_file
from rtvoice_tui.store.plain import one_line

_CHUNK = 1 << 20

Stream = tuple[str, str, str]
"""What the pieces of one text have in common: type, item or call, and place."""


class Preview(NamedTuple):
    """What leaves.

    Attributes:
        files: names and sizes in bytes.
        removed: how often each kind of private text was removed.
        examples: what was removed, by kind; not all, if it is much.
        sound: whether the voices are part of it.
    """

    files: dict[str, int]
    removed: dict[str, int]
    examples: dict[str, list[str]]
    sound: bool

    @property
    def short(self) -> str:
        """What was removed, in one line."""
        gone = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.removed.items())) or "nothing"
        return f"removed: {gone}; {'with' if self.sound else 'without'} sound"

    def __str__(self) -> str:
        """The preview in lines."""
        lines = [f"  {name:<16} {size:>12,} bytes".replace(",", " ") for name, size in self.files.items()]
        voices = "the voices of both sides" if self.sound else "no sound"
        gone = [self._removed(kind, count) for kind, count in sorted(self.removed.items())] or ["  nothing"]
        return "\n".join(["what leaves:", *lines, f"  with {voices}", "removed from the texts:", *gone])

    def _removed(self, kind: str, count: int) -> str:
        shown = [one_line(text, 6 if kind == "key" else 40) for text in self.examples.get(kind, ())]
        more = ", …" if len(shown) == MOST_EXAMPLES else ""
        return f"  {count} × {kind}{': ' if shown else ''}{', '.join(shown)}{more}"


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
    home = os.path.expanduser("~")
    redactor = Redactor([*names, *([home] if len(home) > len("/root") else [])])
    for name in (WIRE, JOURNAL):
        for line in _found(recording, name):
            _learn(redactor, line)
    kept = [SOUND, *(track.file for track in Track)] if sound else []
    with contextlib.ExitStack() as stack, _told_if_full():
        texts: dict[str, BinaryIO] = {}
        for name, lines in (
            (MANIFEST, iter([_manifest(recording, redactor, sound)])),
            (WIRE, _lines(recording, WIRE, redactor)),
            (JOURNAL, _lines(recording, JOURNAL, redactor)),
        ):
            texts[name] = stack.enter_context(_temporary())
            texts[name].writelines(lines)
        sizes = {name: text.tell() for name, text in texts.items()}
        sizes |= {
            name: recording.folder.joinpath(name).stat().st_size for name in kept if (recording.folder / name).is_file()
        }
        examples = {kind: list(found) for kind, found in redactor.examples.items()}
        preview = Preview(sizes, dict(redactor.removed), examples, sound)
        if path is not None:
            _write(recording, path, texts, [name for name in kept if name in sizes])
    return preview


def _temporary() -> BinaryIO:
    """A file for texts on their way into the ZIP: those of a long session do not fit into memory."""
    return tempfile.TemporaryFile()


@contextlib.contextmanager
def _told_if_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise RecordingError(
            f"no temporary file can be written: {reason}", "set TMPDIR to a folder with room"
        ) from None


def _write(recording: Recording, path: Path, texts: dict[str, BinaryIO], kept: list[str]) -> None:
    with new_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            text.seek(0)
            with archive.open(f"recording/{name}", "w") as target:
                shutil.copyfileobj(text, target)
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
    streams: dict[Stream, list[tuple[int, str]]] = defaultdict(list)
    for number, line in enumerate(_found(recording, name)):
        event = line.get("event")
        if isinstance(event, dict) and isinstance(event.get("delta"), str) and not line.get("speech"):
            streams[_stream(event)].append((number, event["delta"]))
    pieces: dict[int, str] = {}
    for deltas in streams.values():
        made = redactor.pieces([delta for _, delta in deltas])
        pieces |= {number: piece for (number, _), piece in zip(deltas, made, strict=True)}
    del streams
    for number, line in enumerate(_found(recording, name)):
        try:
            whole = _redacted(line, redactor, pieces.get(number))
        except RecursionError:
            return
        yield json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _found(recording: Recording, name: str) -> Iterator[dict[str, Any]]:
    """The lines of a file, up to the first that cannot be read, where a reader ends."""
    with contextlib.suppress(OSError), open_file(recording.folder / name) as file:
        while data := file.readline(MOST_LINE + 1):
            line = _parsed(data) if len(data) <= MOST_LINE else None
            if line is None:
                return
            yield line


def _learn(redactor: Redactor, value: Any) -> None:
    """Learn the names that are introduced in any text of a value."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            redactor.learn(value)
        else:
            waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _redacted(line: dict[str, Any], redactor: Redactor, piece: str | None) -> Any:
    """A line without what is private; ``piece``: the piece of a text that was looked at with the others."""
    if piece is not None:
        line["event"]["delta"] = ""
    made = redactor.value(line)
    if piece is not None:
        made["event"]["delta"] = piece
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
