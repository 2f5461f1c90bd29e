"""A session that ends in the middle: nothing is shown as growing any more, and what was cut off says so."""

from collections.abc import Callable, Iterator

import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry, Speaker
from session.conversation import Conversation, Step, function_call

TRANSCRIBED = SessionSettings(turn_detection={"type": "server_vad"}, transcription={"model": "m"})
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.events.close()


def said(c: Conversation, text: str, kind: str = "response.output_text", end: str = "delta", **fields: object) -> Step:
    place = {"response_id": "R1", "item_id": "A", "output_index": 0, "content_index": 0}
    words = {"delta": text} if end == "delta" else {"text" if kind.endswith("text") else "transcript": text}
    return c.server(f"{kind}.{end}", **place, **words, **fields)


def message_added(c: Conversation) -> Step:
    item = {"id": "A", "type": "message", "role": "assistant", "content": []}
    return c.server("response.output_item.added", response_id="R1", output_index=0, item=item)


def words_then_sound(c: Conversation) -> None:
    c.begin()
    said(c, "It is", "response.output_audio_transcript")
    c.audio()
    c.heard(A=400)


def partial(c: Conversation, text: str) -> None:
    c.speech()
    c.server(f"{TRANSCRIPTION}.delta", item_id="U", content_index=0, delta=text)


def read(store: Store, c: Conversation) -> list[Entry]:
    """The transcript of everything that the conversation told."""
    for fact in c.all().facts:
        store.record(fact, 1.0)
    return store.transcript.entries


AGENT: dict[str, tuple[Callable[[Conversation], object], str]] = {
    "words that grow": (lambda c: (c.begin(), said(c, "It is")), "It is"),
    "the transcript of sound": (words_then_sound, "It is"),
    "several pieces": (lambda c: (c.begin(), said(c, "It"), said(c, " is")), "It is"),
    "an answer that has just begun": (lambda c: c.begin(), ""),
    "a message without a word": (lambda c: (c.begin(), message_added(c)), ""),
    "sound without a word": (lambda c: (c.begin(), message_added(c), c.audio()), ""),
    "an answer that was never announced": (lambda c: said(c, "It is"), "It is"),
}
USER: dict[str, tuple[Callable[[Conversation], object], str]] = {
    "words of the user that grow": (lambda c: partial(c, "What"), "What"),
    "a user who is speaking": (lambda c: c.speech(), ""),
    "a user who has spoken": (lambda c: c.user_turn(), ""),
}


@pytest.mark.parametrize("kind", AGENT)
def test_an_answer_that_the_end_cut_off_says_so_and_grows_no_more(store: Store, kind: str):
    does, words = AGENT[kind]
    c = Conversation()
    does(c)
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.AGENT]
    assert entry.text == words
    assert "cut off" in entry.note
    assert entry.final


@pytest.mark.parametrize("kind", USER)
def test_what_the_user_was_saying_at_the_end_says_so_and_grows_no_more(store: Store, kind: str):
    does, words = USER[kind]
    c = Conversation(settings=TRANSCRIBED)
    does(c)
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.YOU]
    assert entry.text == words
    assert "cut off" in entry.note
    assert entry.final


def test_calls_that_the_end_cut_off_are_cancelled(store: Store):
    c = Conversation()
    c.begin()
    item = {**function_call("k1"), "arguments": "", "status": "in_progress"}
    c.server("response.output_item.added", response_id="R1", output_index=0, item=item)
    c.server("response.function_call_arguments.delta", response_id="R1", item_id=item["id"], call_id="k1", delta="{")
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.TOOL]
    assert entry.state == "cancelled"
    assert entry.final


def test_what_was_whole_before_the_end_is_not_marked(store: Store):
    c = Conversation()
    c.user_turn()
    c.words("What is it?")
    c.type("Report me.")
    c.begin()
    said(c, "It is fine.")
    said(c, "It is fine.", end="done")
    c.end()
    c.close()
    entries = read(store, c)
    assert [(entry.text, entry.note) for entry in entries] == [
        ("What is it?", ""),
        ("Report me.", ""),
        ("It is fine.", ""),
    ]
    assert all(entry.final for entry in entries)


def test_an_answer_that_the_user_interrupted_keeps_its_own_mark(store: Store):
    c = Conversation()
    words_then_sound(c)
    c.interrupt()
    c.flushed(A=400)
    c.cancelled()
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.AGENT]
    assert entry.note.startswith("interrupted: heard 0.4")
    assert "cut off" not in entry.note


def test_only_the_newest_of_several_answers_is_marked(store: Store):
    c = Conversation()
    c.begin()
    said(c, "First.")
    c.end()
    c.begin("R2")
    c.server("response.output_text.delta", response_id="R2", item_id="B", output_index=0, content_index=0, delta="Sec")
    c.close()
    entries = read(store, c)
    assert [(entry.text, "cut off" in entry.note) for entry in entries] == [("First.", False), ("Sec", True)]


def test_the_next_session_leaves_the_marks_of_the_last(store: Store):
    c = Conversation()
    c.begin()
    said(c, "It is")
    c.close()
    c.open()
    c.begin()
    said(c, "Again.")
    said(c, "Again.", end="done")
    c.end()
    entries = [entry for entry in read(store, c) if entry.speaker is Speaker.AGENT]
    assert [(entry.text, "cut off" in entry.note) for entry in entries] == [("It is", True), ("Again.", False)]
    assert store.session.phase is not Phase.OFFLINE


# --- speech that was not heard to its end


def test_speech_that_plays_when_the_session_ends_says_how_much_was_heard(store: Store):
    c = Conversation()
    c.begin()
    said(c, "It is raining in Omsk.", "response.output_audio_transcript", "done")
    c.audio("A", 4000)
    c.end()
    c.heard(A=1000)
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.AGENT]
    assert entry.note == "interrupted: heard 1.0 of 4.0 s, the session ended"
    assert entry.heard == 0.25


def test_an_incomplete_answer_says_both(store: Store):
    c = Conversation()
    words_then_sound(c)
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.AGENT]
    assert "cut off" in entry.note
    assert "heard 0.4 of 1.0 s" in entry.note


def test_an_interruption_whose_flush_was_pending_is_told_too(store: Store):
    c = Conversation().speaking("A", 2000)
    c.heard(A=500)
    c.interrupt()
    c.close()
    (entry,) = [entry for entry in read(store, c) if entry.speaker is Speaker.AGENT]
    assert "heard 0.5 of 2.0 s" in entry.note


def test_speech_that_was_heard_to_its_end_is_left_alone(store: Store):
    c = Conversation().speaking("A", 500)
    c.end()
    c.heard(A=500, drained=True)
    c.close()
    assert [entry.note for entry in read(store, c) if entry.speaker is Speaker.AGENT] == []
