"""Pane 4: the list of function calls, and the details of the selected one."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from rtvoice_tui.controller.calls import Offer
from rtvoice_tui.session.facts import CallState, ServerChanged, ServerState
from rtvoice_tui.store.calls import CallRecord, waits
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.panes.call_text import View, as_json, call_lines, tool_lines
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.widgets.ask_row import KEY_GUARD_S, AskRow
from rtvoice_tui.ui.widgets.follow_view import FollowView, right_aligned
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

_STATE_INKS = {
    CallState.OK: "ok",
    CallState.FAILED: "error",
    CallState.DENIED: "error",
    CallState.CANCELLED: "warn",
    CallState.ASKING: "warn",
    CallState.RUNNING: "agent",
    CallState.HOSTED: "dim",
    CallState.STREAMING: "agent",
}
_SERVER_INKS = {ServerState.CONNECTED: "ok", ServerState.FAILED: "error", ServerState.STARTING: "warn"}
_HOSTED = "at the provider"
_LIST_SHARE = 0.45
"""Maximum share of the pane's height for the list."""

_TOOLS_SHARE = 0.6
"""The same before the first call: the list is of the tools then."""


class CallsView(FollowView):
    """List of calls, newest first; the newest one is selected until the user selects another."""

    GROWS: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = bindings("tools")

    class Chosen(Message):
        """Posted when another call is selected."""

    class Paged(Message):
        """Posted to scroll the details of the selected call by ``step`` pages."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, store: Store, clock: Callable[[], float], offers: Callable[[], list[Offer]]) -> None:
        super().__init__(id="tools")
        self._store = store
        self._offers = offers
        self._tools: list[Offer] = []
        self._uses: Counter[str] = Counter()
        self._clock = clock
        self._seen: tuple[object, ...] = ()
        self._records: list[CallRecord] = []
        self._servers: list[ServerChanged] = []
        self._chosen: CallRecord | None = None
        self._key = ""
        self._ticks = False
        self._asked: dict[str, float] = {}
        self._followed_at = 0.0

    @property
    def chosen(self) -> CallRecord | None:
        """The selected call; ``None`` if there is no call."""
        return self._chosen

    @property
    def follows(self) -> bool:
        """Whether the selection follows the newest call."""
        return not self._key

    @property
    def accepts_keys(self) -> bool:
        """Whether the selected call waits for the user, and has been shown for at least `KEY_GUARD_S`."""
        asked_at = self._asked.get(self._chosen.call.key) if self._chosen is not None else None
        return asked_at is not None and self._clock() - max(asked_at, self._followed_at) >= KEY_GUARD_S

    def reset(self) -> None:
        """Begin again with what the store holds now."""
        super().reset()
        self._seen, self._chosen, self._key = (), None, ""
        self._asked = {}

    def refresh_from_model(self) -> bool:
        """Read calls and servers from the store; returns whether anything changed.

        While a call runs or waits, this is true twice a second, because its duration grows. Lines are laid out when
        they are drawn.
        """
        calls, now = self._store.calls, self._clock()
        tools = self._offers()
        state = (calls.version, self.text_width, self._key, int(now * 2) if self._ticks else 0)
        if state == self._seen and tools == self._tools:
            return False
        self._seen = state
        on_tool = self.chosen_tool
        self._tools = tools
        self._uses = Counter(record.call.name for record in calls.records if not record.call.manual)
        self._records = calls.records[::-1]
        self._servers = list(calls.servers.values())
        self._ticks = any(_ticks(record) for record in calls.open.values())
        asking = [record.call.key for record in calls.asking]
        if any(key not in self._asked for key in asking) and not self.has_focus:
            self._key = ""  # a call that asks is in sight, unless the user is elsewhere in the list
            self.scroll_y = self.scroll_target_y = 0
            on_tool = None
        self._asked = {key: self._asked.get(key, now) for key in asking}
        found = (i for i, record in enumerate(self._records) if record.call.key == self._key)
        line = next(found, None) if self._key else None
        newest = self._records[0] if self._records else None
        chosen = newest if line is None else self._records[line]
        if chosen is not self._chosen:
            self._chosen, self._followed_at = chosen, now
        stays = next((i for i, tool in enumerate(tools) if on_tool is not None and tool.name == on_tool.name), None)
        self.cursor = line if stays is None else max(1, len(self._records)) + stays
        return True

    def sync(self, force: bool = False, with_counters: bool = True) -> None:
        """Update the list; the selected call stays visible when new calls are added above it."""
        before = self.cursor
        super().sync(force=force, with_counters=with_counters)
        if self.size and self.cursor is not None and self.cursor != before:
            top = max(self.cursor - self.size.height + 1, min(self.cursor, int(self.scroll_offset.y)))
            self.scroll_y = self.scroll_target_y = top

    @property
    def line_count(self) -> int:
        """Number of lines: calls, then the tools of the agent, then tool servers."""
        return max(1, len(self._records)) + len(self._tools) + len(self._servers)

    @property
    def chosen_tool(self) -> Offer | None:
        """The tool under the cursor; ``None`` if the cursor is on a call or a server."""
        line = -1 if self.cursor is None else self.cursor - max(1, len(self._records))
        return self._tools[line] if 0 <= line < len(self._tools) else None

    def pieces(self, line: int) -> list[Piece]:
        """Content of a line; the selected call is marked."""
        if line < len(self._records):
            record = self._records[line]
            chosen = record is self._chosen and self.chosen_tool is None
            return [("›" if chosen else " ", "key"), *self._row(record)]
        if not self._records and not line:
            return [(" no call yet", "dim")]
        line -= max(1, len(self._records))
        if line < len(self._tools):
            tool = self._tools[line]
            return [("›" if tool is self.chosen_tool else " ", "key"), *self._tool_row(tool)]
        return [(" ", "plain"), *_server_row(self._servers[line - len(self._tools)])]

    @property
    def labels(self) -> dict[str, str]:
        """Whether the keys switch the tool on or off, and begin or end its mock."""
        name = self.chosen_tool.name if self.chosen_tool is not None else self._chosen.call.name if self._chosen else ""
        tool = next((tool for tool in self._tools if tool.name == name), None)
        if tool is None:
            return {}
        off = {"switch-tool": "on"} if tool.policy == "off" else {}
        return off | ({"make-mock": "end mock"} if tool.kind == "mock" else {})

    def _tool_row(self, tool: Offer) -> list[Piece]:
        """Name, policy and kind of a tool, and how often it was called; ●: offered, ○: off, ◌: a mock."""
        sign, ink = ("○", "dim") if tool.policy == "off" else ("●", "ok") if tool.offered else ("✗", "error")
        if tool.kind == "mock" and tool.policy != "off":
            sign, ink = "◌", "warn"
        words = {"off": "off", "ask": "asks"}.get(tool.policy, "auto")
        if not tool.offered and tool.policy != "off":
            words = "not offered"
        uses = self._uses[tool.name]
        kind: Piece = (f" {'MOCK' if tool.kind == 'mock' else tool.kind:<8}", "warn" if tool.kind == "mock" else "dim")
        right: list[Piece] = [(f" {words:<11}", "plain"), kind, (f"{f'{uses}×' if uses else '':>4}", "dim")]
        left: list[Piece] = [(f" {sign} ", ink), (one_line(tool.name, 60), "tool" if tool.policy != "off" else "dim")]
        return right_aligned(left, right, self.text_width - 2)

    def move_cursor(self, line: int) -> None:
        """Move the cursor, and select the call under it."""
        super().move_cursor(line)
        if self.chosen_tool is not None:
            self.post_message(self.Chosen())
        if self.cursor is not None and self.cursor < len(self._records):
            self._chosen = self._records[self.cursor]
            self._key = self._chosen.call.key
            self.post_message(self.Chosen())

    def action_cursor(self, step: int) -> None:
        """Move the cursor by ``step``; without a cursor from the newest call."""
        self.move_cursor((0 if self.cursor is None else self.cursor) + step)

    def action_open(self) -> None:
        """Open the selected call's turn."""
        self.post_message(self.Opened(self, self.cursor or 0))

    def action_page(self, step: int) -> None:
        """Scroll the details of the selected call, because the list is short."""
        self.post_message(self.Paged(step))

    def choose(self, key: str) -> None:
        """Select a call by its key; an empty key follows the newest call again."""
        self._key = key
        if not key:
            self.scroll_y = self.scroll_target_y = 0
        self.sync(force=True)
        self.post_message(self.Chosen())

    def action_follow(self) -> None:
        """Select the newest call, and follow newer ones."""
        self.choose("")
        super().action_follow()

    def show_turn(self, turn: int) -> None:
        """Select the first call of a turn, unless one of its calls is already selected."""
        if self._key and self._chosen is not None and self._chosen.call.turn == turn:
            return
        found = [i for i, record in enumerate(self._records) if record.call.turn == turn]
        if found:
            self.move_cursor(found[-1])

    def turn_at(self, line: int) -> int:
        """Turn of the call in a line; 0 if the line holds no call."""
        return self._records[line].call.turn if line < len(self._records) else 0

    def copy_text(self) -> str:
        """The selected call, or tool, as JSON."""
        if (tool := self.chosen_tool) is not None:
            return json.dumps(tool._asdict(), indent=2, ensure_ascii=False)
        return as_json(self.chosen) if self.chosen is not None else ""

    def _row(self, record: CallRecord) -> list[Piece]:
        call = record.call
        kind = call.kind.partition(" ")[0]
        turn = "hand" if call.manual else f"t{call.turn}"
        left: list[Piece] = [(f"{record.number:>2} ", "dim"), (one_line(call.name, 60) or "…", "tool")]
        right: list[Piece] = [
            (f" {'ASKS' if waits(call) else call.state:<9}", _STATE_INKS[call.state]),
            (f"{self._duration(record):>8}", "dim"),
            (f" {kind:<7} {turn:<4}", "dim"),
        ]
        return right_aligned(left, right, self.text_width - 2)

    def _duration(self, record: CallRecord) -> str:
        ms = record.duration_ms
        if ms is None and record.ended_at is None and record.call.state in (CallState.RUNNING, CallState.ASKING):
            begun = record.started_at if record.started_at is not None else record.seen_at
            return f"{max(0.0, self._clock() - begun):.0f} s…"
        if ms is None:
            return ""
        return f"{ms:,.0f} ms".replace(",", " ") if ms < 100_000 else f"{ms / 1000:,.0f} s".replace(",", " ")


