"""Which event of a log caused another one."""

from typing import Any

import pytest

from rtvoice_tui.store.causes import cause_of
from rtvoice_tui.store.event_log import EventLog


class Events:
    """A log that is written as ``> sent`` and ``< received`` events."""

    def __init__(self) -> None:
        self.log = EventLog()

    def add(self, direction: str, kind: str, **fields: Any) -> int:
        """Append an event; returns its row."""
        self.log.append(float(len(self.log)), direction == ">", kind, {"type": kind, **fields})
        return len(self.log) - 1

    def cause(self, row: int) -> int | None:
        return cause_of(self.log, row, lambda before: range(before - 1, -1, -1))


@pytest.fixture
def events() -> Events:
    return Events()


def test_an_error_is_caused_by_the_event_that_it_names(events: Events) -> None:
    wrong = events.add(">", "session.update", event_id="e-1")
    events.add(">", "session.update", event_id="e-2")
    events.add("<", "session.updated", event_id="e-1")
    assert events.cause(events.add("<", "error", error={"event_id": "e-1"})) == wrong
    assert events.cause(events.add("<", "error", error={"code": "no id"})) is None


def test_a_response_and_all_its_events_are_caused_by_the_request_for_it(events: Events) -> None:
    asked = events.add(">", "response.create")
    created = events.add("<", "response.created", response={"id": "r-1"})
    later = events.add(">", "response.create")
    done = events.add("<", "response.done", response={"id": "r-1"})
    delta = events.add("<", "response.output_text.delta", response_id="r-1")
    assert [events.cause(row) for row in (created, done, delta)] == [asked, asked, asked]
    assert events.cause(events.add("<", "response.created", response={"id": "r-2"})) == later


def test_a_response_that_nobody_asked_for_is_caused_by_what_was_said(events: Events) -> None:
    events.add(">", "response.create")
    events.add("<", "response.created", response={"id": "r-0"})
    stopped = events.add("<", "input_audio_buffer.speech_stopped")
    committed = events.add("<", "input_audio_buffer.committed", item_id="i-1")
    transcript = events.add("<", "conversation.item.input_audio_transcription.completed", item_id="i-1")
    assert events.cause(events.add("<", "response.created", response={"id": "r-1"})) == committed
    assert events.cause(committed) == stopped
    assert events.cause(transcript) == committed


def test_a_response_whose_request_is_not_in_the_log_is_caused_by_its_creation(events: Events) -> None:
    created = events.add("<", "response.created", response={"id": "r-1"})
    assert events.cause(events.add("<", "response.done", response={"id": "r-1"})) == created


def test_an_item_is_caused_by_who_made_it(events: Events) -> None:
    typed = events.add(">", "conversation.item.create", item={"id": "i-1", "type": "message"})
    asked = events.add(">", "response.create")
    created = events.add("<", "response.created", response={"id": "r-1"})
    events.add("<", "response.output_item.added", response_id="r-1", item={"id": "i-2"})
    assert events.cause(events.add("<", "conversation.item.added", item={"id": "i-1"})) == typed
    assert events.cause(events.add("<", "conversation.item.done", item={"id": "i-2"})) == asked
    assert events.cause(asked) == typed
    assert events.cause(created) == asked
    assert events.cause(events.add("<", "conversation.item.added", item={"id": "i-9"})) is None


def test_a_result_is_caused_by_its_call_and_the_next_response_by_the_result(events: Events) -> None:
    called = events.add("<", "response.function_call_arguments.done", response_id="r-1", call_id="c-1")
    events.add("<", "response.function_call_arguments.done", response_id="r-1", call_id="c-2")
    output = {"type": "function_call_output", "call_id": "c-1"}
    result = events.add(">", "conversation.item.create", item=output)
    assert events.cause(result) == called
    assert events.cause(events.add(">", "response.create")) == result


@pytest.mark.parametrize("what", ["truncate", "delete", "retrieve"])
def test_an_answer_about_an_item_is_caused_by_the_request_for_that_item(events: Events, what: str) -> None:
    asked = events.add(">", f"conversation.item.{what}", item_id="i-1")
    events.add(">", f"conversation.item.{what}", item_id="i-2")
    answered = events.add("<", f"conversation.item.{what.rstrip('e')}ed", item_id="i-1")
    assert events.cause(answered) == asked


def test_an_id_with_characters_that_json_escapes_is_found(events: Events) -> None:
    odd = 'a "quoted" \\ id'
    asked = events.add(">", "session.update", event_id=odd)
    assert events.cause(events.add("<", "error", error={"event_id": odd})) == asked


@pytest.mark.parametrize(
    "text", ["no json", "[1]", "[" * 100_000, '{"type": 7, "item": "x", "error": {"event_id": []}}']
)
def test_what_is_no_event_has_no_cause_and_is_none(events: Events, text: str) -> None:
    events.log.append(0.0, True, "session.update", text)
    events.log.append(1.0, False, "error", text, error=True)
    assert events.cause(1) is None
    assert events.cause(events.add("<", "error", error={"event_id": "e-1"})) is None
