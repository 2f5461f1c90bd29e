"""The user's words: none is erased, and no entry waits for words that cannot come."""

from typing import Any

import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.facts import UserSaid
from rtvoice_tui.session.timers import SpeechTranscriptLate
from rtvoice_tui.store.transcript import Speaker, Transcript
from session.conversation import VAD, Conversation, Step

WORDS = "conversation.item.input_audio_transcription"
TRANSCRIBED = SessionSettings(turn_detection={"type": "server_vad"}, transcription={"model": "m"})


def entries(step: Step) -> list[tuple[str, bool, str, str]]:
    """Text, whether it is final, note, and what stands in place of missing words."""
    transcript = Transcript()
    for fact in step.of(UserSaid):
        transcript.user_said(fact, 1.0)
    mine = [entry for entry in transcript.entries if entry.speaker is Speaker.YOU]
    return [(entry.text, entry.final, entry.note, entry.missing) for entry in mine]


def completed(transcript: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return f"{WORDS}.completed", {"transcript": transcript, **fields}


def failed(message: str = "noise") -> tuple[str, dict[str, Any]]:
    return f"{WORDS}.failed", {"error": {"message": message}}


ORDERS = {
    "completed after failed": ([failed(), completed("Hello")], ("Hello", True, "", "")),
    "an empty second completed": ([completed("Hello"), completed("")], ("Hello", True, "", "")),
    "a blank second completed": ([completed("Hello"), completed("  \n")], ("Hello", True, "", "")),
    "a correction": ([completed("Helo"), completed("Hello")], ("Hello", True, "", "")),
    "failed after completed": ([completed("Hello"), failed()], ("Hello", True, "", "")),
    "a blank transcript": ([completed("   ")], ("", True, "", "")),
    "deltas, then a blank completed": (
        [(f"{WORDS}.delta", {"delta": "Hel"}), completed("")],
        ("Hel", True, "", ""),
    ),
    "two parts": (
        [completed("One.", content_index=0), completed("Two.", content_index=1)],
        ("One. Two.", True, "", ""),
    ),
    "an empty completed after failed": ([failed("noise"), completed("")], ("", True, "not recognised: noise", "")),
    "failed without words after failed": ([failed("noise"), failed("")], ("", True, "not recognised: noise", "")),
    "failed with words after failed": ([failed(""), failed("noise")], ("", True, "not recognised: noise", "")),
    "completed under another name": ([(f"{WORDS}.completed", {"text": "Hello"})], ("Hello", True, "", "")),
    "failed twice": ([failed("noise"), failed("noise")], ("", True, "not recognised: noise", "")),
}


@pytest.mark.parametrize(("events", "entry"), ORDERS.values(), ids=ORDERS)
def test_the_order_of_transcription_events_loses_no_words(events, entry):
    c = Conversation(settings=TRANSCRIBED)
    c.user_turn()
    for name, fields in events:
        c.server(name, item_id="U", **fields)
    assert entries(c.all()) == [entry]


@pytest.mark.parametrize("event", ["conversation.item.added", "conversation.item.done", "conversation.item.created"])
@pytest.mark.parametrize("noticed", [True, False], ids=["after speech", "unannounced"])
def test_words_that_only_the_item_tells_are_shown(event, noticed):
    c = Conversation(settings=TRANSCRIBED)
    if noticed:
        c.user_turn()
    part = {"type": "input_audio", "transcript": "Hello"}
    c.server(event, item={"id": "U", "type": "message", "role": "user", "content": [part]})
    assert entries(c.all()) == [("Hello", True, "", "")]


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": [{"type": "input_text", "text": "typed"}]},
        {"role": "user", "content": [{"type": "input_audio"}]},
        {"role": "system", "content": [{"type": "input_text", "text": "rules"}]},
        {"role": "assistant", "content": [{"type": "output_audio", "transcript": "Hi"}]},
    ],
)
def test_other_items_are_no_speech_of_the_user(item):
    c = Conversation()
    assert c.server("conversation.item.added", item={"id": "X", "type": "message", **item}).of(UserSaid) == []


# --- entries that wait


def test_c1_a_session_without_transcription_waits_for_no_words():
    c = Conversation(settings=VAD)
    c.user_turn()
    assert entries(c.all()) == [("", True, "", "not transcribed")]


