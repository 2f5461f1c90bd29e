"""One tool changed at once while the agent is being typed: it alone is sent and saved, and nothing typed is lost."""

import pytest
from msgspec.structs import replace

from editing.cockpit import own_folders, reread, write_profile  # noqa: F401 - a fixture
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.fields import Field
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import AskRun, MockRun, PythonRun
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.session.facts import EditChanged, EditState

TEXT = """# my own agent
provider = "openai"
model = "m-1"

[session]
instructions = "Be brief."   # as short as can be
voice = "marin"

[[tools]]
name = "get_weather"
description = "Weather."
policy = "ask"
run = {kind = "python", target = "demo:get_weather"}   # ours

[[tools]]
name = "get_time"
description = "Time."
run = {kind = "python", target = "demo:get_time"}
"""
NEW = ToolEntry(name="colour", run=AskRun(question="Which?"))


@pytest.fixture
def editor() -> AgentEditor:
    write_profile("mine", TEXT)
    return AgentEditor("mine", load_profile("mine"), profile_text("mine"))


def field(editor: AgentEditor, path: str) -> Field:
    return next(field for field in editor.fields if field.path == path)


def tool(editor: AgentEditor, name: str) -> ToolEntry:
    entry = editor.kept.tool(name)
    assert entry is not None
    return entry


def test_a_tool_goes_off_and_asks_again_when_it_comes_back(editor: AgentEditor):
    off = editor.switched(tool(editor, "get_weather"))
    command = editor.send_tool("get_weather", off, 1.0, 1)
    assert [spec.name for spec in command.tools] == ["get_time"]
    assert profile_text("mine") == TEXT, "it lasts for the session"
    assert editor.held
    command = editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 2.0, 1)
    assert [(spec.name, spec.asks) for spec in command.tools] == [("get_weather", True), ("get_time", False)]
    assert profile_text("mine") == TEXT
    assert not editor.held


def test_a_tool_that_nobody_knows_to_have_been_on_asks_when_it_comes_back():
    write_profile("mine", TEXT.replace('policy = "ask"', 'policy = "off"'))
    editor = AgentEditor("mine", load_profile("mine"), profile_text("mine"))
    assert editor.switched(tool(editor, "get_weather")).policy == "ask"


def test_what_is_typed_and_not_sent_is_neither_sent_nor_lost(editor: AgentEditor):
    editor.type(field(editor, "voice"), "cedar")
    editor.instruct("Sing.")
    editor.put_tool("colour", NEW)
    editor.put_tool("get_time", None)
    editor.put_tool("get_weather", replace(tool(editor, "get_weather"), description="Rain?"))
    typed = editor.draft
    mock = replace(
        tool(editor, "get_weather"), run=MockRun(result="wet", original=PythonRun(target="demo:get_weather"))
    )
    command = editor.send_tool("get_weather", mock, 1.0, 1)
    assert [(spec.name, spec.description) for spec in command.tools] == [
        ("get_weather", "Weather."),
        ("get_time", "Time."),
    ]
    assert command.settings == load_profile("mine").session
    assert profile_text("mine") == TEXT
    assert [entry.name for entry in editor.kept.tools] == ["get_weather", "get_time"]
    assert editor.kept.tools[0] == mock
    assert editor.draft.settings == typed.settings
    assert [entry.name for entry in editor.draft.tools] == ["get_weather", "colour"], "one is still to go, one to come"
    assert editor.draft.tool("get_weather") == replace(mock, description="Rain?"), "both changes of the same tool"
    assert editor.changed == ("instructions", "voice", "tools")


def test_a_tool_that_is_to_go_stays_so_when_it_is_changed_meanwhile(editor: AgentEditor):
    editor.put_tool("get_weather", None)
    editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 1.0, 1)
    assert editor.draft.tool("get_weather") is None
    assert editor.kept.tool("get_weather") is not None


def test_a_policy_of_the_profile_that_is_typed_stays_typed(editor: AgentEditor):
    editor.restore(replace(editor.draft, tool_policy="off"))
    editor.send_tool("get_weather", tool(editor, "get_weather"), 1.0, 1)
    assert (editor.kept.tool_policy, editor.draft.tool_policy) == ("auto", "off")


def test_a_tool_that_was_added_can_be_taken_away_again_and_the_file_is_as_before(editor: AgentEditor):
    editor.send_tool("colour", NEW, 1.0, 1)
    assert editor.kept.tools[-1] == NEW
    assert editor.draft == editor.kept
    command = editor.send_tool("colour", None, 2.0, 1)
    assert [spec.name for spec in command.tools] == ["get_weather", "get_time"]
    assert profile_text("mine") == TEXT
    assert editor.draft == editor.kept


def test_under_options_of_the_command_line_it_is_sent_and_not_saved():
    write_profile("mine", TEXT)
    editor = AgentEditor("mine", load_profile("mine"), "")
    command = editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 1.0, 1)
    assert [spec.name for spec in command.tools] == ["get_time"]
    assert not editor.held, "nothing of it is ever saved"
    assert profile_text("mine") == TEXT


def test_what_a_key_changed_is_saved_with_the_next_change_that_is(editor: AgentEditor):
    editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 1.0, 1)
    editor.type(field(editor, "voice"), "cedar")
    editor.send(2.0, 1)[1].result()
    assert load_profile("mine").tools[0].policy == "off"
    assert load_profile("mine").session.voice == "cedar"
    assert not editor.held


def test_what_a_key_changed_is_saved_when_the_agent_is_saved(editor: AgentEditor):
    editor.send_tool("colour", NEW, 1.0, 1)
    assert editor.save().result().sentence == ""
    assert load_profile("mine").tools[-1] == NEW
    assert not editor.held


def test_undoing_what_a_key_changed_writes_nothing(editor: AgentEditor):
    command = editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 1.0, 1)
    editor.outcome(EditChanged("e1", ("tools",), EditState.ACKNOWLEDGED, edit_id=command.edit_id))
    assert editor.undo(2.0, 1) is not None
    assert profile_text("mine") == TEXT
    assert not editor.held


def test_devices_are_saved_without_what_a_key_changed(editor: AgentEditor):
    editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 1.0, 1)
    editor.keep_audio(input_device="Jabra").result()
    assert load_profile("mine").tools[0].policy == "ask"
    assert load_profile("mine").audio.input_device == "Jabra"
    assert editor.held


def test_what_another_program_wrote_and_nobody_took_over_is_not_written_back(editor: AgentEditor):
    theirs = TEXT.replace('voice = "marin"', 'voice = "cedar"')
    write_profile("mine", theirs)
    reread(editor, theirs)
    editor.discard()
    assert not editor.held
    editor.save().result()
    assert profile_text("mine") == theirs


def test_a_key_s_change_is_saved_beside_what_another_program_wrote(editor: AgentEditor):
    editor.send_tool("get_weather", editor.switched(tool(editor, "get_weather")), 1.0, 1)
    theirs = TEXT.replace('voice = "marin"', 'voice = "cedar"')
    write_profile("mine", theirs)
    reread(editor, theirs)
    editor.discard()
    editor.save().result()
    assert load_profile("mine").tools[0].policy == "off"
    assert load_profile("mine").session.voice == "cedar"


def test_trust_that_another_program_takes_away_is_gone(editor: AgentEditor):
    reread(editor, "trusted = false\n" + TEXT)
    assert not editor.profile.trusted
    reread(editor, TEXT)
    assert not editor.profile.trusted, "it comes back with the user's own word only"
