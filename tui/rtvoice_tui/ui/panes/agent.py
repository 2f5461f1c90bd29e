"""Pane 5: all settings of the agent that can be edited during a session."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message

from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.fields import has
from rtvoice_tui.editing.values import shown, typed
from rtvoice_tui.errors import ValueRefused
from rtvoice_tui.session.facts import EditChanged
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import BY_ID, bindings
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.footer import Focus
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.field_table import ADD, MARKS, FieldTable, Row, explained
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece


class AgentPane(Vertical):
    """Instructions, the table of settings and tools, and the outcome of the last change.

    Args:
        number: the digit key that opens it.
        name: its title.
        editor: editor of the agent.
        store: source of the settings that are in force.
        hints: its main keys, shown in the lower border.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("agent")

    class Sent(Message):
        """Posted when the user sends all changes."""

    class ToolOpened(Message):
        """Posted to edit a tool; ``name`` is empty for a new one."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class DevicesOpened(Message):
        """Posted to choose a microphone or a speaker."""

    def __init__(self, number: int, name: str, editor: AgentEditor, store: Store, hints: str) -> None:
        super().__init__(id="agent-pane", classes="pane")
        self._editor = editor
        self._store = store
        self._made = False
        self._loaded = self._instructions
        self._shown = ""  # as in the text area, which may use other line endings
        self._typing: Row | None = None
        self._opened_with = ""
        self._refused = False  # whether the last line says why a typed value was refused
        self._state: list[Piece] = [("nothing changed yet", "dim")]
        self.number = number
        self._hints = hints
        self.border_title = f"{number} {name}"

    def show_keys(self) -> None:
        """Show the keys in the lower border; without the focus they do nothing."""
        keys = self._hints if self.has_focus_within else ""
        self.border_subtitle = Content(signs(self, keys))  # a [ is a key, not markup

    async def open(self, typing: bool = True) -> None:
        """Focus the instructions (``typing``), or the table."""
        await self.make()
        self.screen.set_focus(self.query_one("#instructions" if typing else "#fields"))

    async def make(self) -> None:
        """Create the widgets; not before they are needed: it would cost a third of the startup time."""
        if not self._made:
            from textual.widgets import TextArea

            from rtvoice_tui.ui.widgets.value_field import KnownValues, ValueField

            self._made = True
            known = KnownValues(self._choose)
            await self.mount(
                FixedLine(id="agent-count"),
                TextArea(self._instructions, id="instructions", soft_wrap=True, tab_behavior="focus"),
                FixedLine(id="agent-head"),
                FieldTable(self._editor, self._store),
                FixedLine(id="agent-about"),
                FixedLine(id="agent-state"),
                known,
                ValueField(known),
            )
            self.watch(self.query_one(FieldTable), "scroll_y", self._place_field, init=False)
            self._shown = self.query_one("#instructions", TextArea).text
            self._loaded = self._instructions
            self.call_after_refresh(self.describe)

    # --- the editor changed

    def use(self, editor: AgentEditor) -> None:
        """Switch to the editor of another profile; a value that was being typed belonged to the other."""
        self.close_field(focus=False)
        self._editor = editor
        if self._made:
            self.query_one(FieldTable)._editor = editor
            self._load()
        self.describe()

    def reload(self) -> None:
        """Show the current draft."""
        if self._made:
            from textual.widgets import TextArea

            area = self.query_one("#instructions", TextArea)
            if area.text != self._shown:
                self._shown = self._loaded = area.text
                self._editor.instruct(area.text)  # typed meanwhile: its message has not arrived yet
            elif self._instructions != self._loaded:
                self._load()
            self._renew_field()
        self.describe()

    def _renew_field(self) -> None:
        """Another program may have changed the value that is open; what the user has typed stays."""
        from rtvoice_tui.ui.widgets.value_field import ValueField

        row, field = self._typing, self.query_one(ValueField)
        if row is not None and row.field is not None and field.value == self._opened_with:
            self._opened_with = typed(self._editor.draft, row.field)
            if field.value != self._opened_with:
                field.open(row.field, self._opened_with)

    def _load(self) -> None:
        """Put the draft's instructions into the text area."""
        from textual.widgets import TextArea

        area = self.query_one("#instructions", TextArea)
        self._loaded = self._instructions
        area.load_text(self._loaded)
        self._shown = area.text

    def on_resize(self) -> None:
        """The columns have another width, or the pane is shown again."""
        self.describe()
        self.call_after_refresh(self._place_field)

    def describe(self) -> None:
        """Update all lines."""
        if not self._made:
            return
        text = self._instructions
        lines = text.count("\n") + 1
        mark, ink, _ = MARKS[self._editor.mark("instructions")[0]]
        counts = f"   {lines} line{'s' if lines > 1 else ''}, {len(text)} characters"
        names = one_line(", ".join(self._editor.changed), 60)
        waiting = f"   not sent yet: {names}" if names else ""
        if not names and self._editor.held:
            waiting = f"   not saved: {BY_ID['send-edit'].shown} saves"
        head: list[Piece] = [("instructions", "title"), (f" {mark}", ink), (counts, "dim"), (waiting, "warn")]
        self.query_one("#agent-count", FixedLine).write(head)
        table = self.query_one(FieldTable)
        table.sync()
        self.query_one("#agent-head", FixedLine).write(table.head())
        if table.row is not None:
            self.query_one("#agent-about", FixedLine).write(explained(self._editor, table.row))
        self.query_one("#agent-state", FixedLine).write(self._state)

    @property
    def chosen_tool(self) -> str:
        """Name of the tool under the cursor, while the table has the focus."""
        if not self._made:
            return ""
        table = self.query_one(FieldTable)
        return table.row.tool if table.has_focus and table.row is not None else ""

    @property
    def unsaved(self) -> bool:
        """Whether there are edits that were not sent, or sent but not saved."""
        return bool(self._editor.changed) or self._editor.held

    @property
    def _instructions(self) -> str:
        value = self._editor.draft.settings.instructions
        return value if isinstance(value, str) else ""

    # --- outcome of a change

    def show_edit(self, at: float, edit: EditChanged) -> None:
        """Show the outcome of a change.

        Args:
            at: seconds on the store's clock.
            edit: the outcome.
        """
        glyph, ink, words = MARKS[str(edit.state)]
        pieces: list[Piece] = [(f"{minutes(at)} ", "dim"), (f"{glyph} {words}", ink)]
        if edit.detail:
            pieces.append((f": {one_line(edit.detail, 200)}", "plain"))
        if edit.made:
            pieces.append((f": {one_line(_made(edit), 120)}", "plain"))
        named = edit.fields if edit.edit_id else ("the whole session",)
        pieces.append((f"  {one_line(', '.join(named), 60)}", "dim"))
        self.show_pieces(pieces)

    @property
    def last_line(self) -> list[Piece]:
        """What the last line says about the edit."""
        return self._state

    def show_message(self, words: str, ink: str = "warn") -> None:
        """Show a message of the app about the edit in the last line."""
        self.show_pieces([(words, ink)])

    def show_pieces(self, pieces: list[Piece]) -> None:
        """Show pieces in the last line."""
        self._state, self._refused = pieces, False
        self.describe()

    # --- typing

    def on_text_area_changed(self) -> None:
        """Put the typed instructions into the draft."""
        from textual.widgets import TextArea

        text = self.query_one("#instructions", TextArea).text
        if text == self._shown:  # it was loaded, not typed
            return
        self._shown = self._loaded = text
        self._editor.instruct(text)
        self.describe()

    def on_descendant_focus(self) -> None:
        """Show the keys, and repaint the table: its cursor is hidden while the instructions have the focus."""
        self.show_keys()
        self.query_one(FieldTable).refresh()

    def on_descendant_blur(self) -> None:
        """Repaint the table when the focus leaves, and close the field of a value."""
        self.show_keys()
        self.query_one(FieldTable).refresh()
        self.call_after_refresh(self._field_left)

    def on_field_table_moved(self) -> None:
        """Explain the line under the cursor; why a value was refused was said of another."""
        if self._refused:
            self._refused = False
            self._state = []
        self.describe()

    def on_field_table_chosen(self, message: FieldTable.Chosen) -> None:
        """Open the row's input field, or the dialog of its tool."""
        row = message.row
        if row.path == ADD or row.tool:
            self.post_message(self.ToolOpened(row.tool))
        elif row.device:
            self.post_message(self.DevicesOpened())
        elif row.field is not None and has(self._editor.dialect, row.field):
            self._open_value(row)

    def _open_value(self, row: Row) -> None:
        from rtvoice_tui.ui.widgets.value_field import ValueField

        assert row.field is not None
        self._typing = row
        field = self.query_one(ValueField)
        self._opened_with = typed(self._editor.draft, row.field)
        field.open(row.field, self._opened_with)
        field.display = True
        self._place_field()
        self.screen.set_focus(field)

    def _place_field(self) -> None:
        """Put the open field into its row, and the known values below it, or above it where there is more room."""
        from rtvoice_tui.ui.widgets.value_field import KnownValues, ValueField

        if self._typing is None:
            return
        table, field, known = self.query_one(FieldTable), self.query_one(ValueField), self.query_one(KnownValues)
        here = table.place_of_cursor
        inside = self.content_region
        here = here.at_offset(Offset(here.x, max(inside.y, min(here.y, inside.bottom - 1))))
        field.styles.width = here.width
        field.absolute_offset = here.offset
        below, above = self.content_region.bottom - here.bottom, here.y - self.content_region.y
        height = min(len(known.values), max(below, above))
        known.display = height > 0
        known.styles.width, known.styles.height = min(here.width, known.width_wanted), max(1, height)
        known.absolute_offset = Offset(here.x, here.bottom if height <= below else here.y - height)
        known.call_after_refresh(known.show_marked)

    def on_value_field_listed(self) -> None:
        """Another number of known values fits to what is typed."""
        self._place_field()

    def _choose(self, value: str) -> None:
        """Take a value that was clicked."""
        if self._typing is not None and self._apply_value(self._typing, value):
            self.close_field()

    def on_input_submitted(self) -> None:
        """Accept the typed value and close the field."""
        if self._typing is not None and self._apply_value(self._typing, self._typed_value):
            self.close_field()

    @property
    def value_focus(self) -> Focus:
        """What has the focus while a value is typed: a number, a value with known ones, or any other."""
        field = self._typing.field if self._typing is not None else None
        if field is None or not (field.step or field.choices):
            return Focus.VALUE
        return Focus.NUMBER if field.step else Focus.LISTED_VALUE

    @property
    def _typed_value(self) -> str:
        """What the open field holds."""
        from rtvoice_tui.ui.widgets.value_field import ValueField

        return self.query_one(ValueField).accepted

    def close_field(self, focus: bool = True) -> bool:
        """Close the input field of a row; returns False if none is open.

        Args:
            focus: whether the table gets the focus.
        """
        if self._typing is None:
            return False
        self._typing = None
        self.query_one("#field-value").display = self.query_one("#field-known").display = False
        if focus:
            self.query_one(FieldTable).focus()
        return True

    def _field_left(self) -> None:
        """The focus went elsewhere: what was typed is taken over if it is a value."""
        field = self.query_one("#field-value")
        if self._typing is not None and self.screen.focused is not field:
            self._apply_value(self._typing, self._typed_value)
            self.close_field(focus=False)

    def on_field_table_stepped(self, message: FieldTable.Stepped) -> None:
        """Apply a value that was changed without typing."""
        if message.text is None:
            self._editor.toggle_tool(message.row.tool)
            self.describe()
        else:
            self._apply_value(message.row, message.text)

    def on_field_table_dropped(self, message: FieldTable.Dropped) -> None:
        """Take back what was typed in a row."""
        self._editor.drop(message.row.path)
        self.reload()

    def _apply_value(self, row: Row, text: str) -> bool:
        assert row.field is not None
        if not has(self._editor.dialect, row.field):
            return False
        try:
            self._editor.type(row.field, text)
        except ValueRefused as refused:
            self.show_message(str(refused), "error")
            self._refused = True
            self.app.clear_notifications()  # they would lie over the reason
            return False
        self.describe()
        return True

    def send_edit(self) -> None:
        """Post `Sent` if there are changes to send or to save, after accepting the value of an open field."""
        if self._typing is not None:
            if not self._apply_value(self._typing, self._typed_value):
                return
            self.close_field()
        if not (self.unsaved or self._editor.unanswered):
            self.show_message("nothing changed", "dim")
            return
        self.post_message(self.Sent())


def _made(edit: EditChanged) -> str:
    """Values that the server set to something else than requested; of an object only the keys that differ."""
    words = []
    for name, value in edit.made.items():
        asked = edit.sent.get(name)
        if name == "tools":
            words.append("other tools")
        elif isinstance(value, dict) and isinstance(asked, dict):
            words += [f"{key} is {shown(value.get(key))}" for key in asked if value.get(key) != asked[key]]
        else:
            words.append(f"{name} is {'not set' if value is None else shown(value)}")
    return ", ".join(words)
