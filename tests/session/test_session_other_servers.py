"""Orders and shapes of events that other servers use: nothing is lost, and nothing waits for ever."""

from typing import Any

import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import CommitTurn, EditSession, TalkEnd, TalkStart
from rtvoice_tui.session.effects import Play, RunTool
from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallMoment,
    CallReached,
    CallState,
    EditChanged,
    EditState,
    Level,
    Notice,
    Phase,
    ServerChanged,
    ServerState,
    SessionEnded,
    TurnStarted,
    UsageReported,
    UserSaid,
)
from rtvoice_tui.session.inputs import Closed
from rtvoice_tui.session.realtime.turns.listening import ANSWER_S
from rtvoice_tui.session.timers import AnswerLate, CancelLate, EditLate, OutputsHeld, ResponseLate
from rtvoice_tui.store.transcript import Speaker, Transcript
from session.conversation import ITEM, VAD, WEATHER, Conversation, Step, function_call, sound
from session.mcp_provider import make, mcp_call, request, talking

BUSY_WORDS = [
    "There is already a response in progress",
    "Response resp_1 is already in progress",
    "Conversation already has active response",
    "Cannot call response.create while a response is active",
    "A response is already being generated",
    "The model is currently generating a response",
    "The previous response is not finished: it is still running",
]
ADDED, ARGUMENTS = "conversation.item.added", "response.function_call_arguments"


def said(step: Step) -> dict[str, str]:
    """The text of each item of the agent, as a transcript would show it."""
    shown: dict[str, str] = {}
    for fact in step.of(AgentSaid):
        shown[fact.item_id] = fact.text if fact.replace else shown.get(fact.item_id, "") + fact.text
    return shown


def heard(step: Step) -> dict[str, str]:
    """The text of each item of the user."""
    return {fact.item_id: fact.text for fact in step.of(UserSaid)}


def text(c: Conversation, delta: str, item_id: str | None = "A", response_id: str = "R1") -> Step:
    place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
    return c.server("response.output_audio_transcript.delta", **place, delta=delta)


def ended(c: Conversation) -> str:
    step = c._step(c._happens(Closed("the server ended the session (1001)", "press c", wanted=False)))
    return str(step.of(SessionEnded)[0].reason)


# --- calls


@pytest.mark.parametrize("event", [ADDED, "conversation.item.created"])
def test_an_item_that_only_announces_a_call_does_not_complete_its_arguments(event):
    c = Conversation()
    c.begin()
    announced = {**function_call("K", arguments=""), "status": "in_progress"}
    c.server("response.output_item.added", response_id="R1", item=announced)
    assert c.server(event, item=announced).of(CallReached) == []
    place = {"response_id": "R1", "item_id": "item_K", "call_id": "K"}
    for delta in ('{"city":', '"Omsk"}'):
        c.server(f"{ARGUMENTS}.delta", **place, delta=delta)
    step = c.server(f"{ARGUMENTS}.done", **place, arguments='{"city":"Omsk"}')
    assert [reached.moment for reached in step.of(CallReached)] == [CallMoment.ARGUMENTS]
    assert [run.arguments for run in c.end().of(RunTool)] == ['{"city":"Omsk"}']


def test_arguments_that_only_deltas_tell_are_those_of_the_call():
    c = Conversation()
    c.begin()
    c.server(ADDED, item={**function_call("K", arguments=""), "status": "in_progress"})
    c.server(f"{ARGUMENTS}.delta", response_id="R1", item_id="item_K", call_id="K", delta='{"city":"Omsk"}')
    assert [run.arguments for run in c.end().of(RunTool)] == ['{"city":"Omsk"}']


@pytest.mark.parametrize("event", ["response.failed", "response.cancelled", "response.incomplete"])
def test_the_calls_of_an_answer_that_did_not_complete_do_not_run(event):
    c = Conversation()
    c.begin()
    c.server("response.output_item.done", response_id="R1", item=function_call("K"))
    step = c.server(event, response={"id": "R1"}, error={"message": "GPU lost"})
    assert step.of(RunTool) == []
    assert any("GPU lost" in notice for notice in step.notices)


@pytest.mark.parametrize("status", ["requires_action", "tool_calls", "stop", "end_turn", "ok", "ended"])
def test_the_calls_of_an_answer_that_completed_in_other_words_run(status):
    assert len(Conversation().calls(function_call("K"), status=status).of(RunTool)) == 1


def test_an_ending_that_nobody_knows_is_told_and_its_calls_are_answered():
    c = Conversation()
    step = c.calls(function_call("K"), status="paused")
    assert step.of(RunTool) == []
    assert step.notices == ["the answer ended as 'paused': the server gave no reason"]


