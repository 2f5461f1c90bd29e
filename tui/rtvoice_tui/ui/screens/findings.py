"""What was wrong in a session so far: each finding with what it means and what to do; enter goes to its time."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.findings.frames import Finding
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.own_keys import advice
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView
from rtvoice_tui.ui.wrapping import wrapped

_INDENT = 9


class FindingList(PlainView):
    """Findings, wrapped; each begins with its time and rule."""

    def __init__(self) -> None:
        super().__init__([[("  looking", "dim")]], id="findings")
        self._found: list[Finding] | None = None
        self._of_line: list[Finding] = []
        self._width = 0

    def show(self, found: list[Finding]) -> None:
        """Show these findings."""
        self._found, self._width = found, 0
        self.cursor = 0
        self.sync(force=True)

    def tell(self, words: str) -> None:
        """Show a sentence in place of findings."""
        self._lines = [[(words, "warn")]]
        self.sync(force=True)

    def finding_at(self, line: int) -> Finding | None:
        """The finding of a line."""
        return self._of_line[line] if line < len(self._of_line) else None

    def refresh_from_model(self) -> bool:
        """Wrap again for another width."""
        if self._found is None or self._width == self.text_width:
            return False
        self._width = self.text_width
        self._lines, self._of_line = [], []
        for finding in self._found:
            head: list[Piece] = [(f"{minutes(finding.at):>7}  ", "dim"), (finding.rule, "warn")]
            said: list[Piece] = [(" " * _INDENT + one_line(finding.sentence, 400), "plain")]
            remedy: list[Piece] = [(" " * _INDENT + one_line(finding.remedy, 400), "dim")]
            rows = [head, *wrapped(said, self._width, _INDENT), *wrapped(remedy, self._width, _INDENT), []]
            self._lines += rows
            self._of_line += [finding] * len(rows)
        if not self._found:
            self._lines = [[("  nothing was wrong so far", "ok")]]
        return True


class FindingsScreen(ModalScreen[float | None]):
    """Returns the time of the chosen finding in seconds, or ``None``.

    Args:
        find: finds what was wrong.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,F", "dismiss(None)", "Close", show=False, priority=True),
    ]

    def __init__(self, find: Callable[[], Awaitable[list[Finding]]]) -> None:
        super().__init__()
        self._find = find

    def compose(self) -> ComposeResult:
        """The list of findings."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Findings"
            dialog.border_subtitle = signs(self, "⏎ go there  F q esc close")
            yield FindingList()

    def on_mount(self) -> None:
        """Look for findings."""
        self.query_one(FindingList).focus()
        self._look()

    @work(exit_on_error=False, description="findings")
    async def _look(self) -> None:
        view = self.query_one(FindingList)
        try:
            view.show(await self._find())
        except (RecordingError, OSError) as error:
            view.tell(advice(error.sentence, error.remedy) if isinstance(error, RecordingError) else str(error))

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Close with the time of the finding."""
        message.stop()
        finding = self.query_one(FindingList).finding_at(message.line)
        if finding is not None:
            self.dismiss(finding.at)
