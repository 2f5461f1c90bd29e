"""A recording as a file: every format by its name, which is also the file's suffix."""

from collections.abc import Callable, Iterable
from pathlib import Path

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export import texts
from rtvoice_tui.recording.export.new_file import new_file
from rtvoice_tui.recording.reader import Recording

TEXTS: dict[str, Callable[[Recording], str]] = {
    "md": texts.markdown,
    "json": texts.as_json,
    "srt": texts.srt,
    "vtt": texts.vtt,
}
SOUND = ("flac", "wav")
FORMATS = (*TEXTS, "jsonl", "har", "html", "otel", *SOUND, "bundle")
_BUNDLE = "zip"
"""Suffix of a bundle."""


def content(recording: Recording, kind: str) -> Iterable[bytes]:
    """The bytes of a format that is no sound.

    Raises:
        RecordingError: the recording cannot be replayed.
    """
    match kind:
        case "jsonl":
            return texts.jsonl(recording)
        case "har":
            from rtvoice_tui.recording.export.har import har

            return har(recording)
        case "html":
            from rtvoice_tui.recording.export.report import html

            return [html(recording).encode("utf-8", "replace")]
        case "otel":
            from rtvoice_tui.recording.export.otel import otlp

            return [otlp(recording).encode("utf-8", "replace")]
    return [TEXTS[kind](recording).encode("utf-8", "replace")]


def write(recording: Recording, kind: str, path: Path) -> str:
    """Write a recording to a new file; returns what was written, for the user.

    Raises:
        RecordingError: the file exists, or cannot be written, or the recording holds no sound.
    """
    if kind in SOUND:
        from rtvoice_tui.recording.stereo import write_stereo

        path = path if path.suffix.lower() == f".{kind}" else path.with_name(f"{path.name}.{kind}")
        return f"{path}  {texts.clock(write_stereo(recording, path))}"
    if kind == "bundle":
        from rtvoice_tui.recording.export.bundle import bundle

        return f"{path}: {bundle(recording, path).short}"
    with new_file(path) as file:
        file.writelines(content(recording, kind))
    return str(path)


def kind_of(path: Path) -> str:
    """The format of a file by its suffix.

    Raises:
        RecordingError: there is none of this name.
    """
    kind = path.suffix.lower().removeprefix(".")
    kind = "bundle" if kind == _BUNDLE else kind
    if kind not in FORMATS:
        raise RecordingError(
            f"no format has the suffix '{path.suffix}'", f"end the name in one of: .{', .'.join(FORMATS[:-1])}, .zip"
        )
    return kind