def test_calls_without_any_id_are_told_apart():
    c = Conversation()
    for response_id in ("R1", "R2"):
        c.begin(response_id)
        c.server(f"{ARGUMENTS}.done", response_id=response_id, name="get_weather", arguments="{}")
        c.end(response_id)
    assert len({call.key for call in c.all().of(CallChanged)}) == 2


def test_arguments_that_are_told_by_their_place_belong_to_the_call_there():
    c = Conversation()
    c.begin()
    c.server("response.output_item.added", response_id="R1", output_index=2, item=function_call("K", arguments=""))
    c.server(f"{ARGUMENTS}.done", response_id="R1", output_index=2, arguments='{"city":"Omsk"}')
    assert [run.arguments for run in c.end().of(RunTool)] == ['{"city":"Omsk"}']


# --- ids that are used again, or missing


@pytest.mark.parametrize("item_id", ["item_0", None])
def test_after_an_interruption_the_next_answer_is_heard_although_its_item_has_the_same_id(item_id):
    c = Conversation()
    c.user_turn()
    c.begin()
    c.server("response.output_audio.delta", response_id="R1", item_id=item_id, delta=sound(500))
    text(c, "First", item_id)
    c.speech("U2")
    c.flushed()
    c.cancelled("R1")
    c.begin("R2")
    assert (
        len(c.server("response.output_audio.delta", response_id="R2", item_id=item_id, delta=sound(500)).of(Play)) == 1
    )
    text(c, "Second", item_id, "R2")
    assert list(said(c.all()).values()) == ["First", "Second"]


def test_an_item_whose_id_was_used_before_is_truncated_by_its_id():
    c = Conversation()
    for response_id in ("R1", "R2"):
        c.begin(response_id)
        c.audio("item_0", response_id=response_id)
        if response_id == "R1":
            c.server("response.output_audio.done", response_id="R1", item_id="item_0")
            c.heard(drained=True, item_0=1000)
            c.end("R1")
    key = c.all().of(Play)[-1].item_id
    c.interrupt()
    (truncation,) = [event for event in c.flushed(**{key: 400}).sent if event["type"] == "conversation.item.truncate"]
    assert (truncation["item_id"], truncation["audio_end_ms"]) == ("item_0", 400)


def test_an_item_without_an_id_is_silenced_and_nothing_is_asked_of_the_server_about_it():
    c = Conversation()
    c.begin()
    c.server("response.output_audio.delta", response_id="R1", delta=sound(500))
    c.interrupt()
    key = c.all().of(Play)[-1].item_id
    assert c.flushed(**{key: 200}).sent == []


def test_a_response_id_that_is_used_again_is_another_response():
    c = Conversation()
    for words in ("First", "Second"):
        c.begin("resp")
        text(c, words, f"item {words}", "resp")
        c.end("resp")
    assert c.machine.phase is Phase.LISTENING
    assert list(said(c.all()).values()) == ["First", "Second"]


def test_a_response_id_of_an_interrupted_answer_that_is_used_again_is_heard():
    c = Conversation().speaking("A", response_id="resp")
    c.interrupt()
    c.flushed(A=100)
    c.cancelled("resp")
    c.begin("resp")
    assert len(c.audio("B", response_id="resp").of(Play)) == 1


def test_responses_whose_events_have_their_id_beside_the_object_end():
    c = Conversation()
    c.server("response.created", response_id="R1")
    c.audio()
    c.server("response.done", response_id="R1")
    c.heard(drained=True, A=1000)
    assert c.machine.phase is Phase.LISTENING


def test_a_response_without_a_beginning_whose_events_have_no_id_ends_with_its_end():
    c = Conversation()
    c.user_turn()
    c.audio(response_id=None)
    c.server("response.output_item.done", item=function_call("K"))
    assert len(c.end("R1").of(RunTool)) == 1
    c.tool_done("K")
    c.heard(drained=True, A=1000)
    assert c.machine.phase is not Phase.SPEAKING


# --- what never comes


def test_a_cancelled_answer_of_which_the_server_knows_nothing_has_ended():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=300)
    c.type("Are you there?")
    step = c.error("response_cancel_not_active", c.last_id("response.cancel"), message="no active response found")
    assert step.notices == []
    assert ITEM in step.sent_types


def test_a_refused_cancellation_of_an_earlier_answer_does_not_end_the_next_one():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=300)
    late = c.last_id("response.cancel")
    c.cancelled("R1")
    c.begin("R2")
    c.error("response_cancel_not_active", late)
    assert len(c.audio("B", response_id="R2").of(Play)) == 1


