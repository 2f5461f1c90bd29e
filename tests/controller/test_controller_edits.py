"""Editing, profiles and calls without a screen."""

import asyncio
import threading

import pytest

from controller.desk import Desk
from rtvoice_tui.controller import profiles as profiles_module
from rtvoice_tui.controller.edits import Tone
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.fields import Field
from rtvoice_tui.errors import ProfileError, ValueRefused
from rtvoice_tui.profiles.library import copy
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import in_order, locked
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import AgentSaid, CallChanged, CallState, EditChanged, EditState, Phase, UserSaid
from rtvoice_tui.session.talk_mode import TalkMode

CALL = CallChanged(1, "k", "k", "i", "get_weather", '{"city": "Omsk"}', CallState.OK, output='{"sky": "grey"}')


async def test_what_was_typed_is_sent_and_saved(desk: Desk):
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    assert (await edits.send()).words
    (sent,) = desk.asked
    assert isinstance(sent, cmd.EditSession)
    assert sent.settings.instructions == "Be brief."
    assert load_profile("local").session.instructions == "Be brief."


async def test_a_change_is_undone_once_it_is_in_force(desk: Desk):
    edits = desk.controller.edits
    assert edits.undo() is None
    before = edits.editor.draft.settings.instructions
    edits.editor.instruct("Be brief.")
    await edits.send()
    change = edits.editor.history.changes[-1]
    edits.outcome(EditChanged("e", change.fields, EditState.ACKNOWLEDGED, edit_id=change.edit_id))
    undoing = edits.undo()
    assert undoing is not None
    assert (await undoing).words == "saved"
    assert desk.asked[-1].settings.instructions == before


async def test_another_model_comes_with_the_next_session(desk: Desk):
    edits = desk.controller.edits
    field = next(field for field in edits.editor.fields if field.path == "model")
    edits.editor.type(field, "another")
    desk.phase(Phase.LISTENING)
    assert edits.needs_session == ("model",)
    assert (await edits.send()).tone is Tone.WARNING


def test_a_new_session_is_told_what_was_said(desk: Desk):
    desk.store.record(UserSaid(1, "u", "Hello", final=True), 1.0)
    desk.store.record(AgentSaid(1, "a", "Good day", final=True), 2.0)
    desk.controller.edits.reopen(desk.controller.edits.said())
    assert "2 messages go with it" in desk.notices[-1]


