"""The event log keeps every event on disk, a few bytes of each in memory, and folds runs of deltas into rows."""

import json
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvoice_tui.store.event_log import MAX_NAMES, EventLog
from rtvoice_tui.store.event_search import EventSearch
from rtvoice_tui.store.query import parse

DELTA = "response.output_text.delta"


@pytest.fixture
def log():
    log = EventLog()
    yield log
    log.close()


def add(log: EventLog, name: str, at: float = 0.0, *, sent: bool = False, key: str | None = None, **fields) -> None:
    payload = {"type": name, **fields}
    log.append(at, sent, name, json.dumps(payload), fold_key=key)


def names(log: EventLog) -> list[tuple[str, int]]:
    return [(log.row(number).name, log.row(number).count) for number in range(len(log))]


def test_a_row_says_when_how_long_after_the_one_before_in_which_direction_and_what(log):
    add(log, "session.created", 1.0)
    add(log, "session.update", 1.25, sent=True)
    first, second = log.row(0), log.row(1)
    assert (first.number, first.at, first.gap_ms, first.sent, first.name) == (0, 1.0, 0.0, False, "session.created")
    assert (second.gap_ms, second.sent, second.count) == (250.0, True, 1)


def test_deltas_of_one_item_become_one_row_with_a_count(log):
    for number in range(5):
        add(log, DELTA, number, key="item_1", delta=str(number))
    assert names(log) == [(DELTA, 5)]
    assert log.row(0).at == 0
    assert log.events == 5
    assert [json.loads(text)["delta"] for text in log.texts(0)] == list("01234")


def test_deltas_of_two_kinds_that_alternate_become_two_rows(log):
    for number in range(4):
        add(log, DELTA, key="item_1", n=number)
        add(log, "response.output_audio.delta", key="item_1", n=number)
    assert names(log) == [(DELTA, 4), ("response.output_audio.delta", 4)]
    for row in (0, 1):
        assert [json.loads(text)["n"] for text in log.texts(row)] == [0, 1, 2, 3]


def test_deltas_of_two_items_are_two_rows(log):
    add(log, DELTA, key="item_1")
    add(log, DELTA, key="item_2")
    add(log, DELTA, key="item_1")
    assert names(log) == [(DELTA, 2), (DELTA, 1)]


def test_any_other_event_ends_a_run(log):
    add(log, DELTA, key="item_1")
    add(log, "input_audio_buffer.speech_started")
    add(log, DELTA, key="item_1")
    assert names(log) == [(DELTA, 1), ("input_audio_buffer.speech_started", 1), (DELTA, 1)]
    assert json.loads(log.text(2))["type"] == DELTA


def test_bytes_of_speech_add_up_in_a_row(log):
    for _ in range(3):
        log.append(0, False, "a.delta", {"delta": "(4800 bytes)"}, fold_key="i", audio_bytes=4_800)
    assert log.row(0).audio_bytes == 14_400


def test_faults_from_the_server_are_counted_and_marked(log):
    log.append(0, False, "error", "{}", error=True)
    log.append(0, True, "session.update", "{}", error=True)
    assert [log.row(number).error for number in (0, 1)] == [True, True]
    assert log.unreadable == 1


def test_a_fault_within_a_run_of_deltas_marks_its_row(log):
    log.append(0, False, "a.delta", "{}", fold_key="i")
    log.append(0, False, "a.delta", "{}", fold_key="i", error=True)
    assert log.unreadable == 1
    assert any(log.row(number).error for number in range(len(log))), "what is counted can be found"


def test_every_change_grows_the_version(log):
    versions = []
    for _ in range(3):
        add(log, DELTA, key="item_1")
        versions.append(log.version)
    assert versions == sorted(set(versions))


def test_texts_are_cut_to_a_limit(log):
    for number in range(300):
        add(log, DELTA, key="i", n=number)
    assert len(log.texts(0)) == 200
    assert len(log.texts(0, 7)) == 7