def test_an_answer_that_was_cancelled_and_never_ends_is_given_up():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=300)
    c.type("Are you there?")
    (late,) = [timer for timer in c.all().timers if isinstance(timer, CancelLate)]
    assert ITEM in c.timer(late).sent_types


def test_a_turn_that_the_server_does_not_answer_is_told():
    c = Conversation()
    timers = c.user_turn().timers
    assert timers[AnswerLate(1)] == ANSWER_S
    assert c.machine.phase is Phase.THINKING
    assert c.timer(AnswerLate(1)).notices == [f"the server has not answered for {ANSWER_S:g} s"]
    assert c.machine.phase is Phase.LISTENING


@pytest.mark.parametrize("happens", ["begins", "speaks", "turns"])
def test_a_turn_that_was_answered_is_not_told_of_later(happens):
    c = Conversation()
    c.user_turn()
    if happens == "begins":
        c.begin()
    elif happens == "speaks":
        c.audio(response_id=None)
    else:
        c.user_turn("U2")
    assert c.timer(AnswerLate(1)).notices == []


def test_an_error_before_the_answer_began_ends_the_waiting_for_it():
    c = Conversation()
    c.user_turn()
    c.error("rate_limit_exceeded")
    assert c.machine.phase is Phase.LISTENING


def test_an_answer_that_begins_ends_the_speech_whose_end_was_not_told_and_a_result_is_answered():
    c = Conversation()
    c.speech()
    c.words("what is the weather")
    c.calls(function_call("K"))
    c.tool_done("K")
    assert "response.create" in c.all().sent_types


def test_a_result_is_not_held_for_ever_by_speech_that_never_ends():
    c = Conversation()
    c.calls(function_call("K"))
    c.speech()
    step = c.tool_done("K")
    for _ in range(100):
        held = [timer for timer in step.timers if isinstance(timer, OutputsHeld)]
        if not held:
            break
        step = c.timer(held[0])
    assert "response.create" in c.all().sent_types


# --- refusals


@pytest.mark.parametrize("words", BUSY_WORDS)
def test_a_request_that_is_refused_because_another_answer_runs_is_made_again(words):
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    assert c.error("", message=words).notices == []
    c.begin("R2")
    assert c.end("R2").sent_types == ["response.create"]


@pytest.mark.parametrize("words", BUSY_WORDS[2:])
def test_the_same_words_while_nothing_was_asked_are_an_error(words):
    assert Conversation().error("", message=words).notices != []


def test_a_busy_server_is_known_by_the_type_of_its_error_too():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    assert c.error("400", type="conversation_already_has_active_response", message="no").notices == []


def test_of_two_edits_the_refusal_is_of_the_one_that_it_names():
    c = Conversation()
    c.do(EditSession(SessionSettings(turn_detection=VAD.turn_detection, instructions="one"), (WEATHER,), "one"))
    both = SessionSettings(turn_detection=VAD.turn_detection, instructions="one", voice="two")
    c.do(EditSession(both, (WEATHER,), "two"))
    refused = [e.edit_id for e in c.error("", param="session.voice").of(EditChanged) if e.state is EditState.REFUSED]
    assert refused == ["two"]
    assert c.machine.wanted.instructions == "one"


@pytest.mark.parametrize("code", ["insufficient_quota", "session_expired"])
def test_after_an_error_that_ends_sessions_no_lesser_one_is_the_cause_of_the_end(code):
    c = Conversation()
    c.error(code, message="the words of the first")
    c.error("rate_limit_exceeded", message="the words of the second")
    c.begin()
    assert "the words of the first" in ended(c)


def test_the_reason_for_a_refused_request_is_told_once_and_the_failed_answer_does_not_hide_it():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    c.begin("R2")
    assert c.error("server_error", c.last_id("response.create"), message="GPU lost").notices == [
        "GPU lost (server_error)"
    ]
    assert c.end("R2", "failed").notices == []


@pytest.mark.parametrize(
    ("words", "remedy"),
    [("You exceeded your current quota", "top up"), ("Your account was suspended", "account"), ("Rate limit", "wait")],
)
def test_a_refused_commit_whose_reason_is_not_the_sound_is_an_error(words, remedy):
    c = Conversation()
    c.speech()
    c.do(CommitTurn())
    (notice,) = c.error("", c.last_id("input_audio_buffer.commit"), message=words).of(Notice)
    assert notice.level is Level.ERROR
    assert remedy in notice.remedy


