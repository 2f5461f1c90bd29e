"""Pane 4: the list of calls and servers, which call is chosen, and the chosen one below."""

import json
from collections.abc import Iterator

import pytest
from keyed import Cockpit, focus, opened, until
from msgspec.structs import replace
from still import pulse, screen_text
from textual.pilot import Pilot

from rtvoice_tui.session.facts import CallChanged, CallState, ServerChanged, ServerState
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes import calls as module
from rtvoice_tui.ui.panes.call_text import View
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.widgets.follow_view import FollowView

SIZES = ((120, 40), (80, 24))
HOSTILE = "\\[/b] [/b] [red]x[/red] \x1b[31m\x07\x9b2J 漢字\u202e👍\ud800 "


@pytest.fixture
def app() -> Iterator[Cockpit]:
    cockpit = Cockpit()
    cockpit.store.record(ServerChanged("notes", ServerState.CONNECTED, "", 3), 20.0)
    yield cockpit
    cockpit.store.events.close()


def call(store: Store, number: int, state: CallState = CallState.OK, at: float = 90.0, **more: object) -> None:
    fields = {"name": f"tool_{number}", "arguments": f'{{"n": {number}}}', "kind": "command", **more}
    turn = fields.pop("turn", 12)
    store.record(CallChanged(turn, f"k{number}", f"k{number}", f"i{number}", state=state, **fields), at)  # type: ignore[arg-type]


def rows(pilot: Pilot[None]) -> list[str]:
    """The list, as laid out."""
    calls = pilot.app.query_one(module.CallsView)
    return ["".join(text for text, _ in calls.pieces(line)) for line in range(calls.line_count)]


def detail(pilot: Pilot[None]) -> str:
    view = pilot.app.query_one(module.CallView)
    return "\n".join("".join(text for text, _ in view.pieces(line)) for line in range(view.line_count))


def chosen(pilot: Pilot[None]) -> str:
    record = pilot.app.query_one(module.CallsView).chosen
    return record.call.name if record is not None else ""


# --- the list


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_list_says_of_each_call_all_that_fits_in_a_line_the_newest_first(app: Cockpit, size: tuple[int, int]):
    store = app.store
    call(store, 13, CallState.RUNNING, at=90.0)
    call(store, 13, CallState.FAILED, at=91.5)
    call(store, 14, CallState.RUNNING, at=97.0, kind="mcp notes")
    call(store, 15, CallState.STREAMING, at=99.0, turn=3)
    call(store, 16, CallState.RUNNING, at=99.0, manual=True, kind="http")
    call(store, 16, CallState.OK, at=99.25, manual=True, kind="http")
    call(store, 17, CallState.ASKING, at=95.0, name="delete_everything")
    async with opened(app, size) as pilot:
        await focus(pilot, 4)
        assert [row[1:].split() for row in rows(pilot)[:5]] == [
            ["17", "delete_everything", "ASKS", "5", "s…", "command", "t12"],
            ["16", "tool_16", "ok", "250", "ms", "http", "hand"],
            ["15", "tool_15", "streaming", "command", "t3"],
            ["14", "tool_14", "running", "3", "s…", "mcp", "t12"],
            ["13", "tool_13", "failed", "1", "500", "ms", "command", "t12"],
        ]
        for row in rows(pilot)[:3]:
            assert row in screen_text(pilot)
        assert "4 Tools · 1 waits" in screen_text(pilot)
        app.stand_in.clock = 102.0
        await pulse(pilot)
        assert rows(pilot)[3].split()[3:5] == ["5", "s…"], "the clock of a call that runs goes on"
        assert "now +5000 ms" not in detail(pilot)


async def test_a_call_that_runs_is_timed_even_when_many_newer_ones_have_ended(app: Cockpit):
    call(app.store, 13, CallState.RUNNING, at=99.0)
    for number in range(14, 114):
        call(app.store, number)
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        app.stand_in.clock = 109.0
        await pulse(pilot)
        assert rows(pilot)[100].split()[3:5] == ["10", "s…"]


