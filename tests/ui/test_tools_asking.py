"""The row that asks about a call: when it is there, what it says, and which key answers what."""

from collections.abc import Iterator

import pytest
from keyed import Cockpit, focus, opened, until
from msgspec.structs import replace
from still import pulse, screen_text
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import AgentSaid, CallChanged, CallState, TurnStarted
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.screens.result import ReasonScreen, ResultScreen
from rtvoice_tui.ui.widgets import ask_row
from rtvoice_tui.ui.widgets.ask_row import KEY_GUARD_S, AskRow
from screens import toasts

SIZES = ((120, 40), (80, 24))
BOOK = CallChanged(
    12, "k1", "k1", "i1", "book", '{"people": 4}', CallState.ASKING, kind="command", preview="book --people 4"
)
PAY = replace(BOOK, key="k2", call_id="k2", name="pay", arguments='{"euros": 9}', preview="pay 9")
QUESTION = replace(BOOK, key="k3", call_id="k3", name="colour", state=CallState.RUNNING, kind="ask", preview="Which?")


@pytest.fixture
def app() -> Iterator[Cockpit]:
    cockpit = Cockpit()
    yield cockpit
    cockpit.store.events.close()


def told(app: Cockpit) -> str:
    """What was said out_of_band last."""
    return toasts(app)[-1] if toasts(app) else ""


async def appear(app: Cockpit, pilot: Pilot[None], *calls: CallChanged) -> None:
    """Calls ask, and nobody has seen them for long."""
    for call in calls:
        app.store.record(call, app.stand_in.clock)
    await pulse(pilot)


async def settle(app: Cockpit, pilot: Pilot[None]) -> None:
    await pulse(pilot)
    app.stand_in.clock += 2 * KEY_GUARD_S


def row_text(pilot: Pilot[None]) -> str:
    row = pilot.app.query_one(AskRow)
    lines = screen_text(pilot).splitlines()
    return "\n".join(lines[row.region.y : row.region.bottom]) if row.display else ""


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_row_asks_about_the_call_that_waits_longest_in_every_pane_and_goes_when_it_is_decided(
    app: Cockpit, size: tuple[int, int]
):
    async with opened(app, size) as pilot:
        assert row_text(pilot) == ""
        await appear(app, pilot, BOOK, PAY, replace(BOOK, key="k4", call_id="k4", name="third"))
        for number in (1, 2, 3, 6):
            await focus(pilot, number)
            await pulse(pilot)
            first, second = row_text(pilot).splitlines()
            assert "? book(people=4)" in first
            assert second.split() == "would run book --people 4 a yes A always x no 2 more".split()
        await focus(pilot, 4)
        app.calls.pane.calls.choose("k1")
        await until(pilot, lambda: (app.pulse(), "? book(people=4)" in row_text(pilot))[1])
        if size == SIZES[1]:
            assert "4 Tools 15?" in screen_text(pilot)
        app.store.record(replace(BOOK, state=CallState.RUNNING), 101.0)
        await pulse(pilot)
        assert "pay(euros=9)" in row_text(pilot)
        assert "1 more" in row_text(pilot)
        for key in ("k2", "k4"):
            app.store.record(replace(PAY, key=key, state=CallState.DENIED), 102.0)
        await pulse(pilot)
        assert row_text(pilot) == ""


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_keys_stay_in_sight_however_long_or_wide_the_call_is(app: Cockpit, size: tuple[int, int]):
    async with opened(app, size) as pilot:
        for number, preview in enumerate(("x" * 500, "漢" * 500, "a b " * 200)):
            key = f"long{number}"
            call = replace(BOOK, key=key, call_id=key, name="漢" * 60, arguments='{"x": "' + "y" * 5000 + '"}')
            await appear(app, pilot, replace(call, preview=preview))
            await pulse(pilot)
            second = row_text(pilot).splitlines()[1]
            assert "a yes  A always  x no" in second
            assert "…" in second, "that it is cut is to be seen"
            assert "4 shows all" in second
            app.store.record(replace(call, state=CallState.CANCELLED), 101.0)
            await pulse(pilot)


