"""What is in sight costs the same after two thousand turns as after one, and what is out of sight takes little."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from growth import lines_run, size_of
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session.facts import AgentSaid, EditChanged, EditState, Fact, TurnStarted
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.panes.calls import ToolsPane
from rtvoice_tui.ui.panes.log import LogView
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.rows import TabRow
from rtvoice_tui.ui.widgets.status import StatusRow
from store.turns import called, cut, edited, false, filled, spoken, take
from ui.still import still_app

SYNCS: dict[str, tuple[type[Any], Callable[[Any, Store], object]]] = {
    "transcript": (TranscriptView, lambda view, store: view.sync()),
    "timing": (TimingView, lambda view, store: view.sync()),
    "the last turn in one line": (TimingView, lambda view, store: view.summary()),
    "tools": (ToolsPane, lambda pane, store: pane.sync()),
    "log": (LogView, lambda view, store: view.sync()),
    "status": (StatusRow, lambda row, store: row.sync(60.0)),
    "tabs": (TabRow, lambda row, store: row.sync(store, 1, False)),
    "the row that asks": (AskRow, lambda row, store: row.sync()),
}


def turn_of(turn: int) -> list[Fact]:
    """By turns a real question with a call, a cough and an interruption; and an edit each time."""
    kind = (spoken, false, cut)[turn % 3]
    return [*kind(turn), *called(turn), *edited(turn)]


EARLY, LATE = 1_001, 2_003
"""Turns of one kind, whose numbers are as long as each other."""


async def open_log(pilot: Pilot[None]) -> RtvoiceApp:
    """With all panes in sight that a pulse reads."""
    await pilot.press("6")
    app = pilot.app
    assert isinstance(app, RtvoiceApp)
    return app


@pytest.mark.parametrize(("kind", "sync"), SYNCS.values(), ids=SYNCS)
async def test_a_pulse_after_one_more_turn_costs_the_same_whenever_it_comes(kind, sync):
    store = Store()
    async with still_app(store) as pilot:
        app = await open_log(pilot)
        widget = app.query_one(kind)

        def cost(first: int, last: int) -> int:
            """Of the pulse after the last of some turns."""
            filled(turn_of, first, last - 1, store)
            sync(widget, store)
            take(store, turn_of(last))
            return lines_run(lambda: sync(widget, store))

        early = cost(1, EARLY)
        assert cost(EARLY + 1, LATE) == early


async def test_a_pulse_in_which_nothing_came_costs_the_same_whenever_it_comes():
    store = Store()
    async with still_app(store) as pilot:
        app = await open_log(pilot)

        def cost(first: int, last: int) -> int:
            filled(turn_of, first, last, store)
            for _ in range(7):  # counters are repainted with every seventh
                app.pulse()
            return lines_run(lambda: [app.pulse() for _ in range(7)])

        early = cost(1, EARLY)
        assert cost(EARLY + 1, LATE) == early


def test_word_of_an_edit_finds_it_at_once_however_many_there_were():
    editor = AgentEditor("local", load_profile("local"))

    def cost(count: int) -> int:
        """Of what became of the last of so many edits."""
        while len(editor.history.changes) < count:
            editor.instruct(f"Be brief. {len(editor.history.changes)}")
            command, _ = editor.send(1.0, 1)
        fact = EditChanged("e1", ("instructions",), EditState.ACKNOWLEDGED, edit_id=command.edit_id)
        return lines_run(lambda: editor.outcome(fact))

    early = cost(100)
    assert cost(2_000) == early


async def growth_of_pane(words: int) -> int:
    """Bytes that 400 more answers of so many words take in the transcript's pane, beside the store's own."""
    store = Store()
    sizes = []
    async with still_app(store) as pilot:
        view = pilot.app.query_one(TranscriptView)
        for turn in range(1, 801):
            store.record(TurnStarted(turn), 1.0)
            store.record(AgentSaid(turn, f"a{turn}", "word " * words, final=True), 1.0)
            if turn % 400 == 0:
                view.sync()
                seen: set[int] = set()
                size_of(store, seen)
                sizes.append(size_of(view, seen))
    store.events.close()
    return sizes[1] - sizes[0]


async def test_words_that_are_out_of_sight_are_not_kept_a_second_time():
    assert await growth_of_pane(200) < 1.5 * await growth_of_pane(5)


async def test_the_transcript_reads_the_same_at_its_beginning_after_a_long_talk():
    store = Store()
    async with still_app(store) as pilot:
        view = pilot.app.query_one(TranscriptView)
        filled(spoken, 1, 20, store)
        view.sync()
        early = ["".join(text for text, _ in view.pieces(line)) for line in range(20)]
        filled(spoken, 21, 1_500, store)
        view.sync()
        assert ["".join(text for text, _ in view.pieces(line)) for line in range(20)] == early
