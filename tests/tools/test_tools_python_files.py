"""A tool's file is loaded in a process of its own, loaded again when it is another, and its faults are told."""

import asyncio
import json
import os
import sys

import pytest

from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools import python_file, python_process
from rtvoice_tui.tools.python import PythonRunner
from rtvoice_tui.tools.python_file import PythonFile
from tools.toolbench import bench, complaint, function, touch_same_size, write

VERSION = """
def version(word: str = "x") -> int:
    "Version one."
    return 1
"""


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at all the time."""
    monkeypatch.setattr(python_file, "WATCH_S", 0.02)


# --- loading


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1/0", ["ZeroDivisionError"]),
        ("import no_such_module_anywhere", ["no_such_module_anywhere"]),
        ("def tool(:", ["SyntaxError"]),
        ("raise ValueError('two\\nlines')", ["two"]),
        ("import sys; sys.exit(4)", ["end the program (4)"]),
        ("raise SystemExit", ["end the program"]),
        ("import os; os._exit(4)", ["exit code 4"]),
        ("raise BaseException('lowest')", ["lowest"]),
        ("x = '\udcff'", ["save it as UTF-8"]),
        ("input()", ["EOFError"]),
    ],
)
async def test_a_file_that_does_not_load_is_told_with_its_reason_and_its_calls_fail(tmp_path, text, words):
    (tmp_path / "tools.py").write_bytes(text.encode("utf-8", "surrogateescape"))
    async with bench(tmp_path) as desk:
        desk.use(function("tool"))
        await desk.described()
        state, detail = desk.status("tool")
        assert state == "failed"
        sentence = complaint(await desk.call("tool"))
        for word in words:
            assert word in detail
            assert word in sentence


async def test_the_user_gets_the_traceback_of_a_file_that_does_not_load(tmp_path):
    write(tmp_path / "tools.py", "def start():\n    raise OSError('no network')\n\nstart()\n")
    async with bench(tmp_path) as desk:
        desk.use(function("tool"))
        note = (await desk.call("tool")).note
    assert "in start" in note
    assert "no network" in note
    assert "python_host" not in note
    assert "importlib" not in note


@pytest.mark.parametrize(
    ("name", "is_"),
    [
        ("nothing", ""),
        ("number", ""),
        ("Klass", ": it is a class, so wrap it in one with def"),
        ("half", ": it is a partial, so wrap it in one with def"),
    ],
)
async def test_what_is_no_function_is_told(tmp_path, name, is_):
    source = "import functools\nnumber = 5\nhalf = functools.partial(print)\n\n\nclass Klass:\n    pass\n"
    write(tmp_path / "tools.py", source)
    async with bench(tmp_path) as desk:
        desk.use(function(name))
        await desk.described()
        assert desk.status(name) == ("failed", f"tools.py: LookupError: there is no function '{name}'{is_}")
        assert f"no function '{name}'" in complaint(await desk.call(name))


async def test_a_file_that_is_no_python_is_told(tmp_path):
    write(tmp_path / "tools.txt", "x")
    async with bench(tmp_path) as desk:
        desk.use(function("tool", "tools.txt"))
        await desk.described()
        assert "tools.txt is no Python file" in desk.status("tool")[1]


async def test_a_file_that_never_finishes_loading_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(python_process, "LOAD_S", 0.3)
    write(tmp_path / "tools.py", "import time\ntime.sleep(3600)\n")
    async with bench(tmp_path) as desk:
        desk.use(function("tool"))
        await desk.described()
        assert desk.status("tool") == ("failed", "tools.py has not loaded within 0.3 s")


async def test_a_file_that_vanished_is_named(tmp_path, watchful):
    file = write(tmp_path / "tools.py", VERSION)
    async with bench(tmp_path) as desk:
        desk.use(function("version"))
        assert await desk.said("version") == "1"
        file.unlink()
        await desk.until(lambda: str(file) in desk.status("version")[1])
        assert str(file) in complaint(await desk.call("version"))


# --- what is told of it


@pytest.mark.parametrize(
    ("description", "parameters", "ready"),
    [("", {}, False), ("Mine.", {}, False), ("", {"type": "object"}, False), ("Mine.", {"type": "object"}, True)],
)
async def test_a_function_is_waited_for_unless_the_profile_says_all_of_it(tmp_path, description, parameters, ready):
    spec = ToolSpec(name="weather", description=description, parameters=parameters)

    assert PythonRunner(spec, PythonRun(target="tools.py:weather"), PythonFile(tmp_path / "tools.py")).ready is ready


async def test_a_function_tells_what_it_takes_where_the_profile_says_nothing(tmp_path):
    write(
        tmp_path / "tools.py",
        '''
        import time

        def weather(city: str) -> str:
            """Ask for the weather.

            Args:
                city: Where to look.
            """
        ''',
    )
    mine = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Omsk"]}}}
    async with bench(tmp_path) as desk:
        desk.use(
            function("weather"),
            function("weather", called="described", description="Mine."),
            function("weather", called="typed", parameters=mine),
        )
        await desk.described()
        theirs = {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Where to look."}},
            "required": ["city"],
            "additionalProperties": False,
        }
        told = {name: (desk.spec(name).description, desk.spec(name).parameters) for name in ("described", "typed")}
        assert (desk.spec("weather").description, desk.spec("weather").parameters) == ("Ask for the weather.", theirs)
        assert told == {"described": ("Mine.", theirs), "typed": ("Ask for the weather.", mine)}
        assert desk.status("weather") == ("", "")
        assert desk.changes >= 3


async def test_the_demo_is_always_there(tmp_path):
    async with bench(tmp_path) as desk:
        desk.use(function("get_weather", "demo"))
        assert json.loads(await desk.said("get_weather", city="Omsk"))["city"] == "Omsk"


# --- another file


async def test_an_edited_file_is_loaded_again_at_the_next_call(tmp_path):
    file = write(tmp_path / "tools.py", VERSION)
    async with bench(tmp_path) as desk:
        desk.use(function("version"))
        assert await desk.said("version") == "1"
        file.write_text(VERSION.replace("return 1", "return 22"))
        assert await desk.said("version") == "22"


async def test_an_edit_of_the_same_second_and_size_is_seen(tmp_path):
    file = write(tmp_path / "tools.py", VERSION)
    os.utime(file, ns=(1_700_000_000_000_000_000, 1_700_000_000_000_000_000))
    async with bench(tmp_path) as desk:
        desk.use(function("version"))
        assert await desk.said("version") == "1"
        touch_same_size(file, "return 1", "return 2")
        assert await desk.said("version") == "2"


async def test_an_edited_file_tells_its_new_schema_without_a_call(tmp_path, watchful):
    file = write(tmp_path / "tools.py", VERSION)
    async with bench(tmp_path) as desk:
        desk.use(function("version"))
        await desk.described()
        before = desk.changes
        file.write_text(VERSION.replace("word: str", "count: int").replace("one", "two"))
        await desk.until(lambda: desk.spec("version").description == "Version two.")
        assert list(desk.spec("version").parameters["properties"]) == ["count"]
        await desk.until(lambda: desk.changes > before)


async def test_a_broken_edit_is_told_without_a_call_and_so_is_its_repair(tmp_path, watchful):
    file = write(tmp_path / "tools.py", VERSION)
    async with bench(tmp_path) as desk:
        desk.use(function("version"))
        await desk.described()
        spec = desk.spec("version")
        file.write_text("def version(:\n")
        await desk.until(lambda: desk.status("version")[0] == "failed")
        assert "SyntaxError" in desk.status("version")[1]
        assert desk.spec("version") == spec, "half an edit is no reason to tell the model of another tool"
        changes = desk.changes
        file.write_text(VERSION.replace("one", "two"))
        await desk.until(lambda: desk.spec("version").description == "Version two.")
        assert desk.status("version") == ("connected", "")
        await desk.until(lambda: desk.changes > changes)


async def test_a_file_that_comes_back_is_found_without_a_call(tmp_path, watchful):
    file = write(tmp_path / "tools.py", VERSION)
    async with bench(tmp_path) as desk:
        desk.use(function("version"))
        await desk.described()
        file.unlink()
        await desk.until(lambda: desk.status("version")[0] == "failed")
        write(file, VERSION)
        await desk.until(lambda: desk.status("version") == ("connected", ""))


async def test_a_file_that_does_not_load_is_tried_once_for_all_of_its_tools_and_again_for_a_call(tmp_path):
    write(
        tmp_path / "tools.py",
        """
        import pathlib
        with pathlib.Path(__file__).with_name("tries").open("a") as file:
            file.write("x")
        1 / 0
        """,
    )
    async with bench(tmp_path) as desk:
        desk.use(*(function(name) for name in ("one", "two", "three")))
        await desk.described()
        assert [desk.status(name)[0] for name in ("one", "two", "three")] == ["failed"] * 3
        assert (tmp_path / "tries").read_text() == "x"
        complaint(await desk.call("two"))
        assert (tmp_path / "tries").read_text() == "xx"


async def test_a_call_that_runs_while_its_file_is_edited_ends_as_it_began(tmp_path):
    file = write(
        tmp_path / "tools.py",
        """
        import pathlib, time

        def version(folder: str) -> int:
            folder = pathlib.Path(folder)
            (folder / "begun").touch()
            while not (folder / "go").exists():
                time.sleep(0.005)
            return 1
        """,
    )
    async with bench(tmp_path) as desk:
        desk.use(function("version", timeout_s=30))
        old = asyncio.create_task(desk.said("version", folder=str(tmp_path)))
        await desk.until((tmp_path / "begun").exists)
        file.write_text("def version(folder: str) -> int:\n    return 2\n")
        assert await desk.said("version", folder="") == "2"
        (tmp_path / "go").touch()
        assert await old == "1"


# --- where it finds things


async def test_two_files_of_the_same_name_are_two(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name / "tools.py", f"import helper\n\ndef say() -> str:\n    return {name!r} + helper.WORD\n")
        write(tmp_path / name / "helper.py", f"WORD = '-{name}'\n")
    async with bench(tmp_path) as desk:
        desk.use(function("say", "one/tools.py", called="first"), function("say", "two/tools.py", called="second"))
        assert [await desk.said("first"), await desk.said("second")] == ["one-one", "two-two"]


async def test_a_file_may_define_dataclasses_and_have_its_hints_as_texts(tmp_path):
    write(
        tmp_path / "tools.py",
        """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class P:
            x: int

        def make(p: P) -> P:
            return P(p.x + 1)
        """,
    )
    async with bench(tmp_path) as desk:
        desk.use(function("make"))
        assert await desk.said("make", p={"x": 3}) == '{"x": 4}'


async def test_it_runs_with_our_interpreter_and_our_own_modules_do_not_shadow_the_standard_library_s(tmp_path):
    write(
        tmp_path / "tools.py",
        """
        import http.client, importlib.util, os, sys

        def look() -> list:
            ours = ["http", "mcp", "template", "command", "registry", "runner", "python_host", "python_file"]
            found = [importlib.util.find_spec(name) for name in ours]
            return [sys.executable, [spec.origin for spec in found if spec and "rtvoice_tui" in (spec.origin or "")]]
        """,
    )
    async with bench(tmp_path) as desk:
        desk.use(function("look"))
        assert json.loads(await desk.said("look")) == [sys.executable, []]


TOLD = 'def tool() -> str:\n    return "привет, мир"\n'


@pytest.mark.parametrize(
    ("raw", "loads"),
    [
        (TOLD.encode("cp1251"), False),
        (TOLD.encode("utf-16"), False),
        (TOLD.encode("utf-16-le"), False),
        (b"# -*- coding: no-such -*-\n" + TOLD.encode(), False),
        (TOLD.encode("utf-8-sig"), True),
        (b"# -*- coding: cp1251 -*-\n" + TOLD.encode("cp1251"), True),
        (TOLD.replace("\n", "\r\n").encode(), True),
    ],
    ids=["cp1251", "UTF-16", "without a mark", "an unknown charset", "with a mark", "cp1251 that says so", "CRLF"],
)
async def test_a_file_in_another_charset_runs_or_says_what_to_do(tmp_path, raw, loads):
    (tmp_path / "tools.py").write_bytes(raw)
    async with bench(tmp_path) as desk:
        desk.use(function("tool"))
        await desk.described()
        outcome = await desk.call("tool")
    assert ("привет, мир" in str(outcome)) is loads
    assert ("save it as UTF-8" in str(outcome)) is not loads