def test_a_cancellation_that_fails_for_another_reason_is_told():
    c = Conversation()
    assert c.error("", message="Cancellation failed: your account was suspended").notices != []


def test_an_answer_that_the_server_cancelled_for_its_own_reasons_is_told():
    c = Conversation().speaking()
    step = c.cancelled("R1", reason="session_limit_reached")
    assert step.notices == ["the answer was cancelled: session_limit_reached"]
    assert Conversation().speaking().cancelled("R1", reason="turn_detected").notices == []


def test_what_an_item_says_of_its_failure_is_told_once():
    c = Conversation()
    c.begin()
    failed = {"id": "A", "type": "message", "status": "failed", "error": {"message": "TTS down"}}
    step = c.all(
        c.server("response.output_item.done", response_id="R1", item=failed),
        c.end("R1", "failed", output=[failed]),
    )
    assert [notice for notice in step.notices if "TTS down" in notice] == ["the answer failed: TTS down"]


# --- the user's items


def test_a_user_item_whose_id_was_used_before_is_another_turn():
    c = Conversation(settings=VAD)
    for words in ("First", "Second"):
        c.user_turn("item_0")
        c.words(words, "item_0")
    assert list(heard(c.all()).values()) == ["First", "Second"]
    assert [fact.turn for fact in c.all().of(TurnStarted)] == [1, 2]


@pytest.mark.parametrize("item_ids", [("U1", "U2"), ("U", "U")])
def test_turns_whose_speech_was_not_announced_are_counted(item_ids):
    c = Conversation()
    for item_id, words in zip(item_ids, ("First", "Second"), strict=True):
        c.server("input_audio_buffer.committed", item_id=item_id)
        c.words(words, item_id)
        c.begin(f"R {words}")
        c.end(f"R {words}")
    assert list(heard(c.all()).values()) == ["First", "Second"]
    assert [fact.turn for fact in c.all().of(TurnStarted)] == [1, 2]


def test_speech_that_is_announced_without_an_id_is_the_item_that_is_committed():
    c = Conversation()
    for number, words in enumerate(("First", "Second")):
        c.server("input_audio_buffer.speech_started", audio_start_ms=0)
        c.server("input_audio_buffer.speech_stopped", audio_end_ms=900)
        c.server("input_audio_buffer.committed", item_id=f"U{number}")
        c.words(words, f"U{number}")
    assert list(heard(c.all()).values()) == ["First", "Second"]


def test_words_without_an_id_are_those_of_the_speech_without_one():
    c = Conversation()
    for words in ("First", "Second"):
        c.user_turn("")
        c.words(words, "")
    assert list(heard(c.all()).values()) == ["First", "Second"]


def test_the_end_of_speech_that_is_told_again_does_not_move_it():
    c = Conversation()
    c.user_turn()
    c.speaking()
    assert "speech stopped" not in " ".join(c.server("input_audio_buffer.speech_stopped", item_id="U").moments)
    assert c.server("input_audio_buffer.speech_stopped", item_id="unknown").moments == []


# --- edits


def edit(c: Conversation, edit_id: str, **fields: Any) -> Step:
    settings = SessionSettings(turn_detection=VAD.turn_detection, **fields)
    return c.do(EditSession(settings, (WEATHER,), edit_id))


def outcomes(step: Step) -> list[tuple[str, str]]:
    return [(fact.edit_id, str(fact.state)) for fact in step.of(EditChanged)]


def test_an_edit_that_the_server_ignored_does_not_take_the_answer_of_the_next_one():
    c = Conversation()
    c.server("session.updated", session={"instructions": "old", "audio": {"output": {"voice": "old"}}})
    edit(c, "one", instructions="new")
    edit(c, "two", instructions="new", voice="ash")
    step = c.server("session.updated", session={"instructions": "old", "audio": {"output": {"voice": "ash"}}})
    assert outcomes(step) == [("two", "acknowledged")]


def test_two_edits_may_be_answered_at_once():
    c = Conversation()
    edit(c, "one", instructions="new")
    edit(c, "two", instructions="new", voice="ash")
    step = c.server("session.updated", session={"instructions": "new", "audio": {"output": {"voice": "ash"}}})
    assert outcomes(step) == [("one", "acknowledged"), ("two", "acknowledged")]


