"""All recorded sessions: show one, write it to a file, delete it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from rtvoice_tui.controller.recordings import Recordings
from rtvoice_tui.controller.saved_queries import SavedQueries
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.files import FORMATS
from rtvoice_tui.recording.format import State, Summary
from rtvoice_tui.recording.library import Listed
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.query import QueryError
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.own_keys import advice
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.key_block import KeyBlock
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView
from rtvoice_tui.ui.widgets.query_field import QueryField

_KEYS = (
    ("⏎", "show"),
    ("p", "replay"),
    ("/", "search"),
    ("x", "export"),
    ("d", "delete"),
    ("r", "rescan"),
    ("q esc", "close"),
)
_SEARCHING = (("⏎", "search"), ("→", "complete"), ("↑ ↓", "saved"), ("^s", "save"), ("esc", "cancel"))
_WRITING = (("⏎", "export"), ("esc", "cancel"))


class SessionList(PlainView):
    """The recordings, newest first, a line each."""

    def __init__(self) -> None:
        super().__init__([[("  looking for recordings", "dim")]], id="sessions")
        self.listed: list[Listed] = []
        self._summaries: dict[str, Summary] = {}
        self.cursor = 0

    def show(self, listed: list[Listed]) -> None:
        """Show these recordings; the cursor stays on its own."""
        before = self.chosen.name if self.chosen is not None else ""
        self.listed = listed
        names = [entry.name for entry in listed]
        self.cursor = names.index(before) if before in names else 0
        self._lay_out()

    def summarise(self, summaries: dict[str, Summary]) -> None:
        """Show what the recordings hold."""
        self._summaries = summaries
        self._lay_out()

    @property
    def chosen(self) -> Listed | None:
        """The recording under the cursor."""
        return self.listed[self.cursor] if self.cursor is not None and self.cursor < len(self.listed) else None

    def _lay_out(self) -> None:
        # a year that all share is left out
        day = slice(5 if len({entry.name[:4] for entry in self.listed}) == 1 else 0, 10)
        self._lines = [self._line(entry, day) for entry in self.listed]
        if not self.listed:
            self._lines = [[("  no session is recorded yet: the first one with a turn is", "dim")]]
        self.sync(force=True)

    def _line(self, entry: Listed, day: slice) -> list[Piece]:
        time, profile = entry.name[11:17], entry.name[18:-5]
        when = f" {entry.name[day]} {time[:2]}:{time[2:4]}:{time[4:]} "
        head: list[Piece] = [(when, "dim"), (f"{one_line(profile, 12):<12}", "title")]
        if entry.recording is None:
            return [*head, (one_line(entry.problem, 200), "error")]
        summary = self._summaries.get(entry.name)
        if summary is None:
            return [*head, ("…", "dim")]
        state = entry.recording.manifest.state
        turns = f"{summary.turns:>3} turn{' ' if summary.turns == 1 else 's'}"
        facts = f"{minutes(summary.length_s):>6} {turns} {'♪' if entry.recording.has_sound else ' '} "
        errors: list[Piece] = [(f"✗{summary.errors} ", "error")] if summary.errors else [("   ", "plain")]
        ended: list[Piece] = [] if state is State.COMPLETE else [("not ended ", "warn")]
        if entry.running:
            ended = [("running ", "ok")]
        return [*head, (facts, "plain"), *errors, *ended, (one_line(summary.first_words, 200), "dim")]


class SessionsScreen(ModalScreen[None]):
    """Lists the recordings.

    Args:
        recordings: carries the actions out.
        queries: the saved queries, for the search.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, priority=True),
        Binding("q", "dismiss", "Close", show=False),
        Binding("p", "replay", "Replay", show=False),
        Binding("slash", "search", "Search", show=False),
        Binding("x", "ask", "Export", show=False),
        Binding("d", "delete", "Delete", show=False),
        Binding("r", "rescan", "Rescan", show=False),
    ]

    def __init__(self, recordings: Recordings, queries: SavedQueries) -> None:
        super().__init__()
        self._recordings = recordings
        self._queries = queries
        self._deleting = ""

    def compose(self) -> ComposeResult:
        """The list, a field for a file's name, a line for outcomes, and the keys."""
        with Vertical(classes="dialog broad") as dialog:
            dialog.border_title = "Recorded sessions"
            yield SessionList()
            yield Input(id="session-file", classes="field")
            yield QueryField(self._queries, list, id="session-query")
            yield FixedLine(id="session-said")
            yield KeyBlock(_KEYS)

    def on_mount(self) -> None:
        """Focus the list, and fill it."""
        self._list.focus()
        self.action_rescan()

    @property
    def _list(self) -> SessionList:
        return self.query_one(SessionList)

    @work(exit_on_error=False, exclusive=True, description="recordings")
    async def action_rescan(self) -> None:
        """List the recordings again."""
        entries = await self._recordings.listed()
        self._list.show(entries)
        self._say("", "dim")
        self._list.summarise(await self._recordings.summaries(entries))

    @work(exit_on_error=False, description="a recording")
    async def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Show the conversation."""
        from rtvoice_tui.ui.screens.detail import DetailScreen

        message.stop()
        if (entry := self._list.chosen) is None:
            return
        try:
            text = await self._recordings.text(entry)
        except (RecordingError, OSError) as error:
            self._failed(error)
            return
        self.app.push_screen(DetailScreen(entry.name, text.split("\n")))

    def action_replay(self) -> None:
        """Replay the recording in this terminal; the running session goes on meanwhile."""
        from rtvoice_tui.ui.terminal.nested import replay

        if (entry := self._list.chosen) is not None and (
            wrong := replay(self.app, entry.folder, self._recordings.silent)
        ):
            self._say(wrong, "error")

    def action_search(self) -> None:
        """Ask for the words to search for."""
        self._open_field("#session-query", self.query_one("#session-query", Input).value, _SEARCHING)
        self._say(
            "only recordings in which this was said; type: item: call: code: search their events; empty shows all",
            "dim",
        )

    @work(exit_on_error=False, exclusive=True, description="search in recordings")
    async def _search(self, words: str) -> None:
        self._say("searching", "dim")
        entries = await self._recordings.listed()
        try:
            held = await self._recordings.holding(entries, words) if words else {}
        except QueryError as error:
            self._open_field("#session-query", words, _SEARCHING)
            self._say(str(error), "error")
            return
        found = [entry for entry in entries if not words or entry.name in held]
        self._list.show(found)
        self._list.summarise(await self._recordings.summaries(found))
        self._say(f"{one_line(words, 60)}: {len(found)} of {len(entries)}; r shows all" if words else "", "plain")

    def action_ask(self) -> None:
        """Ask for the file to write to."""
        if (entry := self._list.chosen) is None:
            return
        self._open_field("#session-file", f"{entry.name}.md", _WRITING)
        self._say(f"write to the file; its suffix says how: {', '.join(FORMATS)}", "dim")

    def _open_field(self, place: str, value: str, keys: Sequence[tuple[str, str]]) -> None:
        field = self.query_one(place, Input)
        field.value = value
        field.display = True
        field.focus()
        self.query_one(KeyBlock).show(keys)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search, or write the recording."""
        event.stop()
        if event.input.id == "session-query":
            self._close_field()
            self._search(event.value.strip())
        else:
            self._export(event.value.strip())

    @work(exit_on_error=False, description="export of a recording")
    async def _export(self, name: str) -> None:
        entry = self._list.chosen
        if entry is None or not name:
            return
        self._say("writing", "dim")
        try:
            written = await self._recordings.export(entry, _path(name))
        except (RecordingError, OSError) as error:
            self._failed(error)
            return
        self._close_field()
        self._say(f"written: {written}", "ok")

    def action_delete(self) -> None:
        """Delete the recording, at the second time."""
        entry = self._list.chosen
        if entry is None:
            return
        if self._deleting != entry.name and not entry.running:  # else deleting says why it cannot be
            self._deleting = entry.name
            self._say(f"d once more deletes {entry.name} for good", "warn")
            return
        self._delete(entry)

    @work(exit_on_error=False, description="deleting a recording")
    async def _delete(self, entry: Listed) -> None:
        try:
            await self._recordings.delete(entry)
        except RecordingError as error:
            self._failed(error)
            return
        self._say(f"{entry.name} is deleted", "ok")
        self.action_rescan()

    def action_leave(self) -> None:
        """Close the field, or the screen."""
        if any(field.display for field in self.query(Input)):
            self._close_field()
            self._say("", "dim")
        else:
            self.dismiss()

    def _close_field(self) -> None:
        self._list.focus()
        for field in self.query(Input):
            field.display = False
        self.query_one(KeyBlock).show(_KEYS)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, RecordingError):
            self._say(advice(error.sentence, error.remedy), "error")
        else:
            self._say(str(error), "error")

    def _say(self, words: str, ink: str) -> None:
        self.query_one("#session-said", FixedLine).write([(one_line(words, 300), ink)] if words else [])


def _path(name: str) -> Path:
    """The file of a typed name."""
    return Path(name).expanduser()
