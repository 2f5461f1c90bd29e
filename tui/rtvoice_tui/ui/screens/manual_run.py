"""Manual run of a tool: a form generated from its schema, with the result below."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input

from rtvoice_tui.editing.form import FormField, arguments_of, arguments_text, fields_of, texts_of, unknown
from rtvoice_tui.errors import FormRefused
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.calls import CallView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.plain_fields import PlainInput


class ManualRunScreen(ModalScreen[None]):
    """Dialog for manual runs of tools.

    Args:
        specs: the tools that can be run, by name.
        name: name of the tool shown first.
        arguments: initial values of the form.
        store: store in which the runs are recorded.
        clock: returns seconds on the store's clock.
        run: starts a manual run, given the tool's name and its arguments as JSON text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", show=False, priority=True),
        Binding("f7", "run", "Run", show=False, priority=True),
        Binding("ctrl+n", "next", "Next tool", show=False, priority=True),
    ]

    def __init__(
        self,
        specs: Mapping[str, ToolSpec],
        name: str,
        arguments: Mapping[str, Any],
        store: Store,
        clock: Callable[[], float],
        run: Callable[[str, str], None],
    ) -> None:
        super().__init__()
        self._specs = specs
        self._tool = name
        self._given = arguments
        self._store = store
        self._run_tool = run
        self._before = 0
        self._asked = False
        self._result = CallView(self._record, clock, name="trial")

    @property
    def _fields(self) -> tuple[FormField, ...]:
        return fields_of(self._specs[self._tool].parameters)

    def compose(self) -> ComposeResult:
        """The tool's description, a field for each argument, and the result."""
        with Vertical(classes="dialog form") as dialog:
            following = "^n next tool  " if len(self._specs) > 1 else ""
            dialog.border_subtitle = f"F7 run  {following}tab next field  esc close"
            yield FixedLine(id="try-about")
            yield VerticalScroll(id="try-fields")
            yield FixedLine(id="try-problem")
            yield self._result

    async def on_mount(self) -> None:
        """Show the form and focus its first field."""
        await self._show()
        self.set_interval(1 / 10, self._result.sync)

    async def _show(self) -> None:
        spec = self._specs[self._tool]
        self.query_one(".dialog").border_title = f"Test {one_line(self._tool, 60)}".replace("[", "\\[")
        self.query_one("#try-about", FixedLine).write([(one_line(spec.description, 300) or spec.kind, "dim")])
        texts = texts_of(self._fields, self._given)
        box = self.query_one("#try-fields", VerticalScroll)
        await box.remove_children()
        rows = [self._row(i, field, texts.get(field.name, "")) for i, field in enumerate(self._fields)]
        await box.mount_all(rows)
        box.styles.height = max(1, min(len(rows), 8))
        left_out = unknown(self._fields, self._given)
        if left_out:
            self._say(f"not in its schema, so left out: {', '.join(left_out)}", "warn")
        else:
            self._say("" if rows else "it takes no arguments: F7 runs it", "dim")
        box.can_focus = not rows
        (self.query("#try-fields Input").first(Input) if rows else box).focus()

    def _row(self, index: int, field: FormField, text: str) -> Horizontal:
        label = FixedLine()
        label.write([(one_line(field.name, 17), "plain"), (" *" if field.required else "", "warn")])
        suggester = SuggestFromList(field.choices) if field.choices else None
        entry = PlainInput(text, id=f"try-{index}", placeholder=one_line(field.hint, 200), suggester=suggester)
        return Horizontal(label, entry, classes="row")

    def action_run(self) -> None:
        """Run the tool with the typed arguments."""
        texts = {field.name: self.query_one(f"#try-{i}", Input).value for i, field in enumerate(self._fields)}
        try:
            arguments = arguments_of(self._fields, texts)
        except FormRefused as refused:
            self._say(str(refused), "error")
            return
        self._say("", "dim")
        records = self._store.calls.records
        self._before = records[-1].number if records else 0
        self._asked = True
        self._run_tool(self._tool, arguments_text(arguments))

    async def action_next(self) -> None:
        """Switch to the next tool, with an empty form."""
        names = list(self._specs)
        self._tool = names[(names.index(self._tool) + 1) % len(names)]
        self._given = {}
        self._asked = False
        await self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter moves to the next field, and in the last field runs the tool."""
        event.stop()
        if event.input.id == f"try-{len(self._fields) - 1}":
            self.action_run()
        else:
            self.focus_next()

    def _record(self) -> CallRecord | None:
        if not self._asked:
            return None
        for record in reversed(self._store.calls.records):
            if record.number <= self._before:
                break
            if record.call.manual and record.call.name == self._tool:
                return record
        return None

    def _say(self, sentence: str, ink: str) -> None:
        self.query_one("#try-problem", FixedLine).write([(one_line(sentence, 300), ink)])
