"""Editing, profiles and calls without a screen."""

import pytest

from controller.desk import Desk
from rtvoice_tui.controller.edits import Tone
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.library import copy
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import AgentSaid, CallChanged, CallState, EditChanged, EditState, Phase, UserSaid

CALL = CallChanged(1, "k", "k", "i", "get_weather", '{"city": "Omsk"}', CallState.OK, output='{"sky": "grey"}')


def test_what_was_typed_is_sent_and_saved(desk: Desk):
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    assert edits.send().words
    (sent,) = desk.asked
    assert isinstance(sent, cmd.EditSession)
    assert sent.settings.instructions == "Be brief."
    assert load_profile("local").session.instructions == "Be brief."


def test_a_change_is_undone_once_it_is_in_force(desk: Desk):
    edits = desk.controller.edits
    assert edits.undo() is None
    before = edits.editor.draft.settings.instructions
    edits.editor.instruct("Be brief.")
    edits.send()
    change = edits.editor.history.changes[-1]
    edits.settled(EditChanged("e", change.fields, EditState.ACKNOWLEDGED, edit_id=change.edit_id))
    assert edits.undo() is not None
    assert desk.asked[-1].settings.instructions == before


def test_another_model_comes_with_the_next_session(desk: Desk):
    edits = desk.controller.edits
    field = next(field for field in edits.editor.fields if field.path == "model")
    edits.editor.type(field, "another")
    desk.phase(Phase.LISTENING)
    assert edits.needs_session == ("model",)
    assert edits.send().tone is Tone.WARNING


def test_a_new_session_is_told_what_was_said(desk: Desk):
    desk.store.record(UserSaid(1, "u", "Hello", final=True), 1.0)
    desk.store.record(AgentSaid(1, "a", "Good day", final=True), 2.0)
    desk.controller.edits.reopen(desk.controller.edits.said())
    assert "2 messages go with it" in desk.notices[-1]


def test_another_profile_is_opened_and_one_that_cannot_be_used_leaves_the_open_one(desk: Desk):
    copy("local", "mine")
    desk.controller.profiles.open("mine", connect=False)
    assert desk.controller.edits.editor.name == "mine"
    assert desk.remembered == ["mine"]
    with pytest.raises(ProfileError):
        desk.controller.profiles.open("nowhere")
    assert desk.controller.edits.editor.name == "mine"


def test_a_call_is_approved_rejected_stopped_and_answered(desk: Desk):
    calls = desk.controller.calls
    calls.approve(CALL, always=True)
    calls.reject(CALL, "not now")
    calls.stop(CALL)
    calls.send_result(CALL, "sunny")
    assert desk.asked == [
        cmd.Decide("k", True, True),
        cmd.Decide("k", False, reason="not now"),
        cmd.Decide("k", False),
        cmd.SendResult("k", "sunny", "get_weather"),
    ]


def test_a_result_becomes_a_mock_for_the_session_and_is_none_again(desk: Desk):
    calls, editor = desk.controller.calls, desk.controller.edits.editor
    desk.store.record(CALL, 1.0)
    record = desk.store.calls.records[0]
    assert "is a mock for this session" in calls.make_mock(record).words
    assert editor.kept.tool("get_weather").run.kind == "mock"
    assert "run for real again" in calls.make_mock(record).words
    assert editor.kept.tool("get_weather").run.kind == "python"
    assert load_profile("local").tools == editor.profile.tools, "nothing was written"


def test_a_tool_is_switched_off_for_the_session_and_on_again(desk: Desk):
    calls, editor = desk.controller.calls, desk.controller.edits.editor
    assert "off for this session" in calls.switch_tool("get_weather")[0].words
    assert editor.kept.policy(editor.kept.tool("get_weather")) == "off"
    assert "on again" in calls.switch_tool("get_weather")[0].words
    assert calls.switch_tool("nothing")[0].words == "nothing is not a tool of this profile"


def test_a_change_that_was_cut_off_is_in_force_once_the_whole_session_is_and_can_be_undone(desk: Desk):
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    edits.send()
    change = edits.editor.history.changes[-1]
    edits.settled(EditChanged("e1", change.fields, EditState.UNANSWERED, "the session ended", edit_id=change.edit_id))
    edits.settled(EditChanged("e2", ("instructions", "tools"), EditState.ACKNOWLEDGED))
    assert change.state is EditState.ACKNOWLEDGED
    assert edits.undo() is not None


def test_a_profile_whose_plan_cannot_be_made_leaves_the_open_one(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    copy("local", "mine")

    def fail(*arguments: object) -> None:
        raise ProfileError("there is no plan")

    monkeypatch.setattr(desk.controller.edits.planner, "plan", fail)
    with pytest.raises(ProfileError):
        desk.controller.profiles.open("mine")
    assert desk.controller.edits.editor.name == "local"