async def test_a_megabyte_of_arguments_is_read_once_and_not_with_every_pulse(
    app: Cockpit, monkeypatch: pytest.MonkeyPatch
):
    read: list[int] = []
    shown = ask_row.arguments_shown
    monkeypatch.setattr(ask_row, "arguments_shown", lambda text: (read.append(len(text)), shown(text))[1])
    async with opened(app, SIZES[1]) as pilot:
        await appear(app, pilot, replace(BOOK, arguments='{"x": "' + "y" * 1_000_000 + '"}'))
        read.clear()
        for _ in range(10):
            app.stand_in.clock += 0.1
            await pulse(pilot)
        assert len(read) <= 1, "and once more when the width is known"
        assert "? book(x=yyy" in row_text(pilot)


@pytest.mark.parametrize("pane", [1, 4])
async def test_a_key_for_a_question_that_has_just_appeared_is_not_taken_and_says_so(app: Cockpit, pane: int):
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, pane)
        await appear(app, pilot, BOOK)
        for key in ("a", "A", "x"):
            await pilot.press(key)
            await until(pilot, lambda: "just appeared" in told(app))
            app.clear_notifications()
        app.stand_in.clock += 2 * KEY_GUARD_S
        app.store.record(replace(BOOK, state=CallState.CANCELLED), app.stand_in.clock)
        await appear(app, pilot, PAY)
        await pilot.press("a")
        await until(pilot, lambda: "just appeared" in told(app), "one question took the place of another")
        assert app.told == []
        assert len(app.screen_stack) == 1
        app.stand_in.clock += 2 * KEY_GUARD_S
        await pilot.press("a")
        await until(pilot, lambda: app.told == [cmd.Decide("k2", agree=True)])


async def test_in_pane_4_a_newer_question_that_takes_the_place_of_the_chosen_one_is_not_answered_by_chance(
    app: Cockpit,
):
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        await appear(app, pilot, BOOK)
        await settle(app, pilot)
        app.store.record(PAY, app.stand_in.clock)
        await pilot.press("a")  # it comes between the look and the key
        await until(pilot, lambda: app.told or told(app))
        assert cmd.Decide("k2", agree=True) not in app.told
        app.told.clear()
        app.clear_notifications()
        await pulse(pilot)
        await pilot.press("a")
        await until(pilot, lambda: app.told or told(app))
        assert app.told == []
        assert "just appeared" in told(app)


async def test_in_pane_4_the_chosen_call_is_the_one_that_is_answered(app: Cockpit):
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        await appear(app, pilot, BOOK, PAY)
        await settle(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: app.told == [cmd.Decide("k2", agree=True)], "the newest is chosen")
        await pilot.press("down", "A")
        await until(pilot, lambda: app.told[1:] == [cmd.Decide("k1", agree=True, always=True)])
        await pilot.press("down")
        await settle(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: app.told[2:] == [cmd.Decide("k1", agree=True)], "the chosen one does not ask")


@pytest.mark.parametrize("size", SIZES[1:], ids=str)
async def test_the_row_names_the_call_that_its_keys_would_answer(app: Cockpit, size: tuple[int, int]):
    async with opened(app, size) as pilot:
        await appear(app, pilot, BOOK, PAY)
        assert "? book(people=4)" in row_text(pilot)
        await focus(pilot, 4)
        await until(pilot, lambda: (app.pulse(), "? pay(euros=9)" in row_text(pilot))[1], "the newest is chosen there")
        assert "1 more" in row_text(pilot)
        await pilot.press("down")
        await until(pilot, lambda: (app.pulse(), "? book(people=4)" in row_text(pilot))[1], "the other is chosen")
        await pilot.press("up", "1")
        await until(pilot, lambda: app.focused is not app.calls.pane.calls)
        await until(pilot, lambda: (app.pulse(), row_text(pilot))[1], "elsewhere a question stays until it is decided")
        named = "k2" if "? pay" in row_text(pilot) else "k1"
        await settle(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: app.told == [cmd.Decide(named, agree=True)])