def test_edits_that_are_answered_one_by_one_are_acknowledged_so():
    c = Conversation()
    edit(c, "one", instructions="new")
    edit(c, "two", instructions="new", voice="ash")
    old = {"output": {"voice": "old"}}
    assert outcomes(c.server("session.updated", session={"instructions": "new", "audio": old})) == [
        ("one", "acknowledged")
    ]
    assert outcomes(c.server("session.updated", session={"audio": {"output": {"voice": "marin"}}})) == [
        ("two", "changed")
    ]


def test_a_refusal_that_only_names_the_field_in_its_words_is_of_that_edit():
    c = Conversation()
    edit(c, "one", instructions="new")
    edit(c, "two", instructions="new", voice="ash")
    assert ("two", "refused") in outcomes(c.error("", message="voice 'ash' is unknown"))


def test_a_session_that_the_server_accepts_after_an_error_about_something_else_is_ready():
    c = Conversation(ready=False)
    c.connect()
    sent = c.server("session.created", session={}).sent[0]["session"]
    c.error("server_error", message="MCP server 'x' could not be reached")
    assert c.machine.phase is Phase.REFUSED
    c.server("session.updated", session=sent)
    assert c.machine.phase is Phase.LISTENING


def test_a_session_that_the_server_refused_stays_so_when_it_reports_another_one():
    c = Conversation(ready=False, settings=SessionSettings(instructions="mine"))
    c.connect()
    c.server("session.created", session={})
    c.error("invalid_value", message="no")
    c.server("session.updated", session={"instructions": "the default"})
    assert c.machine.phase is Phase.REFUSED


# --- the agent's words


def told(*events: tuple[str, dict[str, Any]]) -> str:
    """The text of an item from these events."""
    c = Conversation()
    c.begin()
    for name, fields in events:
        c.server(f"response.{name}", response_id="R1", item_id="A", output_index=0, **{"content_index": 0, **fields})
    return said(c.all())["A"]


AUDIO_TEXT = "output_audio_transcript"
WORDS = {
    "an empty text before the transcript": (
        [("output_text.done", {"text": ""}), (f"{AUDIO_TEXT}.delta", {"delta": "Hello"})],
        "Hello",
    ),
    "a blank text before the transcript": (
        [("output_text.delta", {"delta": " "}), (f"{AUDIO_TEXT}.done", {"transcript": "Hello"})],
        "Hello",
    ),
    "an empty text after the transcript": (
        [(f"{AUDIO_TEXT}.delta", {"delta": "Hello"}), ("output_text.done", {"text": ""})],
        "Hello",
    ),
    "deltas and the whole at another index": (
        [
            (f"{AUDIO_TEXT}.delta", {"delta": "Hello world"}),
            (f"{AUDIO_TEXT}.done", {"transcript": "Hello world.", "content_index": 1}),
        ],
        "Hello world.",
    ),
    "a sentence that begins with the letters of the one before": (
        [
            (f"{AUDIO_TEXT}.done", {"transcript": "Yes."}),
            (f"{AUDIO_TEXT}.done", {"transcript": "Yesterday it rained."}),
        ],
        "Yes. Yesterday it rained.",
    ),
    "a part whose letters are in another": (
        [
            (f"{AUDIO_TEXT}.done", {"transcript": "I do not know"}),
            (f"{AUDIO_TEXT}.done", {"transcript": ", no", "content_index": 1}),
        ],
        "I do not know, no",
    ),
    "the text grows": (
        [(f"{AUDIO_TEXT}.done", {"transcript": "你好"}), (f"{AUDIO_TEXT}.done", {"transcript": "你好吧"})],
        "你好吧",
    ),
}


@pytest.mark.parametrize(("events", "text"), WORDS.values(), ids=WORDS)
def test_no_word_of_an_answer_is_lost_or_told_twice(events, text):
    assert told(*events) == text


@pytest.mark.parametrize("role", ["assistant", "Assistant", "model", None])
@pytest.mark.parametrize("kind", ["message", None])
@pytest.mark.parametrize("fields", [{"content": "Hello"}, {"text": "Hello"}, {"content": [{"refusal": "Hello"}]}])
def test_an_answer_that_only_its_end_tells_is_shown(role, kind, fields):
    c = Conversation()
    c.begin()
    c.end("R1", output=[{"id": "A", "type": kind, "role": role, **fields}])
    assert said(c.all()) == {"A": "Hello"}


# --- tools at the provider


@pytest.mark.parametrize(
    "fields", [{"message": "no such index"}, {"error": "no such index"}, {"reason": "no such index"}]
)
def test_the_reason_of_a_failed_call_at_the_provider_is_told(fields):
    c = talking()
    make(c)
    step = c.server("response.mcp_call.failed", item_id="M", output_index=0, **fields)
    assert "no such index" in step.of(CallChanged)[-1].note