async def test_servers_stand_below_with_their_state_their_tools_or_why_they_failed(app: Cockpit):
    app.store.record(ServerChanged("one", ServerState.CONNECTED, "", 1), 20.0)
    app.store.record(ServerChanged("files", ServerState.FAILED, f"no such program {HOSTILE}"), 20.0)
    app.store.record(ServerChanged("docs", ServerState.CONNECTED, "at the provider", 2), 20.0)
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        lines = [" ".join(row.split()) for row in rows(pilot)[14:]]
        assert lines[:2] == ["from notes connected 3 tools", "from one connected 1 tool"]
        assert lines[2].startswith("from files failed no such program \\[/b] [/b] [red]x[/red] ␛[31m")
        assert lines[3] == "from docs (at the provider) connected 2 tools"
        title = str(app.calls.pane.border_title)
        assert "files failed" in title, "the list may be too short to show it"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_list_takes_what_it_needs_and_never_more_than_its_share(app: Cockpit, size: tuple[int, int]):
    store = app.store
    store.calls.records.clear()
    async with opened(app, size) as pilot:
        await focus(pilot, 4)
        pane, calls = app.calls.pane, app.calls.pane.calls
        await until(pilot, lambda: (app.pulse(), calls.size.height == 4)[1], "no call, two tools and a server")
        assert "no call yet" in screen_text(pilot)
        for number in range(1, 40):
            call(store, number, name=f"{HOSTILE}a_very_long_name_" * 20)
        app.pulse()
        await until(pilot, lambda: (app.pulse(), len(rows(pilot)) > 39)[1], "the calls are listed")
        app.pulse()
        await pilot.pause(0)
        assert calls.size.height <= max(4, 0.45 * pane.size.height)
        assert app.calls.pane.detail.size.height > calls.size.height
        assert calls.region.height + app.calls.pane.detail.region.height == pane.size.height
        for row in rows(pilot)[:39]:
            assert row.rstrip().endswith("command t12"), "what stands right is kept, however long the name is"
        assert not {"\x1b", "\x07", "\x9b", "\ud800", "\u202e"} & set(screen_text(pilot))


async def test_a_pulse_costs_the_same_with_a_thousand_calls(app: Cockpit, monkeypatch: pytest.MonkeyPatch):
    store = app.store
    for number in range(13, 1013):
        call(store, number)
    laid_out: list[int] = []
    shown: list[str] = []
    row, lines = module.CallsView._row, module.call_lines
    monkeypatch.setattr(module.CallsView, "_row", lambda view, r: (laid_out.append(r.number), row(view, r))[1])
    monkeypatch.setattr(module, "call_lines", lambda r, *more: (shown.append(r.call.key), lines(r, *more))[1])
    async with opened(app, SIZES[0]) as pilot:
        calls = await focus(pilot, 4)
        laid_out.clear()
        shown.clear()
        for number in range(1013, 1018):
            call(store, number, CallState.STREAMING)
            await pulse(pilot)
        assert len(laid_out) <= 5 * (calls.size.height + 2)
        await pilot.press("down")
        await until(pilot, lambda: chosen(pilot) == "tool_1016")
        shown.clear()
        for piece in range(20):
            call(store, 1017, CallState.STREAMING, arguments="x" * piece)
            await pulse(pilot)
        assert len(shown) <= 1, "another call's arguments are no reason to lay this one out again"
        shown.clear()
        call(store, 1016, CallState.FAILED, note="why")
        await pulse(pilot)
        assert shown == ["k1016"]
        shown.clear()
        for _ in range(5):
            app.stand_in.clock += 3.0
            await pulse(pilot)
        assert shown == [], "time does not pass for a call that has ended"


# --- which is chosen


