"""Copying: the terminal is asked to, and the same text can be saved in a file where it does not."""

import os
import tempfile
import time
from pathlib import Path

import platformdirs
from textual.app import App

AGAIN_S = 10.0
"""The same text copied again within this time goes to a file."""


class Copying:
    """Copies texts. Whether a terminal puts them on the clipboard is not known: many ignore the request (OSC 52).

    Args:
        app: asks the terminal, and shows notifications.
    """

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._last = ("", 0.0)

    def copy(self, text: str, again: bool = True) -> None:
        """Copy a text; with ``again`` the same text once more within `AGAIN_S` is saved in a file."""
        now = time.monotonic()
        again = again and self._last[0] == text and now - self._last[1] <= AGAIN_S
        self._last = ("", 0.0) if again else (text, now)
        self._app.copy_to_clipboard(text)
        if again:
            self._save(text)
            return
        size = f"{len(text)} character{'' if len(text) == 1 else 's'}"
        words = f"{size} sent to the terminal's clipboard; if they are not there, y again saves them in a file"
        self._app.notify(words, markup=False)

    def _save(self, text: str) -> None:
        try:
            path = save_text(text)
        except OSError as error:
            words = f"the text cannot be saved: {error.strerror or error} (set TMPDIR to a folder that can be written)"
            self._app.notify(words, severity="warning", markup=False, timeout=10)
            return
        self._app.notify(f"saved in {path}", markup=False, timeout=20)


def save_text(text: str) -> Path:
    """Save a text in a new file that nobody else may read: in the user's downloads, or among temporary files.

    Raises:
        OSError: no file can be written.
    """
    downloads = Path(platformdirs.user_downloads_dir())
    folder = downloads if downloads.is_dir() and os.access(downloads, os.W_OK) else None
    handle, name = tempfile.mkstemp(".txt", "rtvoice-tui-", folder)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return Path(name)
