"""Turns that last while a key is held, and what becomes of them where nobody tells that it was let go."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from keyed import Cockpit, opened, until
from textual import events
from textual.pilot import Pilot

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase, TalkChanged
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.terminal.holding import CAN, CANNOT
from rtvoice_tui.ui.terminal.key_events import KeyboardModes, KeyReleased, RepeatedKey
from screens import toasts

START, END = cmd.TalkStart(), cmd.TalkEnd()


class Held(Cockpit):
    """The cockpit with turns that are held."""

    def take_turns(self, mode: TalkMode) -> None:
        self.store.record(TalkChanged(mode, False, 30.0), 0.0)

    def hold(self, key: str, repeats: int = 0) -> None:
        for kind in (events.Key, *[RepeatedKey] * repeats):
            self.post_message(kind(key, " " if key == "space" else None))

    def release(self, key: str) -> None:
        self.post_message(KeyReleased(key))

    @property
    def notices(self) -> list[str]:
        return toasts(self)


@asynccontextmanager
async def held(modes: int = 27) -> AsyncIterator[tuple[Held, Pilot[None]]]:
    app = Held(turn_detection=False)
    app.take_turns(TalkMode.HOLD)
    async with opened(app) as pilot:
        app.post_message(KeyboardModes(modes))
        await until(pilot, lambda: app.keys.available is bool(modes & 2))
        yield app, pilot


@pytest.mark.parametrize("key", ["space", "f4"])
async def test_the_turn_lasts_from_the_press_to_the_release_whatever_repeats(key: str) -> None:
    async with held() as (app, pilot):
        app.hold(key, repeats=5)
        await until(pilot, lambda: app.told == [START])
        app.release("left_shift")
        app.phase(Phase.HEARING)
        app.hold(key)  # its release was lost: the turn goes on, and a second start is none
        await until(pilot, lambda: app.told == [START, START])
        app.release(key)
        await until(pilot, lambda: app.told == [START, START, END])
        assert set(app.notices) <= {CANNOT, CAN}, "a slow terminal is told of, nothing else"


async def test_a_tap_that_is_over_before_its_press_came_round_leaves_no_turn_behind() -> None:
    async with held() as (app, pilot):
        app.hold("space", repeats=2)  # goes through the widgets first, its release does not
        app.release("space")
        await until(pilot, lambda: app.told == [START, END])


async def test_repeats_begin_no_turn_after_it_was_ended_elsewhere() -> None:
    async with held() as (app, pilot):
        app.hold("f4")
        await until(pilot, lambda: app.told == [START])
        app.post_message(events.AppBlur())
        await until(pilot, lambda: app.told == [START, END], "another window has the keyboard")
        app.post_message(events.AppFocus())
        app.hold("f4", repeats=3)
        app.release("f4")
        await until(pilot, lambda: len(app.told) == 4)
        assert app.told == [START, END] * 2


async def test_held_keys_type_and_scroll_as_ever() -> None:
    async with held() as (app, pilot):
        await pilot.press("t")
        await until(pilot, lambda: app.composer.has_focus_within)
        app.hold("space", repeats=3)
        app.release("space")
        await until(pilot, lambda: app.message.text == " " * 4)
        app.hold("f4")
        app.hold("space")
        app.release("space")
        await until(pilot, lambda: app.message.text == " " * 5)
        assert app.told == [START]
        app.release("f4")
        await until(pilot, lambda: app.told == [START, END])


def leave(app: Held) -> None:
    app.app_suspend_signal.publish(app)


def open_up(app: Held) -> None:
    app.take_turns(TalkMode.OPEN)
    app.pulse()


@pytest.mark.parametrize("act", [leave, open_up])
async def test_nobody_tells_the_release_once_the_screen_is_left_or_the_mode_is_another(
    act: Callable[[Held], None],
) -> None:
    async with held() as (app, pilot):
        app.hold("f4")
        await until(pilot, lambda: app.told == [START])
        act(app)
        await until(pilot, lambda: app.told == [START, END])


async def test_without_releases_the_key_begins_and_ends_turns_and_one_sentence_says_so() -> None:
    async with held(modes=25) as (app, pilot):
        await until(pilot, lambda: app.notices == [CANNOT])
        await pilot.press("f4")
        app.store.talk.until = 30.0
        app.release("f4")  # as if: it means nothing now
        await pilot.press("f4")
        await until(pilot, lambda: app.told == [START, END])
        app.pulse()
        assert app.notices == [CANNOT]
        app.post_message(KeyboardModes(27))
        await until(pilot, lambda: app.notices == [CANNOT, CAN], "a terminal may answer late")


async def test_a_terminal_that_never_answers_is_one_without_releases() -> None:
    app = Held(turn_detection=False)
    app.take_turns(TalkMode.HOLD)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.keys.available is False)
        await until(pilot, lambda: app.notices == [CANNOT])
        app.take_turns(TalkMode.TOGGLE)
        app.pulse()
        assert app.notices == [CANNOT]