async def test_what_is_typed_never_agrees_and_without_a_question_the_keys_say_so(app: Cockpit):
    async with opened(app, SIZES[1]) as pilot:
        for key in ("a", "A", "x", "s"):
            await pilot.press(key)
            await until(pilot, lambda: told(app) == "no call waits for you")
            app.clear_notifications()
        await appear(app, pilot, BOOK)
        await settle(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: app.composer.has_focus_within)
        await pilot.press(*"axAs")
        await until(pilot, lambda: app.message.text == "axAs")
        assert app.told == []
        assert len(app.screen_stack) == 1
        assert "? book" in row_text(pilot)


@pytest.mark.parametrize(("pane", "call"), [(1, BOOK), (4, QUESTION)], ids=["elsewhere", "in pane 4"])
async def test_x_asks_for_a_reason_that_enter_sends_and_escape_leaves_the_call_waiting(
    app: Cockpit, pane: int, call: CallChanged
):
    async with opened(app, SIZES[1]) as pilot:
        await focus(pilot, pane)
        await appear(app, pilot, call)
        await settle(app, pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ReasonScreen) and isinstance(app.focused, Input))
        text = screen_text(pilot)
        assert f"{call.name}(people=4)" in text
        assert "⏎ reject  esc cancel" in text
        await pilot.press(*"no", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.told == []
        assert f"? {call.name}" in row_text(pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ReasonScreen) and isinstance(app.focused, Input))
        await pilot.press("f", "u", "l", "l", "enter")
        await until(pilot, lambda: app.told == [cmd.Decide(call.key, agree=False, reason="full")])


async def test_x_in_pane_4_stops_the_call_that_runs_but_not_one_that_is_chosen_by_nobody(app: Cockpit):
    running = replace(PAY, state=CallState.RUNNING)
    async with opened(app, SIZES[0]) as pilot:
        await focus(pilot, 4)
        await appear(app, pilot, BOOK, running)
        await settle(app, pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ReasonScreen), "the row's question is meant")
        await pilot.press("escape", "up", "x")
        await until(pilot, lambda: app.told == [cmd.Decide("k2", agree=False)], "the chosen one is stopped")


async def test_a_question_to_the_user_offers_s_and_is_answered_in_place_of_the_tool(app: Cockpit):
    async with opened(app, SIZES[1]) as pilot:
        await appear(app, pilot, QUESTION)
        assert "asks Which?  s type the result  x no" in row_text(pilot)
        await settle(app, pilot)
        for key in ("s", "a"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, ResultScreen) and isinstance(app.focused, TextArea))
            assert "goes to the model in place of the tool's own" in screen_text(pilot)
            await pilot.press("r", "e", "d", "f7")
            await until(pilot, lambda: app.told == [cmd.SendResult("k3", "red", "colour")])
            app.told.clear()
        await focus(pilot, 4)
        await pilot.press("down")
        await until(pilot, lambda: not app.calls.pane.calls.follows)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        assert "Result of colour" in screen_text(pilot), "not of the chosen call, which has its result"


async def test_a_result_that_was_typed_is_only_thrown_away_when_asked_twice(app: Cockpit):
    app.store.record(replace(BOOK, state=CallState.OK, output="seat 5"), 99.0)
    async with opened(app, SIZES[1]) as pilot:
        await focus(pilot, 4)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.focused, TextArea))
        assert "goes to the model as a new message" in screen_text(pilot)
        await pilot.press("Z", "escape")
        await until(pilot, lambda: "once more discards it" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.told == []


async def test_a_run_by_hand_is_given_a_result_that_goes_as_a_message(app: Cockpit):
    app.store.record(replace(BOOK, key="by-hand-1", state=CallState.RUNNING, manual=True), 99.0)
    async with opened(app, SIZES[1]) as pilot:
        await focus(pilot, 4)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen) and isinstance(app.focused, TextArea))
        assert "goes to the model as a new message" in screen_text(pilot)


