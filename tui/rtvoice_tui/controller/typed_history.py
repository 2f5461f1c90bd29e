"""The messages that the user has typed, over all runs: one JSON text a line in a private file."""

import json
import logging
import os
from pathlib import Path

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.writing import in_order, write_privately

KEPT = 500
"""Number of messages that are kept."""

MAX_BYTES = 4_000_000
MAX_LENGTH = 20_000
"""Characters of a message that are kept; a longer one is not kept at all."""

log = logging.getLogger(__name__)


class TypedHistory:
    """Messages typed earlier, oldest first. Used on one thread; the file is written on the thread of all saves.

    Args:
        file: where they are kept; a file that cannot be read or written only costs what is in it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._texts: list[str] | None = None

    @property
    def texts(self) -> list[str]:
        """The messages; read from the file when they are first needed."""
        if self._texts is None:
            self._texts = self._read()
        return self._texts

    def add(self, text: str) -> None:
        """Keep a message; the same one twice in a row is kept once."""
        if (self.texts and self.texts[-1] == text) or len(text) > MAX_LENGTH:
            return
        self.texts.append(text)
        del self.texts[:-KEPT]
        in_order(lambda: self._append(text))

    def _read(self) -> list[str]:
        try:
            with self._file.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - MAX_BYTES))
                lines = file.read(MAX_BYTES).decode("utf-8", "replace").splitlines()
        except OSError:
            return []
        found = [text for line in lines if (text := _text_of(line)) and len(text) <= MAX_LENGTH]
        if len(found) > 2 * KEPT or size > MAX_BYTES:
            kept = "".join(f"{json.dumps(text)}\n" for text in found[-KEPT:])
            in_order(lambda: self._rewrite(kept))
        return found[-KEPT:]

    def _append(self, text: str) -> None:
        """Add a line; another running app may add its own."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="ascii") as file:
                file.write(f"{json.dumps(text)}\n")
        except OSError as error:
            log.warning("a typed message was not kept: %s", error.strerror or error)

    def _rewrite(self, text: str) -> None:
        try:
            write_privately(self._file, text)
        except ProfileError as error:
            log.warning("typed messages were not kept: %s", error.sentence)


def _text_of(line: str) -> str:
    """The message in a line; empty if there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""


class Recall:
    """Walks through earlier messages and back to what was being typed.

    Args:
        history: the messages.
    """

    def __init__(self, history: TypedHistory) -> None:
        self._history = history
        self._place: int | None = None
        self._draft = ""

    def earlier(self, current: str) -> str | None:
        """The message before the one that is shown; ``None`` if there is none.

        Args:
            current: the text in the field; kept, if it is not an earlier message.
        """
        texts = self._history.texts
        if self._place is not None and current != texts[self._place]:
            self._place = None  # it was changed, and is what is being typed now
        if self._place is None:
            self._draft = current
        place = (len(texts) if self._place is None else self._place) - 1
        if place < 0:
            return None
        self._place = place
        return texts[place]

    def later(self, current: str) -> str | None:
        """The message after the one that is shown, or what was typed at first; ``None`` if that is shown already.

        Args:
            current: the text in the field; it stays, if it is not the earlier message any more.
        """
        if self._place is None or current != self._history.texts[self._place]:
            return None
        self._place += 1
        if self._place < len(self._history.texts):
            return self._history.texts[self._place]
        self._place = None
        return self._draft

    def reset(self) -> None:
        """The message was sent."""
        self._place, self._draft = None, ""
