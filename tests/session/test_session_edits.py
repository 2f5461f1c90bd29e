"""Changes of a running session: what is sent at once, what waits for the next one, what the server made of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from protocol.any_settings import ANY_DIALECT, SETTINGS, TOOLS, VALUES
from rtvoice_tui.protocol.realtime.codec import decode
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.commands import EditSession, TimerFired
from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.facts import CallChanged, CallState, EditChanged, EditState, SettingsReported
from rtvoice_tui.session.inputs import Received
from rtvoice_tui.session.timers import EditLate
from session.conversation import CLOCK, VAD, WEATHER, WEB_SEARCH, Conversation, Step, function_call

FREEZING = [name for name, dialect in DIALECTS.items() if dialect.freezes_voice]
OTHERS = [name for name in DIALECTS if name not in FREEZING]
FILE_SEARCH = ToolSpec(name="file_search", description="Search.", hosted=True, index_id="idx-private")
NO_INDEX = ToolSpec(name="file_search", description="Search.", hosted=True)
FULL = replace(VAD, instructions="Be brief.", voice="echo", speed=1.0)


def edit(c: Conversation, tools: Any = None, edit_id: str = "", **changes: Any) -> Step:
    """The user changes some settings; what is not named stays as it is wanted now."""
    wanted = (WEATHER, CLOCK) if tools is None else tuple(tools)
    return c.do(EditSession(replace(c.machine.wanted, **changes), wanted, edit_id))


def told(step: Step) -> list[tuple[str, tuple[str, ...]]]:
    return [(change.state.value, change.fields) for change in step.of(EditChanged)]


def only(step: Step) -> EditChanged:
    (change,) = step.of(EditChanged)
    return change


def updates(step: Step) -> list[dict[str, Any]]:
    return [event["session"] for event in step.sent if event["type"] == "session.update"]


# --- what is in force


def test_the_greeting_says_what_was_in_force_before_we_asked_for_anything():
    c = Conversation(ready=False)
    c.connect()
    greeted = c.server("session.created", session={"id": "s", "voice": "alloy", "audio": {"output": {"speed": 1.0}}})
    assert greeted.of(SettingsReported) == [SettingsReported({"voice": "alloy", "speed": 1.0}, at_start=True)]


def test_every_session_updated_says_what_is_in_force_now():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    first = c.server("session.updated", session={"audio": {"output": {"voice": "echo"}}})
    unasked = c.server("session.updated", session={"audio": {"output": {"voice": "sage"}}})
    assert first.of(SettingsReported) == [SettingsReported({"voice": "echo"})]
    assert unasked.of(SettingsReported) == [SettingsReported({"voice": "sage"})]
    assert unasked.of(EditChanged) == []


def test_a_second_greeting_in_a_running_session_is_not_told_as_what_was_there_at_the_start():
    assert Conversation().server("session.created", session={"voice": "alloy"}).of(SettingsReported) == []


# --- what was asked for, and what the server made of it


def test_a_change_that_is_sent_says_what_was_asked_for():
    change = only(edit(Conversation(), voice="marin", tools=[CLOCK]))
    assert change.state is EditState.SENT
    assert change.sent["voice"] == "marin"
    assert [tool["name"] for tool in change.sent["tools"]] == ["get_time"]
    assert set(change.sent) == {"voice", "tools"}
    assert change.made == {}


@pytest.mark.parametrize(
    ("echo", "state", "made"),
    [
        pytest.param({"audio": {"output": {"voice": "marin"}}}, "acknowledged", {}, id="the same"),
        pytest.param({}, "acknowledged", {}, id="nothing said about it"),
        pytest.param({"instructions": "other"}, "acknowledged", {}, id="something about what did not change"),
        pytest.param({"audio": {"output": {"voice": "alloy"}}}, "changed", {"voice": "alloy"}, id="another"),
        pytest.param({"audio": {"output": {"voice": None}}}, "changed", {"voice": None}, id="null"),
        pytest.param({"voice": "alloy"}, "changed", {"voice": "alloy"}, id="another, at the top"),
        pytest.param({"voice": {"id": "marin"}}, "acknowledged", {}, id="the same, by its id"),
    ],
)
def test_an_echo_that_says_something_else_is_told_with_what_it_says(echo, state, made):
    c = Conversation()
    sent = only(edit(c, voice="marin"))
    settled = only(c.server("session.updated", session=echo))
    assert (settled.event_id, settled.fields, settled.state.value, settled.made) == (
        sent.event_id,
        ("voice",),
        state,
        made,
    )
    assert settled.sent == {"voice": "marin"}
    assert c.machine.settings.voice == "marin", "what is wanted stays wanted"


def test_only_the_parts_that_became_something_else_are_named():
    c = Conversation()
    edit(c, voice="marin", instructions="Be brief.")
    settled = only(c.server("session.updated", session={"instructions": "Be brief.", "voice": "alloy"}))
    assert (settled.state, settled.fields, settled.made) == (
        EditState.CHANGED,
        ("instructions", "voice"),
        {"voice": "alloy"},
    )


def test_a_configuration_that_became_something_else_opens_the_session_all_the_same():
    c = Conversation("yandex", settings=replace(VAD, voice="dasha"), ready=False)
    c.connect()
    c.server("session.created", session={})
    opened = c.server("session.updated", session={"audio": {"output": {"voice": "kirill"}}})
    assert only(opened).made == {"voice": "kirill"}
    assert c.machine.ready


def test_an_echo_settles_the_oldest_change_and_is_compared_with_that_one():
    c = Conversation()
    first = only(edit(c, instructions="a"))
    second = only(edit(c, instructions="b"))
    settled = [only(c.server("session.updated", session={"instructions": words})) for words in ("a", "b")]
    assert [(e.event_id, e.state) for e in settled] == [
        (first.event_id, EditState.ACKNOWLEDGED),
        (second.event_id, EditState.ACKNOWLEDGED),
    ]


def echo(c: Conversation, step: Step) -> Step:
    """The server says back exactly what it was sent."""
    answers = [c.server("session.updated", session=json.loads(json.dumps(sent))) for sent in updates(step)]
    return Step([effect for answer in answers for effect in answer.effects])


@settings(max_examples=150, deadline=None)
@given(ANY_DIALECT, SETTINGS, SETTINGS, st.sampled_from([(WEATHER,), (WEATHER, CLOCK), ()]))
def test_any_change_that_is_echoed_exactly_as_it_was_sent_is_acknowledged(dialect, before, after, tools):
    if dialect.one_modality and after.is_set("output_modalities"):
        after = replace(after, output_modalities=after.output_modalities[:1])
    if not after.is_set("instructions"):
        after = replace(after, instructions="")
    c = Conversation(dialect.name, before, [WEATHER])
    step = c.do(EditSession(after, tools))
    assert [change.state for change in echo(c, step).of(EditChanged)] == [EditState.ACKNOWLEDGED for _ in updates(step)]


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if "output_modalities" in DIALECTS[name].settings])
@pytest.mark.parametrize("wanted", [["text"], ["audio"], ["text", "audio"], ["audio", "text"]], ids="+".join)
def test_modalities_that_are_echoed_exactly_as_they_were_sent_are_acknowledged(dialect, wanted):
    c = Conversation(dialect)
    step = edit(c, output_modalities=wanted)
    assert told(echo(c, step)) == [("acknowledged", ("output_modalities",))]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("tool", [WEB_SEARCH, FILE_SEARCH, NO_INDEX], ids=["web", "files", "files without an index"])
def test_tools_that_are_echoed_exactly_as_they_were_sent_are_acknowledged(dialect, tool):
    c = Conversation(dialect)
    assert told(echo(c, edit(c, [WEATHER, tool]))) == [("acknowledged", ("tools",))]


HUGE = "1" + "0" * 400


def test_a_server_that_echoes_a_number_too_large_for_any_setting_does_no_harm():
    c = Conversation()
    edit(c, speed=1.1)
    event = decode(f'{{"type":"session.updated","session":{{"audio":{{"output":{{"speed":{HUGE}}}}}}}}}').event
    facts = Step(c.machine.step(Received(event), 1.0))
    assert only(facts).state is EditState.CHANGED


# --- 3 seconds


def test_a_change_is_unanswered_after_3_s_and_a_late_answer_counts_all_the_same():
    c = Conversation()
    step = edit(c, instructions="a")
    (timer, after), *_ = step.timers.items()
    assert (timer, after) == (EditLate(only(step).event_id), 3.0)
    late = only(c.do(TimerFired(timer)))
    assert (late.state, late.sent) == (EditState.UNANSWERED, {"instructions": "a"})
    assert c.machine.phase.value == "listening"
    assert only(c.server("session.updated", session={"instructions": "b"})).state is EditState.CHANGED


def test_the_timer_of_an_answered_change_does_nothing():
    c = Conversation()
    (timer,) = edit(c, instructions="a").timers
    c.server("session.updated")
    assert c.do(TimerFired(timer)).effects == []


# --- the user's name for a change


def fates(c: Conversation) -> dict[str, Any]:
    """Ways in which a change of the voice or the instructions can end."""
    return {
        "sent": lambda: edit(c, instructions="a", edit_id="mine"),
        "acknowledged": lambda: (edit(c, instructions="a", edit_id="mine"), c.server("session.updated"))[1],
        "refused": lambda: (edit(c, instructions="a", edit_id="mine"), c.error("x", param="session.instructions"))[1],
        "unanswered": lambda: c.do(TimerFired(*edit(c, instructions="a", edit_id="mine").timers)),
        "left unanswered by the end": lambda: (edit(c, instructions="a", edit_id="mine"), c.close())[1],
        "later": lambda: edit(c, voice=UNSET, edit_id="mine"),
        "without a field": lambda: edit(c, role="friendly", edit_id="mine"),
        "offline": lambda: (c.close(), edit(c, instructions="a", edit_id="mine"))[1],
    }


@pytest.mark.parametrize("fate", fates(Conversation()))
def test_a_change_bears_the_persons_name_for_it_whatever_becomes_of_it(fate):
    c = Conversation(settings=FULL)
    edit(c, speed=1.1, edit_id="before")
    c.server("session.updated")
    assert [change.edit_id for change in fates(c)[fate]().of(EditChanged)] == ["mine"]


def test_a_correction_of_a_refused_configuration_bears_the_persons_name_for_it():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    c.error("invalid_value", "e1")
    names = [change.edit_id for change in edit(c, voice="marin", edit_id="mine").of(EditChanged)]
    names += [change.edit_id for change in c.server("session.updated").of(EditChanged)]
    assert names == ["mine", "mine"]


# --- refused


@pytest.mark.parametrize(
    ("param", "field"),
    [("session.audio.output.voice", "voice"), ("session.instructions", "instructions"), ("session.type", "")],
)
def test_a_refusal_names_the_one_setting_that_is_to_blame(param, field):
    c = Conversation(settings=FULL)
    sent = only(edit(c, instructions="a", voice="nobody"))
    refused = only(c.error("invalid_value", sent.event_id, param=param))
    assert (refused.state, refused.fields, refused.blamed) == (EditState.REFUSED, ("instructions", "voice"), field)
    assert param in refused.detail


def test_a_refused_change_of_one_setting_is_blamed_on_it_without_a_parameter():
    c = Conversation()
    sent = only(edit(c, voice="nobody"))
    assert only(c.error("invalid_value", sent.event_id)).blamed == "voice"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_refused_change_takes_back_what_was_wanted(dialect):
    c = Conversation(dialect, FULL)
    sent = only(edit(c, instructions="a", voice="nobody"))
    c.error("invalid_value", sent.event_id)
    assert c.machine.settings == FULL
    c.server("session.updated")
    again = edit(c, instructions="a", voice="nobody")
    assert only(again).fields == ("instructions", "voice"), "the same change is a change again"


def test_a_refusal_takes_back_only_the_change_that_was_refused():
    c = Conversation(settings=FULL)
    first = only(edit(c, voice="nobody"))
    edit(c, instructions="a")
    c.error("invalid_value", first.event_id)
    assert c.machine.settings == replace(FULL, instructions="a")


def test_a_refusal_does_not_take_back_a_newer_change_of_the_same_setting():
    c = Conversation(settings=FULL)
    first = only(edit(c, voice="nobody"))
    edit(c, voice="marin")
    c.error("invalid_value", first.event_id)
    c.server("session.updated", session={"voice": "marin"})
    assert c.machine.settings.voice == "marin"


def test_two_refusals_of_two_changes_of_a_setting_lead_back_to_what_was_in_force():
    c = Conversation(settings=FULL)
    ids = [only(edit(c, voice=voice)).event_id for voice in ("nobody", "no one")]
    for event_id in ids:
        c.error("invalid_value", event_id)
    assert c.machine.settings.voice == "echo"


def test_a_second_error_about_a_refused_change_does_not_take_back_its_correction():
    c = Conversation(settings=FULL)
    first = only(edit(c, voice="nobody"))
    c.error("invalid_value", first.event_id)
    edit(c, voice="marin")
    c.error("invalid_value", first.event_id)
    assert c.machine.settings.voice == "marin"


def test_a_refused_change_of_the_tools_puts_the_tools_before_it_into_the_next_session():
    c = Conversation(tools=[WEATHER])
    sent = only(edit(c, [CLOCK]))
    c.error("invalid_value", sent.event_id, param="session.tools[0].name")
    c.close()
    c.open()
    assert [tool["name"] for tool in updates(c.all())[-1]["tools"]] == ["get_weather"]


def test_a_refused_change_of_the_tools_leaves_the_tools_before_it_callable_and_no_others():
    c = Conversation(tools=[WEATHER])
    sent = only(edit(c, [CLOCK]))
    c.error("invalid_value", sent.event_id, param="session.tools[0].name")
    called = c.calls(function_call("K1", "get_weather"), function_call("K2", "get_time"))
    assert [run.name for run in called.of(RunTool)] == ["get_weather"]


@pytest.mark.parametrize(
    ("dialect", "name"), [(d, n) for d in DIALECTS for n in VALUES if n not in DIALECTS[d].settings]
)
def test_what_a_provider_has_no_field_for_is_refused_here_and_blamed(dialect, name):
    step = edit(Conversation(dialect), **{name: ["x"] if name in ("languages", "output_modalities") else "x"})
    change = only(step)
    assert step.sent == []
    assert (change.state, change.fields, change.blamed, change.left_out) == (EditState.REFUSED, (name,), name, (name,))
    assert DIALECTS[dialect].title in change.detail


def test_a_change_of_which_a_part_has_no_field_is_sent_without_it_and_says_so():
    change = only(edit(Conversation(), instructions="a", role="friendly"))
    assert (change.state, change.left_out, change.sent) == (EditState.SENT, ("role",), {"instructions": "a"})


# --- later: the voice


@pytest.mark.parametrize("dialect", FREEZING)
def test_a_voice_is_kept_for_the_next_session_once_the_agent_has_spoken(dialect):
    c = Conversation(dialect, FULL).speaking()
    c.end()
    step = edit(c, voice="marin")
    change = only(step)
    assert step.sent == []
    assert (change.event_id, change.fields, change.state, change.sent) == (
        "",
        ("voice",),
        EditState.LATER,
        {"voice": "marin"},
    )
    assert "agent has spoken" in change.detail
    assert step.timers == {}
    c.close()
    c.open()
    assert updates(c.all())[-1]["audio"]["output"]["voice"] == "marin"


@pytest.mark.parametrize("dialect", OTHERS)
def test_a_voice_changes_at_once_where_the_server_lets_it(dialect):
    c = Conversation(dialect, FULL).speaking()
    c.end()
    step = edit(c, voice="marin")
    assert told(step) == [("sent", ("voice",))]
    assert "marin" in json.dumps(updates(step))


@pytest.mark.parametrize("dialect", FREEZING)
def test_a_voice_changes_at_once_before_the_first_sound_of_the_agent_and_again_in_the_next_session(dialect):
    c = Conversation(dialect, FULL)
    c.begin()
    c.server("response.output_audio_transcript.delta", response_id="R1", item_id="A", delta="Words are no sound")
    assert told(edit(c, voice="marin")) == [("sent", ("voice",))]
    c.audio()
    assert told(edit(c, voice="cedar")) == [("later", ("voice",))]
    c.close()
    c.open()
    assert told(edit(c, voice="ash")) == [("sent", ("voice",))]


def test_what_changes_beside_a_frozen_voice_is_sent_without_it():
    c = Conversation(settings=FULL).speaking()
    step = edit(c, voice="marin", speed=1.2)
    assert told(step) == [("later", ("voice",)), ("sent", ("speed",))]
    assert updates(step) == [{"type": "realtime", "audio": {"output": {"speed": 1.2}}}]


def test_a_refusal_of_what_changed_beside_a_frozen_voice_leaves_the_voice_wanted():
    c = Conversation(settings=FULL).speaking()
    sent = edit(c, voice="marin", speed=9.0).of(EditChanged)[-1]
    c.error("invalid_value", sent.event_id)
    assert (c.machine.wanted.voice, c.machine.wanted.speed) == ("marin", 1.0)


# --- later: what was cleared

CLEARED = [name for name in VALUES if name != "instructions"]
SET = SessionSettings(
    voice="echo",
    speed=1.0,
    role="friendly",
    languages=["ru-RU"],
    output_modalities=["audio"],
    turn_detection={"type": "server_vad"},
    transcription={"model": "m"},
    noise_reduction={"type": "near_field"},
    tool_choice="auto",
    max_output_tokens=5,
    truncation="auto",
)


@pytest.mark.parametrize("name", CLEARED)
def test_a_setting_that_is_cleared_stays_at_the_server_until_the_next_session(name):
    c = Conversation("generic", SET)
    step = edit(c, **{name: UNSET})
    assert step.sent == []
    assert told(step) == [("later", (name,))]
    c.close()
    c.open()
    assert f'"{name}"' not in json.dumps(updates(c.all())[-1])


def test_what_changes_beside_a_cleared_setting_is_sent():
    step = edit(Conversation("generic", SET), truncation=UNSET, max_output_tokens=9)
    assert told(step) == [("later", ("truncation",)), ("sent", ("max_output_tokens",))]
    assert updates(step) == [{"type": "realtime", "max_output_tokens": 9}]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_instructions_that_are_cleared_are_sent_empty_at_once(dialect):
    step = edit(Conversation(dialect, FULL), instructions=UNSET)
    assert told(step) == [("sent", ("instructions",))]
    assert [session["instructions"] for session in updates(step)] == [""]


@pytest.mark.parametrize("echoed", ["", None])
def test_instructions_that_are_cleared_and_echoed_empty_are_acknowledged(echoed):
    c = Conversation(settings=FULL)
    edit(c, instructions=UNSET)
    assert told(c.server("session.updated", session={"instructions": echoed})) == [("acknowledged", ("instructions",))]


def test_instructions_that_are_cleared_are_told_in_words_that_can_be_shown():
    assert only(edit(Conversation(settings=FULL), instructions=UNSET)).sent == {"instructions": ""}


def test_a_voice_that_is_cleared_after_the_agent_has_spoken_is_told_once():
    c = Conversation(settings=FULL).speaking()
    assert told(edit(c, voice=UNSET)) == [("later", ("voice",))]


def test_turns_that_are_no_longer_made_by_hand_are_the_servers_again():
    c = Conversation(settings=SessionSettings(turn_detection=None))
    step = edit(c, turn_detection=UNSET)
    assert told(step) == [("sent", ("turn_detection",))]
    (session,) = updates(step)
    assert session["audio"]["input"]["turn_detection"] == {"type": "server_vad"}
    assert c.mic(20).sent != []
    assert told(edit(c, instructions="b")) == [("sent", ("instructions",))]


# --- later: offline


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_change_while_offline_is_kept_for_the_next_session(dialect):
    c = Conversation(dialect, FULL)
    c.close()
    step = edit(c, [CLOCK], instructions="a")
    change = only(step)
    assert step.sent == []
    assert (change.state, change.fields, change.event_id) == (EditState.LATER, ("instructions", "tools"), "")
    assert change.sent == {"instructions": "a"}
    c.open()
    session = updates(c.all())[-1]
    assert session["instructions"] == "a"
    assert [tool["name"] for tool in session["tools"]] == ["get_time"]


def test_a_change_before_the_greeting_is_kept_for_the_configuration():
    c = Conversation(ready=False)
    c.connect()
    assert told(edit(c, instructions="a")) == [("later", ("instructions",))]
    greeted = c.server("session.created", session={})
    assert [session["instructions"] for session in updates(greeted)] == ["a"]


def test_a_change_while_offline_that_changes_nothing_says_nothing():
    c = Conversation()
    c.close()
    assert edit(c).effects == []


def test_what_still_waited_when_the_session_ended_is_told_and_goes_into_the_next_one():
    c = Conversation()
    edit(c, instructions="a")
    end = only(c.close())
    assert (end.state, end.detail) == (EditState.UNANSWERED, "the session ended")
    c.open()
    assert updates(c.all())[-1]["instructions"] == "a"


# --- a configuration that was refused


def refused_with_a_change_under_way() -> Conversation:
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    edit(c, instructions="a")
    c.error("invalid_value", "e1", param="session.audio")
    return c


def test_an_answer_to_another_change_does_not_stand_in_for_a_refused_configuration():
    c = refused_with_a_change_under_way()
    c.server("session.updated", session={"instructions": "a"})
    assert not c.machine.ready, "the audio formats were never accepted"


def test_a_correction_of_a_refused_configuration_is_sent_although_another_change_is_under_way():
    c = refused_with_a_change_under_way()
    sent = updates(edit(c, voice="marin"))
    assert [session["audio"]["output"]["voice"] for session in sent] == ["marin"]


# --- tools of an answer that is under way


def names_run(step: Step) -> list[str]:
    return [run.name for run in step.of(RunTool)]


def failed(step: Step) -> list[str]:
    return [call.name for call in step.of(CallChanged) if call.state is CallState.FAILED]


def test_a_tool_that_is_removed_while_an_answer_is_under_way_is_callable_until_it_is_done():
    c = Conversation()
    c.begin("R1")
    step = edit(c, [CLOCK])
    assert [tool["name"] for tool in updates(step)[0]["tools"]] == ["get_time"], "the server is told at once"
    c.server("session.updated")
    done = c.end("R1", output=[function_call("K1", "get_weather"), function_call("K2", "get_time")])
    assert names_run(done) == ["get_weather", "get_time"]
    c.all(c.tool_done("K1"), c.tool_done("K2"))
    next_answer = c.calls(function_call("K3", "get_weather"), function_call("K4", "get_time"), response_id="R2")
    assert names_run(next_answer) == ["get_time"]
    assert failed(next_answer) == ["get_weather"]


def test_a_tool_that_is_removed_after_an_answer_was_asked_for_is_callable_in_that_answer():
    c = Conversation()
    c.type("What is the weather?")
    edit(c, [])
    assert names_run(c.calls(function_call("K1"))) == ["get_weather"]
    c.tool_done("K1")
    assert failed(c.calls(function_call("K2"), response_id="R2")) == ["get_weather"]


def test_a_tool_that_is_removed_while_it_runs_still_gives_its_result():
    c = Conversation()
    c.calls(function_call("K1"))
    edit(c, [])
    assert c.tool_done("K1", "sunny").sent_types == ["conversation.item.create", "response.create"]


def test_a_tool_that_is_removed_twice_over_in_one_answer_is_still_callable_in_it():
    c = Conversation()
    c.begin("R1")
    edit(c, [CLOCK])
    edit(c, [])
    done = c.end("R1", output=[function_call("K1", "get_weather"), function_call("K2", "get_time")])
    assert names_run(done) == ["get_weather", "get_time"]
    c.all(c.tool_done("K1"), c.tool_done("K2"))
    assert failed(c.calls(function_call("K3", "get_time"), response_id="R2")) == ["get_time"]


def test_a_tool_that_is_added_while_an_answer_is_under_way_is_callable_at_once():
    c = Conversation(tools=[WEATHER])
    c.begin("R1")
    edit(c, [WEATHER, CLOCK])
    assert names_run(c.end("R1", output=[function_call("K1", "get_time")])) == ["get_time"]


def test_a_removed_tool_is_gone_when_nothing_is_under_way():
    c = Conversation()
    edit(c, [CLOCK])
    assert failed(c.calls(function_call("K1"))) == ["get_weather"]


@pytest.mark.parametrize("status", ["completed", "cancelled", "failed", "incomplete"])
def test_a_removed_tool_is_gone_however_the_answer_ended(status):
    c = Conversation()
    c.begin("R1")
    edit(c, [])
    c.end("R1", status)
    assert failed(c.calls(function_call("K1"), response_id="R2")) == ["get_weather"]


def test_a_removed_tool_is_gone_in_the_next_session_even_if_the_answer_never_ended():
    c = Conversation()
    c.begin("R1")
    edit(c, [])
    c.close()
    c.open()
    assert failed(c.calls(function_call("K1"))) == ["get_weather"]


def test_a_tool_of_ours_with_the_name_of_a_hosted_one_is_run_by_us_until_it_is_removed():
    ours = ToolSpec(name="web_search", description="Ours.")
    c = Conversation("yandex", tools=[ours])
    assert names_run(c.calls(function_call("K1", "web_search"))) == ["web_search"]
    c.tool_done("K1")
    edit(c, [WEB_SEARCH])
    called = c.calls(function_call("K2", "web_search"), response_id="R2")
    assert names_run(called) == []
    assert [call.state for call in called.of(CallChanged)][-1] is CallState.HOSTED


# --- any edits at all


@settings(max_examples=100, deadline=None)
@given(
    ANY_DIALECT,
    st.lists(st.tuples(SETTINGS, TOOLS, st.sampled_from(["ok", "refused", "spoken", "close", "nothing"])), max_size=6),
)
def test_every_change_is_told_and_every_update_that_is_sent_finds_its_end(dialect, changes):
    c = Conversation(dialect.name, SET)
    sent: list[str] = []
    settled: list[str] = []
    for wanted, tools, then in changes:
        before = c.machine.settings
        step = c.do(EditSession(replace(wanted), tuple(tools)))
        fields = {n for n in VALUES if getattr(c.machine.settings, n) != getattr(before, n)}
        assert fields <= {name for change in step.of(EditChanged) for name in change.fields}
        sent += [change.event_id for change in step.of(EditChanged) if change.state is EditState.SENT]
        assert len(updates(step)) == len([change for change in step.of(EditChanged) if change.state is EditState.SENT])
        steps = {
            "ok": lambda: [c.server("session.updated", session={})],
            "refused": lambda: [c.error("invalid_value", param="session")],
            "spoken": lambda: [c.audio()],
            "close": lambda: [c.close(), c.open()],
            "nothing": lambda: [],
        }[then]()
        for after in steps:
            settled += [change.event_id for change in after.of(EditChanged) if change.state is not EditState.SENT]
    settled += [change.event_id for change in c.close().of(EditChanged)]
    assert set(sent) <= set(settled)
    assert len(settled) == len(set(settled))
