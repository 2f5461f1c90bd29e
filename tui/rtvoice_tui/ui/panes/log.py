"""Pane 6: all notices with time and remedy, outcomes of session edits, and the devices in use."""

from typing import ClassVar

from rtvoice_tui.session.facts import EditState, Level
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.own_keys import with_own_keys
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView
from rtvoice_tui.ui.wrapping import wrapped

INDENT = 7
"""Indent of an entry's continuation lines, in cells."""

_INKS = {Level.ERROR: "error", Level.WARNING: "warn", Level.INFO: "plain"}


class LogView(PlainView):
    """Log entries, oldest first, below a line with the devices in use."""

    GROWS: ClassVar[bool] = True

    def __init__(self, store: Store) -> None:
        super().__init__([], id="log")
        self._store = store
        self._seen: tuple[object, ...] = ()
        self._entries: list[list[Piece]] = []
        self._wrapped: dict[tuple[Piece, ...], list[list[Piece]]] = {}

    def copy_text(self) -> str:
        """All entries, a line each."""
        return "\n".join("".join(text for text, _ in entry).rstrip() for entry in self._entries)

    def reset(self) -> None:
        """Begin again with what the store holds now."""
        super().reset()
        self._seen = ()

    def refresh_from_model(self) -> bool:
        """Lay out again when something was added."""
        audio = self._store.audio
        newest = self._store.notices.newest
        width = self.text_width
        state = (newest, len(self._store.notices), self._store.edit_count, audio.input_name, audio.output_name, width)
        if state == self._seen:
            return False
        if self._seen[-1:] != (width,):
            self._wrapped.clear()
        self._seen = state
        self._entries = self._all_entries()
        known = self._wrapped
        self._wrapped = {(key := tuple(e)): known.get(key) or wrapped(e, width, INDENT) for e in self._entries}
        self._lines = [line for entry in self._entries for line in self._wrapped[tuple(entry)]]
        return True

    def _all_entries(self) -> list[list[Piece]]:
        audio = self._store.audio
        entries: list[list[Piece]] = [
            [("microphone  ", "dim"), (one_line(audio.input_name) or "none", "plain"),
             ("   speaker  ", "dim"), (one_line(audio.output_name) or "none", "plain"),
             (f"   {audio.output.latency_ms:.0f} ms" if audio.output.latency_ms else "", "dim")]
        ]  # fmt: skip
        timed: list[tuple[float, list[Piece]]] = []
        for at, notice in self._store.notices:
            pieces: list[Piece] = [(f"{minutes(at):>5}  ", "dim"), (one_line(notice.text, 500), _INKS[notice.level])]
            if notice.remedy:
                pieces.append((f" — {one_line(with_own_keys(notice.remedy), 500)}", "plain"))
            timed.append((at, pieces))
        for at, edit in list(self._store.edits):
            ink = {EditState.ACKNOWLEDGED: "ok", EditState.REFUSED: "error"}.get(edit.state, "dim")
            words = f"session.update {one_line(', '.join(edit.fields), 80)}: "
            detail = f" {one_line(edit.detail)}" if edit.detail else ""
            line: list[Piece] = [(f"{minutes(at):>5}  ", "dim"), (words, "plain"), (f"{edit.state}{detail}", ink)]
            if edit.left_out:
                line.append((f"   not sent, not supported: {one_line(', '.join(edit.left_out), 80)}", "warn"))
            timed.append((at, line))
        return entries + [pieces for _, pieces in sorted(timed, key=lambda entry: entry[0])]
