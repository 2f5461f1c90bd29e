"""Words, calls and endings that servers tell in other events than the API does, or never."""

import pytest

from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.facts import AgentSaid, CallState, Notice
from session.conversation import VAD, Conversation, Step, function_call, states
from session.mcp_provider import make, mcp_call, talking

PLACE = {"response_id": "R1", "item_id": "A", "output_index": 0, "content_index": 0}
MESSAGE = {"id": "A", "type": "message", "role": "assistant", "status": "in_progress"}


def said(step: Step) -> str:
    """The text of the agent as a transcript shows it."""
    shown: dict[str, str] = {}
    for fact in step.of(AgentSaid):
        shown[fact.item_id] = fact.text if fact.replace else shown.get(fact.item_id, "") + fact.text
    return "|".join(shown.values())


def answer(*events: tuple[str, dict[str, object]]) -> Conversation:
    c = Conversation()
    c.begin()
    for name, fields in events:
        c.server(name, **fields)
    return c


PART = {**PLACE, "part": {"type": "audio", "transcript": "Hello there."}}
ANNOUNCED = {"response_id": "R1", "item": {**MESSAGE, "content": [{"type": "text", "text": "Hello there."}]}}
DELTA = "response.output_audio_transcript.delta"


@pytest.mark.parametrize(
    "event",
    [
        ("response.content_part.added", PART),
        ("response.output_item.added", ANNOUNCED),
        ("response.refusal.done", {**PLACE, "refusal": "Hello there."}),
        ("response.refusal.delta", {**PLACE, "delta": "Hello there."}),
        ("conversation.item.retrieved", {"item": ANNOUNCED["item"]}),
        ("response.content_part.done", {**PLACE, "part": {"audio": {"transcript": "Hello there."}}}),
        ("response.output_item.done", {"item": {**MESSAGE, "content": [{"audio": {"transcript": "Hello there."}}]}}),
    ],
    ids=lambda event: event[0],
)
def test_words_are_shown_whichever_event_tells_them(event):
    c = answer(event)
    c.end()
    assert said(c.all()) == "Hello there."


@pytest.mark.parametrize(
    "announced", [("response.content_part.added", PART), ("response.output_item.added", ANNOUNCED)]
)
@pytest.mark.parametrize("deltas", [["Hello", " there."], [" How are", " you?"], []], ids=["again", "on", "none"])
def test_words_of_an_announced_part_are_shown_once_whatever_follows(announced, deltas):
    kind = "output_text" if "item" in announced[0] else "output_audio_transcript"
    c = answer(announced, *((f"response.{kind}.delta", {**PLACE, "delta": delta}) for delta in deltas))
    c.end()
    assert said(c.all()) == ("Hello there. How are you?" if deltas[:1] == [" How are"] else "Hello there.")


def test_a_part_with_speech_as_base64_is_no_fault():
    c = answer(
        ("response.content_part.done", {**PLACE, "part": {"type": "audio", "audio": "AAAA", "transcript": "Hi"}})
    )
    assert said(c.all()) == "Hi"


@pytest.mark.parametrize("event", ["conversation.item.created", "conversation.item.added", "conversation.item.done"])
def test_a_call_that_comes_as_an_item_after_the_end_of_its_answer_runs_once(event):
    c = answer()
    c.end()
    call = function_call("K", arguments='{"city":"Omsk"}')
    step = c.all(c.server(event, item=call), c.server(event, item=call))
    assert [run.arguments for run in step.of(RunTool)] == ['{"city":"Omsk"}']


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_call_that_comes_as_an_item_after_an_answer_that_did_not_complete_does_not_run(status):
    c = answer()
    c.end("R1", status)
    assert c.server("conversation.item.created", item=function_call("K")).of(RunTool) == []


def test_a_call_of_an_earlier_conversation_does_not_run():
    c = Conversation()
    assert c.server("conversation.item.created", item=function_call("K")).of(RunTool) == []


def test_the_beginning_of_an_answer_that_is_told_again_after_its_end_keeps_nobody_waiting():
    c = answer()
    c.end()
    c.server("response.created", response={"id": "R1", "status": "completed"})
    assert "response.create" in c.type("and now?").sent_types


# --- what nobody tells


def test_the_reason_of_a_failed_transcription_that_the_user_can_mend_is_told_once():
    c = Conversation()
    failed = "conversation.item.input_audio_transcription.failed"
    error = {"code": "insufficient_quota", "message": "You exceeded your quota"}
    for item_id in ("U1", "U2"):
        c.user_turn(item_id)
        c.server(failed, item_id=item_id, content_index=0, error=error)
    assert [(notice.text, notice.remedy) for notice in c.all().of(Notice)] == [
        ("your speech could not be transcribed: You exceeded your quota", "top up the account at the provider")
    ]


def test_a_failed_transcription_without_a_remedy_is_told_at_its_turn_only():
    c = Conversation()
    c.user_turn()
    failed = "conversation.item.input_audio_transcription.failed"
    assert c.server(failed, item_id="U", content_index=0, error={"message": "no words"}).notices == []


def test_a_call_at_the_provider_whose_end_is_not_told_ends_with_the_answer_that_follows():
    c = talking()
    make(c)
    c.begin("R2")
    assert states(c.end("R2")) == {"hosted:M": CallState.CANCELLED}


def test_a_long_call_at_the_provider_that_ends_after_another_answer_has_ended_well():
    c = talking()
    make(c)
    c.begin("R2")
    c.end("R2")
    step = c.server("conversation.item.done", item=mcp_call("M", output="found"))
    assert states(step) == {"hosted:M": CallState.OK}


def test_the_answer_to_a_turn_is_heard_although_a_request_before_it_was_given_up():
    c = Conversation(settings=VAD)
    c.type("Hello")
    c.user_turn()
    assert "response.cancel" not in c.begin("R1").sent_types


@pytest.mark.parametrize("status", ["in_progress", "incomplete"])
def test_a_late_call_that_has_only_begun_is_not_answered(status: str):
    c = answer()
    c.end()
    begun = {**function_call("K", arguments='{"city":'), "status": status}
    step = c.server("conversation.item.created", item=begun)
    assert step.of(RunTool) == []
    assert step.sent == []
    whole = function_call("K", arguments='{"city":"Omsk"}')
    assert [run.arguments for run in c.server("conversation.item.done", item=whole).of(RunTool)] == ['{"city":"Omsk"}']


@pytest.mark.parametrize(
    ("announced", "deltas", "text"),
    [
        ("Hello", ["Hello", " world"], "Hello world"),
        ("Hello", [" world"], "Hello world"),
        ("Hello world", ["Hello", " world"], "Hello world"),
        ("Hello world", ["Hel"], "Hello world"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_an_announced_part_that_deltas_repeat_or_go_on_is_told_once(announced, deltas, text, whole):
    kind = "response.output_audio_transcript"
    c = answer(("response.content_part.added", {**PLACE, "part": {"type": "audio", "transcript": announced}}))
    for delta in deltas:
        c.server(f"{kind}.delta", **PLACE, delta=delta)
    assert said(c.all()) == text
    if whole:
        c.server(f"{kind}.done", **PLACE, transcript=text)
    c.end()
    assert said(c.all()) == text
