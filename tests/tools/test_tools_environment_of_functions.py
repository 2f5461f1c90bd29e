"""A tool's process has none of our keys in its environment, but what its profile gives it by name."""

import json
import os
from pathlib import Path

import pytest
from command_programs import mark
from mcp_runners import connected, opened, real

from recorder import CANARY
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.store import parse_profile
from rtvoice_tui.tools.runner import Call
from tools.toolbench import bench, function, write

KEYS = (
    "OPENAI_API_KEY AZURE_OPENAI_API_KEY YANDEX_CLOUD_API_KEY XAI_API_KEY REALTIME_API_KEY AWS_SECRET_ACCESS_KEY"
    " MY_KEY GITHUB_TOKEN SOME_PASSWORD ANYTHING_ELSE"
).split()
FILE = """
import os, subprocess, sys
LOADED = dict(os.environ)

def seen() -> dict:
    return dict(os.environ)

def again() -> dict:
    return dict(os.environ)

def other() -> dict:
    return dict(os.environ)

def loaded() -> dict:
    return LOADED

def child() -> str:
    return subprocess.run(["env"], capture_output=True, text=True, check=True).stdout

def started() -> str:
    with open("/proc/self/environ") as file:
        return file.read()
"""


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, f"{CANARY}-{name}")
    monkeypatch.setenv("MINE", "mine")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "tools.py", FILE)
    return tmp_path


def entries(*runs: str) -> list[ToolEntry]:
    """Tools that are functions of the file, each under its own name."""
    names = ["seen", "again", "other"]
    text = "".join(
        f'[[tools]]\nname = "{name}"\nrun = {{target = "tools.py:{name}"{run}}}\n'
        for name, run in zip(names, runs, strict=False)
    )
    return parse_profile(text, "test").tools


@pytest.mark.parametrize("name", ["seen", "loaded", "child", "started"])
async def test_a_function_finds_no_key_of_ours(folder: Path, name: str) -> None:
    async with bench(folder) as desk:
        desk.use(function(name))
        said = await desk.said(name)
        assert "PATH" in said
        assert CANARY not in said


async def test_a_function_has_what_every_program_needs(folder: Path) -> None:
    async with bench(folder) as desk:
        desk.use(function("seen"))
        given = json.loads(await desk.said("seen"))
        for name in ("PATH", "HOME"):
            assert given.get(name) == os.environ.get(name)


async def test_a_function_gets_the_variables_that_its_profile_names_and_no_others(folder: Path) -> None:
    async with bench(folder) as desk:
        desk.use(*entries("", ', env = {A = "b", MY_KEY = "set"}, pass_env = ["MINE", "GITHUB_TOKEN", "NOT_SET"]'))
        plain = json.loads(await desk.said("seen"))
        given = json.loads(await desk.said("again"))
    more = {"A": "b", "MY_KEY": "set", "MINE": "mine", "GITHUB_TOKEN": f"{CANARY}-GITHUB_TOKEN"}
    assert given == plain | more
    assert CANARY not in str(plain)
    assert "MINE" not in plain


async def test_functions_of_one_file_do_not_see_each_others_variables(folder: Path) -> None:
    runs = [', env = {A = "1"}', ', env = {A = "2", B = "2"}', ', pass_env = ["MY_KEY"]']
    async with bench(folder) as desk:
        desk.use(*entries(*runs))
        given = {name: json.loads(await desk.said(name)) for name in ("seen", "again", "other")}
    wanted = {"A", "B", "MY_KEY"}
    assert {name: {key: value for key, value in found.items() if key in wanted} for name, found in given.items()} == {
        "seen": {"A": "1"},
        "again": {"A": "2", "B": "2"},
        "other": {"MY_KEY": f"{CANARY}-MY_KEY"},
    }


async def test_a_variable_that_the_profile_changes_is_another_at_the_next_call(folder: Path) -> None:
    async with bench(folder) as desk:
        for value in ("1", "2"):
            desk.use(*entries(f', env = {{A = "{value}"}}'))
            assert json.loads(await desk.said("seen"))["A"] == value


@pytest.mark.parametrize("run", ["env = 5", "env = {A = 5}", 'pass_env = "MINE"', "pass_env = [5]"])
def test_variables_that_are_none_are_told_with_their_place(run: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(f'[[tools]]\nname = "a"\nrun = {{target = "tools.py:a", {run}}}\n', "mine.toml")
    assert f"tools[0].run.{run.split()[0]}" in caught.value.sentence


async def test_a_program_finds_no_key_of_ours(folder: Path) -> None:
    (entry,) = parse_profile('[[tools]]\nname = "a"\nrun = {kind = "command", argv = ["env"]}\n', "test").tools
    async with bench(folder) as desk:
        desk.use(entry)
        said = await desk.said("a")
        assert "PATH=" in said
        assert CANARY not in said


async def test_a_server_that_we_start_finds_no_key_of_ours(tmp_path: Path) -> None:
    async with opened(mark(), dict(os.environ), argv=real("stdio", tmp_path), pass_env=["MINE"]) as (runner, _):
        await connected(runner)
        names = (await runner.run(Call("srv_environment", {}))).output.splitlines()
    assert {"PATH", "MINE"} <= set(names)
    assert set(KEYS) & set(names) == set()