def test_a_list_of_tools_that_failed_is_told_with_its_server_although_its_item_never_comes():
    c = talking()
    step = c.server("mcp_list_tools.failed", item_id="L", server_label="docs", error={"message": "401"})
    assert [(fact.name, fact.state, "401" in fact.detail) for fact in step.of(ServerChanged)] == [
        ("docs", ServerState.FAILED, True)
    ]


def test_a_list_of_tools_whose_item_says_that_it_failed_is_not_connected():
    c = talking()
    item = {"id": "L", "type": "mcp_list_tools", "server_label": "docs", "status": "failed"}
    assert c.server("conversation.item.done", item=item).of(ServerChanged)[-1].state is ServerState.FAILED


def test_an_approval_that_only_the_end_of_the_answer_asks_for_is_asked():
    c = talking()
    c.begin()
    step = c.end("R1", output=[request()])
    assert [call.state for call in step.of(CallChanged)] == [CallState.ASKING]


# --- what must not be taken for something else


@pytest.mark.parametrize(
    "words",
    [
        "The current response failed: CUDA out of memory",
        "Error while generating the current response",
        "Response generation failed: worker is not running",
        "Tracing of the current response failed",
    ],
)
def test_an_error_while_an_answer_runs_is_told_and_asks_for_nothing(words):
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    c.begin("R2")
    assert any(words in notice for notice in c.error("", message=words).notices)
    assert c.end("R2", "failed").sent_types == []


@pytest.mark.parametrize(
    "words",
    [
        "Cannot create a response: your account is not active, please check your billing details",
        "The model is currently overloaded, so no response can be created",
        "The current voice does not support this response format",
        "Rate limit reached. Current limit: 1 response per minute",
        "No active session: response.create is not allowed",
    ],
)
def test_a_real_refusal_of_a_request_is_told_and_not_repeated(words):
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    assert any(words in notice for notice in c.error("", c.last_id("response.create"), message=words).notices)
    assert c.timer(ResponseLate("(unnamed)")).sent_types == []


def test_a_quota_that_is_used_up_is_told_whatever_its_words_are():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    words = "You exceeded your current quota, so no response is active."
    assert c.error("insufficient_quota", message=words).notices != []


def test_a_request_that_sounds_refused_for_another_answer_again_and_again_is_told():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    told: list[str] = []
    for _ in range(10):
        told += c.error("", c.last_id("response.create"), message="A response is still active").notices
        c.timer(ResponseLate("(unnamed)"))
    assert told != []
    assert c.all().sent_types.count("response.create") < 6


def test_a_cancellation_that_crossed_the_end_of_the_answer_asks_for_no_second_one():
    c = Conversation().speaking()
    c.type("What else?")
    c.flushed(A=100)
    c.cancelled("R1")
    c.error("", message="Conversation has none active response")
    c.begin("R2")
    assert c.end("R2").sent_types == []


@pytest.mark.parametrize("fields", [{"error": {"message": "no tools there"}}, {"message": "no tools there"}])
def test_a_failure_that_is_told_while_the_session_is_configured_does_not_refuse_it(fields):
    c = Conversation(ready=False, settings=SessionSettings(voice="marin"))
    c.connect()
    c.server("session.created", session={})
    assert c.server("mcp.discovery_failed", **fields).notices == ["no tools there (mcp.discovery_failed)"]
    c.server("session.updated", session={"audio": {"output": {"voice": "ash"}}})
    assert c.machine.phase is not Phase.REFUSED


def test_a_failure_elsewhere_refuses_no_request():
    c = Conversation()
    c.type("Hello")
    c.server("response.web_search_call.failed", message="the index is gone")
    assert c.machine.phase is Phase.THINKING
    c.type("Are you there?")
    assert c.all().sent_types.count("response.create") == 1


def test_an_item_of_the_last_answer_that_is_told_late_is_not_shown_again():
    c = Conversation()
    c.begin("R1")
    text(c, "Hello")
    c.end("R1")
    c.begin("R2")
    item = {"id": "A", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hello"}]}
    c.server("conversation.item.done", item=item)
    assert said(c.all()) == {"A": "Hello"}


def test_the_timer_of_an_earlier_cancellation_does_not_end_a_later_answer_without_an_id():
    c = Conversation()
    for item_id in ("A", "B"):
        c.server("response.created", response={})
        c.audio(item_id, response_id=None)
        c.interrupt()
        c.flushed(**{item_id: 100})
        if item_id == "A":
            c.end(None, "cancelled")
    (first, *_) = [timer for timer in c.all().timers if isinstance(timer, CancelLate)]
    c.timer(first)
    assert c.audio("C", response_id=None).of(Play) == []


def test_the_tokens_of_an_answer_that_was_given_up_are_counted_when_they_come():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=100)
    (late,) = [timer for timer in c.all().timers if isinstance(timer, CancelLate)]
    c.timer(late)
    step = c.end("R1", "cancelled", usage={"total_tokens": 12, "input_tokens": 10, "output_tokens": 2})
    assert [fact.usage.total_tokens for fact in step.of(UsageReported)] == [12]


