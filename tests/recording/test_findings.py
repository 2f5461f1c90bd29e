"""Rules find what was wrong in a session, and nothing in one that was right."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recording.talk import Talk, recorded_talk, weather
from rtvoice_tui.recording.findings.finding import findings, found, rules
from rtvoice_tui.recording.findings.frames import Finding, Frame

NAMES = (
    "response id item_id item call_id session expires_at status status_details reason error message code type role"
    " audio_end_ms transcript name arguments conversation conversation_id"
).split()
TYPES = (
    "response.created response.done response.create session.created session.update session.updated error"
    " conversation.item.truncate conversation.item.create response.function_call_arguments.done"
    " conversation.item.input_audio_transcription.completed input_audio_buffer.speech_stopped response.cancel"
    " response.output_audio_transcript.done"
).split()


def of(talk: Talk) -> list[Finding]:
    frames = [
        Frame(at, up, event["type"], event, len(event.get("delta", "")) / 64 if "audio.delta" in event["type"] else 0.0)
        for at, up, event in talk.frames
    ]
    return list(found(frames, rules(0.0)))


def second_response(talk: Talk) -> None:
    talk.up("response.create")
    talk.down("response.created", response={"id": "r1", "status": "in_progress"})
    talk.up("response.create")
    talk.down("response.done", response={"id": "r1", "status": "completed"})


def failed(talk: Talk) -> None:
    details = {"type": "failed", "error": {"code": "rate_limit", "message": "too many requests"}}
    talk.down("response.done", response={"id": "r1", "status": "failed", "status_details": details})


def incomplete(talk: Talk) -> None:
    details = {"type": "incomplete", "reason": "max_output_tokens"}
    talk.down("response.done", response={"id": "r1", "status": "incomplete", "status_details": details})


def nothing_heard(talk: Talk) -> None:
    talk.down("input_audio_buffer.speech_stopped", item_id="u1")
    talk.after(4.0).down("response.created", response={"id": "r1"})


def truncated_beyond(talk: Talk) -> None:
    talk.answers("Hello there.", 1.0)
    talk.up("conversation.item.truncate", item_id=talk.last_item, content_index=0, audio_end_ms=2_500)


def truncated_before(talk: Talk) -> None:
    talk.up("conversation.item.truncate", item_id="item_a1", content_index=0, audio_end_ms=0)


def unknown_call(talk: Talk) -> None:
    talk.up("conversation.item.create", item={"type": "function_call_output", "call_id": "call_9", "output": "1"})


def loop(talk: Talk) -> None:
    for _ in range(5):
        talk.calls("get_weather", '{"city": "Berlin"}', "busy").after(0.5)


def late_words(talk: Talk) -> None:
    talk.down("input_audio_buffer.speech_stopped", item_id="u1")
    talk.after(0.5).answers("Hello.", 1.0).after(3.0)
    talk.down("conversation.item.input_audio_transcription.completed", item_id="u1", transcript="Hello?")


def echo(talk: Talk) -> None:
    talk.answers("The weather in Berlin is cloudy.", 2.0, heard=False)
    talk.up("conversation.item.truncate", item_id=talk.last_item, content_index=0, audio_end_ms=500)
    talk.down("conversation.item.input_audio_transcription.completed", item_id="u1", transcript="weather in Berlin")


def not_acknowledged(talk: Talk) -> None:
    talk.up("session.update", session={"voice": "x"})
    talk.after(6.0).down("rate_limits.updated")


def near_cap(talk: Talk) -> None:
    talk.down("session.created", session={"expires_at": 1_800})
    talk.after(1_700).down("rate_limits.updated")


CASES: dict[str, Callable[[Talk], None]] = {
    "second response": second_response,
    "failed response": failed,
    "incomplete response": incomplete,
    "no first audio": nothing_heard,
    "truncation beyond audio": truncated_beyond,
    "truncation before audio": truncated_before,
    "output for an unknown call": unknown_call,
    "tool loop": loop,
    "late transcript": late_words,
    "cut by its own echo": echo,
    "update not acknowledged": not_acknowledged,
    "near its cap": near_cap,
}


@pytest.mark.parametrize("rule", CASES)
def test_each_fault_is_found_once_and_said_with_what_to_do(rule: str) -> None:
    talk = Talk()
    CASES[rule](talk)
    told = of(talk)
    assert [finding.rule for finding in told] == [rule]
    assert told[0].sentence
    assert told[0].remedy


@pytest.mark.parametrize("rule", CASES)
def test_the_same_fault_is_found_among_a_conversation(rule: str) -> None:
    talk = weather().after(1.0)
    CASES[rule](talk)
    assert rule in {finding.rule for finding in of(talk.after(8.0).opened())}


def test_a_conversation_without_faults_has_no_findings(tmp_path: Path) -> None:
    assert findings(recorded_talk(tmp_path / "talk")) == []


def test_an_answer_of_silence_is_found_where_its_sound_was_kept(tmp_path: Path) -> None:
    talk = weather()
    for _, up, event in talk.frames:
        if not up and event["type"] == "response.output_audio.delta" and event["item_id"] == "item_a2":
            event["delta"] = "AAAA" * (len(event["delta"]) // 4)
    told = findings(recorded_talk(tmp_path / "talk", talk))
    assert [finding.rule for finding in told] == ["silent audio"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    frames=st.lists(st.tuples(st.booleans(), st.sampled_from(TYPES), st.dictionaries(st.sampled_from(NAMES), ANYTHING)))
)
def test_whatever_stands_in_events_no_rule_fails(frames: list[tuple[bool, str, dict[str, object]]]) -> None:
    seen = [Frame(float(at), up, kind, event) for at, (up, kind, event) in enumerate(frames)]
    for finding in found(seen, rules(0.0)):
        assert len(finding.sentence) < 20_000


def test_frames_that_are_no_objects_are_no_findings() -> None:
    frames = [
        Frame(0.0, False, kind, {"response": [1], "item": "x", "session": None}) for kind in ("response.done", "")
    ]
    assert list(found(frames, rules())) == []
