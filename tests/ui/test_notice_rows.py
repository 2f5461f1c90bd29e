"""The notices: a worse one is never hidden by a later one, solved ones go, and what does not fit is marked."""

from collections.abc import AsyncIterator

import pytest
from rich.cells import cell_len
from still import pulse, still_app
from textual.pilot import Pilot

from rtvoice_tui.session.facts import (
    AgentSaid,
    EditChanged,
    EditState,
    Level,
    Moment,
    Notice,
    Reached,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.widgets.rows import NoticeRow

BROKEN = Notice(Level.ERROR, "the profile 'work' cannot be read: session.voice must be text", "e opens it")
NO_DEVICE = Notice(Level.WARNING, "this machine has no sound device", "type instead")
BUILT_IN = Notice(Level.INFO, "this is the built-in agent")
LATE = Notice(Level.WARNING, "the server has not begun the answer", "ask again", until_answer=True)
NO_VOICE = Notice(Level.ERROR, "no voice 'dragon'", "", "e-1")


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made = Store()
    yield made
    made.events.close()


def shown(pilot: Pilot[None]) -> list[str]:
    return [line.strip() for line in pilot.app.query_one(NoticeRow).words.split("\n")]


async def test_a_later_and_lesser_notice_does_not_hide_a_worse_one_and_both_are_shown(store: Store):
    for notice in (BROKEN, NO_DEVICE, BUILT_IN):
        store.record(notice, 59.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        first, second = shown(pilot)
    assert first == "✗ the profile 'work' cannot be read: session.voice must be text — e opens it"
    assert second.startswith("! this machine has no sound device — type instead")
    assert second.endswith("6 log  esc hide")


@pytest.mark.parametrize(("size", "most"), [((120, 40), 3), ((80, 24), 2), ((60, 20), 2)])
async def test_more_than_there_is_room_for_are_counted_and_nothing_is_cut_without_a_mark(
    store: Store, size: tuple[int, int], most: int
):
    for number in range(6):
        store.record(Notice(Level.ERROR, f"error {number} " + "very long words " * 20, f"remedy {number}"), 59.0)
    async with still_app(store, size=size) as pilot:
        await pulse(pilot)
        lines = pilot.app.query_one(NoticeRow).words.split("\n")
        assert len(lines) == pilot.app.query_one(NoticeRow).size.height == most
    assert all(cell_len(line) <= size[0] for line in lines)
    assert all("…" in line for line in lines)
    assert lines[-1].endswith(f"{6 - most} more: 6 log  esc hide")


async def test_a_notice_goes_when_the_answer_that_was_missed_comes(store: Store):
    store.record(LATE, 59.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert shown(pilot)[0].startswith("! the server has not begun the answer")
        store.record(AgentSaid(1, "a", "Hello"), 59.5)
        store.record(Reached(1, Moment.FIRST_TEXT), 59.5)
        await pulse(pilot)
        assert shown(pilot) == [""]
    assert [notice for _, notice in store.notices] == [LATE], "the log keeps it"


@pytest.mark.parametrize(("field", "goes"), [("voice", True), ("speed", False)])
async def test_a_refused_value_that_was_mended_is_not_told_any_more(store: Store, field: str, goes: bool):
    store.record(EditChanged("e-1", ("voice", "tools"), EditState.REFUSED, "no voice 'dragon'", blamed="voice"), 58.0)
    store.record(NO_VOICE, 58.0)
    store.record(EditChanged("e-2", (field,), EditState.ACKNOWLEDGED), 59.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert (shown(pilot) == [""]) is goes


async def test_what_solves_one_notice_leaves_the_others(store: Store):
    for notice in (NO_DEVICE, LATE, NO_VOICE):
        store.record(notice, 59.0)
    store.record(Reached(1, Moment.FIRST_AUDIO), 59.5)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert [line[:6] for line in shown(pilot)] == ["✗ no v", "! this"]


async def test_the_same_notice_again_and_again_takes_one_line(store: Store):
    for at in range(10):
        store.record(NO_DEVICE, 50.0 + at)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert len(shown(pilot)) == 1


async def test_escape_hides_all_and_a_new_one_is_shown(store: Store):
    store.record(BROKEN, 58.0)
    store.record(NO_DEVICE, 58.5)
    async with still_app(store) as pilot:
        await pulse(pilot)
        await pilot.press("escape")
        await pulse(pilot)
        assert shown(pilot) == [""]
        store.record(NO_VOICE, 59.0)
        await pulse(pilot)
        assert shown(pilot)[0].startswith("✗ no voice 'dragon'")
