"""A session opens, is configured, and only then hears (sequence 12.0); it is changed while it runs; it ends."""

import msgspec
import pytest

from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession, TimerFired
from rtvoice_tui.session.effects import Flush, Report, StopTool
from rtvoice_tui.session.facts import (
    CallChanged,
    CallState,
    EditChanged,
    EditState,
    Level,
    Notice,
    SessionOpened,
    SettingsReported,
)
from rtvoice_tui.session.timers import EditLate, SessionCreatedLate
from session.conversation import CLOCK, MANUAL, VAD, WEATHER, Conversation, function_call


def edited(settings: SessionSettings = VAD, tools=(WEATHER, CLOCK), **changes) -> EditSession:
    return EditSession(msgspec.structs.replace(settings, **changes), tuple(tools))


def states(step) -> list[EditState]:
    return [change.state for change in step.of(EditChanged)]


# --- opening


@pytest.mark.parametrize("dialect", DIALECTS)
def test_12_0_the_session_is_configured_after_the_greeting_and_hears_after_the_answer(dialect):
    c = Conversation(dialect, ready=False)
    assert c.connect().sent == []
    greeted = c.server("session.created", session={"id": "sess_1"})
    assert greeted.of(SessionOpened) == [SessionOpened("sess_1", {"id": "sess_1"})]
    assert greeted.sent_types == ["session.update"]
    assert not c.machine.ready
    assert c.mic(20).sent == []
    accepted = c.server("session.updated", session={})
    assert accepted.phases == ["listening"]
    assert states(accepted) == [EditState.ACKNOWLEDGED]
    assert c.mic(20).sent_types == ["input_audio_buffer.append"]


def test_12_0_conversation_created_is_neither_waited_for_nor_minded():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={"id": "s"})
    assert c.server("conversation.created", conversation={"id": "c"}).effects == []
    assert c.server("session.updated").phases == ["listening"]


def test_12_0_a_second_greeting_configures_nothing_twice():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={"id": "s"})
    assert c.server("session.created", session={"id": "s"}).sent == []


def test_every_event_that_is_sent_carries_an_id_of_its_own_defect_28():
    c = Conversation(settings=MANUAL)
    c.type()
    c.mic(20)
    c.interrupt()
    ids = [event.get("event_id") for event in c.all().sent_with_ids]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_a_server_that_does_not_greet_is_configured_all_the_same_with_a_warning():
    c = Conversation(ready=False)
    timers = c.connect().timers
    assert timers == {SessionCreatedLate(1): 5.0}
    late = c.do(TimerFired(SessionCreatedLate(1)))
    assert late.sent_types == ["session.update"]
    assert late.notices == ["the server has not greeted us"]
    assert c.server("session.created", session={"id": "s"}).sent == []


def test_the_greeting_timer_of_a_server_that_greeted_does_nothing():
    c = Conversation()
    assert c.do(TimerFired(SessionCreatedLate(1))).effects == []


def test_the_greeting_timer_of_the_connection_before_does_not_configure_this_one():
    c = Conversation(ready=False)
    (first,) = c.connect().timers
    c.close()
    c.connect()
    assert c.do(TimerFired(first)).effects == []


def test_12_0_a_configuration_without_an_answer_in_3_s_is_used_with_a_visible_warning():
    c = Conversation(ready=False)
    c.connect()
    (timer, after), *_ = c.server("session.created", session={}).timers.items()
    assert after == 3.0
    late = c.do(TimerFired(timer))
    assert late.phases == ["listening"]
    assert states(late) == [EditState.UNANSWERED]
    assert "not confirmed" in late.notices[0]
    assert states(c.server("session.updated")) == [EditState.ACKNOWLEDGED]


REFUSALS = {
    "naming the event": {"event_id": "e1"},
    "naming the parameter": {"param": "session.audio.output.voice"},
    "naming nothing": {},
}


