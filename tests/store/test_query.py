"""The query language, and the rows of a log that it finds however they came."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvoice_tui.store import event_search
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.event_search import EventSearch
from rtvoice_tui.store.query import Query, QueryError, Span, Text, parse


@pytest.fixture
def log() -> Iterator[EventLog]:
    log = EventLog()
    yield log
    log.close()


def hits(log: EventLog, words: str) -> list[int]:
    search = EventSearch(log, parse(words), lambda name: name.rpartition(".")[2])
    while search.behind:
        search.scan()
    return search.hits


def add(log: EventLog, at: float, kind: str, sent: bool = False, **fields: object) -> None:
    log.append(at, sent, kind, json.dumps({"type": kind, **fields}), error=kind == "error")


@pytest.fixture
def talk(log: EventLog) -> EventLog:
    """A session in which one tool is called and one truncation fails."""
    output = {"call_id": "call_7", "output": "Light jacket, 11 degrees"}
    add(log, 0.0, "session.created", session={"id": "sess_1", "tools": [{"type": "function", "name": "get_weather"}]})
    log.set_turn(1)
    add(log, 1.0, "response.create", sent=True)
    add(
        log,
        1.2,
        "response.function_call_arguments.done",
        call_id="call_7",
        name="get_weather",
        arguments='{"city": "Berlin"}',
    )
    add(log, 3.0, "conversation.item.create", sent=True, item=output)
    log.set_turn(2)
    add(log, 61.0, "conversation.item.truncate", sent=True, item_id="item_9", audio_end_ms=900)
    add(log, 61.1, "error", error={"code": "item_truncate_invalid", "message": "beyond the audio of item_9"})
    return log


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("berlin", [2]),
        ("BERLIN", [2]),
        ('"light jacket"', [3]),
        ("light jacket", [3]),
        ('"jacket light"', []),
        ("/1[01] deg/", [3]),
        ("/^nothing$/", []),
        ("type:response", [1, 2]),
        ("type:/^.*created/", [0]),
        ("-type:response", [0, 3, 4, 5]),
        ("dir:up", [1, 3, 4]),
        ("-dir:up", [0, 2, 5]),
        ("turn:1", [1, 2, 3]),
        ("turn:1-2 dir:down", [2, 5]),
        ("item:item_9", [4]),
        ("call:call_7 -dir:up", [2]),
        ("call:get_weather", [2]),
        ("TYPE:error", [5]),
        ("Dir:up Turn:1", [1, 3]),
        ("code:truncate", [5]),
        ("code:item_9", []),
        ("since:1:00", [4, 5]),
        ("since:61.05", [5]),
        ("slower:1500", [3, 4]),
        ("slower:1500ms -turn:2", [3]),
        ("error", [5]),
        ("-error -dir:up", [0, 2]),
        ("create", [0, 1, 3]),
        ("wss://example", []),
        ("-", [0, 1, 2, 3, 4, 5]),
        ('"unfinished phrase', []),
    ],
)
def test_a_query_finds_its_rows(talk: EventLog, words: str, rows: list[int]) -> None:
    assert hits(talk, words) == rows


NONE = ["dir:left", "turn:3-1", "turn:x", f"turn:{'9' * 5000}", "since:soon", "slower:x", "/[/", "type:/(/"]
NONE += [r"/\u00/", "/a{99999999999}/"]
NONE.append(f"/{'(' * 3000}{')' * 3000}/")


@pytest.mark.parametrize("words", NONE, ids=lambda words: words[:20])
def test_what_cannot_be_understood_is_a_sentence(words: str) -> None:
    with pytest.raises(QueryError, match=r"is|no regular"):
        parse(words)


def test_a_regex_that_would_never_end_is_given_up(log: EventLog) -> None:
    log.append(0.0, False, "x", json.dumps({"type": "x", "text": "word " * 2_000}))
    with pytest.raises(QueryError, match="takes too long"):
        hits(log, r"/(\w+\s?)+$\d/")


def test_a_query_is_its_terms() -> None:
    assert parse('Light -"Two Words" turn:3-5') == Query(
        'Light -"Two Words" turn:3-5', (Text("light"), Text("two words", unwanted=True)), (Span("turn", 3, 5),)
    )
    assert not parse("   ")


def test_what_deltas_say_together_is_found_whatever_comes_between(log: EventLog) -> None:
    for words in ("The wea", "ther in Ber", "lin"):
        log.append(0.0, False, "t.delta", json.dumps({"type": "t.delta", "delta": words}), fold_key="a")
        log.append(0.0, False, "t.delta", json.dumps({"type": "t.delta", "delta": "other"}), fold_key="b")
    assert hits(log, "weather") == [0]
    assert hits(log, '"in berlin"') == [0]
    assert hits(log, "-weather") == [1]


def test_a_row_is_found_and_lost_again_as_it_grows(log: EventLog) -> None:
    wanted, unwanted = (EventSearch(log, parse(words), lambda name: name) for words in ("weather", "-weather"))
    log.append(0.0, False, "t.delta", '{"delta": "wea"}', fold_key="a")
    assert (wanted.scan(), unwanted.scan()) == ([], [(0, 1)])
    log.append(0.0, False, "t.delta", '{"delta": "ther"}', fold_key="a")
    assert (wanted.scan(), unwanted.scan()) == ([(0, 1)], [(0, -1)])
    assert (wanted.hits, unwanted.hits) == ([0], [])


KINDS = st.sampled_from(("a.one", "b.c", "berlin.x"))
WORDS = st.sampled_from(("berlin", "Straße", "ещё", "a", "b.c", "type", '"', "x" * 40))


@settings(deadline=None)
@given(
    texts=st.lists(
        st.tuples(st.booleans(), st.sampled_from(("a.one", "b.c", "berlin.x")), st.lists(WORDS, max_size=4))
    ),
    word=WORDS,
    ascii_only=st.booleans(),
    no=st.booleans(),
)
def test_bytes_find_what_a_slow_reference_finds(
    texts: list[tuple[bool, str, list[str]]], word: str, ascii_only: bool, no: bool
) -> None:
    log = EventLog()
    before = event_search.PART_BYTES, event_search.PART_EVENTS
    event_search.PART_BYTES, event_search.PART_EVENTS = 60, 3
    try:
        expected = []
        for number, (sent, kind, words) in enumerate(texts):
            line = json.dumps({"type": kind, "said": words}, ensure_ascii=False)
            log.append(0.0, sent, kind, json.dumps({"type": kind, "said": words}, ensure_ascii=ascii_only))
            shown = kind.rpartition(".")[2]
            head = f"{'up' if sent else 'down'} {shown}"
            text = line.lower().replace(f'"type": "{kind}"', '"type": ""') if no else f"{head} {kind} {line}".lower()
            if no is not (word.lower() in (f"{head} {text}" if no else text)):
                expected.append(number)
        if word != '"':
            assert hits(log, f"{'-' if no else ''}{word}") == expected
    finally:
        event_search.PART_BYTES, event_search.PART_EVENTS = before
        log.close()
