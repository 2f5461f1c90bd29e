"""The transcript of an item is what any event has told of its parts, by item, content index and part."""

from typing import Any

import pytest

from rtvoice_tui.session.facts import AgentSaid
from rtvoice_tui.store.transcript import Speaker, Transcript
from session.conversation import Conversation, Step

SPOKEN = "response.output_audio_transcript"
TEXT = "response.output_text"
OF_A: dict[str, Any] = {"response_id": "R1", "item_id": "A", "output_index": 0}


def shown(step: Step) -> str:
    transcript = Transcript()
    for fact in step.of(AgentSaid):
        transcript.agent_said(fact, 1.0)
    return " | ".join(entry.text for entry in transcript.entries if entry.speaker is Speaker.AGENT)


def message(*parts: dict[str, str], item_id: str = "A") -> dict[str, Any]:
    return {"id": item_id, "type": "message", "role": "assistant", "content": list(parts)}


def spoken_part(words: str) -> dict[str, str]:
    return {"type": "output_audio", "transcript": words}


def talk(*events: tuple[str, dict[str, Any]]) -> Conversation:
    c = Conversation("generic")
    c.begin()
    for name, fields in events:
        c.server(name, **OF_A, content_index=fields.pop("content_index", 0), **fields)
    return c


SENTENCES = {
    "two sentences, no deltas": (
        [(f"{SPOKEN}.done", {"transcript": "Hello."}), (f"{SPOKEN}.done", {"transcript": "How are you?"})],
        "Hello. How are you?",
    ),
    "two sentences with deltas": (
        [
            (f"{SPOKEN}.delta", {"delta": "Hello."}),
            (f"{SPOKEN}.done", {"transcript": "Hello."}),
            (f"{SPOKEN}.delta", {"delta": " How are"}),
            (f"{SPOKEN}.delta", {"delta": " you?"}),
            (f"{SPOKEN}.done", {"transcript": "How are you?"}),
        ],
        "Hello. How are you?",
    ),
    "each done holds everything so far": (
        [(f"{SPOKEN}.done", {"transcript": "Hello."}), (f"{SPOKEN}.done", {"transcript": "Hello. How are you?"})],
        "Hello. How are you?",
    ),
    "the same done twice": (
        [(f"{SPOKEN}.done", {"transcript": "Hello."}), (f"{SPOKEN}.done", {"transcript": "Hello."})],
        "Hello.",
    ),
    "all deltas, then a done for each sentence": (
        [
            (f"{SPOKEN}.delta", {"delta": "Hello. How are you?"}),
            (f"{SPOKEN}.done", {"transcript": "Hello. How are you?"}),
            (f"{SPOKEN}.done", {"transcript": "How are you?"}),
        ],
        "Hello. How are you?",
    ),
    "sentences of a script without spaces": (
        [(f"{SPOKEN}.done", {"transcript": "你好。"}), (f"{SPOKEN}.done", {"transcript": "你好吗?"})],
        "你好。你好吗?",
    ),
    "an empty done keeps what there is": (
        [(f"{SPOKEN}.delta", {"delta": "Hello."}), (f"{SPOKEN}.done", {"transcript": ""})],
        "Hello.",
    ),
    "texts of sentences": (
        [(f"{TEXT}.done", {"text": "One."}), (f"{TEXT}.done", {"text": "Two."})],
        "One. Two.",
    ),
    "only the finished part": (
        [("response.content_part.done", {"part": spoken_part("Hello.")})],
        "Hello.",
    ),
    "the finished part repeats the done": (
        [
            (f"{SPOKEN}.done", {"transcript": "Hello."}),
            ("response.content_part.done", {"part": spoken_part("Hello.")}),
        ],
        "Hello.",
    ),
    "a text part, then a spoken part": (
        [
            (f"{TEXT}.delta", {"delta": "See below. "}),
            (f"{SPOKEN}.delta", {"delta": "I show", "content_index": 1}),
            (f"{SPOKEN}.done", {"transcript": "I show it.", "content_index": 1}),
        ],
        "See below. I show it.",
    ),
    "a spoken part that repeats the text part": (
        [
            (f"{TEXT}.delta", {"delta": "Hello there."}),
            (f"{SPOKEN}.delta", {"delta": "hello there", "content_index": 1}),
            (f"{SPOKEN}.done", {"transcript": "hello there.", "content_index": 1}),
        ],
        "Hello there.",
    ),
}