def test_a_text_comes_back_as_it_came_on_one_line(log):
    texts = ['{"a": "ещё [/b] \\u001b"}', "", "\x1b[2J\x00", "two\nlines\r\nof it", "x" * 200_000, "\u2028"]
    for text in texts:
        log.append(0, False, "t", text)
    assert [log.text(number) for number in range(len(texts))] == [text.replace("\n", " ") for text in texts]


def test_text_that_is_no_unicode_is_kept_as_far_as_it_goes(log):
    log.append(0, True, "t", "caf\udce9")
    log.append(0, True, "t", b"\xff\xfe")
    assert log.text(0) == "caf?"
    assert log.text(1) == "\ufffd\ufffd"


def test_objects_become_json(log):
    log.append(0, True, "t", {"audio": "(960 bytes of speech)", "n": 1})
    assert json.loads(log.text(0)) == {"audio": "(960 bytes of speech)", "n": 1}


def test_what_waits_for_the_disk_can_be_read_at_once_and_after_it_was_written(log):
    add(log, "a", n=1)
    assert json.loads(log.text(0))["n"] == 1
    add(log, "b", n=2)
    log.flush()
    assert [json.loads(log.text(number))["n"] for number in (0, 1)] == [1, 2]


def found(log: EventLog, *words: str) -> list[int]:
    quoted = (f'-"{word[1:]}"' if word.startswith("-") else f'"{word}"' for word in words)
    search = EventSearch(log, parse(" ".join(quoted)), lambda name: name)
    while search.behind:
        search.scan()
    return search.hits


def test_rows_are_found_by_direction_type_and_text(log):
    add(log, "session.update", sent=True)
    add(log, "response.done", text="Omsk is fine")
    add(log, "response.done", text="Perm is not")
    log.append(0, False, "error", '{"message": "odd"}', error=True)
    assert found(log) == [0, 1, 2, 3]
    assert found(log, "up") == [0]
    assert found(log, "down") == [1, 2, 3]
    assert found(log, "response.done") == [1, 2]
    assert found(log, "response", "omsk") == [1]
    assert found(log, "error") == [3]
    assert found(log, "-response") == [0, 3]
    assert found(log, "-error") == [0, 1, 2]
    assert found(log, "nothing of the kind") == []


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["-omsk"], [0, 2, 3]),
        (["-fine"], [0, 2, 3]),
        (["response", "-omsk"], [2]),
        (["-odd"], [0, 1, 2]),
        (["-up", "-perm"], [1, 3]),
        (["omsk", "-omsk"], []),
        (["-message"], [0, 1, 2]),
    ],
)
def test_a_word_that_hides_rows_is_searched_where_a_wanted_one_is(log, words, rows):
    add(log, "session.update", sent=True)
    add(log, "response.done", text="Omsk is fine")
    add(log, "response.done", text="Perm is not")
    log.append(0, False, "error", '{"message": "odd"}', error=True)
    assert found(log, *words) == rows


def delta(log: EventLog, *texts: str, ascii_only: bool = False) -> None:
    for text in texts:
        payload = json.dumps({"type": "x.delta", "delta": text}, ensure_ascii=ascii_only)
        log.append(0, False, "x.delta", payload, fold_key="A")


@pytest.mark.parametrize("word", ["first", "second", "last", "of the last", "ond of", "x.delta"])
def test_a_folded_row_is_searched_in_all_its_events_and_across_them(log, word):
    delta(log, "The first, ", "the sec", "ond of all, and ", "of the ", "last")
    assert len(log) == 1
    assert found(log, word) == [0]
    assert found(log, f"-{word}") == []


