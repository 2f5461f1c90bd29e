"""Opens a recording of ours, or a file of another tool as one."""

import contextlib
import lzma
import os
import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording import library
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, SOUND, WIRE, Track
from rtvoice_tui.recording.importing.captures import read_flows, read_har
from rtvoice_tui.recording.importing.convert import convert
from rtvoice_tui.recording.importing.frames import MOST_BYTES, Found, read_lines
from rtvoice_tui.recording.importing.unpacked import UnpackedFolder
from rtvoice_tui.recording.reader import Recording, open_file

_CANNOT_UNPACK = (
    OSError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError
)  # fmt: skip
_FILES = (MANIFEST, JOURNAL, WIRE, SOUND, *(track.file for track in Track))

MOST_UNPACKED = 8 << 30
"""Maximum size of the files of a bundle, in bytes."""


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
    kept: UnpackedFolder | None = None

    def close(self) -> None:
        """Remove the temporary folder."""
        if self.kept is not None:
            self.kept.close()


def open_any(root: Path, name: str) -> Opened:
    """A recording by its name or folder, or a file of another tool.

    Args:
        root: the folder of the recordings.
        name: see `library.find_folder`; or the path of a file.

    Raises:
        RecordingError: there is none, or it cannot be read.
    """
    path = Path(os.path.expanduser(name))
    is_file = False
    with contextlib.suppress(OSError, ValueError):
        is_file = path.is_file()
    return _imported(path) if is_file else Opened(library.find(root, name))


def _imported(path: Path) -> Opened:
    if path.suffix.lower() == ".zip":
        return _unpacked(path)
    found = read_file(path)
    kept = _new_folder()
    try:
        folder = kept.path / _name_of(path)
        folder.mkdir()
        missing = convert(found, folder, path.name)
        return Opened(Recording(folder), missing, kept)
    except OSError as error:
        kept.close()
        raise _no_room(path, error) from None
    except BaseException:
        kept.close()
        raise


def _no_room(path: Path, error: OSError) -> RecordingError:
    return RecordingError(
        f"{path} cannot be opened: {error.strerror or error}", "make room for temporary files, or set TMPDIR"
    )


def _new_folder() -> UnpackedFolder:
    try:
        return UnpackedFolder()
    except OSError as error:
        raise RecordingError(
            f"no temporary folder can be made: {error.strerror or error}", "set TMPDIR to a folder that can be written"
        ) from None


def _name_of(path: Path) -> str:
    """A name for the folder of a file."""
    return re.sub(r"[^\w-]+", "_", path.stem)[:60] or "file"


def _unpacked(path: Path) -> Opened:
    """A bundle. Only the files of a recording are taken out, under their own names."""
    kept = _new_folder()
    folder = kept.path / _name_of(path)
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.rpartition("/")[2]: member for member in archive.infolist()}
            wanted = [members[name] for name in _FILES if name in members]
            if sum(member.file_size for member in wanted) > MOST_UNPACKED:
                raise RecordingError(f"{path} holds more than 8 GB", "it is no bundle of a recording")
            for member in wanted:
                with archive.open(member) as source, (folder / member.filename.rpartition("/")[2]).open("xb") as target:
                    shutil.copyfileobj(source, target)
        return Opened(Recording(folder), [], kept)
    except OSError as error:
        kept.close()
        raise _no_room(path, error) from None
    except _CANNOT_UNPACK as error:
        kept.close()
        raise RecordingError(f"{path} cannot be unpacked: {error}", "it may be damaged") from None
    except RecordingError:
        kept.close()
        raise RecordingError(
            f"{path} is no bundle of a recording", "it may be damaged, or of a later version"
        ) from None


def read_file(path: Path) -> Found:
    """The frames of a file of another tool.

    Raises:
        RecordingError: it cannot be read, or holds none.
    """
    try:
        with open_file(path) as file:
            large = os.fstat(file.fileno()).st_size > MOST_BYTES
            data = b"" if large else file.read()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}", "check its rights") from None
    if large:
        raise RecordingError(f"{path} is larger than 1 GB", "cut it into smaller files")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return read_flows(data)
    if path.suffix.lower() == ".har" or '"_webSocketMessages"' in text:
        return read_har(text)
    digits, colon, _ = text[:14].partition(":")
    return read_flows(data) if colon and digits.isdigit() else read_lines(text)