@pytest.mark.parametrize(("events", "words"), SENTENCES.values(), ids=SENTENCES)
def test_words_that_come_whole_or_in_pieces(events, words):
    assert shown(talk(*((name, dict(fields)) for name, fields in events)).all()) == words


ELSEWHERE = {
    "the finished item": ("response.output_item.done", {"response_id": "R1", "item": message(spoken_part("Hello."))}),
    "response.done": (
        "response.done",
        {"response": {"id": "R1", "status": "completed", "output": [message(spoken_part("Hello."))]}},
    ),
    "an item of the conversation": ("conversation.item.done", {"item": message(spoken_part("Hello."))}),
    "an item as older servers name it": ("conversation.item.created", {"item": message(spoken_part("Hello."))}),
    "a text part": (
        "response.output_item.done",
        {"response_id": "R1", "item": message({"type": "output_text", "text": "Hello."})},
    ),
    "a part type of the older API": (
        "response.output_item.done",
        {"response_id": "R1", "item": message({"type": "text", "text": "Hello."})},
    ),
}


@pytest.mark.parametrize(("name", "fields"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_words_that_only_one_event_tells_are_shown(name, fields):
    c = Conversation("generic")
    c.begin()
    step = c.server(name, **fields)
    assert shown(step) == "Hello."
    assert "first text" in step.moments
    assert step.of(AgentSaid)[-1].final


@pytest.mark.parametrize(("name", "fields"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_words_that_were_told_before_are_not_told_again(name, fields):
    c = Conversation("generic")
    c.begin()
    c.server(f"{SPOKEN}.done", **OF_A, content_index=0, transcript="Hello.")
    c.server(name, **fields)
    assert shown(c.all()) == "Hello."


def test_an_item_told_after_the_end_of_its_response_completes_it():
    c = Conversation("generic")
    c.begin()
    c.server(f"{SPOKEN}.delta", **OF_A, content_index=0, delta="Hel")
    c.end()
    c.server("conversation.item.done", item=message(spoken_part("Hello.")))
    assert shown(c.all()) == "Hello."


def test_missing_deltas_are_completed_by_the_finished_item():
    c = talk((f"{SPOKEN}.delta", {"delta": "Hel"}))
    c.server("response.output_item.done", response_id="R1", item=message(spoken_part("Hello there.")))
    assert shown(c.all()) == "Hello there."


def test_an_item_that_holds_only_what_was_heard_shortens_nothing():
    c = talk((f"{SPOKEN}.done", {"transcript": "Hello there."}))
    c.server("response.output_item.done", response_id="R1", item=message(spoken_part("Hello")))
    assert shown(c.all()) == "Hello there."


def test_words_of_an_interrupted_answer_that_come_in_its_finished_item_are_dropped():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=100)
    c.server("response.output_item.done", response_id="R1", item=message(spoken_part("never heard")))
    assert shown(c.all()) == ""


def test_two_answers_of_a_server_without_item_ids_do_not_mix():
    c = Conversation("generic")
    for response_id, words in (("R1", "One."), ("R2", "Two.")):
        c.begin(response_id)
        c.server(f"{TEXT}.delta", response_id=response_id, content_index=0, delta=words)
        c.end(response_id)
    assert [fact.text for fact in c.all().of(AgentSaid) if fact.text] == ["One.", "Two."]


def test_items_of_an_earlier_conversation_that_the_server_repeats_are_not_said_again():
    c = Conversation()
    text = message({"type": "output_text", "text": "from before"}, item_id="old")
    assert c.server("conversation.item.added", item=text).of(AgentSaid) == []