async def test_the_newest_is_followed_until_another_is_chosen_which_stays_in_sight(app: Cockpit):
    async with opened(app, SIZES[0]) as pilot:
        calls = await focus(pilot, 4)
        call(app.store, 13)
        await pulse(pilot)
        assert chosen(pilot) == "tool_13"
        assert rows(pilot)[0].startswith("›")
        assert "n  13" in detail(pilot)
        await pilot.press("down")
        await until(pilot, lambda: chosen(pilot) == "get_weather", "the call below the newest")
        assert "n  12" in detail(pilot)
        for number in range(14, 24):
            call(app.store, number)
            await pulse(pilot)
        assert "n  12" in detail(pilot)
        line = next(line for line, row in enumerate(rows(pilot)) if row.startswith("›"))
        top = calls.scroll_offset.y
        assert top <= line < top + calls.size.height
        await pilot.press("up", "up")
        await until(pilot, lambda: chosen(pilot) == "tool_14")
        await pilot.press("G")
        await until(pilot, lambda: chosen(pilot) == "tool_23")
        assert calls.scroll_offset.y == 0
        call(app.store, 24)
        await pulse(pilot)
        assert chosen(pilot) == "tool_24", "followed again"


async def test_the_first_key_moves_from_the_call_that_is_followed(app: Cockpit):
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        await pilot.press("up")
        assert app.calls.pane.calls.chosen is app.store.calls.records[-1]
        await pilot.press("G", "down")
        await until(pilot, lambda: app.calls.pane.calls.chosen is app.store.calls.records[-2])


async def test_brackets_choose_the_first_call_of_the_turn_and_enter_shows_a_call_s_turn(app: Cockpit):
    call(app.store, 13, turn=5)
    call(app.store, 14, turn=5)
    call(app.store, 15, turn=9, name="last")
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        await pilot.press("enter")
        await until(pilot, lambda: app.panes.shown_turn == 9, "enter shows the turn of the call that is followed")
        await pilot.press(*["left_square_bracket"] * 4)
        await until(pilot, lambda: app.panes.shown_turn == 5)
        assert "n  5" in detail(pilot)
        await pilot.press("up")
        await until(pilot, lambda: chosen(pilot) == "tool_13" or "n  6" in detail(pilot))
        app.calls.pane.calls.choose("k14")
        await pilot.press("enter")
        await until(pilot, lambda: app.panes.shown_turn == 5)
        assert chosen(pilot) == "tool_14", "it is of that turn already"


# --- the chosen one


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_arguments_are_read_as_they_come_and_a_megabyte_of_them_is_no_burden(app: Cockpit, size: tuple[int, int]):
    async with opened(app, size) as pilot:
        await focus(pilot, 4)
        text = ""
        for piece in ('{"ci', 'ty": "Ber', "lin"):
            text += piece
            call(app.store, 13, CallState.STREAMING, arguments=text)
            await pulse(pilot)
            assert text in screen_text(pilot)
        call(app.store, 13, CallState.STREAMING, arguments=text + "n" * 1_000_000)
        await pulse(pilot)
        assert app.calls.pane.detail.line_count < 100
        assert "characters before" in detail(pilot)
        call(app.store, 13, arguments=text + '"}', checked=True)
        await pulse(pilot)
        assert "arguments  ✓ fit the schema" in screen_text(pilot)
        assert "city  Berlin" in screen_text(pilot)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_pages_of_the_list_scroll_the_call_and_another_call_begins_at_its_top(
    app: Cockpit, size: tuple[int, int]
):
    call(app.store, 13, output="\n".join(f"line {i}" for i in range(200)))
    async with opened(app, size) as pilot:
        calls = await focus(pilot, 4)
        view = app.calls.pane.detail
        page = view.size.height - 1
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: view.scroll_offset.y == 2 * page)
        assert calls.scroll_offset.y == 0
        assert chosen(pilot) == "tool_13"
        await pulse(pilot)
        assert "line 0" not in screen_text(pilot)
        await pilot.press("pageup")
        await until(pilot, lambda: view.scroll_offset.y == page)
        await pilot.press("down")
        await until(pilot, lambda: chosen(pilot) == "get_weather")
        assert view.scroll_offset.y == 0