def test_an_edit_that_was_not_answered_is_not_refused_by_a_later_error_about_something_else():
    c = Conversation()
    edit(c, "one", voice="ash")
    c.timer(EditLate(c.last_id("session.update")))
    assert outcomes(c.error("", message="voice synthesis failed for this sentence")) == []
    assert c.machine.wanted.voice == "ash"


def test_three_edits_back_and_forth_are_acknowledged_one_by_one():
    c = Conversation()
    for number, speed in enumerate((1.2, 1.0, 1.2)):
        edit(c, str(number), speed=speed)
    told = [outcomes(c.server("session.updated", session={"audio": {"output": {"speed": speed}}}))
            for speed in (1.2, 1.0, 1.2)]  # fmt: skip
    assert told == [[("0", "acknowledged")], [("1", "acknowledged")], [("2", "acknowledged")]]
    assert c.all().notices == []


def test_two_quick_turns_by_key_stay_two_turns():
    c = Conversation(settings=SessionSettings(turn_detection=None, transcription={"model": "m"}))
    for number in (1, 2):
        c.do(TalkStart())
        c.mic(300)
        if number == 2:
            c.server("input_audio_buffer.committed", item_id="U1")
        c.do(TalkEnd())
    c.server("input_audio_buffer.committed", item_id="U2")
    assert [fact.turn for fact in c.all().of(TurnStarted)] == [1, 2]


def test_a_commit_that_is_told_twice_is_one_item_whose_words_may_be_corrected():
    c = Conversation()
    c.user_turn()
    c.words("Helo")
    c.server("input_audio_buffer.committed", item_id="U")
    c.words("Hello")
    assert heard(c.all()) == {"U": "Hello"}


def test_an_answer_to_the_turn_before_does_not_end_the_speech_that_has_begun_since():
    c = Conversation()
    c.user_turn("U1")
    c.speech("U2")
    c.begin()
    assert c.machine.phase is Phase.HEARING


def test_an_answer_that_began_before_the_commit_is_not_missed():
    c = Conversation()
    c.speech()
    c.begin()
    c.audio()
    c.server("input_audio_buffer.committed", item_id="U")
    c.end()
    c.heard(drained=True, A=1000)
    assert c.machine.phase is Phase.LISTENING
    assert c.timer(AnswerLate(1)).notices == []


def test_a_turn_that_the_user_interrupted_need_not_be_answered():
    c = Conversation()
    c.user_turn()
    c.interrupt()
    assert c.timer(AnswerLate(1)).notices == []


# --- what comes late, or is told elsewhere


@pytest.mark.parametrize("by", ["output_item.done", "function_call_arguments.done"])
def test_a_call_that_is_told_after_the_end_of_its_answer_is_run_once(by):
    c = Conversation()
    c.begin()
    c.end()
    call = function_call("K", arguments='{"city":"Omsk"}')
    if by == "output_item.done":
        step = c.server(f"response.{by}", response_id="R1", item=call)
    else:
        flat = {"item_id": call["id"], "call_id": "K", "name": "get_weather", "arguments": call["arguments"]}
        step = c.server(f"response.{by}", response_id="R1", **flat)
    again = c.server("response.output_item.done", response_id="R1", item=call)
    assert [run.arguments for run in (*step.of(RunTool), *again.of(RunTool))] == ['{"city":"Omsk"}']
    assert "response.create" in c.tool_done("K").sent_types


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_call_that_is_told_after_the_end_of_an_answer_that_did_not_complete_is_not_run(status):
    c = Conversation()
    c.begin()
    c.end("R1", status)
    assert c.server("response.output_item.done", response_id="R1", item=function_call("K")).of(RunTool) == []


def test_an_answer_whose_end_is_not_told_ends_with_the_beginning_of_the_next():
    c = Conversation()
    c.begin("R1")
    c.audio("A", response_id="R1")
    c.server("response.output_item.done", response_id="R1", item=function_call("K"))
    assert len(c.begin("R2").of(RunTool)) == 1
    c.tool_done("K")
    c.heard(drained=True, A=1000)
    c.end("R2")
    assert c.machine.phase is not Phase.SPEAKING


