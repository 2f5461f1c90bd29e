"""What the agent says while a call takes long: outside the conversation, and never in anybody's way."""

import pytest
from msgspec.structs import replace

from protocol.sdk_types import accept
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.effects import EndPlay, Play, RunTool
from rtvoice_tui.session.facts import CallMoment, CallReached, CallState, Level, Notice, ResponseCut
from rtvoice_tui.session.timers import FillerDue, ResponseLate
from session.conversation import ANSWER, ITEM, WEATHER, Conversation, Step, function_call, outputs, states

SLOW = replace(WEATHER, filler="One moment.", filler_after_s=1.5)
SLOWER = ToolSpec(name="get_time", parameters={"type": "object"}, filler="Just a second.", filler_after_s=3.0)
BODY = {
    "conversation": "none",
    "input": [],
    "instructions": "Say exactly this sentence, and nothing else: One moment.",
    "tool_choice": "none",
    "metadata": {"rtvoice": "filler"},
}


def waiting(dialect: str = "openai", tools: tuple[ToolSpec, ...] = (SLOW, SLOWER), *names: str) -> Conversation:
    """A conversation in which one answer called slow tools, as K1, K2 and so on."""
    c = Conversation(dialect, tools=tools)
    c.calls(*(function_call(f"K{number}", name) for number, name in enumerate(names or ("get_weather",), 1)))
    return c


def fillers(step: Step) -> dict[str, float]:
    return {name: after for name, after in step.timers.items() if isinstance(name, FillerDue)}


def due(c: Conversation, number: int = 0) -> Step:
    """The moment for a filler comes."""
    return c.timer(list(fillers(c.all()))[number])


def begin_aside(c: Conversation, response_id: str = "F") -> Step:
    response = {"id": response_id, "metadata": {"rtvoice": "filler"}, "conversation_id": None}
    return c.server("response.created", response=response)


def saying() -> Conversation:
    """A conversation in which the filler is being said, and 200 ms of it have arrived."""
    c = waiting()
    due(c)
    begin_aside(c)
    c.audio("out_of_band", 200, "F")
    return c


# --- when it is said


def test_it_is_asked_for_outside_the_conversation_and_with_nothing_but_its_sentence():
    c = waiting()
    assert list(fillers(c.all()).values()) == [1.5]
    step = due(c)
    assert step.sent == [{"type": ANSWER, "response": BODY}]
    accept(step.sent_with_ids[0])


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_it_is_said_only_where_an_answer_can_stay_outside_the_conversation(name):
    c = waiting(name)
    assert bool(fillers(c.all())) is DIALECTS[name].out_of_band
    assert {n for n, d in DIALECTS.items() if d.out_of_band} == {"openai", "azure", "local"}


def test_a_tool_without_a_filler_has_none():
    assert fillers(waiting(tools=(WEATHER,)).all()) == {}


IN_THE_WAY = {
    "the call is answered": lambda c: c.tool_done("K1"),
    "the call was let go": lambda c: c.interrupt(),
    "the session ended": lambda c: c.close(),
    "another session began": lambda c: (c.close(), c.open()),
    "an answer is under way": lambda c: c.begin("R2"),
    "an answer was asked for": lambda c: c.type("Hello?"),
    "the agent is heard": lambda c: (c.speaking("B", 500, "R2"), c.end("R2")),
    "the agent is being silenced": lambda c: (c.speaking("B", 500, "R2"), c.end("R2"), c.interrupt()),
    "the user speaks": lambda c: c.speech(),
}