async def test_a_call_that_ends_while_its_dialog_is_open_does_no_harm(app: Cockpit):
    async with opened(app, SIZES[1]) as pilot:
        for key, screen in (("x", ReasonScreen), ("s", ResultScreen)):
            await appear(app, pilot, BOOK)
            await settle(app, pilot)
            await pilot.press(key)
            await until(pilot, lambda screen=screen: isinstance(app.screen, screen))
            app.store.record(replace(BOOK, state=CallState.CANCELLED), 105.0)
            await pulse(pilot)
            await pilot.press("enter" if key == "x" else "f7")
            await until(pilot, lambda: len(app.screen_stack) == 1)
            assert row_text(pilot) == ""
            app.store.calls.new_session()
        assert [command.key for command in app.told] == ["k1", "k1"], "the session knows that it has ended"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_rest_of_the_screen_goes_on_while_it_asks(app: Cockpit, size: tuple[int, int]):
    async with opened(app, size) as pilot:
        await appear(app, pilot, BOOK)
        app.store.record(TurnStarted(13), 100.0)
        app.store.record(AgentSaid(13, "a13", "It goes on.", final=True), 100.0)
        await pulse(pilot)
        assert "It goes on." in screen_text(pilot)
        assert "? book" in row_text(pilot)
        await pilot.press("m")
        assert app.store.audio_settings.muted
        await until(pilot, lambda: any(c.title == "Call: approve" for c in commands(app)), "the palette offers it")
        app.store.record(replace(BOOK, state=CallState.OK), 101.0)
        assert not any(command.title.startswith("Call:") for command in commands(app))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)], ids=str)
async def test_a_question_is_read_and_answered_over_a_dialog_that_covers_its_row(app: Cockpit, size: tuple[int, int]):
    async with opened(app, size) as pilot:
        app.talk.devices()
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and app.screen.focused is not None)
        await appear(app, pilot, BOOK)
        await until(pilot, lambda: (app.pulse(), app.screen.query(AskRow))[1])
        row = app.screen.query_one(AskRow)
        await until(pilot, lambda: row.size.height == 2)
        await settle(app, pilot)
        shown = "\n".join(screen_text(pilot).splitlines()[row.region.y : row.region.bottom])
        assert "book(people=4)" in shown
        assert "F8 yes" in shown
        app.told.clear()
        await pilot.click(AskRow, offset=("".join(text for text, _ in row._second).index("F8"), 1))
        await until(pilot, lambda: cmd.Decide("k1", agree=True, always=False) in app.told)
        app.store.record(replace(BOOK, state=CallState.RUNNING), app.stand_in.clock)
        await until(pilot, lambda: (app.pulse(), not row.display)[1], "it goes with its question")


async def test_a_dialog_that_is_opened_while_a_call_asks_has_the_question_too(app: Cockpit):
    async with opened(app, (80, 24)) as pilot:
        await appear(app, pilot, BOOK)
        app.action_help()
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await until(pilot, lambda: (app.pulse(), app.screen.query(AskRow))[1])
        await settle(app, pilot)
        await pilot.press("f8")
        await until(pilot, lambda: cmd.Decide("k1", agree=True, always=False) in app.told)


async def test_no_call_is_answered_over_the_palette_which_hides_the_question(app: Cockpit):
    async with opened(app, (80, 24)) as pilot:
        await appear(app, pilot, BOOK)
        await settle(app, pilot)
        app.told.clear()
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press("f8", "f9")
        await pilot.pause(0)
        assert app.told == []
        assert isinstance(app.screen, CommandPalette)


async def test_a_question_that_changes_is_read_again_before_a_key_answers_it(app: Cockpit):
    async with opened(app, (120, 40)) as pilot:
        await appear(app, pilot, BOOK)
        await settle(app, pilot)
        app.told.clear()
        await appear(app, pilot, replace(BOOK, name="delete_everything", arguments='{"path": "/"}'))
        await pilot.press("f8")
        assert not [told for told in app.told if isinstance(told, cmd.Decide)]
        app.stand_in.clock += 2 * KEY_GUARD_S
        await pilot.press("f8")
        await until(pilot, lambda: [told for told in app.told if isinstance(told, cmd.Decide)])


@pytest.mark.parametrize("width", [30, 36, 46, 60])
async def test_however_narrow_the_row_is_it_has_the_keys_for_yes_and_for_no(app: Cockpit, width: int):
    async with opened(app, (width, 24)) as pilot:
        await appear(app, pilot, BOOK)
        await settle(app, pilot)
        words = "".join(text for text, _ in app.query_one(AskRow)._second)
        assert "a yes" in words[:width]
        assert "x no" in words[:width]
