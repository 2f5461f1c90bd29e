"""Pane 5: the agent's instructions and voice, edited while it talks."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from rtvoice_tui.session.facts import EditChanged, EditState
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece

_STATES: dict[EditState, tuple[str, str]] = {
    EditState.SENT: ("sent, waiting for the server", "warn"),
    EditState.ACKNOWLEDGED: ("acknowledged", "ok"),
    EditState.CHANGED: ("the server made something else of it", "warn"),
    EditState.LATER: ("kept for the next session", "warn"),
    EditState.REFUSED: ("refused", "error"),
    EditState.UNANSWERED: ("sent, not answered", "warn"),
}


class AgentPane(Vertical):
    """Two fields and what became of the last change."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("agent")

    class Edited(Message):
        """The person wants the agent to be like this; ``None`` is what was not touched."""

        def __init__(self, instructions: str | None, voice: str | None) -> None:
            super().__init__()
            self.instructions = instructions
            self.voice = voice

    def __init__(self, instructions: str, voice: str, voices: tuple[str, ...]) -> None:
        super().__init__(id="agent-pane", classes="pane")
        self._kept = self._before = (instructions, voice)
        self._voices = voices
        self._made = False
        self._state: list[Piece] = [("nothing changed yet", "dim")]
        self.border_title = "5 Agent"

    def open(self) -> None:
        """Go to the instructions. The fields are made when they are first wanted: they cost a third of a start."""
        if not self._made:
            from textual.suggester import SuggestFromList
            from textual.widgets import Input, TextArea

            self._made = True
            self.mount(
                FixedLine(id="agent-count"),
                TextArea(self._kept[0], id="instructions", soft_wrap=True, tab_behavior="focus"),
                FixedLine(id="agent-voices"),
                Input(self._kept[1], id="voice", placeholder="voice", suggester=SuggestFromList(self._voices)),
                FixedLine(id="agent-state"),
            )
            self.call_after_refresh(self._describe)
        self.call_after_refresh(lambda: self.screen.set_focus(self.query_one("#instructions")))

    def on_mount(self) -> None:
        """Name the keys."""
        self.border_subtitle = "F7 send and save  esc back"

    def _describe(self) -> None:
        """Say what the fields are, and what was told before they were there."""
        self._say_counts()
        known = f" (known: {', '.join(self._voices[:8])}{', …' if len(self._voices) > 8 else ''})"
        self.query_one("#agent-voices", FixedLine).write([("voice", "title"), (known if self._voices else "", "dim")])
        self._say(self._state)

    def _say(self, pieces: list[Piece]) -> None:
        self._state = pieces
        if self._made:
            self.query_one("#agent-state", FixedLine).write(pieces)

    @property
    def unsaved(self) -> bool:
        """Whether the fields differ from what was last sent."""
        return self._made and self._fields() != self._kept

    def show_edit(self, at: float, edit: EditChanged) -> None:
        """What became of a change."""
        if edit.state in (EditState.REFUSED, EditState.UNANSWERED):
            self._kept = self._before  # so that it can be sent again
            if self._made:
                self._say_counts()
        words, ink = _STATES[edit.state]
        pieces: list[Piece] = [(f"{minutes(at)} ", "dim"), (words, ink)]
        if edit.detail:
            pieces.append((f": {one_line(edit.detail, 200)}", "plain"))
        pieces.append((f"  {one_line(', '.join(edit.fields), 60)}", "dim"))
        self._say(pieces)

    def tell(self, words: str, ink: str = "warn") -> None:
        """A word about the edit from the app itself."""
        self._say([(words, ink)])

    def action_send_edit(self) -> None:
        """Hand the fields over, if they changed."""
        if not self.unsaved:
            self.tell("nothing changed", "dim")
            return
        self._before, self._kept = self._kept, self._fields()
        self._say_counts()
        changed = [new if new != old else None for new, old in zip(self._kept, self._before, strict=True)]
        self.post_message(self.Edited(*changed))

    def on_text_area_changed(self) -> None:
        """Count."""
        self._say_counts()

    def on_input_changed(self) -> None:
        """The unsaved mark may change."""
        self._say_counts()

    def on_input_submitted(self) -> None:
        """Enter in the voice field sends."""
        self.action_send_edit()

    def _fields(self) -> tuple[str, str]:
        from textual.widgets import Input, TextArea

        return self.query_one("#instructions", TextArea).text, self.query_one("#voice", Input).value.strip()

    def _say_counts(self) -> None:
        from textual.widgets import TextArea

        text = self.query_one("#instructions", TextArea).text
        mark: Piece = ("   not sent yet", "warn") if self.unsaved else ("", "dim")
        lines = text.count("\n") + 1
        counts = f"   {lines} line{'s' if lines > 1 else ''}, {len(text)} characters"
        self.query_one("#agent-count", FixedLine).write([("instructions", "title"), (counts, "dim"), mark])
