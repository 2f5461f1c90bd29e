"""From a profile's tools to runners: what may not or cannot run is one sentence, and keeps no other from working."""

from pathlib import Path

import pytest

from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import AskRun, CommandRun, HostedRun, HttpRun, McpRun, MockRun, PythonRun, ToolRun
from rtvoice_tui.tools.ask import AskRunner
from rtvoice_tui.tools.command import CommandRunner
from rtvoice_tui.tools.http import HttpRunner
from rtvoice_tui.tools.mcp import McpRunner
from rtvoice_tui.tools.mock import MockRunner
from rtvoice_tui.tools.python import PythonRunner
from rtvoice_tui.tools.registry import Registry, Toolset
from rtvoice_tui.tools.runner import Runner
from tools.toolbench import write

RUNS: dict[str, tuple[ToolRun, type[Runner]]] = {
    "local": (PythonRun(target="tools.py:double"), PythonRunner),
    "program": (CommandRun(argv=["true"]), CommandRunner),
    "request": (HttpRun(url="https://example.org"), HttpRunner),
    "server": (McpRun(argv=["true"]), McpRunner),
    "far_server": (McpRun(url="https://example.org/mcp"), McpRunner),
    "with_token": (HostedRun(server_url="https://example.org", authorization="${TOKEN}"), Runner),
    "demo": (PythonRun(target="demo:get_weather"), PythonRunner),
    "mocked": (MockRun(result="x"), MockRunner),
    "asked": (AskRun(question="x"), AskRunner),
    "web_search": (HostedRun(), Runner),
    "without_token": (HostedRun(server_url="https://example.org"), Runner),
}
HARMLESS = ["demo", "mocked", "asked", "web_search", "without_token"]
FORM = "FILE.py:FUNCTION"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "tools.py", "def double(x: int) -> int:\n    return 2 * x\n")
    return tmp_path


def toolset(folder: Path, *entries: ToolEntry, **profile: object) -> tuple[Toolset, list[str]]:
    return Registry(folder, {}).toolset(Profile(tools=list(entries), **profile))


def entries() -> list[ToolEntry]:
    return [ToolEntry(name=name, run=run) for name, (run, _) in RUNS.items()]


def objection(target: str, folder: Path) -> str:
    tools, problems = toolset(folder, ToolEntry(name="tool", run=PythonRun(target=target)))
    assert tools == {}
    (sentence,) = problems
    assert sentence.startswith("tool tool: ")
    assert "\n" not in sentence
    return sentence


def test_every_kind_has_its_runner(folder):
    tools, problems = toolset(folder, *entries())
    assert problems == []
    assert {name: type(tool.runner) for name, tool in tools.items()} == {n: kind for n, (_, kind) in RUNS.items()}


def test_of_an_untrusted_profile_only_what_is_harmless_is_offered_and_the_rest_is_named(folder):
    tools, problems = toolset(folder, *entries(), trusted=False)
    assert list(tools) == HARMLESS
    (sentence,) = problems
    assert "not trusted" in sentence
    named = sentence.partition("off: ")[2].partition(" (")[0].split(", ")
    assert named == [name for name in RUNS if name not in HARMLESS]


def test_a_file_is_not_looked_for_while_its_profile_is_not_trusted(folder):
    _, problems = toolset(folder, ToolEntry(name="gone", run=PythonRun(target="gone.py:x")), trusted=False)
    assert len(problems) == 1
    assert "not trusted" in problems[0]


@pytest.mark.parametrize("target", ["demo:evil.py:run", "demo:../evil.py:run", "demo::run"])
@pytest.mark.parametrize("trusted", [False, True])
def test_what_only_begins_like_the_demo_is_no_way_to_a_file_of_an_untrusted_profile(folder, target, trusted):
    source = target.rpartition(":")[0]
    write(folder / source, "def run(): ...\n") if ".." not in source else write(folder / "evil.py", "def run(): ...\n")
    (folder / "demo:..").mkdir(exist_ok=True)
    tools, problems = toolset(folder, ToolEntry(name="tool", run=PythonRun(target=target)), trusted=trusted)
    assert tools == {}
    assert (FORM if trusted else "not trusted") in problems[0]


@pytest.mark.parametrize("default", ["auto", "ask", "off"])
def test_the_profile_s_policy_holds_for_tools_that_name_none(folder, default):
    run = MockRun()
    tools, _ = toolset(
        folder,
        ToolEntry(name="default", run=run),
        ToolEntry(name="auto", run=run, policy="auto"),
        ToolEntry(name="ask", run=run, policy="ask"),
        ToolEntry(name="off", run=run, policy="off"),
        tool_policy=default,
    )
    asks = {name: tool.runner.specs[0].asks for name, tool in tools.items()}
    expected = {"default": default == "ask", "auto": False, "ask": True}
    if default == "off":
        del expected["default"]
    assert asks == expected


def test_broken_tools_keep_no_other_from_working(folder):
    broken = [
        ToolEntry(name="no_form", run=PythonRun(target="tools.py")),
        ToolEntry(name="no_file", run=PythonRun(target="gone.py:x")),
        ToolEntry(name="no_server", run=McpRun()),
        ToolEntry(name="no_address", run=McpRun(url="ftp://example.org")),
    ]
    tools, problems = toolset(folder, *broken, *entries())
    assert list(tools) == list(RUNS)
    assert [problem.split(":")[0] for problem in problems] == [f"tool {entry.name}" for entry in broken]


@pytest.mark.parametrize("target", ["", "tools.py", ":double", "tools.py:", "tools.py:no name", "tools.py:1"])
def test_a_target_of_another_form_is_told(folder, target):
    assert FORM in objection(target, folder)


@pytest.mark.parametrize(
    "file",
    ["gone.py", "folder.py", "a/b/c.py", "x" * 300 + ".py", "nul\0.py", "tools.py/x.py"],
    ids=["gone", "folder", "deep", "too long", "nul", "below a file"],
)
def test_a_file_that_cannot_be_is_named(folder, file):
    (folder / "folder.py").mkdir()
    assert "there is no file" in objection(f"{file}:double", folder)


def test_a_file_may_be_named_from_the_root(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    tools, problems = toolset(elsewhere, ToolEntry(name="d", run=PythonRun(target=f"{folder / 'tools.py'}:double")))
    assert problems == []
    assert list(tools) == ["d"]