def _ticks(record: CallRecord) -> bool:
    """Whether the duration of a call is still growing."""
    return record.ended_at is None and record.call.state in (CallState.RUNNING, CallState.ASKING)


def _server_row(server: ServerChanged) -> list[Piece]:
    hosted = server.detail == _HOSTED
    words = "" if hosted else one_line(server.detail, 200)
    if server.state is ServerState.CONNECTED:
        words = f"{server.tools} tool{'' if server.tools == 1 else 's'}"
    where = f" ({_HOSTED})" if hosted else ""
    ink = _SERVER_INKS.get(server.state, "dim")
    return [
        ("   from ", "dim"),
        (one_line(server.name, 30) + where, "tool"),
        (f" {server.state}  ", ink),
        (words, "dim"),
    ]


class CallView(PlainView):
    """Details of one call.

    Args:
        chosen: returns the call to show, or ``None``.
        tool: returns the tool to show instead, or ``None``.
        clock: returns seconds on the store's clock.
        name: id of the widget.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("tools")

    def __init__(
        self,
        chosen: Callable[[], CallRecord | None],
        clock: Callable[[], float],
        tool: Callable[[], Offer | None] = lambda: None,
        *,
        name: str = "call",
    ) -> None:
        super().__init__([], id=name)
        self._chosen = chosen
        self._tool = tool
        self._clock = clock
        self._view = View.TREE
        self._seen: tuple[object, ...] = ()

    @property
    def view(self) -> View:
        """How the call is shown."""
        return self._view

    def reset(self) -> None:
        """Begin again."""
        super().reset()
        self._seen = ()

    def refresh_from_model(self) -> bool:
        """Lay out again when the call changed or its duration grows."""
        record = self._chosen()
        now = self._clock()
        ticks = int(now * 2) if record is not None and _ticks(record) else 0
        call = record.call if record is not None else None
        key = call.key if call is not None else ""
        tool = self._tool()
        state = (key, call, _progress(record), self.text_width, self._view, ticks, tool)
        if state == self._seen:
            return False
        if key != (self._seen[0] if self._seen else "") and self.is_mounted:
            self.scroll_y = self.scroll_target_y = 0
            self.cursor = None
        self._seen = state
        self._lines = call_lines(record, self._view, self.text_width, now) if record is not None else []
        if tool is not None:
            self._lines = tool_lines(tool.description, tool.parameters, self._view, self.text_width)
        return True

    def copy_text(self) -> str:
        """The call, or what is shown of a tool."""
        if self._tool() is not None:
            return super().copy_text()
        record = self._chosen()
        return as_json(record) if record is not None else ""

    def action_follow(self) -> None:
        """Go to the last line."""
        self.move_cursor(self.line_count - 1)

    def next_view(self) -> None:
        """Switch to the next view: tree, JSON, wire."""
        views = list(View)
        self._view = views[(views.index(self._view) + 1) % len(views)]
        self.sync(force=True)


def _progress(record: CallRecord | None) -> tuple[object, ...]:
    """The parts of a record that change independently of its ``call``."""
    return () if record is None else (record.started_at, record.ended_at, len(record.moments), len(record.sent))


class ToolsPane(Pane):
    """The list of calls above, the selected call below."""

    def __init__(
        self,
        number: int,
        name: str,
        store: Store,
        clock: Callable[[], float],
        keys: Sequence[str],
        offers: Callable[[], list[Offer]] = list,
    ) -> None:
        self.calls = CallsView(store, clock, offers)
        self.detail = CallView(lambda: self.calls.chosen, clock, lambda: self.calls.chosen_tool)
        super().__init__(number, name, self.calls, keys)
        self._store = store
        self._shown = ""

    def compose(self) -> ComposeResult:
        """Both views."""
        yield self.calls
        yield self.detail

    @property
    def meant(self) -> CallRecord | None:
        """The selected call, if it waits and the pane has the focus: approve and reject then act on it."""
        chosen = self.chosen
        return chosen if chosen is not None and waits(chosen.call) else None

    @property
    def chosen(self) -> CallRecord | None:
        """The selected call, if the pane has the focus and the cursor is not on a tool."""
        return self.calls.chosen if self.has_focus_within and self.calls.chosen_tool is None else None

    def on_mount(self) -> None:
        """Connect the question row: it shows the call of `meant`."""
        self.screen.query_one(AskRow).meant = lambda: self.meant

    def sync(self, with_counters: bool = True) -> None:
        """Update both views and the title; the list is as high as its lines, up to its share of the height."""
        self.calls.sync(with_counters=with_counters)
        share = _LIST_SHARE if self._store.calls.records else _TOOLS_SHARE
        height = max(1, min(self.calls.line_count, max(4, int(self.size.height * share))))
        if self.calls.styles.height is None or self.calls.styles.height.value != height:
            self.calls.styles.height = height
        self.detail.sync(with_counters=with_counters)
        self.show_keys()
        title = self._words()
        if title != self._shown:
            self._shown = title
            self.border_title = Content(title)  # names of servers are no markup

    def _words(self) -> str:
        calls = self._store.calls
        waiting = len(calls.asking)
        title = f"{self.number} {self.title}" + (f" · {waiting} wait{'s' if waiting == 1 else ''}" if waiting else "")
        for found in (self.calls.found, self.detail.found):
            title += f" · {found}" if found else ""
        if self.detail.view is not View.TREE:
            title += f" · {self.detail.view}"
        failed = [server.name for server in list(calls.servers.values()) if server.state is ServerState.FAILED]
        if failed:
            title += f" · {one_line(failed[0], 20) if len(failed) == 1 else f'{len(failed)} servers'} failed"
        return title

    async def ask(self, purpose: str, make_field: Callable[[str], Input]) -> None:
        """Open the search field for the focused view, the list or the call."""
        self.view = self.detail if self.detail.has_focus else self.calls
        await super().ask(purpose, make_field)

    def close_field(self) -> bool:
        """Close the field; the pane's view is the list again."""
        closed = super().close_field()
        self.view = self.calls
        return closed

    def on_calls_view_paged(self, message: CallsView.Paged) -> None:
        """Scroll the details of the selected call."""
        self.detail.scroll_relative(y=message.step * max(1, self.detail.size.height - 1), animate=False)

    def on_calls_view_chosen(self) -> None:
        """Show the selected call."""
        self.detail.sync(force=True)
