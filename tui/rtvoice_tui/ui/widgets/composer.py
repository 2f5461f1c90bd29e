"""The message field: one line until it is used, then as high as its text, with the messages typed earlier."""

from textual.app import ComposeResult
from textual.containers import Vertical

from rtvoice_tui.controller.typed_history import Recall, TypedHistory
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.widgets.lines import FixedLine


class Composer(Vertical):
    """Holds the field, which is made when it is first used: it would cost startup time.

    Args:
        history: the messages typed earlier.
    """

    def __init__(self, history: TypedHistory) -> None:
        super().__init__(id="message")
        self._history = history
        self._recall = Recall(history)
        self._restored = 0  # characters that were put back, at the beginning of the field

    def compose(self) -> ComposeResult:
        """A hint in place of the field."""
        yield FixedLine(id="message-hint")

    def on_mount(self) -> None:
        """Show the hint."""
        self.show_hint()

    def show_hint(self) -> None:
        """Say which key begins to type."""
        self.query_one("#message-hint", FixedLine).write(
            [(f" › type a message ({BY_ID['type'].shown}), enter sends", "dim")]
        )

    @property
    def text(self) -> str:
        """What is typed and not sent."""
        from rtvoice_tui.ui.widgets.message_area import MessageArea

        return next((area.text for area in self.query(MessageArea)), "")

    async def open(self) -> None:
        """Focus the field, before the next key is handled."""
        from rtvoice_tui.ui.widgets.message_area import MessageArea

        area = next(iter(self.query(MessageArea)), None)
        if area is None:
            area = MessageArea(self._recall, self.emptied)
            await self.mount(area)
        self.query_one("#message-hint").display = False
        area.display = True
        self.screen.set_focus(area)

    async def on_click(self) -> None:
        """A click on the hint begins to type."""
        await self.open()

    def on_descendant_blur(self) -> None:
        """The hint is back where nothing is typed."""
        if not self.text:
            self.query_one("#message-hint").display = True
            self.query_one("#composer").display = False

    def on_descendant_focus(self) -> None:
        """The field is in sight whenever it has the keys, also after another window had them."""
        self.query_one("#message-hint").display = False
        self.query_one("#composer").display = True

    def sent(self, text: str) -> None:
        """The message was sent: keep it among those typed earlier."""
        self._history.add(text)
        self._recall.reset()

    def restore(self, text: str) -> None:
        """The message could not be sent: put it back, before what was typed since."""
        from rtvoice_tui.ui.widgets.message_area import MessageArea

        for area in self.query(MessageArea):
            before, since = area.text[: self._restored], area.text[self._restored :]
            kept = f"{before.rstrip()}\n{text}" if before.strip() else text
            self._restored = len(kept)
            area.text = kept + since
            area.move_cursor(area.document.end)

    def emptied(self) -> None:
        """The field was emptied by the user's own key: nothing in it was put back."""
        self._restored = 0
