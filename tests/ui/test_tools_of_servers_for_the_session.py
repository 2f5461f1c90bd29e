"""Pane 4's keys on the tools of a real MCP server: out of its list or in its place for the session, and not kept."""

import json
import sys
from pathlib import Path

import pytest
from pane_4 import MOCKED, OFF, ON, REAL, Pane4, pane_4

from editing.cockpit import OPENAI, own_folders  # noqa: F401
from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session.facts import CallState

PROGRAM = Path(__file__).parents[1] / "tools" / "mcp_small_program.py"
SERVER = f"""
[[tools]]
name = "srv"   # three tools
run = {{kind = "mcp", argv = {json.dumps([sys.executable, "-S", "-E", str(PROGRAM), "odd descriptions"])}}}
"""
ALL = ["srv_a", "srv_b", "srv_c"]


def offered(pane: Pane4) -> list[str]:
    """What the newest update offers."""
    return [tool["name"] for tool in pane.here.wire.updates()[-1]["session"].get("tools", [])]


async def offers(pane: Pane4, *names: str) -> None:
    await pane.here.until(lambda: offered(pane) == list(names), f"{names} are offered, not {offered(pane)}")


async def test_d_takes_a_tool_out_of_its_server_for_the_session_and_brings_it_back():
    async with pane_4(OPENAI + SERVER) as pane:
        await offers(pane, *ALL)
        await pane.call("srv_b", kind="mcp")
        for _ in range(2):
            await pane.press("o", OFF.format("srv_b"))
            await offers(pane, "srv_a", "srv_c")
            await pane.mark_is(True)
            await pane.press("o", ON.format("srv_b"))
            await offers(pane, *ALL)
            await pane.unchanged()


async def test_all_tools_of_a_server_are_taken_out_one_after_the_other_and_none_is_written():
    async with pane_4(OPENAI + SERVER) as pane:
        await offers(pane, *ALL)
        for number, name in enumerate(ALL, 1):
            await pane.call(name, kind="mcp")
            await pane.press("o", OFF.format(name))
            await offers(pane, *ALL[number:])
        await pane.mark_is(True)
        assert load_profile("mine").tools[0].run.only == []
        assert load_profile("mine").tools[0].policy == "default"


async def test_a_server_s_own_list_of_tools_stays_as_it_is_written():
    listed = SERVER.replace('kind = "mcp",', 'kind = "mcp", only = ["a", "c"],')
    async with pane_4(OPENAI + listed) as pane:
        await offers(pane, "srv_a", "srv_c")
        await pane.call("srv_c", kind="mcp")
        await pane.press("o", OFF.format("srv_c"))
        await offers(pane, "srv_a")
        await pane.mark_is(True)
        assert load_profile("mine").tools[0].run.only == ["a", "c"]
        await pane.press("o", ON.format("srv_c"))
        await pane.unchanged()


@pytest.mark.parametrize("result", ["raining frogs", "x" * 200_000], ids=["short", "200 kB"])
async def test_a_mock_of_a_server_s_tool_is_no_entry_of_the_profile(result: str):
    async with pane_4(OPENAI + SERVER) as pane:
        await offers(pane, *ALL)
        await pane.call("srv_b", result, kind="mcp")
        await pane.press("f", MOCKED.format("srv_b"))
        await pane.mark_is(True)
        await pane.here.wire.session.call("resp_1", [("k1", "srv_b", "{}")])
        await pane.here.until(lambda: len(pane.calls) == 2 and pane.calls[1].state is CallState.OK, "it was called")
        assert pane.calls[1].output[:13] == result[:13]
        assert [tool.name for tool in load_profile("mine").tools] == ["srv"]
        assert isinstance(load_profile("mine").tools[0].run, McpRun)
        await pane.press("f", REAL.format("srv_b"))
        await pane.unchanged()


async def test_a_mocked_tool_of_a_server_is_switched_off_whole_and_nothing_is_written():
    async with pane_4(OPENAI + SERVER) as pane:
        await offers(pane, *ALL)
        await pane.call("srv_b", kind="mcp")
        await pane.press("f", MOCKED.format("srv_b"))
        await pane.press("o", OFF.format("srv_b"))
        await offers(pane, "srv_a", "srv_c")
        await pane.mark_is(True)
        await pane.press("o", ON.format("srv_b"))
        await offers(pane, *ALL)
        await pane.unchanged()