@pytest.mark.parametrize("happen", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_it_is_not_said_when(happen):
    c = waiting()
    happen(c)
    assert due(c).sent == []


def test_it_is_said_after_the_user_has_spoken_and_was_answered():
    c = waiting()
    c.user_turn()
    c.begin("R2")
    c.end("R2")
    assert due(c).sent_types == [ANSWER]


def test_it_is_said_while_the_user_is_asked():
    c = waiting("openai", (replace(SLOW, asks=True),))
    assert due(c).sent_types == [ANSWER]


@pytest.mark.parametrize("first", [0, 1])
def test_the_calls_of_one_answer_have_one_filler_between_them(first):
    c = waiting("openai", (SLOW, SLOWER), "get_weather", "get_time")
    step = due(c, first)
    assert step.sent[0]["response"]["instructions"].endswith(["One moment.", "Just a second."][first])
    begin_aside(c)
    c.end("F")
    assert due(c, 1 - first).sent == []
    assert due(c, first).sent == []


def test_the_next_answers_calls_have_a_filler_again():
    c = waiting()
    due(c)
    begin_aside(c)
    c.end("F")
    c.tool_done("K1")
    c.calls(function_call("L"), response_id="R2")
    assert due(c, 1).sent_types == [ANSWER]


# --- how it is said


def test_its_speech_is_played():
    c = waiting()
    due(c)
    begin_aside(c)
    assert c.audio("out_of_band", 200, "F").of(Play) != []
    assert c.end("F").of(EndPlay) == [EndPlay("out_of_band")]


def test_it_is_no_part_of_a_turns_timing():
    c = waiting()
    due(c)
    steps = [
        begin_aside(c),
        c.server("response.output_audio_transcript.delta", response_id="F", item_id="out_of_band", delta="One"),
        c.server(
            "response.output_audio_transcript.done", response_id="F", item_id="out_of_band", transcript="One moment."
        ),
        c.audio("out_of_band", 200, "F"),
        c.heard(out_of_band=100),
        c.end("F"),
        c.heard(drained=True, out_of_band=200),
    ]
    assert c.all(*steps).moments == []


@pytest.mark.parametrize("heard_ms", [0, 100, 200])
@pytest.mark.parametrize("ended", [True, False])
def test_it_is_neither_truncated_nor_deleted_when_it_is_interrupted(heard_ms, ended):
    c = saying()
    if ended:
        c.end("F")
    step = c.all(c.interrupt(), c.flushed(out_of_band=heard_ms))
    assert [kind for kind in step.sent_types if kind != "response.cancel"] == []
    assert ("response.cancel" in step.sent_types) is not ended
    assert [cut.outcome for cut in step.of(ResponseCut)] == ["not in the conversation"]
    assert c.audio("out_of_band", 200, "F").of(Play) == []


def test_interrupting_it_leaves_the_tool_alone():
    c = saying()
    step = c.interrupt()
    assert outputs(step) == {}
    c.flushed(out_of_band=100)
    c.cancelled("F")
    assert outputs(c.tool_done("K1", "sunny")) == {"K1": "sunny"}


def test_a_real_answer_in_the_same_turn_is_truncated_as_ever():
    c = saying()
    c.end("F")
    c.heard(drained=True, out_of_band=200)
    c.tool_done("K1")
    c.speaking("B", 1000, "R2")
    c.interrupt()
    step = c.flushed(B=300)
    assert [event["item_id"] for event in step.sent] == ["B"]
    assert step.sent_types == ["conversation.item.truncate"]


# --- and the call itself


def test_it_does_not_count_as_the_answer_to_the_call():
    c = saying()
    c.end("F")
    assert CallMoment.ANSWERED not in [fact.moment for fact in c.all().of(CallReached)]
    done = c.tool_done("K1", "sunny")
    assert done.sent_types == [ITEM, ANSWER]
    begun = c.begin("R2")
    assert [fact.moment for fact in begun.of(CallReached)] == [CallMoment.ANSWERED]
    assert "answering" in begun.moments


STAGES = {
    "asked for": lambda c: due(c),
    "begun": lambda c: (due(c), begin_aside(c)),
    "said": lambda c: (due(c), begin_aside(c), c.audio("out_of_band", 200, "F")),
}


@pytest.mark.parametrize(("stage", "reach"), STAGES.items(), ids=STAGES)
def test_an_output_that_comes_meanwhile_is_sent_at_once_and_its_answer_waits_for_the_end(stage, reach):
    c = waiting()
    reach(c)
    done = c.tool_done("K1", "sunny")
    assert done.sent_types == [ITEM]
    if stage == "asked for":
        assert begin_aside(c).sent == []
    ended = c.end("F")
    assert ended.sent == [{"type": ANSWER}]
    assert [fact.moment for fact in ended.of(CallReached)] == [CallMoment.ASKED]


@pytest.mark.parametrize("code", ["invalid_value", "unknown_parameter", "conversation_already_has_active_response"])
def test_a_refused_filler_frees_the_slot_and_asks_for_nothing(code):
    c = waiting()
    due(c)
    step = c.error(code, c.last_id(ANSWER))
    assert step.sent == []
    if code.startswith("conversation"):
        c.begin("R2")
        assert c.end("R2").sent == []
    assert c.tool_done("K1").sent_types == [ITEM, ANSWER]


def test_a_refused_filler_does_not_lose_the_answer_that_waits():
    c = waiting()
    due(c)
    assert c.tool_done("K1").sent_types == [ITEM]
    assert c.error("invalid_value", c.last_id(ANSWER)).sent == [{"type": ANSWER}]


@pytest.mark.parametrize("order", ["filler first", "answer first"])
def test_a_filler_that_runs_beside_an_answer_of_the_servers_own_does_not_lose_the_calls_answer(order):
    c = waiting()
    due(c)
    c.begin("R2")
    c.tool_done("K1")
    begin_aside(c)
    ended = [lambda: c.end("F"), lambda: c.end("R2")]
    step = c.all(*(end() for end in (ended if order == "filler first" else reversed(ended))))
    assert step.sent == [{"type": ANSWER}]
    assert c.steps[-1].sent == [{"type": ANSWER}], "asked while one of them ran"


def test_a_filler_that_is_told_twice_frees_the_slot_all_the_same():
    c = waiting()
    due(c)
    begin_aside(c)
    begin_aside(c)
    c.end("F")
    assert c.tool_done("K1").sent_types == [ITEM, ANSWER]


@pytest.mark.parametrize("name", [None, ""])
def test_a_filler_whose_id_is_not_told_frees_the_slot_all_the_same(name):
    c = waiting()
    due(c)
    c.begin("R2")
    begin_aside(c, name)
    c.end("R2")
    c.end(name)
    assert c.tool_done("K1").sent_types == [ITEM, ANSWER]


def test_interrupting_an_answer_and_a_filler_beside_it_cancels_both():
    c = waiting()
    due(c)
    c.begin("R2")
    begin_aside(c)
    step = c.interrupt()
    assert sorted(event["response_id"] for event in step.sent) == ["F", "R2"]
    assert c.interrupt().sent == []


def test_it_is_not_said_while_the_server_is_about_to_answer_the_user_by_itself():
    c = waiting()
    c.user_turn()
    assert due(c).sent == []


def test_it_is_said_when_the_user_said_nothing_that_could_be_answered():
    c = waiting()
    c.user_turn()
    c.words("")
    assert due(c).sent_types == [ANSWER]


def test_beginning_it_is_not_taken_for_the_answer_to_the_user():
    c = waiting()
    due(c)
    c.user_turn()
    c.tool_done("K1")
    begin_aside(c)
    c.interrupt()
    c.cancelled("F")
    assert c.machine.phase.value == "thinking"
    c.begin("R2")
    c.end("R2")
    assert c.machine.phase.value == "listening"


def test_a_filler_that_never_begins_is_nothing_to_tell_the_user():
    c = waiting()
    (request,) = [name for name in due(c).timers if isinstance(name, ResponseLate)]
    step = c.timer(request)
    assert step.notices == []
    assert c.tool_done("K1").sent_types == [ITEM, ANSWER]


def test_a_filler_that_is_refused_is_a_warning_and_not_to_be_asked_for_again():
    c = waiting()
    due(c)
    (notice,) = c.error("invalid_value", c.last_id(ANSWER)).of(Notice)
    assert (notice.level, notice.remedy) == (Level.WARNING, "the filler is not said: the call goes on")


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_call_in_a_filler_is_neither_run_nor_answered(status):
    c = waiting()
    due(c)
    begin_aside(c)
    item = function_call("L")
    c.server("response.output_item.done", response_id="F", item=item)
    step = c.end("F", status, output=[item])
    assert step.of(RunTool) == []
    assert step.sent == []
    assert states(step) == {"L": CallState.CANCELLED}


def test_a_timer_of_an_earlier_session_is_not_taken_for_one_of_this():
    c = waiting()
    (old,) = fillers(c.all())
    c.close()
    c.open()
    c.calls(function_call("K1"))
    assert c.timer(old).sent == []
    assert due(c, -1).sent_types == [ANSWER]
