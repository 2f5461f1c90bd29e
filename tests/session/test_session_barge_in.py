"""Barge-in: silence first, then cancel, then tell the server what was heard (sequence 12.d, bugs 4-10, 21, 22)."""

import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.effects import FADE_MS, Flush, Play
from rtvoice_tui.session.facts import AgentSaid, CutConfirmed, ResponseCut
from session.conversation import MANUAL, Conversation

NO_INTERRUPT = SessionSettings(turn_detection={"type": "server_vad", "interrupt_response": False})
TRUNCATE = "conversation.item.truncate"
DELETE = "conversation.item.delete"

WAYS = {
    "interrupt key": lambda c: c.interrupt(),
    "typed text": lambda c: c.type("Stop"),
    "speech": lambda c: c.speech(),
}


# --- order


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_12_d_the_speaker_falls_silent_first_then_cancel_then_truncate(way):
    c = Conversation("yandex").speaking("A", 1000)
    cut = c.all(way(c), c.flushed(A=400))
    assert cut.acts[:3] == ["flush", "response.cancel", TRUNCATE]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_12_d_nothing_is_told_about_what_was_heard_before_the_speaker_is_silent(way):
    c = Conversation("yandex").speaking("A", 1000)
    c.heard(A=300)
    assert TRUNCATE not in way(c).acts
    assert c.flushed(A=320).sent[0] == {"type": TRUNCATE, "item_id": "A", "content_index": 0, "audio_end_ms": 320}


def test_a_cut_fades_within_12_ms():
    c = Conversation().speaking()
    assert c.interrupt().of(Flush) == [Flush(FADE_MS)]
    assert FADE_MS <= 12


@pytest.mark.parametrize(
    ("dialect", "settings", "cancels"),
    [
        ("openai", SessionSettings(), False),
        ("openai", NO_INTERRUPT, True),
        ("openai", MANUAL, False),
        ("yandex", SessionSettings(), True),
        ("local", SessionSettings(), False),
    ],
    ids=["openai interrupts itself", "openai told not to", "openai without VAD", "yandex never seen to", "local agent"],
)
def test_12_d_on_speech_cancel_is_sent_where_the_server_does_not_do_it(dialect, settings, cancels):
    c = Conversation(dialect, settings).speaking()
    assert ("response.cancel" in c.speech().sent_types) is cancels


def test_the_key_cancels_on_every_server():
    for dialect in ("openai", "yandex", "local", "generic"):
        assert "response.cancel" in Conversation(dialect).speaking().interrupt().sent_types


def test_one_answer_is_cancelled_once():
    c = Conversation("yandex").speaking()
    c.speech()
    c.interrupt()
    c.interrupt()
    assert c.all().sent_types.count("response.cancel") == 1


def test_bug_8_speech_silences_an_answer_that_is_generated_but_not_yet_heard():
    c = Conversation("yandex").speaking("A", 5000)
    c.end()
    c.heard(A=700)
    assert c.speech().acts == ["flush"], "nothing runs, so nothing is cancelled (12.f)"
    assert c.flushed(A=720).sent == [{"type": TRUNCATE, "item_id": "A", "content_index": 0, "audio_end_ms": 720}]


def test_12_f_interrupting_silence_does_nothing():
    assert Conversation().interrupt().acts == []


# --- what the server is told


@pytest.mark.parametrize(
    ("received", "played", "complete", "expected", "outcome"),
    [
        pytest.param(1000, 400, False, (TRUNCATE, 400), "truncated", id="half heard"),
        pytest.param(1000, 400, True, (TRUNCATE, 400), "truncated", id="half heard of a generated answer (bug 7)"),
        pytest.param(1000, 400.9, True, (TRUNCATE, 400), "truncated", id="fractions are cut off"),
        pytest.param(1000, 9100, False, (TRUNCATE, 1000), "truncated", id="clock beyond the audio (bug 4)"),
        pytest.param(1000, 0, False, (DELETE, None), "deleted", id="nothing heard (bug 5)"),
        pytest.param(1000, 0.4, True, (DELETE, None), "deleted", id="less than a millisecond heard (bug 5)"),
        pytest.param(1000, 1000, True, None, "heard whole", id="heard whole (bug 6)"),
        pytest.param(1000, 1012, True, None, "heard whole", id="heard whole and more (bug 6)"),
    ],
)
def test_12_d_the_server_learns_the_least_of_played_and_received(received, played, complete, expected, outcome):
    c = Conversation().speaking("A", received)
    if complete:
        c.end()
    c.interrupt()
    settled = c.flushed(A=played)
    told = [(event["type"], event.get("audio_end_ms")) for event in settled.sent]
    assert told == ([expected] if expected else [])
    (cut,) = settled.of(ResponseCut)
    assert (cut.item_id, cut.received_ms, cut.outcome) == ("A", received, outcome)
    assert cut.heard_ms == min(int(played), received)


