"""One tool that the server refuses does not take the whole session."""

import pytest

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState, Notice
from session.conversation import CLOCK, VAD, WEATHER, Conversation, Step

SEARCH = ToolSpec(name="search", parameters={"type": "object"})


def opening(*tools: ToolSpec) -> Conversation:
    c = Conversation(tools=tools or (WEATHER, CLOCK, SEARCH), ready=False)
    c.connect()
    c.server("session.created", session={"id": "sess"})
    return c


def offered(step: Step) -> list[str]:
    (update,) = [event for event in step.sent if event["type"] == "session.update"]
    return [tool["name"] for tool in update["session"]["tools"]]


WAYS = {
    "by its index": {"param": "session.tools[1].parameters", "message": "Invalid schema."},
    "by its index with dots": {"param": "tools.1.name", "message": "Invalid."},
    "by its name": {"param": "", "message": "Invalid schema for function 'get_time': no properties."},
    "by its name without quotes": {"param": "session.tools", "message": "function get_time is not valid"},
    "by an index in the message": {"param": "", "message": "session.tools[1]: bad function"},
}


@pytest.mark.parametrize("named", [True, False], ids=["with event id", "without"])
@pytest.mark.parametrize("error", WAYS.values(), ids=WAYS)
def test_a_refused_tool_is_left_out_named_and_the_rest_is_sent_again(error, named):
    c = opening()
    step = c.error("invalid_value", c.last_id("session.update") if named else None, **error)
    assert offered(step) == ["get_weather", "search"]
    (notice,) = step.of(Notice)
    assert "'get_time'" in notice.text
    assert "F6" in notice.remedy
    assert c.server("session.updated", session={"id": "sess"}).phases == ["listening"]


def test_tools_are_left_out_one_by_one_until_the_rest_is_accepted():
    c = opening()
    c.error("invalid_value", c.last_id("session.update"), param="session.tools[0].parameters")
    step = c.error("invalid_value", c.last_id("session.update"), param="session.tools[0].parameters")
    assert offered(step) == ["search"]
    assert offered(c.error("invalid_value", c.last_id("session.update"), param="session.tools[0]")) == []
    assert c.server("session.updated", session={"id": "sess"}).phases == ["listening"]


@pytest.mark.parametrize(
    "error",
    [
        {"param": "session.tools", "message": "tools are not supported"},
        {"param": "session.audio.output.voice", "message": "no such voice: get_time"},
        {"param": "", "message": "get_time and search are not valid functions"},
        {"param": "session.tools[9].name", "message": "no such thing"},
    ],
)
def test_an_error_that_names_no_one_tool_refuses_the_session_and_says_what_to_press(error):
    c = opening()
    step = c.error("invalid_value", c.last_id("session.update"), **error)
    assert step.phases == ["refused"]
    assert step.sent == []
    assert step.of(Notice)[0].remedy == "F6 corrects it, F7 sends it again"


def test_a_tool_that_was_left_out_is_named_in_the_outcome():
    c = opening()
    step = c.error("invalid_value", c.last_id("session.update"), param="session.tools[1].name")
    assert step.of(EditChanged)[-1].left_out == ("tool get_time",)


def test_a_corrected_tool_is_sent_again_and_the_next_session_tries_all():
    c = opening()
    c.error("invalid_value", c.last_id("session.update"), param="session.tools[1].name")
    c.server("session.updated", session={"id": "sess"})
    corrected = ToolSpec(name="get_time", parameters={"type": "object", "properties": {"zone": {}}})
    assert offered(c.do(EditSession(VAD, (WEATHER, corrected, SEARCH), "x"))) == ["get_weather", "get_time", "search"]
    c.close()
    c.connect()
    assert len(offered(c.server("session.created", session={"id": "two"}))) == 3


def test_a_tool_found_later_that_is_refused_leaves_the_others_that_were_found_with_it():
    c = Conversation(tools=[WEATHER])
    step = c.use_tools(WEATHER, CLOCK, SEARCH)
    assert offered(step) == ["get_weather", "get_time", "search"]
    again = c.error("invalid_value", c.last_id("session.update"), param="session.tools[1].parameters")
    assert offered(again) == ["get_weather", "search"]


def test_an_edit_of_the_user_that_is_refused_keeps_the_tools_before_it():
    c = Conversation(tools=[WEATHER])
    c.do(EditSession(VAD, (CLOCK,), "x"))
    step = c.error("invalid_value", c.last_id("session.update"), param="session.tools[0].name")
    assert step.sent == []
    assert step.of(EditChanged)[-1].state is EditState.REFUSED
