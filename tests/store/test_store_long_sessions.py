"""What the store does for one more turn, and what it keeps of old ones, does not depend on how many there were."""

from collections.abc import Callable

import pytest

from growth import grown, lengths, lines_run, size_of
from rtvoice_tui.session.facts import AgentSaid, Fact, ResponseCut
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry
from store.turns import FEW, KINDS, MANY, called, cut, edited, false, filled, spoken, take

PIECES = [f"piece {number} of many " for number in range(1_000)]


@pytest.mark.parametrize("kind", KINDS)
def test_one_more_turn_costs_the_store_the_same_after_a_thousand_and_after_three(kind):
    store = filled(kind, 1, FEW)
    early = lines_run(lambda: take(store, kind(FEW + 1)))
    filled(kind, FEW + 2, MANY, store)
    assert lines_run(lambda: take(store, kind(MANY + 1))) == early


READINGS: dict[str, Callable[[Store], object]] = {
    "the median wait": lambda store: store.timings.percentile(0.5),
    "the last answered turn": lambda store: store.timings.last_answered(),
    "the false interruptions": lambda store: len(store.interruptions.false),
    "those that cut the agent short": lambda store: store.interruptions.cut_short,
    "the gate that would have helped": lambda store: store.interruptions.gate_db,
    "the first line of the last turn": lambda store: store.transcript.first_of_turn(store.session.turn),
    "the calls that wait": lambda store: store.calls.asking,
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_reading_a_number_looks_at_no_more_when_there_were_more_turns(reading):
    def turn_of(turn: int) -> list[Fact]:
        return [*(spoken if turn % 2 else false)(turn), *called(turn)]

    store = filled(turn_of, 1, 100)
    early = lines_run(lambda: reading(store))
    filled(turn_of, 101, 2_100, store)
    assert lines_run(lambda: reading(store)) == early


def test_the_last_answered_turn_is_found_at_once_however_many_came_unanswered_since():
    store = filled(spoken, 1, 3)
    early = lines_run(store.timings.last_answered)
    filled(cut, 4, MANY, store)
    assert lines_run(store.timings.last_answered) == early


def test_results_of_calls_that_are_shown_no_more_are_not_kept():
    def large(turn: int) -> list[Fact]:
        return called(turn, f"{turn}" * 2_000)

    store = filled(large, 1, 1_500)
    before = size_of(store.calls)
    filled(large, 1_501, 3_500, store)
    assert size_of(store.calls) < 1.2 * before


def test_a_call_that_outlives_its_place_in_the_list_does_not_come_back_as_a_new_one():
    store = filled(called, 2, 2)
    running, ended = called(1)[2], called(1)[3]
    store.record(running, 1.0)
    filled(called, 3, MANY, store)
    store.record(ended, 2.0)
    assert "c1" not in {record.call.key for record in store.calls.records}


def test_what_became_of_edits_is_kept_for_the_last_ones_only():
    store = filled(edited, 1, 1_500)
    before = lengths({"store": store})
    filled(edited, 1_501, 2_500, store)
    assert grown(before, lengths({"store": store})) == {}


@pytest.mark.parametrize("end", [AgentSaid(1, "a", "", final=True), ResponseCut(1, "a", 300, 900, "truncated")])
def test_an_answer_that_is_over_takes_no_more_than_its_words(end):
    store = Store()
    store.events.close()
    for piece in PIECES:
        store.record(AgentSaid(1, "a", piece), 1.0)
    store.record(end, 1.0)
    (entry,) = store.transcript.entries
    assert entry.text == "".join(PIECES)
    words = size_of("".join(PIECES))
    assert (
        size_of(entry) < words + size_of(Entry(entry.speaker, 1, 1.0, "a", note=entry.note)) + 320
    )  # and how it was cut
