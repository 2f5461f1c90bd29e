"""Talking without a screen: what is sent, what is refused with a sentence, and what is kept in the profile."""

import pytest

from controller.desk import Desk
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import AgentSaid, Phase, SessionEnded, SessionOpened, TalkChanged, UserSaid
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.session.talk_mode import TalkMode


def test_a_typed_turn_is_sent_where_there_is_a_session_and_refused_with_the_remedy_where_there_is_none(desk: Desk):
    assert "F5 connects" in desk.controller.talk.send_text("Hello")
    desk.phase(Phase.LISTENING)
    assert desk.controller.talk.send_text("Hello") == ""
    assert desk.asked == [cmd.SendText("Hello")]


async def test_mute_and_gate_are_settings_of_the_session_and_the_gate_is_kept(desk: Desk):
    talk = desk.controller.talk
    talk.toggle_mute()
    talk.toggle_mute()
    talk.toggle_agent_mute()
    assert await talk.use_gate(-43.0) == "a gate at -43 dBFS; kept in local.toml"
    assert desk.store.audio_settings == AudioSettings(agent_muted=True, gate_db=-43.0)
    assert load_profile("local").audio.gate_db == -43.0
    await talk.use_gate(None)
    assert talk.likely_gate_db == -43.0, "the last one that was set"


def test_a_turn_by_key_begins_only_where_the_user_can_be_heard(desk: Desk):
    talk = desk.controller.talk
    desk.store.record(TalkChanged(TalkMode.TOGGLE, False, 30.0), 1.0)
    desk.phase(Phase.READY)
    assert talk.start_turn() == "there is no microphone: press t and type"
    desk.store.audio.input.name = "webcam"
    assert talk.start_turn() == ""
    talk.toggle_mute()
    assert "muted" in talk.start_turn()
    assert desk.asked == [cmd.TalkStart(), cmd.TalkStart()]


@pytest.mark.parametrize(("phase", "asked"), [(Phase.OFFLINE, "connect"), (Phase.SPEAKING, "disconnect")])
def test_the_connection_is_made_or_ended(desk: Desk, phase: Phase, asked: str):
    desk.phase(phase)
    desk.controller.talk.toggle_connection()
    assert desk.asked == [asked]


async def test_another_way_of_taking_turns_holds_at_once_and_next_time(desk: Desk):
    assert await desk.controller.talk.use_mode(TalkMode.HOLD) == "kept in local.toml"
    assert desk.asked == [cmd.SetTalkMode(TalkMode.HOLD)]
    assert load_profile("local").audio.talk == "hold"


def talked(desk: Desk) -> None:
    desk.store.record(UserSaid(1, "u", "Hello", final=True), 1.0)
    desk.store.record(AgentSaid(1, "a", "Good day", final=True), 2.0)


def test_after_a_lost_connection_the_conversation_goes_with_the_next_session(desk: Desk):
    talked(desk)
    desk.store.record(SessionEnded("the connection was lost (1006)", "press c to connect again", wanted=False), 3.0)
    desk.controller.talk.toggle_connection()
    history = (HistoryMessage(False, "Hello"), HistoryMessage(True, "Good day"))
    assert desk.asked[0] == cmd.SetHistory(history)
    assert "2 messages go with" in desk.notices[-1]
    assert len(desk.asked) == 2, "and it connects"


def test_a_session_that_the_user_ended_is_not_taken_along(desk: Desk):
    talked(desk)
    desk.store.record(SessionEnded("disconnected", "press c to connect"), 3.0)
    desk.controller.talk.toggle_connection()
    assert not any(isinstance(asked, cmd.SetHistory) for asked in desk.asked)
    assert desk.notices[-1].startswith("a new conversation")


def test_a_lost_session_in_which_nothing_was_said_takes_nothing_along(desk: Desk):
    desk.store.record(SessionEnded("the server failed (1011)", "", wanted=False), 3.0)
    desk.controller.talk.toggle_connection()
    assert not any(isinstance(asked, cmd.SetHistory) for asked in desk.asked)


def test_what_was_said_before_a_session_that_began_anew_is_not_taken_along(desk: Desk):
    talked(desk)
    desk.store.record(SessionOpened("s", {}), 3.0)
    desk.store.record(UserSaid(2, "v", "Again", final=True), 4.0)
    desk.store.record(SessionEnded("the connection was lost (1006)", "", wanted=False), 5.0)
    desk.controller.talk.toggle_connection()
    assert desk.asked[0] == cmd.SetHistory((HistoryMessage(False, "Again"),))


def test_what_was_passed_to_a_session_is_passed_to_the_one_after_it(desk: Desk):
    talked(desk)
    desk.store.record(SessionOpened("s", {}, history=2), 3.0)
    desk.store.record(SessionEnded("the connection was lost (1006)", "", wanted=False), 5.0)
    desk.controller.talk.toggle_connection()
    assert len(desk.asked[0].history) == 2
