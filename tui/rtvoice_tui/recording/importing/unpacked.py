"""The temporary folder of a file that was opened as a recording; the next one removes what a killed app left."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from rtvoice_tui.recording import alive

PREFIX = "rtvoice-tui-opened-"
_LOCK = "in-use"
_NEW_S = 60.0
"""A folder that nobody holds may be one that is just being made."""


class UnpackedFolder:
    """A private folder for one conversation, locked while it is used.

    Attributes:
        path: the folder.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self) -> None:
        _remove_left()
        self._kept = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self.path = Path(self._kept.name)
        self._lock = (self.path / _LOCK).open("xb")
        alive.hold(self._lock.fileno())

    def close(self) -> None:
        """Remove it."""
        self._lock.close()
        self._kept.cleanup()


def _remove_left() -> None:
    """Remove the folders of apps that are no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or not _is_ours(folder) or _in_use(folder):
                continue
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _in_use(folder: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), (folder / _LOCK).open("rb") as lock:
        if alive.held(lock.fileno()) is not False:
            return True
    return time.time() - folder.stat().st_mtime < _NEW_S
