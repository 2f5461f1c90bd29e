"""Dialog for one tool: its definition for the model, and how it is run."""

import json
from typing import ClassVar

import msgspec
from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from rtvoice_tui.editing.runs import HINTS, line_of, run_of
from rtvoice_tui.editing.schema import parsed
from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import KINDS
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.tools.definitions import check_name
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.choice_field import ChoiceField
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.plain_fields import PlainArea, PlainInput

POLICIES = ("default", "auto", "ask", "off")
MAX_SECONDS = 3600
_KEYS = "F7 apply  ^r remove  ^e editor  esc cancel"


class ToolScreen(ModalScreen[tuple[ToolEntry | None] | None]):
    """Dialog that returns ``(tool,)`` as typed, ``(None,)`` if the tool is removed, or ``None`` without a change.

    Args:
        tool: the tool; ``None`` for a new one.
        others: names of the other tools.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", show=False, priority=True),
        Binding("f7", "take", "Apply", show=False, priority=True),
        Binding("ctrl+r", "remove", "Remove", show=False, priority=True),
        Binding("ctrl+e", "external", "Editor", show=False, priority=True),
    ]

    def __init__(self, tool: ToolEntry | None, others: set[str]) -> None:
        super().__init__()
        self._tool = tool
        self._others = others
        self._left = False
        self._runs: dict[str, str] = {}  # what was typed for each kind
        self._kind = tool.run.kind if tool is not None else ToolEntry(name="").run.kind

    def compose(self) -> ComposeResult:
        """A row for each short field, and the schema below."""
        tool = self._tool or ToolEntry(name="", parameters={"type": "object", "properties": {}})
        with Vertical(classes="dialog form") as dialog:
            dialog.border_title = "Tool"
            yield _row("name", PlainInput(tool.name, id="tool-name"))
            yield _row("description", PlainInput(tool.description, id="tool-description"))
            yield _row("kind", ChoiceField(tuple(KINDS), tool.run.kind, id="tool-kind"))
            yield _row("runs", PlainInput(line_of(tool.run), id="tool-run", placeholder=HINTS[tool.run.kind]))
            yield _row("policy", ChoiceField(POLICIES, tool.policy, id="tool-policy"))
            limit = "" if tool.timeout_s is None else str(tool.timeout_s).removesuffix(".0")
            yield _row("timeout s", PlainInput(limit, id="tool-timeout", placeholder=f"{tool.limit_s:g}"))
            line = FixedLine()
            line.write([("parameters", "title"), ("   JSON Schema; {} takes it from a Python function", "dim")])
            yield line
            yield PlainArea(_json(tool.parameters), id="tool-schema", tab_behavior="focus")
            yield FixedLine(id="tool-problem")

    def on_mount(self) -> None:
        """Focus the first field."""
        self.query_one("#tool-name").focus()

    def on_descendant_focus(self) -> None:
        """Show the keys of the focused field."""
        chooses = "← → choose  " if isinstance(self.focused, ChoiceField) else ""
        self.query_one(".dialog").border_subtitle = signs(self, f"{chooses}{_KEYS}")

    def _typed(self) -> ToolEntry:
        """The tool as typed.

        Raises:
            SchemaRefused: a value is not valid; the message names the field or the path.
        """
        raw = {name: self.query_one(f"#tool-{name}", Input).value for name in ("name", "description", "run", "timeout")}
        kind, policy = (self.query_one(f"#tool-{name}", ChoiceField).value for name in ("kind", "policy"))
        text = {name: value.strip() for name, value in raw.items()}
        check_name(text["name"], self._others)
        parameters = parsed(self.query_one("#tool-schema", TextArea).text)
        base = self._tool or ToolEntry(name=text["name"])
        entry = replace(
            base,
            name=text["name"],
            description=base.description if raw["description"] == base.description else text["description"],
            parameters=parameters,
            run=run_of(kind, raw["run"], base.run),
            policy=policy,
            timeout_s=_seconds(text["timeout"]),
        )
        try:
            return msgspec.convert(msgspec.to_builtins(entry), ToolEntry)
        except msgspec.ValidationError as error:
            raise SchemaRefused(str(error).replace("$.", "")) from None

    def on_choice_field_changed(self, event: ChoiceField.Changed) -> None:
        """Show what was typed in ``runs`` for the chosen kind, or its hint."""
        if event.field.id == "tool-kind":
            field = self.query_one("#tool-run", Input)
            self._runs[self._kind], self._kind = field.value, event.field.value
            field.value = self._runs.get(self._kind, "")
            field.placeholder = HINTS[self._kind]

    def on_choice_field_submitted(self) -> None:
        """Enter moves to the next field."""
        self.focus_next()

    def action_take(self) -> None:
        """Close with the typed tool if it is valid."""
        try:
            typed = self._typed()
        except SchemaRefused as refused:
            self._say(str(refused))
        else:
            self.dismiss((typed,))

    def action_remove(self) -> None:
        """Close and remove the tool."""
        self.dismiss((None,))

    def action_leave(self) -> None:
        """Close without a change; edits are discarded only at the second call."""
        try:
            same = self._typed() == self._tool
        except SchemaRefused:
            same = False
        if same or self._left or (self._tool is None and not self.query_one("#tool-name", Input).value):
            self.dismiss(None)
            return
        self._left = True
        self._say("F7 applies what was typed; esc once more discards it")

    def action_external(self) -> None:
        """Edit the schema in the user's own editor."""
        from rtvoice_tui.ui.terminal.external_editor import edited

        area = self.query_one("#tool-schema", TextArea)
        text = edited(self.app, area.text, ".json")
        if text is not None:
            area.load_text(text)

    def on_input_submitted(self) -> None:
        """Enter moves to the next field."""
        self.focus_next()

    def _say(self, sentence: str) -> None:
        self.query_one("#tool-problem", FixedLine).write([(one_line(sentence, 300), "error")])


def _seconds(text: str) -> float | None:
    """Parse a timeout in seconds; empty text means the default (``None``).

    Raises:
        SchemaRefused: it is no number above 0 and up to `MAX_SECONDS`.
    """
    try:
        seconds = float(text) if text else None
    except ValueError:
        seconds = -1
    if seconds is not None and not 0 < seconds <= MAX_SECONDS:
        raise SchemaRefused(f"timeout s: more than 0 and at most {MAX_SECONDS} seconds, such as 10")
    return seconds


def _row(label: str, field: Widget) -> Horizontal:
    name = FixedLine()
    name.write([(label, "dim")])
    return Horizontal(name, field, classes="row")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