def test_bug_6_an_answer_that_was_heard_to_its_end_is_not_touched():
    c = Conversation().speaking("A", 500)
    c.end()
    c.heard(A=500, drained=True)
    assert c.interrupt().acts == []
    assert c.speech().acts == []


def test_what_was_heard_before_counts_even_if_the_flush_reports_less():
    c = Conversation().speaking("A", 1000)
    c.heard(A=600)
    c.interrupt()
    assert c.flushed().sent[-1]["audio_end_ms"] == 600


def test_10_7_content_index_is_the_one_that_the_sound_came_with():
    c = Conversation("yandex")
    c.begin()
    c.server("response.output_text.delta", response_id="R1", item_id="A", content_index=0, delta="Hello")
    c.audio("A", 1000, content_index=1)
    c.interrupt()
    assert c.flushed(A=500).sent == [{"type": TRUNCATE, "item_id": "A", "content_index": 1, "audio_end_ms": 500}]


def test_bug_21_each_of_several_audio_items_is_told_what_was_heard_of_it():
    c = Conversation()
    c.begin()
    for item, ms in (("A", 300), ("B", 400), ("C", 500)):
        c.audio(item, ms)
    c.server("response.output_audio.done", response_id="R1", item_id="A")
    c.heard(A=300, B=50)
    c.interrupt()
    assert [(e["type"], e["item_id"], e.get("audio_end_ms")) for e in c.flushed(A=300, B=100).sent] == [
        (TRUNCATE, "B", 100),
        (DELETE, "C", None),
    ]


def test_bug_4_each_items_clock_begins_at_zero():
    c = Conversation().speaking("A", 9000)
    c.end()
    c.heard(A=9000, drained=True)
    c.speaking("B", 2650, "R2")
    c.interrupt()
    assert c.flushed(A=9000, B=9100).sent[-1] == {
        "type": TRUNCATE,
        "item_id": "B",
        "content_index": 0,
        "audio_end_ms": 2650,
    }


@pytest.mark.parametrize("event", ["conversation.item.truncated", "conversation.item.deleted"])
def test_the_server_confirms_what_it_forgot(event):
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=100)
    assert c.server(event, item_id="A").of(CutConfirmed) == [CutConfirmed("A")]


def test_a_flush_that_nobody_waits_for_says_nothing():
    assert Conversation().flushed(A=100).effects == []


# --- what still comes of a cut answer (bug 9, defect 21)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("dialect", ["openai", "yandex"])
def test_bug_9_late_sound_and_words_of_a_cut_answer_are_dropped(dialect, way):
    c = Conversation(dialect).speaking("A", 1000)
    way(c)
    c.flushed(A=100)
    late = c.all(
        c.audio("A", 100),
        c.audio("new item", 100),
        c.server("response.output_audio_transcript.delta", response_id="R1", item_id="A", delta="more"),
        c.server("response.output_text.done", response_id="R1", item_id="A", text="more"),
        c.audio("A", 100, response_id=None),
    )
    assert late.of(Play) == []
    assert late.of(AgentSaid) == []


def test_defect_21_late_sound_of_a_cut_answer_does_not_play_in_the_next_one():
    c = Conversation().speaking("A", 1000)
    c.speech()
    c.flushed(A=100)
    c.cancelled(reason="turn_detected")
    c.begin("R2")
    assert c.audio("A", 100, "R1").of(Play) == []
    assert c.audio("A2", 100, "R1").of(Play) == []
    assert [play.item_id for play in c.audio("B", 100, "R2").of(Play)] == ["B"]


def test_the_end_of_a_cut_sound_is_no_end_of_playing():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=100)
    assert c.server("response.output_audio.done", response_id="R1", item_id="A").effects == []
    assert "endplay" not in c.cancelled().acts


def test_defect_20_after_a_false_speech_start_the_next_answer_is_heard():
    c = Conversation("yandex").speaking("A", 1000)
    c.speech("cough")
    c.flushed(A=300)
    c.server("input_audio_buffer.speech_stopped", item_id="cough")
    c.cancelled()
    assert c.machine.phase.value == "listening"
    c.user_turn("U2")
    c.begin("R2")
    assert c.machine.phase.value == "thinking"
    assert c.audio("B", 100, "R2").phases == ["speaking"]


