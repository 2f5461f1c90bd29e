"""The agent's settings as a table: as edited, as sent, and as in force according to the server."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message

from rtvoice_tui.editing.agent import value_at
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.fields import Field, Kind, has
from rtvoice_tui.editing.values import OFF, shown, stepped, typed
from rtvoice_tui.redaction import shown_address
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import BY_ID, bindings
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

MARKS: dict[str, tuple[str, str, str]] = {
    "": (" ", "dim", ""),
    "edited": ("●", "warn", "edited, not sent"),
    "sent": ("…", "warn", "sent, waiting for the server"),
    "acknowledged": ("✓", "ok", "acknowledged"),
    "changed": ("≠", "warn", "the server applied another value"),
    "refused": ("✗", "error", "refused"),
    "held": ("✗", "warn", "not taken over"),
    "unanswered": ("?", "warn", "sent, not answered"),
    "later": ("↻", "warn", "kept for the next session"),
    "absent": ("–", "dim", "not at this provider"),
}
"""Glyph, ink and text for each state of a field."""

LABEL = 17
NOTHING = "·"
SYSTEM = "default"
_INKS = ("plain", "dim", "dim")
ADD = "+"


@dataclass(frozen=True)
class Row:
    """A line of the table: a setting, a device, a tool, or the line that adds one."""

    label: str
    path: str
    field: Field | None = None

    @property
    def tool(self) -> str:
        """Name of the tool; empty if the row is no tool."""
        return self.path.removeprefix("tools.") if self.path.startswith("tools.") else ""

    @property
    def device(self) -> str:
        """The direction of a device, ``input`` or ``output``; empty if the row is no device."""
        return self.path.removeprefix("audio.") if self.path.startswith("audio.") else ""


DEVICES = (Row("microphone", "audio.input"), Row("speaker", "audio.output"))
"""The rows of the devices, which are chosen in a dialog of their own."""


class FieldTable(PlainView):
    """One line per field, with a cursor.

    Args:
        editor: editor of the agent.
        store: source of the settings that are in force.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("fields")

    class Chosen(Message):
        """Posted when a row is opened for editing."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Stepped(Message):
        """Posted when a value is changed without typing: ``text`` is the new value, ``None`` switches a tool."""

        def __init__(self, row: Row, text: str | None) -> None:
            super().__init__()
            self.row = row
            self.text = text

    class Dropped(Message):
        """Posted to take back what was typed in a row."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Moved(Message):
        """Posted when the cursor is moved."""

    def __init__(self, editor: AgentEditor, store: Store) -> None:
        super().__init__([], id="fields")
        self._editor = editor
        self._store = store
        self._rows: list[Row] = []
        self.cursor = 0

    @property
    def shows_cursor(self) -> bool:
        """Whether keys go to the table or to a value in it; else a marked row would suggest that they do."""
        focused = self.screen.focused
        return focused is not None and focused.id in ("fields", "field-value")

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor is not None and self.cursor < len(self._rows) else None

    def refresh_from_model(self) -> bool:
        """Lay out all rows again, since there are only a few dozen."""
        self._rows = self._all_rows()
        lines = [self._line(row) for row in self._rows]
        changed = lines != self._lines
        self._lines = lines
        return changed

    def head(self) -> list[Piece]:
        """The names of the columns."""
        width = self._column
        words = "".join(f"{word:<{width}}" for word in ("edited", "sent", "in force"))
        return [(f"  {'':<{LABEL}}", "dim"), (words, "dim")]

    def move_cursor(self, line: int) -> None:
        """Move the cursor and post `Moved`."""
        super().move_cursor(line)
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """The columns have another width: so have their names."""
        super().on_resize()
        self.post_message(self.Moved())

    @property
    def place_of_cursor(self) -> Region:
        """Where on the screen the value under the cursor is: from the first column to the end of its line."""
        region, line = self.content_region, self.cursor or 0
        begins = min(2 + LABEL, region.width - 8)
        y = min(max(0, line - int(self.scroll_offset.y)), max(0, region.height - 1))
        return Region(region.x + begins, region.y + y, max(8, self.text_width - begins), 1)

    # --- keys

    def action_follow(self) -> None:
        """Go to the last row."""
        self.move_cursor(self.line_count - 1)

    def action_open(self) -> None:
        """Open the row for editing."""
        if self.row is not None:
            self.post_message(self.Chosen(self.row))

    def action_step(self, step: int) -> None:
        """Change to the next (``step`` 1) or previous (``step`` -1) known value."""
        row = self.row
        if row is None or row.field is None:
            return
        choices = ("", *row.field.choices)
        now = typed(self._editor.draft, row.field)
        if row.field.step and now not in choices[1:]:
            self.post_message(self.Stepped(row, stepped(row.field, now, step)))
        elif len(choices) > 1:
            index = choices.index(now) if now in choices else 0
            self.post_message(self.Stepped(row, choices[(index + step) % len(choices)]))

    def action_switch(self) -> None:
        """Switch a tool or an on/off setting."""
        row = self.row
        if row is not None and row.tool:
            self.post_message(self.Stepped(row, None))
        elif row is not None and row.field is not None and row.field.kind is Kind.SWITCH:
            on = typed(self._editor.draft, row.field) != "on"
            self.post_message(self.Stepped(row, "on" if on else "off"))

    def action_clear(self) -> None:
        """Clear the value, so that the server's default applies."""
        if self.row is not None and self.row.field is not None:
            self.post_message(self.Stepped(self.row, ""))

    def action_drop(self) -> None:
        """Take back what was typed in this row."""
        if self.row is not None and self.row.path != ADD and not self.row.device:
            self.post_message(self.Dropped(self.row))

    # --- lines

    @property
    def _column(self) -> int:
        return max(6, (self.text_width - LABEL - 2) // 3)

    def _all_rows(self) -> list[Row]:
        dialect = self._editor.dialect
        fields = [Row(field.label, field.path, field) for field in self._editor.fields if has(dialect, field)]
        absent = [Row(field.label, field.path, field) for field in self._editor.fields if not has(dialect, field)]
        tools = [Row(f"fn {one_line(tool.name, 40)}", f"tools.{tool.name}") for tool in self._editor.draft.tools]
        gone = [
            Row(f"fn {one_line(tool.name, 40)}", f"tools.{tool.name}")
            for tool in self._editor.kept.tools
            if self._editor.draft.tool(tool.name) is None
        ]
        return [*fields, *DEVICES, *tools, *gone, Row("add a tool", ADD), *absent]

    def _line(self, row: Row) -> list[Piece]:
        if row.path == ADD:
            return [("+ ", "key"), (row.label, "dim")]
        if row.device:
            return self._device_line(row)
        word, _ = self._editor.mark(row.path)
        if not word and row.path == "model" and self._another_model:
            word = "changed"
        glyph, ink, words = MARKS[word]
        label: Piece = (_cut(row.label, LABEL - 1) + " ", "dim" if word == "absent" else "plain")
        if word == "absent":
            return [(f"{glyph} ", ink), label, (words, "dim")]
        width = self._column
        sent = self._editor.sent_value(row.path)
        force = self._editor.force_value(row.path, self._store.session.in_force)
        draft = self._editor.draft
        edited = typed(draft, row.field) if row.field is not None else shown(value_at(draft, row.path))
        if row.tool and draft.tool(row.tool) is None:
            edited = "removed"
        if row.path == "url":
            edited, sent, force = (
                shown_address(text) if isinstance(text, str) else text for text in (edited, sent, force)
            )
        off = OFF.get(row.path, "off")
        values = (edited, shown(sent, off), shown(force, off))
        inks = ("warn" if word == "edited" else "plain", "dim", "warn" if word == "changed" else "dim")
        cells = [(_cell(value, width), name if value else "dim") for value, name in zip(values, inks, strict=True)]
        return [(f"{glyph} ", ink), label, *cells]

    @property
    def _another_model(self) -> bool:
        """Whether the server says that it uses another model than was asked for; some add a folder to its name."""
        force = self._editor.force_value("model", self._store.session.in_force)
        asked = self._editor.kept.model
        return isinstance(force, str) and bool(asked) and asked.rpartition("/")[2] not in force

    def _device_line(self, row: Row) -> list[Piece]:
        """The device that is asked for, and the one that is in use."""
        asked = getattr(self._editor.profile.audio, f"{row.device}_device") or SYSTEM
        used = getattr(self._store.audio, row.device).name
        values = (asked, "", used)
        cells = [
            (_cell(value, self._column), ink if value else "dim") for value, ink in zip(values, _INKS, strict=True)
        ]
        return [("  ", "dim"), (set_cell_size(row.label, LABEL - 1) + " ", "plain"), *cells]


def _cell(value: str, width: int) -> str:
    text = one_line(value, 200) or NOTHING
    return f"{_cut(text, width - 1)} "


def _cut(text: str, width: int) -> str:
    """A text in exactly so many cells; what is cut has a mark."""
    return set_cell_size(text, width - 1) + "…" if cell_len(text) > width else set_cell_size(text, width)


def explained(editor: AgentEditor, row: Row) -> list[Piece]:
    """Explanation of a row: its state, its help and its known values."""
    if row.path == ADD:
        return [("enter adds a tool", "dim")]
    if row.device:
        return [("enter chooses, at once and for the profile; empty is the system's device", "dim")]
    word, detail = editor.mark(row.path)
    glyph, ink, words = MARKS[word]
    pieces: list[Piece] = []
    if words:
        pieces.append((f"{glyph} {words}", ink))
    if detail and word != "absent":
        pieces.append((f": {one_line(detail, 200)}", "plain"))
    if row.tool:
        return [*pieces, (f"  {one_line(row.tool, 60)}: {BY_ID['field-switch'].shown} on/off, enter edits it", "dim")]
    if row.field is not None and has(editor.dialect, row.field):
        known = f"known: {', '.join(row.field.choices[:12])}" if row.field.choices else ""
        tail = "; ".join(part for part in (row.field.span, row.field.help, known) if part)
        pieces.append((f"  {tail}" if pieces else tail, "dim"))
    return pieces