@pytest.mark.parametrize("name", ["text", "transcript"])
@pytest.mark.parametrize("kind", ["output_text", AUDIO_TEXT])
def test_words_under_another_name_are_shown(kind, name):
    assert told((f"{kind}.delta", {name: "Hel"}), (f"{kind}.delta", {name: "lo"})) == "Hello"
    assert told((f"{kind}.done", {name: "Hello"})) == "Hello"


@pytest.mark.parametrize("name", ["audio", "data"])
def test_sound_under_another_name_is_played(name):
    c = Conversation()
    c.begin()
    about = {"response_id": "R1", "item_id": "A", name: sound(100)}
    assert len(c.server("response.output_audio.delta", **about).of(Play)) == 1


def test_words_of_the_user_that_come_in_segments_are_shown_once():
    c = Conversation()
    c.user_turn()
    prefix = "conversation.item.input_audio_transcription"
    for words in ("Hello", "there."):
        c.server(f"{prefix}.segment", item_id="U", content_index=0, text=words)
    assert heard(c.all()) == {"U": "Hello there."}
    c.words("Hello there.")
    assert heard(c.all()) == {"U": "Hello there."}


def test_a_complete_transcript_of_another_part_takes_the_place_of_its_deltas():
    c = Conversation()
    c.user_turn()
    prefix = "conversation.item.input_audio_transcription"
    c.server(f"{prefix}.delta", item_id="U", content_index=0, delta="Hello wor")
    c.server(f"{prefix}.completed", item_id="U", content_index=1, transcript="Hello world.")
    assert heard(c.all()) == {"U": "Hello world."}


def test_a_call_at_the_provider_that_is_complete_when_it_is_told_has_ended():
    c = talking()
    done = mcp_call(status="completed", output="found")
    assert c.server("conversation.item.created", item=done).of(CallChanged)[-1].state is CallState.OK


def test_an_agent_s_item_with_the_id_of_the_user_s_is_an_entry_of_its_own():
    c = Conversation()
    c.user_turn("X")
    c.words("Hello", "X")
    c.begin()
    text(c, "Hi", "X")
    transcript = Transcript()
    for fact in c.all().facts:
        if isinstance(fact, UserSaid):
            transcript.user_said(fact, 1.0)
        elif isinstance(fact, AgentSaid):
            transcript.agent_said(fact, 1.0)
    assert [(entry.speaker, entry.text) for entry in transcript.entries] == [
        (Speaker.YOU, "Hello"),
        (Speaker.AGENT, "Hi"),
    ]


def test_a_session_that_the_server_began_by_itself_is_configured_and_told():
    c = Conversation()
    step = c.server("session.created", session={"id": "another"})
    assert step.sent_types == ["session.update"]
    assert step.notices == ["the server began a new session by itself"]
    assert c.server("session.created", session={"id": "another"}).sent == []


@pytest.mark.parametrize(("heard_ms", "place"), [(300, (0, 300)), (800, (1, 300)), (500, (0, 500))])
def test_an_answer_in_two_parts_is_truncated_in_the_part_that_was_heard_last(heard_ms, place):
    c = Conversation()
    c.begin()
    c.audio("A", 500, content_index=0)
    c.audio("A", 500, content_index=1)
    c.interrupt()
    (sent,) = [event for event in c.flushed(A=heard_ms).sent if event["type"] == "conversation.item.truncate"]
    assert (sent["content_index"], sent["audio_end_ms"]) == place


@pytest.mark.parametrize(
    ("session", "told"),
    [
        ({"audio": {"output": {"format": {"type": "audio/pcmu"}}}}, "audio/pcmu"),
        ({"output_audio_format": "g711_ulaw"}, "g711_ulaw"),
        ({"audio": {"output": {"format": "opus"}}}, "opus"),
        ({"audio": {"output": {"format": {"type": "audio/pcm", "rate": "16000"}}}}, "16000 Hz"),
        ({"audio": {"output": {"format": {"type": "audio/pcm", "rate": 16000.0}}}}, "16000 Hz"),
        ({"output_audio_format": "pcm16"}, ""),
        ({"audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}}}}, ""),
        ({}, ""),
    ],
)
def test_a_format_that_was_not_asked_for_is_told(session, told):
    notices = Conversation().server("session.updated", session=session).notices
    assert [told in notice for notice in notices] == ([True] if told else [])