def test_a_false_start_that_cancelled_nothing_lets_the_answer_end_and_the_next_be_heard():
    c = Conversation().speaking("A", 1000)
    c.speech("cough")
    c.flushed(A=300)
    c.audio("A", 500)
    c.end()
    c.begin("R2")
    assert c.audio("B", 100, "R2").of(Play)


def test_a_false_start_while_nobody_speaks_costs_nothing():
    c = Conversation("yandex")
    assert c.speech().acts == []
    assert c.server("input_audio_buffer.speech_stopped", item_id="U").acts == []
    assert c.machine.phase.value == "listening"


def test_answers_of_a_server_that_names_none_are_heard_again_after_a_cut():
    c = Conversation("generic")
    c.begin(None)
    c.audio("A", 1000, None)
    c.interrupt()
    c.flushed(A=100)
    c.cancelled(None)
    c.begin(None)
    assert c.audio("B", 100, None).of(Play)


# --- before the answer has begun (bug 22)


@pytest.mark.parametrize("dialect", ["openai", "yandex", "local"])
@pytest.mark.parametrize("way", [WAYS["interrupt key"], WAYS["speech"]], ids=["interrupt key", "speech"])
def test_bug_22_an_answer_given_up_before_it_began_is_cancelled_when_it_appears_and_not_played(dialect, way):
    c = Conversation(dialect)
    c.type()
    way(c)
    appeared = c.begin()
    assert appeared.sent_types == ["response.cancel"]
    assert c.audio("A", 500).of(Play) == []
    c.cancelled()
    c.type("Again")
    c.begin("R2")
    assert c.audio("B", 500, "R2").of(Play)


def test_bug_22_an_answer_that_is_refused_after_being_given_up_leaves_the_next_one_alone():
    c = Conversation()
    c.type()
    c.interrupt()
    c.error("server_error", c.last_id("response.create"))
    c.type("Again")
    assert c.begin("R2").sent == []
    assert c.audio("B", 500, "R2").of(Play)


# --- what the user sees


def test_an_interruption_is_a_moment_of_the_turn_that_was_cut():
    c = Conversation()
    c.user_turn("U1")
    c.speaking()
    assert c.interrupt().moments == ["interrupted"]
    settled = c.flushed(A=100)
    assert settled.of(ResponseCut)[0].turn == 1
    assert "silent" in settled.moments


def test_the_state_word_leaves_speaking_at_once():
    c = Conversation("yandex").speaking()
    assert c.speech().phases == ["hearing"]
    assert c.server("input_audio_buffer.speech_stopped", item_id="U").phases == ["thinking"], (
        "the cut answer still runs"
    )
    assert c.cancelled().phases == ["listening"]


def test_played_time_of_a_cut_answer_does_not_move_any_more():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=100)
    assert c.heard(A=900, drained=True).effects == []


# --- an answer without sound


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("kind", "outcome"), [("audio_transcript", "not spoken yet"), ("text", "not written to its end")]
)
def test_an_answer_that_is_interrupted_before_its_first_sound_is_cut_at_once(way, kind, outcome):
    c = Conversation("generic")
    c.begin()
    c.server(f"response.output_{kind}.delta", response_id="R1", item_id="A", content_index=0, delta="Once upon")
    (cut,) = way(c).of(ResponseCut)
    assert (cut.item_id, cut.heard_ms, cut.received_ms, cut.outcome) == ("A", 0, 0, outcome)
    c.server(f"response.output_{kind}.delta", response_id="R1", item_id="A", content_index=0, delta=" a time")
    c.cancelled()
    assert not c.all(c.interrupt()).of(ResponseCut)[1:], "it is cut once"


def test_words_that_were_told_whole_and_not_spoken_yet_are_cut_and_a_written_answer_is_not():
    for kind, field, cuts in (("audio_transcript", "transcript", 1), ("text", "text", 0)):
        c = Conversation("generic")
        c.begin()
        c.server(f"response.output_{kind}.done", response_id="R1", item_id="A", **{field: "Once upon a time."})
        assert len(c.interrupt().of(ResponseCut)) == cuts


def test_words_with_sound_are_cut_where_the_sound_is():
    c = Conversation("generic").speaking("A", 1000)
    c.server("response.output_audio_transcript.delta", response_id="R1", item_id="A", content_index=0, delta="Once")
    assert c.interrupt().of(ResponseCut) == []
    assert len(c.flushed(A=400).of(ResponseCut)) == 1