def test_c1_words_that_come_all_the_same_are_shown():
    c = Conversation(settings=VAD)
    c.user_turn()
    c.words("Hello")
    assert entries(c.all()) == [("Hello", True, "", "")]


@pytest.mark.parametrize(
    ("dialect", "settings", "waits"),
    [
        ("local", VAD, True),
        ("openai", VAD, False),
        ("yandex", VAD, True),
        ("xai", VAD, True),
        ("local", SessionSettings(turn_detection={"type": "server_vad"}, transcription={"type": "none"}), False),
        ("openai", TRANSCRIBED, True),
    ],
)
def test_c1_words_are_waited_for_where_they_are_asked_for_or_come_unasked(dialect, settings, waits):
    c = Conversation(dialect, settings)
    c.user_turn()
    assert entries(c.all())[0][1] is not waits


def test_a_transcript_that_does_not_come_in_time_is_not_waited_for_any_longer():
    c = Conversation(settings=TRANSCRIBED)
    c.user_turn()
    c.timer(SpeechTranscriptLate(1))
    assert entries(c.all()) == [("", True, "", "no transcript came")]
    c.words("late")
    assert entries(c.all()) == [("late", True, "", "")]


def test_a_transcript_that_came_in_time_is_not_reported_again_when_the_timer_fires():
    c = Conversation(settings=TRANSCRIBED)
    c.user_turn()
    c.words("Hello")
    assert c.timer(SpeechTranscriptLate(1)).of(UserSaid) == []


def test_an_idle_timeout_is_no_speech_of_the_user():
    c = Conversation(settings=TRANSCRIBED)
    c.server("input_audio_buffer.timeout_triggered", item_id="T", audio_start_ms=0, audio_end_ms=5000)
    c.server("input_audio_buffer.committed", item_id="T")
    c.server("conversation.item.added", item={"id": "T", "type": "message", "role": "user", "content": []})
    assert entries(c.all()) == []
    assert c.machine.phase.value == "thinking"


def test_speech_whose_buffer_was_cleared_waits_for_no_words():
    c = Conversation(settings=TRANSCRIBED)
    c.speech()
    c.server("input_audio_buffer.cleared")
    assert entries(c.all()) == [("", True, "", "discarded")]
    assert c.machine.phase.value == "listening"


def test_a_cleared_buffer_discards_no_turn_that_was_committed():
    c = Conversation(settings=TRANSCRIBED)
    c.user_turn()
    assert c.server("input_audio_buffer.cleared").of(UserSaid) == []


# --- speech that the server does not notice


def speak(c: Conversation, seconds: float, level_db: float | None = -20.0, voiced: float = 0.6) -> Step:
    frames = [c.mic(20, level_db=level_db if n % 10 < voiced * 10 else -70.0) for n in range(int(seconds * 50))]
    return c.all(*frames)


def test_22_s_of_speech_without_a_reaction_leads_to_one_hint():
    c = Conversation()
    (hint,) = speak(c, 22).notices
    assert "not noticed" in hint
    assert speak(c, 60).notices == []


@pytest.mark.parametrize(
    ("level_db", "voiced"),
    [(-70.0, 1.0), (None, 1.0), (-20.0, 0.0), (-45.0, 1.0)],
    ids=["silence", "not measured", "pauses only", "a quiet room"],
)
def test_silence_is_no_speech_that_the_server_could_notice(level_db, voiced):
    assert speak(Conversation(), 60, level_db, voiced).notices == []


REACTIONS = {
    "speech started": lambda c: c.speech(),
    "committed": lambda c: c.server("input_audio_buffer.committed", item_id="U"),
    "words": lambda c: c.words("Hello"),
    "interim words": lambda c: c.server(f"{WORDS}.delta", item_id="U", delta="Hel"),
    "an answer": lambda c: (c.begin(), c.end()),
}


@pytest.mark.parametrize("reaction", REACTIONS)
def test_a_server_that_reacts_has_noticed(reaction):
    c = Conversation()
    assert speak(c, 10).notices == []
    REACTIONS[reaction](c)
    assert speak(c, 10).notices == []


def test_speech_while_the_agent_is_audible_may_be_the_agent():
    c = Conversation().speaking("A", 60_000)
    assert speak(c, 22).notices == []


def test_push_to_talk_needs_no_detection_by_the_server():
    c = Conversation(settings=SessionSettings(turn_detection=None))
    assert speak(c, 22).notices == []
