"""The folded list of events maps lines to rows and back as a slow and simple reference does."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import lines_run
from rtvoice_tui.protocol.wire import Claim, GroupKind, GroupMark
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.ui.panes.event_filter import EventFilter
from rtvoice_tui.ui.panes.event_folds import EventFolds, Place

FOLD, UNFOLD, UPDATE = "fold", "unfold", "update"


def add(log: EventLog, response: int, fold_key: str | None = None) -> None:
    """An event of a response; of none with 0."""
    mark = GroupMark(GroupKind.RESPONSE, Claim.BELONGS, f"response:{response}") if response else None
    log.append(len(log), False, f"event.{response}", "{}", fold_key=fold_key, group=mark)


def reference(log: EventLog, unfolded: dict[int, int], inside: bool = False) -> list[Place]:
    """The places of all lines, by looking at every row for every line.

    Args:
        log: the events.
        unfolded: unfolded groups, with the number of rows the log had when each was unfolded or updated.
        inside: whether the rows that are folded away are there, too.
    """
    places = []
    rows = range(len(log))
    of = [log.groups.of_row[row] for row in rows]
    for row in rows:
        group = of[row]
        if not group:
            places.append(Place(row))
        elif of.index(group) == row:
            places.append(Place(row, group, head=True))
            until = unfolded.get(group, len(log) if inside else 0)
            places += [Place(each, group) for each in rows if of[each] == group and each < until]
    return places


def check(log: EventLog, folds: EventFolds, unfolded: dict[int, int]) -> None:
    expected = reference(log, unfolded)
    assert len(folds) == len(expected)
    assert [folds.at(line) for line in range(len(folds))] == expected
    for line in (-1, len(folds)):
        with pytest.raises(IndexError):
            folds.at(line)
    for line, place in enumerate(expected):
        assert folds.line_of(place.row, place.head) == line
    for row in range(len(log)):
        group = log.groups.of_row[row]
        if group not in unfolded:
            assert expected[folds.line_of(row)] in (Place(row), Place(log.groups.first(group), group, head=True))
    heads = [line for line, place in enumerate(expected) if place.head or not place.group]
    for row in range(len(log) + 1):
        behind = [line for line in heads if expected[line].row >= row]
        assert folds.line_from(row) == (behind[0] if behind else len(expected))
    assert folds.behind is any(
        row >= until and log.groups.of_row[row] == group for group, until in unfolded.items() for row in range(len(log))
    )


STEPS = st.lists(
    st.integers(0, 4)
    | st.tuples(st.sampled_from((FOLD, UNFOLD)), st.integers(0, 6))
    | st.tuples(st.just(UPDATE), st.just(0)),
    max_size=40,
)


def played(steps: list[int | tuple[str, int]], log: EventLog, after: Callable[[EventFolds, dict[int, int]], None]):
    folds, unfolded = EventFolds(log.groups), {}
    for step in steps:
        match step:
            case (name, number):
                group = number % (len(log.groups) + 1)
                if name == UPDATE:
                    folds.update()
                    unfolded = dict.fromkeys(unfolded, len(log))
                elif group and name == UNFOLD:
                    folds.unfold(group)
                    unfolded.setdefault(group, len(log))
                elif group:
                    folds.fold(group)
                    unfolded.pop(group, None)
            case response:
                add(log, response, "run" if response == 4 else None)
        after(folds, unfolded)
    return folds, unfolded


@settings(deadline=None)
@given(steps=STEPS)
def test_after_any_events_folds_and_unfolds_every_line_is_where_a_slow_reference_has_it(steps):
    log = EventLog()
    try:
        played(steps, log, lambda folds, unfolded: check(log, folds, unfolded))
    finally:
        log.close()


@settings(deadline=None)
@given(steps=STEPS, after=st.integers(-1, 30))
def test_a_search_passes_every_row_and_every_head_once_in_order_and_comes_back_to_its_line(steps, after):
    log = EventLog()
    try:
        folds, unfolded = played(steps, log, lambda folds, unfolded: None)
        folds.update()
        unfolded = dict.fromkeys(unfolded, len(log))
        after = min(after, len(folds) - 1)
        seen = list(folds.places(after))
        whole = reference(log, unfolded, inside=True)
        start = whole.index(folds.at(after)) + 1 if after >= 0 else 0
        assert seen == whole[start:] + whole[:start]
    finally:
        log.close()


@settings(deadline=None)
@given(texts=st.lists(st.sampled_from(("a", "b", "ab", "")), max_size=30), words=st.sampled_from(("a", "-a", "a -b")))
def test_the_lines_of_a_filter_are_its_rows_in_order(texts, words):
    log = EventLog()
    try:
        found = EventFilter(log, words)
        for text in texts:
            log.append(0, False, "x", text or "{}")
            found.scan()
        expected = [n for n, t in enumerate(texts) if {"a": "a" in t, "-a": "a" not in t, "a -b": t == "a"}[words]]
        assert found.hits == expected
        for row in range(len(texts) + 1):
            assert found.line_of(row) == (expected.index(row) if row in expected else None)
            assert found.line_from(row) == sum(hit < row for hit in expected)
            assert list(found.before(row)) == [hit for hit in reversed(expected) if hit < row]
    finally:
        log.close()


def test_finding_a_line_costs_the_same_after_a_hundred_and_after_ten_thousand_rows():
    log = EventLog()
    folds = EventFolds(log.groups)

    def cost(rows: range) -> int:
        for number in rows:
            add(log, number // 10 * (number % 2))
        folds.unfold(len(log.groups))
        last = len(log) - 1
        return lines_run(lambda: (folds.at(len(folds) - 1), folds.line_of(last), folds.behind, len(folds)))

    costs = [cost(range(100)), cost(range(100, 10_000))]
    log.close()
    assert costs[1] <= costs[0] + 4, "one more group is unfolded, which is looked at"


def test_rows_of_other_groups_that_come_between_stay_in_theirs():
    log = EventLog()
    for response in (1, 2, 1, 0, 2, 1):
        add(log, response)
    folds = EventFolds(log.groups)
    folds.unfold(1)
    shown = [folds.at(line) for line in range(len(folds))]
    assert [(place.row, place.head) for place in shown] == [
        (0, True), (0, False), (2, False), (5, False), (1, True), (3, False),
    ]  # fmt: skip
    assert all(first.row < second.row for first, second in pairwise(place for place in shown if place.head))
    log.close()