async def test_another_profile_is_opened_and_one_that_cannot_be_used_leaves_the_open_one(desk: Desk):
    copy("local", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    assert desk.controller.edits.editor.name == "mine"
    assert desk.remembered == ["mine"]
    with pytest.raises(ProfileError):
        await desk.controller.profiles.open("nowhere")
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
    assert "is a mock for this session" in calls.toggle_mock(record).words
    assert editor.kept.tool("get_weather").run.kind == "mock"
    assert "run for real again" in calls.toggle_mock(record).words
    assert editor.kept.tool("get_weather").run.kind == "python"
    assert load_profile("local").tools == editor.profile.tools, "nothing was written"


def test_a_tool_is_switched_off_for_the_session_and_on_again(desk: Desk):
    calls, editor = desk.controller.calls, desk.controller.edits.editor
    assert "off for this session" in calls.toggle_tool("get_weather")[0].words
    assert editor.kept.policy(editor.kept.tool("get_weather")) == "off"
    assert "on again" in calls.toggle_tool("get_weather")[0].words
    assert calls.toggle_tool("nothing")[0].words == "nothing is not a tool of this profile"


async def test_a_change_that_was_cut_off_is_in_force_once_the_whole_session_is_and_can_be_undone(desk: Desk):
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    await edits.send()
    change = edits.editor.history.changes[-1]
    edits.outcome(EditChanged("e1", change.fields, EditState.UNANSWERED, "the session ended", edit_id=change.edit_id))
    edits.outcome(EditChanged("e2", ("instructions", "tools"), EditState.ACKNOWLEDGED))
    assert change.state is EditState.ACKNOWLEDGED
    undoing = edits.undo()
    assert undoing is not None
    await undoing


async def test_a_profile_whose_plan_cannot_be_made_leaves_the_open_one(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    copy("local", "mine")

    def fail(*arguments: object) -> None:
        raise ProfileError("there is no plan")

    monkeypatch.setattr(desk.controller.edits.planner, "plan", fail)
    with pytest.raises(ProfileError):
        await desk.controller.profiles.open("mine")
    assert desk.controller.edits.editor.name == "local"


async def test_a_file_that_another_program_holds_keeps_nobody_waiting_and_changes_are_written_in_their_order(
    desk: Desk,
):
    edits = desk.controller.edits
    with locked(profile_path("local")):
        edits.editor.instruct("Be brief.")
        first = edits.send()
        edits.editor.instruct("Be kind.")
        second = edits.send()
        kept = desk.controller.talk.use_gate(-43.0)
        assert [sent.settings.instructions for sent in desk.asked] == ["Be brief.", "Be kind."]
        assert edits.editor.profile.audio.gate_db == -43.0
        assert not profile_path("local").exists()
        assert [task.done() for task in (first, second, kept)] == [False, False, False]
        assert edits.editor.held, "it is not in the file yet"
    assert await edits.saves.finish() == ()
    assert ((await first).words, (await second).words) == ("saved", "saved")
    assert await kept == "a gate at -43 dBFS; kept in local.toml"
    assert not edits.editor.held
    profile = load_profile("local")
    assert (profile.session.instructions, profile.audio.gate_db) == ("Be kind.", -43.0)


async def test_who_waits_for_a_save_may_stop_waiting_and_it_is_saved(desk: Desk):
    edits = desk.controller.edits
    with locked(profile_path("local")):
        edits.editor.instruct("Be brief.")
        waiting = edits.send()
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        edits.editor.instruct("Be kind.")
        saving = edits.send()
    await saving
    assert load_profile("local").session.instructions == "Be kind."


async def test_what_could_not_be_saved_is_said_at_the_end(desk: Desk):
    profile_path("local").mkdir(parents=True)
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    answer = edits.send()
    (sentence,) = await edits.saves.finish()
    assert sentence == (await answer).words
    assert desk.notices == [sentence], "it is reported, whoever waits"
    assert sentence.startswith("not saved: ")
    assert desk.asked, "it is sent all the same"


async def test_a_change_that_the_server_refuses_leaves_the_profile(desk: Desk):
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    await edits.send()
    change = edits.editor.history.changes[-1]
    edits.outcome(EditChanged("e", change.fields, EditState.REFUSED, "no", edit_id=change.edit_id))
    assert await edits.saves.finish() == ()
    assert load_profile("local").session.instructions != "Be brief."
    assert edits.editor.draft.settings.instructions == "Be brief.", "it stays typed"


async def test_the_open_profile_is_renamed_behind_what_is_still_to_be_written(desk: Desk):
    copy("local", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    edits = desk.controller.edits
    edits.editor.instruct("Be brief.")
    edits.send()
    await desk.controller.profiles.rename("mine", "ours")
    edits.editor.instruct("Be kind.")
    await edits.send()
    assert load_profile("ours").session.instructions == "Be kind."
    assert not profile_path("mine").exists()
    assert (edits.editor.name, desk.remembered[-1]) == ("ours", "ours")


async def test_a_file_changed_elsewhere_is_offered_as_an_edit_and_our_own_writing_is_not(desk: Desk):
    edits, profiles = desk.controller.edits, desk.controller.profiles
    edits.editor.instruct("Be brief.")
    edits.send()
    assert await profiles.file_changed() is None
    path = profile_path("local")
    path.write_text(path.read_text(encoding="utf-8").replace("Be brief.", "Be kind."), encoding="utf-8")
    offered = await profiles.file_changed()
    assert offered is not None
    assert offered.words == "local.toml was changed elsewhere: instructions"
    assert edits.editor.draft.settings.instructions == "Be kind."


def reopened(desk: Desk) -> list[str]:
    """The servers of the plans that were asked for."""
    plans = [asked[1] for asked in desk.asked if isinstance(asked, tuple) and asked[0] == "reopen"]
    return [plan.source.identity for plan in plans]


@pytest.mark.parametrize("live", [False, True])
async def test_an_address_written_into_the_file_is_used_by_the_next_connection(desk: Desk, live: bool):
    copy("openai", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    desk.asked.clear()
    desk.phase(Phase.LISTENING if live else Phase.OFFLINE)
    path = profile_path("mine")
    path.write_text('url = "ws://127.0.0.1:9/v1"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert await desk.controller.profiles.file_changed() is None
    assert desk.notices[-1] == "mine.toml was changed elsewhere: url"
    assert desk.asked == [], "a session that runs goes on"
    desk.phase(Phase.OFFLINE)
    desk.controller.talk.toggle_connection()
    assert ["127.0.0.1:9" in identity for identity in reopened(desk)] == [True]
    desk.controller.talk.toggle_connection()
    assert len(reopened(desk)) == 1, "the second time it only connects"


async def test_an_address_in_the_file_is_neither_an_edit_nor_unsaved_and_one_that_is_typed_stays_typed(desk: Desk):
    copy("openai", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    editor, path = desk.controller.edits.editor, profile_path("mine")
    text = path.read_text(encoding="utf-8")
    path.write_text('url = "ws://127.0.0.1:9/v1"\n' + text, encoding="utf-8")
    await desk.controller.profiles.file_changed()
    assert (editor.draft.url, editor.kept.url) == ("ws://127.0.0.1:9/v1", "ws://127.0.0.1:9/v1")
    assert (editor.changed, editor.held) == ((), False)
    editor.type(field_named(editor, "url"), "ws://127.0.0.1:7/v1")
    path.write_text('url = "ws://127.0.0.1:8/v1"\n' + text, encoding="utf-8")
    await desk.controller.profiles.file_changed()
    assert (editor.draft.url, editor.kept.url) == ("ws://127.0.0.1:7/v1", "ws://127.0.0.1:8/v1")


def field_named(editor: AgentEditor, path: str) -> Field:
    return next(field for field in editor.fields if field.path == path)


async def test_an_address_and_rates_that_are_typed_are_saved_and_used_by_the_next_connection(desk: Desk):
    copy("yandex", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    desk.phase(Phase.OFFLINE)
    desk.asked.clear()
    edits = desk.controller.edits
    for path, text in (("url", "ws://127.0.0.1:9/v1"), ("input_rate", "16000"), ("output_rate", "48000")):
        edits.editor.type(field_named(edits.editor, path), text)
    assert edits.needs_session == (), "there is no session that would have to end"
    result = await edits.send()
    saved = load_profile("mine")
    assert (saved.url, saved.session.input_rate, saved.session.output_rate) == ("ws://127.0.0.1:9/v1", 16_000, 48_000)
    assert result.words == "it comes with the next session"
    assert [edits.editor.mark(path)[0] for path in ("url", "input_rate", "output_rate")] == ["later"] * 3
    desk.controller.talk.toggle_connection()
    plans = [asked[1] for asked in desk.asked if isinstance(asked, tuple) and asked[0] == "reopen"]
    assert ["127.0.0.1:9" in plan.source.identity for plan in plans] == [True]
    assert [(plan.settings.input_rate, plan.settings.output_rate) for plan in plans] == [(16_000, 48_000)]


async def test_an_address_or_a_rate_that_is_typed_while_a_session_runs_needs_another_one(desk: Desk):
    copy("yandex", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    desk.phase(Phase.LISTENING)
    edits = desk.controller.edits
    edits.editor.type(field_named(edits.editor, "input_rate"), "16000")
    edits.editor.type(field_named(edits.editor, "url"), "ws://127.0.0.1:9/v1")
    assert edits.needs_session == ("url", "input_rate")


@pytest.mark.parametrize("text", ["localhost:8765", "ftp://example.com", "ws://", "ws://a b/"])
async def test_what_is_no_address_is_refused_while_it_is_typed(desk: Desk, text: str):
    editor = desk.controller.edits.editor
    with pytest.raises(ValueRefused, match=r"url|host"):
        editor.type(field_named(editor, "url"), text)
    assert editor.draft.url == ""


async def test_another_provider_in_the_file_is_named_and_the_profile_opened_anew(desk: Desk):
    copy("openai", "mine")
    profiles = desk.controller.profiles
    await profiles.open("mine", connect=False)
    assert not profiles.opens_anew
    path = profile_path("mine")
    path.write_text(path.read_text(encoding="utf-8").replace('"openai"', '"xai"', 1), encoding="utf-8")
    await profiles.file_changed()
    assert "provider" in desk.notices[-1]
    assert profiles.opens_anew
    await profiles.open("mine", connect=False)
    assert desk.controller.edits.editor.profile.provider == "xai"
    assert not profiles.opens_anew


async def test_no_other_profile_is_opened_while_the_open_one_cannot_be_saved(desk: Desk):
    edits, profiles = desk.controller.edits, desk.controller.profiles
    copy("local", "other")
    with locked(profile_path("local")):
        edits.editor.instruct("Be brief.")
        edits.send()
        with pytest.raises(ProfileError, match="not saved yet"):
            await profiles.open("other", connect=False)
        assert profiles.current == "local"
    await edits.saves.finish()
    await profiles.open("other", connect=False)
    await profiles.open("local", connect=False)
    assert edits.editor.kept.settings.instructions == "Be brief."
    assert await profiles.file_changed() is None, "it was our own change"


async def test_a_save_that_fails_keeps_the_profile_open(desk: Desk):
    copy("local", "other")
    profile_path("local").mkdir(parents=True)
    desk.controller.edits.editor.instruct("Be brief.")
    desk.controller.edits.send()
    with pytest.raises(ProfileError, match="not saved"):
        await desk.controller.profiles.open("other", connect=False)
    assert desk.controller.profiles.current == "local"


async def test_the_open_profile_is_not_deleted(desk: Desk):
    await desk.controller.profiles.copy("local", "mine")
    deleting = desk.controller.profiles.delete("mine")
    assert await deleting == "mine"
    await desk.controller.profiles.restore()
    await desk.controller.profiles.open("mine", connect=False)
    with pytest.raises(ProfileError, match="is open"):
        await desk.controller.profiles.delete("mine")
    assert profile_path("mine").exists()


async def test_what_fails_of_a_profile_while_the_app_quits_is_said_at_the_end(desk: Desk):
    profiles = desk.controller.profiles
    await profiles.copy("local", "mine")
    with locked(profile_path("late")):
        profiles.copy("mine", "late").cancel()
        profile_path("late").write_text(profile_path("mine").read_text(encoding="utf-8"), encoding="utf-8")
    (sentence,) = await desk.controller.edits.saves.finish()
    assert sentence.startswith("there is a profile 'late' already")


async def test_what_was_deleted_is_restored_as_long_as_the_app_runs(desk: Desk):
    profiles = desk.controller.profiles
    for name in ("one", "two"):
        await profiles.copy("local", name)
        assert await profiles.delete(name) == name
    assert [await profiles.restore(), await profiles.restore()] == ["two", "one"]
    with pytest.raises(ProfileError, match="nothing was deleted"):
        await profiles.restore()


async def test_a_renaming_is_waited_for_at_the_end_and_the_next_start_opens_the_new_name(desk: Desk):
    await desk.controller.profiles.copy("local", "mine")
    await desk.controller.profiles.open("mine", connect=False)
    with locked(profile_path("mine")):
        desk.controller.profiles.rename("mine", "ours")
        assert desk.controller.edits.saves.pending
    await desk.controller.edits.saves.finish()
    assert (desk.controller.profiles.current, desk.remembered[-1]) == ("ours", "ours")


async def test_a_renaming_takes_the_file_that_a_save_before_it_went_into(desk: Desk):
    edits, profiles = desk.controller.edits, desk.controller.profiles
    await profiles.copy("local", "mine")
    await profiles.open("mine", connect=False)
    edits.editor.instruct("Be brief.")
    await edits.send()
    path = profile_path("mine")
    with locked(path):
        edits.editor.instruct("Be kind.")
        edits.send()
        renaming = profiles.rename("mine", "ours")
        path.write_text(path.read_text(encoding="utf-8").replace("Be brief.", "Be theirs."), encoding="utf-8")
    assert await renaming == "mine-mine", "ours went into a profile of its own"
    assert load_profile("ours").session.instructions == "Be kind."
    assert load_profile("mine").session.instructions == "Be theirs."


async def test_a_profile_that_is_trusted_is_trusted_even_if_nobody_waits_for_it(desk: Desk):
    path = profile_path("mine")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('trusted = false\nprovider = "local"\n', encoding="utf-8")
    await desk.controller.profiles.open("mine", connect=False)
    waiting = desk.controller.profiles.trust("mine", path.read_text(encoding="utf-8"))
    waiting.cancel()
    await desk.controller.edits.saves.finish()
    assert desk.controller.edits.editor.profile.trusted
    assert load_profile("mine").trusted
    assert await desk.controller.profiles.file_changed() is None, "it was our own change"


OURS = 'provider = "local"   # ours\n'
OPERATIONS = {
    "F7": lambda controller: controller.edits.send(),
    "talk mode": lambda controller: controller.talk.use_mode(TalkMode.HOLD),
    "gate": lambda controller: controller.talk.use_gate(-43.0),
    "copy": lambda controller: controller.profiles.copy("other", "mine"),
    "rename": lambda controller: controller.profiles.rename("other", "mine"),
    "rename the open one": lambda controller: controller.profiles.rename("open", "mine"),
    "delete": lambda controller: controller.profiles.delete("other"),
    "import": lambda controller: controller.profiles.import_file(profile_path("other")),
    "edit the file": lambda controller: controller.profiles.replace_text("other", profile_text("other"), OURS),
    "trust": lambda controller: controller.profiles.trust("other", profile_text("other")),
}


def folder() -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in profile_path("open").parent.glob("*.toml")}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_every_operation_returns_at_once_and_is_done_in_its_turn_whoever_waits(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(profiles_module, "PATIENCE_S", 0.01)
    controller = desk.controller
    for made in ("open", "other"):
        await controller.profiles.copy("local", made)
    path = profile_path("other")
    path.write_text("trusted = false\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    await controller.profiles.open("open", connect=False)
    controller.edits.editor.instruct("Be brief.")
    before, go_on = folder(), threading.Event()
    in_order(go_on.wait)  # as if it waited for another program
    waiting = OPERATIONS[name](controller)
    assert not waiting.done()
    assert controller.edits.saves.pending
    waiting.cancel()
    with pytest.raises(ProfileError, match="not saved yet"):
        await controller.profiles.open("other", connect=False)
    assert folder() == before
    go_on.set()
    assert await controller.edits.saves.finish() == ()
    assert folder() != before


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "import"])
async def test_every_operation_that_fails_is_told_to_who_waits_for_all_of_them(desk: Desk, name: str):
    controller = desk.controller
    for made in ("open", "other", "mine"):
        await controller.profiles.copy("local", made)
    await controller.profiles.open("open", connect=False)
    controller.edits.editor.instruct("Be brief.")
    go_on = threading.Event()
    in_order(go_on.wait)
    waiting = OPERATIONS[name](controller)
    for gone in ("open", "other"):  # another program takes them away
        profile_path(gone).unlink()
    waiting.cancel()
    go_on.set()
    (sentence,) = await controller.edits.saves.finish()
    assert "there is no profile" in sentence


async def test_what_is_typed_while_another_profile_is_to_be_opened_stays_typed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(profiles_module, "PATIENCE_S", 20)
    edits, profiles = desk.controller.edits, desk.controller.profiles
    await profiles.copy("local", "other")
    go_on = threading.Event()
    in_order(go_on.wait)
    desk.controller.talk.use_gate(-43.0)
    opening = asyncio.ensure_future(profiles.open("other", connect=False))
    await asyncio.sleep(0)
    edits.editor.instruct("Typed meanwhile.")
    go_on.set()
    with pytest.raises(ProfileError, match="typed"):
        await opening
    assert edits.editor.draft.settings.instructions == "Typed meanwhile."


async def test_tools_of_an_imported_profile_that_cannot_be_offered_are_named(desk: Desk, tmp_path):
    file = tmp_path / "theirs.toml"
    tools = {"strin": '{type = "object", properties = {a = {type = "strin"}}}', "моя погода": "{}", "good": "{}"}
    file.write_text(
        "".join(f'[[tools]]\nname = "{name}"\nparameters = {text}\n' for name, text in tools.items()), encoding="utf-8"
    )
    assert await desk.controller.profiles.import_file(file) == "theirs"
    named = [notice for notice in desk.notices if "cannot be offered" in notice]
    assert ["'strin'" in notice or "'моя погода'" in notice for notice in named] == [True, True]