def test_words_in_another_script_are_found_however_the_server_wrote_them(log):
    delta(log, "Пого", "да в Омске", ascii_only=True)
    log.append(0, False, "y", '{"type": "y", "text": "\\u041f\\u043e\\u0433\\u043e\\u0434\\u0430"}')
    log.append(0, False, "z", '{"type": "z", "text": "погода"}')
    assert found(log, "погода") == [0, 1, 2]


def test_a_turn_is_found_by_its_first_row(log):
    add(log, "session.created")
    log.set_turn(1)
    add(log, "a")
    add(log, "b")
    log.set_turn(3)
    add(log, "c")
    assert [log.turn_of(number) for number in range(4)] == [0, 1, 1, 3]
    assert (log.first_of_turn(0), log.first_of_turn(1), log.first_of_turn(3)) == (0, 1, 3)
    assert log.first_of_turn(2) is None
    assert log.first_of_turn(4) is None


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=40))
def test_any_growing_turns_are_found(steps):
    log = EventLog()
    try:
        turn, turns = 0, []
        for step in steps:
            turn += step
            log.set_turn(turn)
            add(log, "e")
            turns.append(turn)
        for wanted in range(turn + 2):
            assert log.first_of_turn(wanted) == (turns.index(wanted) if wanted in turns else None)
    finally:
        log.close()


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, "x", "y"])), max_size=60))
def test_any_events_are_in_exactly_one_row_in_order(events):
    log = EventLog()
    try:
        for number, (name, key) in enumerate(events):
            log.append(number, False, name, json.dumps({"n": number}), fold_key=key)
        found = [json.loads(text)["n"] for row in range(len(log)) for text in log.texts(row)]
        assert sorted(found) == list(range(len(events)))
        for row in range(len(log)):
            numbers = [json.loads(text)["n"] for text in log.texts(row)]
            assert numbers == sorted(numbers)
            assert len({events[number] for number in numbers}) == 1
            assert len(numbers) == log.row(row).count
    finally:
        log.close()


@pytest.mark.parametrize("key", [None, "item"], ids=["each a row", "folded"])
def test_a_hundred_thousand_events_take_at_most_sixty_four_bytes_of_memory_each(log, key):
    payload = json.dumps({"type": DELTA, "delta": "x" * 100})
    for number in range(100_000):
        log.append(number / 1000, False, DELTA, payload, fold_key=key)
    assert log.events == 100_000
    assert log.memory_bytes <= 64 * 100_000
    held = [*vars(log.groups).values(), *(value for name, value in vars(log).items() if name != "_pending")]
    columns = sum(sys.getsizeof(value) for value in held)
    assert columns <= 64 * 100_000
    assert log.pending_bytes <= 1 << 17, "what waits for the disk is bounded"
    assert json.loads(log.text(len(log) - 1))["delta"] == "x" * 100


def test_a_server_that_invents_types_without_end_gets_one_name_for_all_later_ones(log):
    for number in range(MAX_NAMES + 100):
        add(log, f"type.{number}")
    assert log.row(5).name == "type.5"
    assert log.row(MAX_NAMES + 50).name == "(more types)"
    assert json.loads(log.text(MAX_NAMES + 50))["type"] == f"type.{MAX_NAMES + 50}"
    assert len(log.names) == MAX_NAMES


def test_a_type_of_a_mebibyte_does_not_stay_in_memory(log):
    for number in range(8):
        add(log, f"{number}" + "x" * 1_000_000)
    assert sum(len(name) for name in log.names) < 100_000


def test_a_screen_may_read_every_row_it_sees_while_the_session_writes():
    log, stop, failures = EventLog(), threading.Event(), []
    search = EventSearch(log, parse("type -e7"), lambda name: name)

    def read() -> None:
        try:
            while not stop.is_set():
                if count := len(log):
                    row = log.row(count - 1)
                    assert json.loads(log.text(count - 1))["type"] == row.name
                    search.scan()
        except Exception as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(60_000):
            add(log, f"e{number % 50}")
            if failures:
                break
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
        log.close()
    assert failures == []