@pytest.mark.parametrize("fields", REFUSALS.values(), ids=REFUSALS)
def test_defect_14_and_32_a_refused_configuration_keeps_the_microphone_shut_until_a_corrected_edit(fields):
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    refused = c.error("invalid_value", **fields)
    assert refused.phases == ["refused"]
    assert refused.of(Notice)[0].level is Level.ERROR
    assert not c.machine.ready
    assert c.mic(20).sent == []
    corrected = c.do(edited(voice="marin"))
    assert corrected.sent_types == ["session.update"]
    assert corrected.sent[0]["session"]["tools"], "everything is sent again"
    assert not c.machine.ready
    assert c.server("session.updated").phases == ["listening"]


def test_a_session_updated_that_answers_nothing_does_not_open_a_refused_session():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    c.error("invalid_value", "e1")
    assert c.server("session.updated").phases == []
    assert not c.machine.ready


def test_a_configuration_refused_after_the_warning_shuts_the_microphone_again():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    c.do(TimerFired(EditLate("e1")))
    c.error("invalid_value", "e1")
    assert not c.machine.ready


def test_a_session_updated_before_the_greeting_does_not_stand_in_for_our_configuration():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.updated", session={})
    c.server("session.created", session={})
    assert c.all().sent_types == ["session.update"]


# --- changes


