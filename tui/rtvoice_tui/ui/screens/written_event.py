"""Dialog in which a client event is written and sent."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea

from rtvoice_tui.controller.written import Written
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.plain_fields import PlainArea


class WrittenEventScreen(ModalScreen[str | None]):
    """Dialog that sends a client event, and returns the text that was sent, or ``None``.

    What is typed into one template stays there while others are looked at.

    Args:
        written: checks and sends.
        templates: the events to begin with, as JSON, by name.
        shown: name of the one that is shown first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False, priority=True),
        Binding("f7", "send", "Send", show=False, priority=True),
        Binding("ctrl+n", "template(1)", "Next template", show=False, priority=True),
        Binding("ctrl+b", "template(-1)", "Template before", show=False, priority=True),
        Binding("ctrl+e", "external", "Editor", show=False, priority=True),
    ]

    def __init__(self, written: Written, templates: Mapping[str, str], shown: str) -> None:
        super().__init__()
        self._written = written
        self._names = list(templates)
        self._given = dict(templates)
        self._texts = dict(templates)
        self._shown = shown
        self._doubted = ""
        self._left = False

    def compose(self) -> ComposeResult:
        """The template's name, the text area, and what the check says."""
        with Vertical(classes="dialog form") as dialog:
            dialog.border_title = "Send an event"
            dialog.border_subtitle = "F7 send  ^n ^b template  ^e editor  esc cancel"
            yield FixedLine(id="written-name")
            yield PlainArea(self._texts[self._shown], id="written-text", tab_behavior="focus")
            yield FixedLine(id="written-words")

    def on_mount(self) -> None:
        """Type at once."""
        self._area.focus()
        self._show_name()

    @property
    def _area(self) -> TextArea:
        return self.query_one(TextArea)

    def _show_name(self) -> None:
        place = f"   {self._names.index(self._shown) + 1} of {len(self._names)}"
        self.query_one("#written-name", FixedLine).write([(one_line(self._shown, 60), "key"), (place, "dim")])

    def _say(self, words: str, ink: str) -> None:
        self.query_one("#written-words", FixedLine).write([(one_line(words, 300), ink)])

    def on_text_area_changed(self) -> None:
        """Check what is typed, without a word about what is not finished."""
        self._left = False
        found = self._written.check(self._area.text)
        if found.refused:
            self._say(found.refused, "dim")
        else:
            self._say(found.doubt, "warn")

    def action_send(self) -> None:
        """Send it; what the provider does not document is sent only at the second call."""
        text = self._area.text
        found = self._written.check(text)
        if not found.refused and found.doubt and self._doubted != text:
            self._doubted = text
            self._say(f"{found.doubt}: F7 once more sends it all the same", "warn")
            return
        if why := self._written.send(text):
            self._say(why, "error")
        else:
            self.dismiss(text)

    def action_template(self, step: int) -> None:
        """Go to the next template (``step`` 1), or the one before (-1)."""
        self._texts[self._shown] = self._area.text
        self._shown = self._names[(self._names.index(self._shown) + step) % len(self._names)]
        self._area.load_text(self._texts[self._shown])
        self._show_name()

    def action_leave(self) -> None:
        """Close without sending; typed text is discarded only at the second call."""
        self._texts[self._shown] = self._area.text
        if self._left or self._texts == self._given:
            self.dismiss(None)
            return
        self._left = True
        self._say("F7 sends what was typed; esc once more discards it", "warn")

    def action_external(self) -> None:
        """Edit the text in the user's own editor."""
        from rtvoice_tui.ui.terminal.external_editor import edited

        text = edited(self.app, self._area.text, ".json")
        if text is not None:
            self._area.load_text(text)
