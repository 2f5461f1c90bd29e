"""Queries that the user has saved, for the fields of filter and search: one a line in a file of the user."""

import logging
from pathlib import Path

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.writing import in_order, write_privately

KEPT = 100
"""Number of queries that are kept."""

MAX_BYTES = 4 * 501 * KEPT
MAX_LENGTH = 500
"""Characters of a query that is kept."""

log = logging.getLogger(__name__)


class SavedQueries:
    """Saved queries, oldest first. Used on one thread; the file is written on the thread of all saves.

    Args:
        file: where they are kept; a file that cannot be read or written only costs what is in it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._texts: list[str] | None = None

    @property
    def texts(self) -> list[str]:
        """The queries; read from the file when they are first needed."""
        if self._texts is None:
            self._texts = self._read()
        return self._texts

    def toggle(self, text: str) -> str:
        """Save a query, or forget it if it is saved. Returns what was done, in a sentence."""
        text = " ".join(text.split())
        if not text:
            return "there is nothing to save"
        if len(text) > MAX_LENGTH:
            return f"a saved query has at most {MAX_LENGTH} characters"
        if text in self.texts:
            self.texts.remove(text)
            words = "no longer saved"
        else:
            self.texts.append(text)
            del self.texts[:-KEPT]
            words = "saved: the arrow keys bring it back in every filter and search"
        if self._file.exists() and not self._file.is_file():
            return f"it cannot be saved: {self._file} is no file"
        kept = "".join(f"{each}\n" for each in self.texts)
        in_order(lambda: self._write(kept))
        return words

    def _read(self) -> list[str]:
        from rtvoice_tui.recording.reader import open_file  # opens regular files only: a FIFO would block

        try:
            with open_file(self._file) as file:
                lines = file.read(MAX_BYTES).decode("utf-8", "replace").split("\n")
        except OSError:
            return []
        texts = [" ".join(line.split()) for line in lines]
        return list(dict.fromkeys(text for text in texts if text and len(text) <= MAX_LENGTH))[-KEPT:]

    def _write(self, text: str) -> None:
        try:
            write_privately(self._file, text)
        except ProfileError as error:
            log.warning("queries were not saved: %s", error.sentence)