@pytest.mark.parametrize("answer", ["acknowledged", "refused", "unanswered"])
def test_a_change_is_told_when_sent_and_when_its_fate_is_known(answer):
    c = Conversation()
    sent = c.do(edited(instructions="Be brief."))
    assert sent.sent == [{"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}]
    (change,) = sent.of(EditChanged)
    assert (change.fields, change.state) == (("instructions",), EditState.SENT)
    end = {
        "acknowledged": lambda: c.server("session.updated"),
        "refused": lambda: c.error("invalid_value", change.event_id, param="session.instructions"),
        "unanswered": lambda: c.do(TimerFired(EditLate(change.event_id))),
    }[answer]()
    assert [(e.event_id, e.state.value) for e in end.of(EditChanged)] == [(change.event_id, answer)]
    assert c.machine.phase.value == "listening"


def test_changes_are_acknowledged_in_their_order():
    c = Conversation()
    first = c.do(edited(instructions="a")).of(EditChanged)[0]
    second = c.do(edited(instructions="a", voice="marin")).of(EditChanged)[0]
    assert second.fields == ("voice",)
    acknowledged = c.all(c.server("session.updated"), c.server("session.updated")).of(EditChanged)
    assert [e.event_id for e in acknowledged] == [first.event_id, second.event_id]


def test_an_edit_that_changes_nothing_sends_nothing():
    assert Conversation().do(edited()).effects == []


def test_a_second_session_updated_for_the_same_change_settles_nothing_and_only_says_what_is_in_force():
    c = Conversation("yandex", ready=False)
    c.connect()
    c.server("session.created", session={"id": "sess"})
    c.server("session.updated", session={"id": "sess", "instructions": "Be brief."})
    again = c.server("session.updated", session={"id": "sess", "instructions": "Be brief."})
    assert again.effects == [Report(SettingsReported({"instructions": "Be brief."}))]


def test_a_refusal_by_id_wins_over_an_acknowledgement_that_was_only_a_duplicate():
    c = Conversation("yandex")
    change = c.do(edited(instructions="a")).of(EditChanged)[0]
    c.server("session.updated")
    refused = c.error("invalid_value", change.event_id)
    assert states(refused) == [EditState.REFUSED]


def test_a_change_while_the_configuration_is_unanswered_is_not_lost():
    c = Conversation(ready=False)
    c.connect()
    c.server("session.created", session={})
    c.do(edited(instructions="Be brief."))
    c.server("session.updated")
    last = [event["session"] for event in c.all().sent if event["session"].get("instructions")]
    assert [session["instructions"] for session in last] == ["Be brief."]


def test_a_change_before_the_connection_goes_into_the_configuration():
    c = Conversation(ready=False)
    assert c.do(edited(instructions="Be brief.")).sent == []
    c.connect()
    assert c.server("session.created", session={}).sent[0]["session"]["instructions"] == "Be brief."


@pytest.mark.parametrize(
    "change", [{"role": "friendly"}, {"languages": ["ru-RU"]}], ids=lambda change: next(iter(change))
)
def test_a_change_the_provider_has_no_field_for_is_refused_here_and_not_sent(change):
    step = Conversation("openai").do(edited(**change))
    assert step.sent == []
    assert states(step) == [EditState.REFUSED]


def test_new_tools_are_run_and_old_ones_are_unknown_after_a_change():
    c = Conversation(tools=[WEATHER])
    step = c.do(edited(tools=[CLOCK]))
    assert [tool["name"] for tool in step.sent[0]["session"]["tools"]] == ["get_time"]
    c.server("session.updated")
    ran = c.calls(function_call("K1", "get_time"), function_call("K2", "get_weather"))
    assert "runtool" in ran.acts
    assert [call.call_id for call in ran.of(CallChanged) if call.state is CallState.FAILED] == ["K2"]


def test_rates_stay_what_the_devices_were_opened_at_so_what_is_heard_is_measured_right():
    c = Conversation("yandex", ready=False)
    c.do(edited(output_rate=48_000))
    c.open()
    assert c.all().sent[0]["session"]["audio"]["output"]["format"]["rate"] == 24_000
    c.speaking(ms=1000)
    c.interrupt()
    assert c.flushed(A=900).sent[-1]["audio_end_ms"] == 900


# --- the end (sequence 12.g)


def test_12_g_closing_voids_the_calls_in_flight():
    c = Conversation()
    c.calls(function_call("K1"), function_call("K2", "get_time"))
    c.tool_done("K1")
    closed = c.close()
    assert [stop.call_id for stop in closed.of(StopTool)] == ["K2"]
    assert [(e.call_id, e.state) for e in closed.of(CallChanged)] == [("K2", CallState.CANCELLED)]
    assert closed.phases == ["offline"]
    assert c.tool_done("K2").effects == []


def test_12_g_a_call_of_the_old_session_is_not_answered_in_the_new_one():
    c = Conversation()
    c.calls(function_call("K1"))
    c.close()
    c.open()
    assert c.tool_done("K1").effects == []


def test_12_g_closing_silences_a_speaking_agent():
    c = Conversation().speaking()
    closed = c.close()
    assert len(closed.of(Flush)) == 1
    assert c.flushed(A=100).sent == []


def test_12_g_nothing_is_sent_to_a_server_that_is_gone():
    c = Conversation(settings=MANUAL)
    c.close()
    for step in (c.mic(20), c.type(), c.interrupt(), c.do(edited(instructions="x"))):
        assert step.sent == []


def test_12_g_typing_without_a_connection_says_so():
    c = Conversation(ready=False)
    assert c.type().notices == ["not connected, so this was not sent: Hello"]


def test_12_g_a_message_given_up_with_the_connection_is_not_sent_by_the_next_one():
    c = Conversation().speaking()
    c.type("Stop that")
    assert "before this was sent: Stop that" in c.close().notices[0]
    before = len(c.steps)
    c.open()
    assert c.all(*c.steps[before:]).sent_types == ["session.update"]


def test_12_g_a_new_session_takes_answers_again():
    c = Conversation().speaking()
    c.close()
    c.open()
    assert c.type().sent_types == ["conversation.item.create", "response.create"]


def test_12_g_items_of_a_new_session_that_bear_old_ids_begin_without_old_words():
    c = Conversation()
    c.begin()
    c.server("response.output_audio_transcript.delta", response_id="R1", item_id="A", delta="Old words")
    c.close()
    c.open()
    c.begin()
    c.server("response.output_audio_transcript.delta", response_id="R1", item_id="A", delta="New")
    done = c.server("response.output_audio_transcript.done", response_id="R1", item_id="A", transcript="New")
    (said,) = [fact for fact in done.facts if hasattr(fact, "replace")]
    assert not said.replace, "the words did not have to be corrected"