async def test_in_the_call_itself_the_last_line_is_a_key_away_and_y_copies_all(app: Cockpit):
    call(app.store, 13, output="\n".join(f"line {i}" for i in range(200)), note=HOSTILE)
    async with opened(app, SIZES[1]) as pilot:
        await focus(pilot, 4)
        await pilot.press("y")
        copied = json.loads(app.clipboard)
        assert (copied["name"], copied["arguments"], copied["note"]) == ("tool_13", {"n": 13}, HOSTILE)
        view = app.calls.pane.detail
        await pilot.press("tab")
        await until(pilot, lambda: app.focused is view, "tab goes to the call")
        await pilot.press("G")
        await until(pilot, lambda: view.scroll_offset.y == view.line_count - view.size.height, "G goes to the end")
        app.copy_to_clipboard("")
        await pilot.press("y")
        assert json.loads(app.clipboard) == copied


async def test_search_finds_calls_in_the_list_and_words_in_the_call(app: Cockpit):
    for number in (13, 14, 15):
        call(app.store, number, output="\n".join(f"line {i}" for i in range(100)))

    async def search(start: FollowView, word: str) -> None:
        await until(pilot, lambda: app.focused is start)
        await pilot.press("slash")
        await until(pilot, lambda: app.focused is app.query_one("#tools-field"), "the field is open")
        await pilot.press(*word, "enter", "escape")
        await until(pilot, lambda: app.focused is start, "the view has the keys again")

    async with opened(app, SIZES[0]) as pilot:
        calls = await focus(pilot, 4)
        await search(calls, "tool_13")
        await until(pilot, lambda: chosen(pilot) == "tool_13")
        view = app.calls.pane.detail
        await pilot.press("tab")
        await search(view, "77")
        assert "".join(text for text, _ in view.pieces(view.cursor or 0)).strip() == "line 77"
        assert chosen(pilot) == "tool_13"
        await pulse(pilot)
        assert "line 77" in screen_text(pilot)
        pane = app.query_one("#tools-pane", Pane)
        assert pane.view is calls, "the digit leads to the list"


async def test_the_view_of_a_call_is_named_in_the_title(app: Cockpit):
    async with opened(app, SIZES[1]) as pilot:
        await focus(pilot, 4)
        for view, words in ((View.JSON, '"n": 12'), (View.WIRE, "nothing was sent for this call")):
            await pilot.press("v")
            await until(pilot, lambda view=view: app.calls.pane.detail.view is view)
            await pulse(pilot)
            assert f"4 Tools · {view}" in screen_text(pilot)
            assert words in screen_text(pilot)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_hostile_text_in_a_call_or_a_server_is_shown_and_obeyed_nowhere(app: Cockpit, size: tuple[int, int]):
    app.store.record(ServerChanged(HOSTILE, ServerState.FAILED, HOSTILE), 20.0)
    value = json.dumps({HOSTILE: [HOSTILE]}, ensure_ascii=False)
    call(app.store, 13, CallState.FAILED, name=HOSTILE, arguments=value, output=HOSTILE, note=HOSTILE * 2, kind=HOSTILE)
    async with opened(app, size) as pilot:
        await focus(pilot, 4)
        for _ in View:
            await pulse(pilot)
            text = screen_text(pilot)
            assert "[red]x[/red]" in text
            assert not {"\x1b", "\x07", "\x9b", "\ud800", "\u202e"} & set(text)
            await pilot.press("v")
        app.store.calls.records[-1].call = replace(app.store.calls.records[-1].call, state=CallState.ASKING)
        app.store.calls.version += 1
        await until(pilot, lambda: (app.pulse(), "would run" in screen_text(pilot))[1], "the row asks")
        assert not {"\x1b", "\x07", "\x9b", "\ud800", "\u202e"} & set(screen_text(pilot))
