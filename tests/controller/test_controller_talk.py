"""Talking without a screen: what is sent, what is refused with a sentence, and what is kept in the profile."""

import pytest

from controller.desk import Desk
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase, TalkChanged
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
