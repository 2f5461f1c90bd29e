"""Opens a recording of ours, or a file of another tool as one."""

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording import library
from rtvoice_tui.recording.importing.captures import read_flows, read_har
from rtvoice_tui.recording.importing.convert import convert
from rtvoice_tui.recording.importing.frames import MOST_BYTES, Found, read_lines
from rtvoice_tui.recording.reader import Recording, open_file


@dataclass
class Opened:
    """What was opened.

    Attributes:
        recording: the recording.
        missing: sentences about what a file of another tool does not say.
        kept: the temporary folder that holds it.
    """

    recording: Recording
    missing: list[str] = field(default_factory=list)
    kept: "tempfile.TemporaryDirectory[str] | None" = None

    def close(self) -> None:
        """Remove the temporary folder."""
        if self.kept is not None:
            self.kept.cleanup()


def open_any(root: Path, name: str) -> Opened:
    """A recording by its name or folder, or a file of another tool.

    Args:
        root: the folder of the recordings.
        name: see `library.find_folder`; or the path of a file.

    Raises:
        RecordingError: there is none, or it cannot be read.
    """
    path = Path(os.path.expanduser(name))
    with contextlib.suppress(OSError, ValueError):
        if path.is_file():
            return _imported(path)
    return Opened(library.find(root, name))


def _imported(path: Path) -> Opened:
    found = read_file(path)
    kept = tempfile.TemporaryDirectory(prefix="rtvoice-tui-", ignore_cleanup_errors=True)
    folder = Path(kept.name) / (path.stem[:60] or "file")
    folder.mkdir()
    missing = convert(found, folder, path.name)
    return Opened(Recording(folder), missing, kept)


def read_file(path: Path) -> Found:
    """The frames of a file of another tool.

    Raises:
        RecordingError: it cannot be read, or holds none.
    """
    try:
        with open_file(path) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}", "check its rights") from None
    if len(data) > MOST_BYTES:
        raise RecordingError(f"{path} is larger than 1 GB", "cut it into smaller files")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return read_flows(data)
    if path.suffix.lower() == ".har" or '"_webSocketMessages"' in text:
        return read_har(text)
    digits, colon, _ = text[:14].partition(":")
    return read_flows(data) if colon and digits.isdigit() else read_lines(text)
