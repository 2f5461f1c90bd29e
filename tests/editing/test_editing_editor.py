"""The agent as it is edited: typed, sent, and what became of it; saved in the profile as it is sent."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from editing.cockpit import own_folders, reread, write_profile  # noqa: F401 - a fixture
from rtvoice_tui.editing.agent import Agent, agent_of, value_at
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.fields import Field
from rtvoice_tui.editing.history import Change, EditHistory, compared
from rtvoice_tui.errors import ProfileError, ValueRefused
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState

TEXT = """# my own agent
provider = "PROVIDER"
model = "m-1"

[session]
instructions = "Be brief."   # as short as can be
voice = "marin"
speed = 1.0
turn_detection = {type = "server_vad", threshold = 0.5, silence_duration_ms = 400}

[[tools]]
name = "get_weather"
description = "Weather."
parameters = {type = "object", properties = {}}
run = {kind = "python", target = "demo:get_weather"}   # ours

[[tools]]
name = "get_time"
description = "Time."
run = {kind = "python", target = "demo:get_time"}
"""
SENT, DONE, OTHER = EditState.SENT, EditState.ACKNOWLEDGED, EditState.CHANGED
REFUSED, SILENT, LATER = EditState.REFUSED, EditState.UNANSWERED, EditState.LATER


def editor_of(provider: str = "openai", text: str = TEXT, saves: bool = True) -> AgentEditor:
    write_profile("mine", text.replace("PROVIDER", provider))
    return AgentEditor("mine", load_profile("mine"), profile_text("mine") if saves else "")


def field(editor: AgentEditor, path: str) -> Field:
    return next(field for field in editor.fields if field.path == path)


def write(editor: AgentEditor, path: str, text: str) -> None:
    editor.type(field(editor, path), text)


def send(editor: AgentEditor, **typed: str) -> Change:
    """Type values (``__`` for a dot) and send them."""
    for path, text in typed.items():
        write(editor, path.replace("__", "."), text)
    editor.send(1.0, 0)[1].result()
    return editor.history.changes[-1]


def undo(editor: AgentEditor, at: float = 0.0, turn: int = 0) -> EditSession | None:
    """Take the last change back, and wait until the profile is written."""
    undone = editor.undo(at, turn)
    if undone is None:
        return None
    command, saving = undone
    assert saving.result().sentence == ""
    return command


def told(editor: AgentEditor, change: Change, state: EditState, **more: Any) -> None:
    """Something became of a change, as the session tells it."""
    names = change.fields
    sent = {name: getattr(change.after.settings, name) for name in names if name not in ("model", "tools")}
    if "tools" in names:
        sent["tools"] = [{"type": "function", "name": spec.name} for spec in change.after.tool_specs]
    saving = editor.outcome(EditChanged("e-1", names, state, **{"sent": sent, "edit_id": change.edit_id, **more}))
    if saving is not None:
        saving.result()


def on_disk() -> Any:
    return load_profile("mine")


# --- the draft


def test_nothing_is_changed_before_anything_is_typed():
    editor = editor_of()
    assert editor.changed == ()
    assert editor.draft == editor.kept == agent_of(load_profile("mine"))
    assert [editor.mark(f.path) for f in editor.fields if f.path in ("voice", "speed", "turn_detection")] == [
        ("", "")
    ] * 3


def test_what_is_typed_changes_the_draft_alone():
    editor = editor_of()
    before = editor.kept
    write(editor, "voice", "cedar")
    write(editor, "model", "m-2")
    editor.toggle_tool("get_time")
    assert editor.changed == ("model", "voice", "tools")
    assert editor.kept == before
    assert on_disk().session.voice == "marin"
    assert editor.mark("voice") == editor.mark("model") == editor.mark("tools.get_time") == ("edited", "")
    assert editor.mark("speed") == editor.mark("tools.get_weather") == ("", "")


def test_a_part_of_turn_detection_alone_is_marked_as_edited():
    editor = editor_of()
    write(editor, "turn_detection.threshold", "0.8")
    assert editor.mark("turn_detection.threshold")[0] == "edited"
    assert editor.mark("turn_detection.silence_duration_ms")[0] == ""


def test_typing_the_old_value_again_is_no_change():
    editor = editor_of()
    write(editor, "voice", "cedar")
    write(editor, "voice", "marin")
    assert editor.changed == ()
    assert editor.mark("voice") == ("", "")


def test_what_is_no_value_leaves_the_draft_alone():
    editor = editor_of()
    with pytest.raises(ValueRefused):
        write(editor, "speed", "fast")
    assert editor.changed == ()


@pytest.mark.parametrize(
    ("before", "text", "value"),
    [("Be brief.", "", ""), ("Be brief.", "More.", "More."), (UNSET, "", UNSET), (UNSET, "More.", "More.")],
)
def test_no_instructions_are_the_same_as_empty_ones_where_there_were_none(before: Any, text: str, value: Any):
    profile = load_profile("openai")
    session = replace(profile.session, instructions=before)
    editor = AgentEditor("x", replace(profile, session=session))
    editor.instruct(text)
    assert editor.draft.settings.instructions == value


def test_what_was_typed_can_be_forgotten():
    editor = editor_of()
    write(editor, "voice", "cedar")
    editor.put_tool("get_time", None)
    editor.discard()
    assert editor.changed == ()
    assert value_at(editor.draft, "voice") == "marin"
    assert editor.draft.tool("get_time") is not None


def test_a_tool_switched_off_is_not_told_of_and_comes_back_as_it_was():
    editor = editor_of()
    editor.toggle_tool("get_time")
    assert value_at(editor.draft, "tools.get_time") == "off"
    assert [spec.name for spec in editor.draft.tool_specs] == ["get_weather"]
    editor.toggle_tool("get_time")
    assert editor.changed == ()


def test_a_tool_is_added_renamed_and_taken_away():
    editor = editor_of()
    new = ToolEntry(name="f", run=PythonRun(target="demo:get_time"))
    editor.put_tool("", new)
    assert [tool.name for tool in editor.draft.tools] == ["get_weather", "get_time", "f"]
    editor.put_tool("get_time", replace(new, name="g"))
    assert [tool.name for tool in editor.draft.tools] == ["get_weather", "g", "f"]
    editor.put_tool("f", None)
    assert [tool.name for tool in editor.draft.tools] == ["get_weather", "g"]


# --- sending and saving


def test_sending_tells_the_session_everything_and_keeps_it_in_the_profile():
    editor = editor_of()
    write(editor, "voice", "cedar")
    editor.toggle_tool("get_time")
    command, saving = editor.send(12.0, 3)
    sentence = saving.result().sentence
    assert command == EditSession(editor.draft.settings, editor.draft.tool_specs, "change-1")
    assert command.settings.voice == "cedar"
    assert [spec.name for spec in command.tools] == ["get_weather"]
    assert sentence == ""
    assert editor.changed == ()
    (change,) = editor.history.changes
    assert (change.number, change.at, change.turn, change.fields) == (1, 12.0, 3, ("voice", "tools"))
    assert on_disk().session.voice == "cedar"
    assert agent_of(on_disk()) == editor.kept
    assert editor.file.state.text == profile_text("mine")


def test_saving_leaves_every_other_line_of_the_profile_as_it_was():
    editor = editor_of()
    send(editor, voice="cedar")
    assert profile_text("mine") == TEXT.replace("PROVIDER", "openai").replace('"marin"', '"cedar"')


def test_a_new_model_is_saved_too():
    editor = editor_of()
    send(editor, model="m-2")
    assert on_disk().model == "m-2"


def test_a_built_in_profile_is_saved_under_its_name_in_the_persons_folder():
    editor = AgentEditor("openai", load_profile("openai"), profile_text("openai"))
    assert not profile_path("openai").exists()
    send(editor, voice="cedar")
    assert load_profile("openai").session.voice == "cedar"
    assert profile_path("openai").is_file()


def test_an_agent_of_the_command_line_is_sent_and_not_saved():
    editor = editor_of(saves=False)
    write(editor, "voice", "cedar")
    command, saving = editor.send(0.0, 0)
    sentence = saving.result().sentence
    assert command.settings.voice == "cedar"
    assert "not saved" in sentence
    assert on_disk().session.voice == "marin"


def test_a_file_that_cannot_be_written_is_said_and_the_change_is_sent_all_the_same():
    editor = editor_of()
    path = profile_path("mine")
    path.unlink()
    path.mkdir()
    write(editor, "voice", "cedar")
    command, saving = editor.send(0.0, 0)
    sentence = saving.result().sentence
    assert command.settings.voice == "cedar"
    assert sentence.startswith("not saved: ")


def test_what_another_program_wrote_meanwhile_is_kept_next_to_ours():
    editor = editor_of()
    write_profile("mine", profile_text("mine").replace("speed = 1.0", "speed = 1.2"))
    write(editor, "voice", "cedar")
    sentence = editor.send(0.0, 0)[1].result().sentence
    assert "both changes are in it" in sentence
    assert (on_disk().session.voice, on_disk().session.speed) == ("cedar", 1.2)


def test_where_another_program_wrote_the_same_ours_goes_into_a_profile_of_its_own():
    editor = editor_of()
    write_profile("mine", profile_text("mine").replace("marin", "ash"))
    write(editor, "voice", "cedar")
    sentence = editor.send(0.0, 0)[1].result().sentence
    assert "mine-mine" in sentence
    assert on_disk().session.voice == "ash"
    assert load_profile("mine-mine").session.voice == "cedar"
    assert editor.name == "mine-mine"


@pytest.mark.parametrize(
    ("provider", "spoken", "names"),
    [
        ("openai", False, ("model",)),
        ("openai", True, ("model", "voice")),
        ("azure", True, ("model", "voice")),
        ("yandex", True, ("model",)),
        ("local", True, ("model",)),
    ],
)
def test_a_model_and_where_the_provider_freezes_it_a_voice_that_was_heard_need_a_new_session(provider, spoken, names):
    editor = editor_of(provider)
    assert editor.needs_session(spoken) == ()
    for path, text in (("model", "m-2"), ("voice", "cedar"), ("speed", "1.2")):
        write(editor, path, text)
    assert editor.needs_session(spoken) == names


# --- what became of it


def test_a_change_is_marked_as_sent_then_acknowledged_with_what_was_sent():
    editor = editor_of()
    change = send(editor, voice="cedar")
    told(editor, change, SENT)
    assert editor.mark("voice") == ("sent", "")
    assert editor.sent_value("voice") == "cedar"
    told(editor, change, DONE)
    assert editor.mark("voice") == ("acknowledged", "")
    assert change.state is DONE
    write(editor, "voice", "ash")
    assert editor.mark("voice") == ("edited", ""), "what is typed comes first"
    assert editor.sent_value("voice") == "cedar"


def test_what_was_just_sent_is_not_marked_with_what_became_of_the_value_before():
    editor = editor_of()
    told(editor, send(editor, voice="cedar"), DONE)
    send(editor, voice="ash")
    assert editor.mark("voice")[0] != "acknowledged"


def test_transcription_that_was_switched_off_is_marked_like_any_setting():
    editor = editor_of()
    change = send(editor, transcription__model="off")
    told(editor, change, DONE)
    assert editor.mark("transcription.model") == ("acknowledged", "")
    assert editor.mark("transcription.language") == ("", "")


def test_only_what_the_server_made_something_else_of_is_marked_so():
    editor = editor_of()
    change = send(editor, voice="cedar", speed="1.2", turn_detection__threshold="0.8")
    made = {"turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}, "voice": "ash"}
    told(editor, change, OTHER, made=made)
    assert editor.mark("voice") == ("changed", "")
    assert editor.mark("speed") == ("acknowledged", "")
    assert editor.mark("turn_detection.threshold") == ("changed", "")
    assert editor.mark("turn_detection.silence_duration_ms") == ("acknowledged", "")
    assert editor.force_value("turn_detection.threshold", made) == 0.5
    assert change.state is OTHER


def test_a_tool_that_the_server_dropped_is_marked_and_the_others_are_acknowledged():
    editor = editor_of()
    editor.put_tool("", ToolEntry(name="f", run=PythonRun(target="demo:get_time")))
    change = send(editor)
    told(editor, change, OTHER, made={"tools": [{"name": "get_weather"}, {"name": "get_time"}]})
    assert editor.mark("tools.f") == ("changed", "")
    assert editor.mark("tools.get_weather") == ("acknowledged", "")


def test_what_is_refused_is_marked_with_the_servers_words_and_the_rest_of_it_as_held():
    editor = editor_of()
    change = send(editor, voice="no-such", speed="1.2")
    told(editor, change, REFUSED, detail="no such voice", blamed="voice")
    assert editor.mark("voice") == ("refused", "no such voice")
    assert editor.mark("speed") == ("held", "refused together with voice")
    assert change.state is REFUSED
    assert change.detail == "no such voice"


def test_what_is_refused_without_blame_is_refused_as_a_whole():
    editor = editor_of()
    change = send(editor, voice="no-such", speed="1.2")
    told(editor, change, REFUSED, detail="no")
    assert editor.mark("voice") == editor.mark("speed") == ("refused", "no")


def test_what_is_refused_stays_typed_leaves_the_profile_and_can_be_mended():
    editor = editor_of()
    change = send(editor, voice="no-such", speed="1.2")
    told(editor, change, REFUSED, detail="no", blamed="voice")
    assert value_at(editor.draft, "voice") == "no-such"
    assert editor.changed == ("voice", "speed")
    assert on_disk().session.voice == "marin"
    assert on_disk().session.speed == 1.0
    write(editor, "voice", "cedar")
    assert editor.mark("voice") == ("edited", "")
    command, _ = editor.send(2.0, 0)
    assert (command.settings.voice, command.settings.speed) == ("cedar", 1.2)
    assert editor.history.changes[-1].fields == ("voice", "speed")


def test_what_is_refused_does_not_spoil_the_next_change_once_it_is_forgotten():
    editor = editor_of()
    told(editor, send(editor, voice="no-such"), REFUSED, detail="no", blamed="voice")
    editor.discard()
    assert editor.mark("voice")[0] != "edited"
    write(editor, "speed", "1.2")
    command, _ = editor.send(2.0, 0)
    assert command.settings.voice == "marin"
    assert editor.history.changes[-1].fields == ("speed",)


def test_the_refusal_of_an_earlier_change_leaves_a_later_one_of_the_same_field():
    editor = editor_of()
    first = send(editor, voice="no-such")
    second = send(editor, voice="cedar")
    told(editor, first, REFUSED, detail="no", blamed="voice")
    told(editor, second, DONE)
    assert value_at(editor.kept, "voice") == "cedar"
    assert on_disk().session.voice == "cedar"
    assert editor.mark("voice") == ("acknowledged", "")


def test_an_update_that_nobody_answers_is_marked_and_may_be_sent_again():
    editor = editor_of()
    change = send(editor, voice="cedar")
    told(editor, change, SILENT)
    assert editor.mark("voice") == ("unanswered", "")
    assert editor.unanswered
    assert editor.history.last_undoable() is None
    told(editor, change, DONE)
    assert editor.mark("voice") == ("acknowledged", "")
    assert not editor.unanswered


def test_what_has_to_wait_is_marked_until_the_next_session_has_it():
    editor = editor_of()
    change = send(editor, voice="cedar")
    told(editor, change, LATER, detail="the voice cannot change once the agent has spoken")
    assert editor.mark("voice") == ("later", "the voice cannot change once the agent has spoken")
    assert editor.sent_value("voice") is UNSET
    opening = EditChanged("e-9", ("instructions", "voice"), SENT, sent={"voice": "cedar", "instructions": "Be brief."})
    editor.outcome(opening)
    assert editor.mark("voice") == ("sent", "")
    editor.outcome(replace(opening, state=DONE))
    assert editor.mark("voice") == ("acknowledged", "")
    assert change.state is DONE, "the history knows it too"


def test_a_change_that_is_partly_put_off_is_what_became_of_the_rest():
    editor = editor_of()
    change = send(editor, voice="cedar", speed="1.2")
    common = {"edit_id": change.edit_id}
    editor.outcome(EditChanged("", ("voice",), LATER, "the voice waits", sent={"voice": "cedar"}, **common))
    editor.outcome(EditChanged("e-1", ("speed",), SENT, sent={"speed": 1.2}, **common))
    editor.outcome(EditChanged("e-1", ("speed",), DONE, sent={"speed": 1.2}, **common))
    assert change.state is DONE
    assert editor.mark("voice")[0] == "later"
    assert editor.mark("speed")[0] == "acknowledged"


def test_a_model_that_was_sent_waits_for_the_next_session():
    editor = editor_of()
    send(editor, model="m-2")
    assert editor.mark("model")[0] == "later"
    editor.outcome(EditChanged("e-9", ("voice",), SENT, sent={"voice": "marin"}))
    assert editor.mark("model")[0] != "later"


def test_what_the_provider_has_not_is_marked_as_absent():
    openai, yandex = editor_of("openai"), editor_of("yandex")
    assert openai.mark("role") == ("absent", "OpenAI has no such setting")
    assert yandex.mark("transcription.model")[0] == "absent"
    assert yandex.mark("turn_detection.eagerness")[0] == "absent"


def test_what_the_server_says_is_in_force_is_told_apart_from_what_it_does_not_say():
    editor = editor_of()
    session = {"voice": "ash", "turn_detection": None, "speed": None, "tools": [{"name": "get_time"}]}
    assert editor.force_value("voice", session) == "ash"
    assert editor.force_value("turn_detection", session) is None
    assert editor.force_value("turn_detection.threshold", session) is UNSET
    assert editor.force_value("speed", session) is UNSET
    assert editor.force_value("truncation", session) is UNSET
    assert editor.force_value("tools.get_time", session) == "on"
    assert editor.force_value("tools.get_weather", session) == "off"
    assert editor.force_value("tools.get_time", {}) is UNSET


# --- taking back


def test_the_last_change_in_force_is_taken_back_and_what_is_typed_stays_typed():
    editor = editor_of()
    told(editor, send(editor, voice="cedar"), DONE)
    write(editor, "speed", "1.2")
    undone = undo(editor, 5.0, 2)
    assert undone is not None
    command = undone
    assert (command.settings.voice, command.settings.speed) == ("marin", 1.0)
    assert editor.changed == ("speed",)
    assert editor.history.changes[-1].undoes == 1
    assert on_disk().session.voice == "marin"


def test_undo_and_undo_again_goes_back_one_change_at_a_time_and_then_finds_nothing():
    editor = editor_of()
    for voice in ("cedar", "ash"):
        told(editor, send(editor, voice=voice), DONE)
    for voice in ("cedar", "marin"):
        undone = undo(editor)
        assert undone is not None
        assert undone.settings.voice == voice
        told(editor, editor.history.changes[-1], DONE)
    assert editor.undo(0.0, 0) is None
    assert [change.undoes for change in editor.history.changes] == [0, 0, 2, 1]


def test_an_undo_that_was_refused_can_be_tried_again():
    editor = editor_of()
    told(editor, send(editor, voice="cedar"), DONE)
    undo(editor)
    told(editor, editor.history.changes[-1], REFUSED, detail="not now")
    again = undo(editor)
    assert again is not None
    assert again.settings.voice == "marin"


def test_a_refused_value_does_not_go_along_with_the_next_change():
    editor = editor_of()
    told(editor, send(editor, voice="dragon"), REFUSED, detail="no such voice", blamed="voice")
    assert editor.refused == ("voice",)
    write(editor, "speed", "1.5")
    command, _ = editor.send(2.0, 1)
    change = editor.history.changes[-1]
    assert change.fields == ("speed",)
    assert command.settings.voice == "marin"
    assert value_at(editor.draft, "voice") == "dragon", "it stays as it is typed"
    told(editor, change, EditState.ACKNOWLEDGED)
    assert editor.mark("speed")[0] == "acknowledged"
    assert editor.mark("voice") == ("refused", "no such voice")


def test_a_refused_value_alone_is_sent_once_more_and_another_value_is_a_new_one():
    editor = editor_of()
    told(editor, send(editor, voice="dragon"), REFUSED, detail="no such voice", blamed="voice")
    command, _ = editor.send(2.0, 1)
    assert command.settings.voice == "dragon"
    told(editor, editor.history.changes[-1], REFUSED, detail="no such voice", blamed="voice")
    write(editor, "voice", "cedar")
    write(editor, "speed", "1.5")
    command, _ = editor.send(3.0, 1)
    assert (command.settings.voice, editor.history.changes[-1].fields) == ("cedar", ("voice", "speed"))


def test_what_was_refused_together_with_another_is_sent_again():
    editor = editor_of()
    told(editor, send(editor, voice="dragon", speed="1.5"), REFUSED, detail="no such voice", blamed="voice")
    assert editor.refused == ("voice",)
    command, _ = editor.send(2.0, 1)
    assert editor.history.changes[-1].fields == ("speed",)
    assert command.settings.voice == "marin"


def test_one_edit_is_dropped_and_the_others_stay():
    editor = editor_of()
    for path, text in (("voice", "cedar"), ("speed", "1.5"), ("turn_detection.threshold", "0.7")):
        write(editor, path, text)
    editor.toggle_tool("get_time")
    editor.drop("turn_detection.threshold")
    editor.drop("voice")
    assert set(editor.changed) == {"speed", "tools"}
    editor.drop("tools.get_time")
    assert editor.changed == ("speed",)


def test_dropping_one_value_of_a_setting_keeps_the_others_of_it():
    editor = editor_of()
    write(editor, "turn_detection.threshold", "0.7")
    write(editor, "turn_detection.silence_duration_ms", "700")
    editor.drop("turn_detection.threshold")
    assert value_at(editor.draft, "turn_detection.threshold") == 0.5
    assert value_at(editor.draft, "turn_detection.silence_duration_ms") == 700


@pytest.mark.parametrize("state", [None, SENT, REFUSED, SILENT, LATER])
def test_only_a_change_that_is_in_force_is_taken_back(state: EditState | None):
    editor = editor_of()
    change = send(editor, voice="cedar")
    if state is not None:
        told(editor, change, state)
    assert editor.undo(0.0, 0) is None


def test_a_change_that_the_server_made_something_else_of_can_be_taken_back():
    editor = editor_of()
    told(editor, send(editor, speed="1.4"), OTHER, made={"speed": 1.2})
    undone = undo(editor)
    assert undone is not None
    assert undone.settings.speed == 1.0


def test_undo_brings_a_tool_back():
    editor = editor_of()
    editor.put_tool("get_time", None)
    told(editor, send(editor), DONE)
    assert [tool.name for tool in on_disk().tools] == ["get_weather"]
    undo(editor)
    assert {tool.name for tool in on_disk().tools} == {"get_weather", "get_time"}


def test_an_earlier_state_is_typed_as_a_whole_and_sent_like_any_change():
    editor = editor_of()
    told(editor, send(editor, voice="cedar", speed="1.2"), DONE)
    told(editor, send(editor, voice="ash"), DONE)
    editor.restore(editor.history.start)
    assert editor.changed == ("voice", "speed")
    assert editor.mark("voice")[0] == "edited"
    editor.restore(editor.history.changes[0].after)
    assert editor.changed == ("voice",)
    command, _ = editor.send(0.0, 0)
    assert command.settings.voice == "cedar"


# --- a file that is changed elsewhere


def test_a_change_elsewhere_becomes_what_is_typed_next_to_what_was_typed():
    editor = editor_of()
    write(editor, "speed", "1.2")
    text = profile_text("mine").replace("marin", "ash").replace("m-1", "m-2")
    assert reread(editor, text) == ("model", "voice")
    assert editor.changed == ("model", "voice", "speed")
    assert editor.mark("voice")[0] == "edited"
    assert value_at(editor.draft, "speed") == 1.2
    write_profile("mine", text)
    command, saving = editor.send(0.0, 0)
    sentence = saving.result().sentence
    assert (command.settings.voice, command.settings.speed) == ("ash", 1.2)
    assert sentence == ""
    assert (on_disk().model, on_disk().session.voice, on_disk().session.speed) == ("m-2", "ash", 1.2)


def test_a_comment_that_was_changed_elsewhere_is_no_edit():
    editor = editor_of()
    assert reread(editor, profile_text("mine").replace("# my own agent", "# still mine")) == ()
    assert editor.changed == ()
    assert "still mine" in editor.file.state.text


def test_a_tool_changed_elsewhere_and_a_tool_that_was_typed_are_both_there():
    editor = editor_of()
    editor.toggle_tool("get_weather")
    assert reread(editor, profile_text("mine").replace('"Time."', '"What time it is."')) == ("tools",)
    assert value_at(editor.draft, "tools.get_weather") == "off"
    changed = editor.draft.tool("get_time")
    assert changed is not None
    assert changed.description == "What time it is."


@pytest.mark.parametrize("text", ["voice = ", "[session]\nvoice = 3\n", "nonsense = 1\n"])
def test_a_file_that_is_broken_elsewhere_is_said_and_changes_nothing(text: str):
    editor = editor_of()
    before, kept = editor.file.state.text, editor.draft
    with pytest.raises(ProfileError, match=r"mine\.toml"):
        reread(editor, text)
    assert editor.file.state.text == before
    assert editor.draft == kept


# --- history


def test_changes_are_counted_and_settled_by_the_name_the_session_was_given():
    a, b = Agent(model="a"), Agent(model="b")
    history = EditHistory(a)
    first, second = history.add(1.0, 0, a, b), history.add(2.0, 1, b, a)
    assert (first.edit_id, second.edit_id) == ("change-1", "change-2")
    assert history.record_outcome(EditChanged("e", ("model",), DONE, edit_id="change-2")) is second
    assert (first.state, second.state) == (None, DONE)
    assert history.record_outcome(EditChanged("e", ("model",), DONE, edit_id="change-7")) is None
    assert history.record_outcome(EditChanged("e", ("model",), DONE)) is None


CREATED = {
    "instructions": "Be kind.",
    "voice": "marin",
    "speed": 1,
    "output_modalities": ["text", "audio"],
    "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
    "tools": [{"type": "function", "name": "f"}],
    "model": "m",
}


def test_a_state_is_compared_with_the_session_by_what_the_state_says():
    state = Agent(
        model="other",
        settings=SessionSettings(
            voice="ash",
            speed=1.0,
            output_modalities=["audio"],
            turn_detection={"type": "server_vad", "threshold": 0.8},
            truncation="auto",
        ),
        tools=(ToolEntry(name="f"), ToolEntry(name="g", policy="off")),
    )
    assert compared(state, CREATED) == [
        ("voice", "marin", "ash"),
        ("turn_detection", CREATED["turn_detection"], {"type": "server_vad", "threshold": 0.8}),
    ]


@pytest.mark.parametrize("tools", [(), (ToolEntry(name="g"),), (ToolEntry(name="f"), ToolEntry(name="g"))])
def test_other_tools_are_a_difference_by_name(tools: tuple[ToolEntry, ...]):
    ((name, theirs, ours),) = compared(Agent(tools=tools), CREATED)
    assert (name, theirs, ours) == ("tools", ["f"], [tool.name for tool in tools])


def test_a_state_that_says_nothing_differs_from_nothing():
    assert compared(Agent(tools=(ToolEntry(name="f"),)), CREATED) == []
    assert compared(Agent(tools=(ToolEntry(name="f"),)), {}) == []


@pytest.mark.parametrize("theirs", [5, True, "none", {"a": 1}, [5, None], None])
def test_tools_of_a_session_that_are_no_list_are_none(theirs):
    assert compared(Agent(tools=(ToolEntry(name="f"),)), {"tools": theirs}) == [("tools", [], ["f"])]


def test_the_profile_is_written_in_the_folder_that_the_environment_names(tmp_path: Path):
    send(editor_of(), voice="cedar")
    files = [path.name for path in (tmp_path / "config" / "rtvoice-tui" / "profiles").glob("*.toml")]
    assert files == ["mine.toml"]


def test_a_device_is_kept_at_once_and_typed_settings_stay_typed():
    editor = editor_of()
    write(editor, "voice", "cedar")
    assert editor.keep_audio(input_device="Headset").result().sentence == ""
    assert editor.changed == ("voice",)
    assert editor.profile.audio.input_device == load_profile("mine").audio.input_device == "Headset"
    assert load_profile("mine").session.voice == "marin"
    assert editor.file.state.text == profile_text("mine")


def test_a_device_of_a_profile_that_is_overridden_is_only_remembered():
    editor = editor_of(saves=False)
    before = profile_text("mine")
    assert "not saved" in editor.keep_audio(echo="off").result().sentence
    assert editor.profile.audio.echo == "off"
    assert profile_text("mine") == before


def test_a_device_that_was_written_elsewhere_is_the_next_sessions():
    editor = editor_of()
    assert reread(editor, editor.file.state.text + '\n[audio]\ninput_device = "Webcam"\n') == ()
    assert editor.profile.audio.input_device == "Webcam"
