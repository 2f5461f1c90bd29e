"""Why a program or script cannot be started, told before and after it was tried; and output in other charsets."""

import json
import os
from pathlib import Path

import pytest

from rtvoice_tui.profiles.runs import CommandRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.bytes_as_text import DAMAGED, readable_text
from rtvoice_tui.tools.command import CommandRunner
from rtvoice_tui.tools.programs import program_problem
from rtvoice_tui.tools.runner import Call

SCRIPTS = {
    "without the right to be run": (b"#!/bin/sh\necho hi\n", 0o644, "is not executable", "chmod +x"),
    "with the line ends of Windows": (b"#!/usr/bin/env python3\r\nprint(1)\r\n", 0o755, "line ends of Windows", "sed"),
    "with them and an absolute path": (b"#!/bin/sh\r\necho hi\r\n", 0o755, "line ends of Windows", "sed"),
    "without a first line": (b"echo hi\n", 0o755, "does not say what runs it", "#!/bin/sh"),
    "with an empty first line": (b"#!\necho hi\n", 0o755, "does not say what runs it", "#!/bin/sh"),
    "with a byte order mark": (b"\xef\xbb\xbf#!/bin/sh\necho hi\n", 0o755, "byte order mark", "UTF-8 without"),
    "with an interpreter that is missing": (b"#!/no/such/sh\n", 0o755, "/no/such/sh, which is not there", "install"),
    "with a name that env does not find": (b"#!/usr/bin/env no-such-sh\n", 0o755, "no-such-sh, which is", "install"),
}


WAYS = [
    (way, script)
    for way in ("beside the profile", "by its whole path", "by its name")
    for script in SCRIPTS
    if way != "by its name" or SCRIPTS[script][1] & 0o100  # a name is found only where it may be run
]


@pytest.mark.parametrize(("way", "script"), WAYS)
def test_a_script_that_cannot_be_started_says_why(script, way, tmp_path: Path):
    raw, mode, sentence, remedy = SCRIPTS[script]
    path = tmp_path / "tool.sh"
    path.write_bytes(raw)
    path.chmod(mode)
    if way == "by its name":
        problem = program_problem("tool.sh", None, {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    else:
        problem = program_problem("./tool.sh" if way.startswith("beside") else str(path), tmp_path, os.environ)
    assert problem is not None
    assert sentence in problem[0]
    assert remedy in problem[1]


@pytest.mark.parametrize("raw", [b"#!/bin/sh\nexit 0\n", b"#!/usr/bin/env -S sh -e\nexit 0\n", b"\x7fELF\0\0", b""])
def test_what_may_start_has_no_problem(raw, tmp_path):
    path = tmp_path / "tool"
    path.write_bytes(raw)
    path.chmod(0o755)
    assert program_problem(str(path), None, os.environ) is None


@pytest.mark.parametrize(
    ("program", "part"),
    [("no-such-program", "there is no program"), ("./gone", "there is no program"), ("./", "folder")],
)
def test_a_program_that_is_not_there_is_no_program(program, part, tmp_path):
    problem = program_problem(program, tmp_path, os.environ)
    assert problem is not None
    assert part in problem[0]


@pytest.mark.parametrize("script", ["without the right to be run", "with the line ends of Windows"])
async def test_a_call_of_such_a_script_says_so_too(script, tmp_path):
    raw, mode, sentence, _ = SCRIPTS[script]
    (tmp_path / "tool.sh").write_bytes(raw)
    (tmp_path / "tool.sh").chmod(mode)
    runner = CommandRunner(ToolSpec(name="tool"), CommandRun(argv=["./tool.sh"]), tmp_path, os.environ)
    outcome = await runner.run(Call("tool", {}))
    assert not outcome.ok
    assert sentence in json.loads(outcome.output)["error"] + outcome.note


# --- bytes as text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Привет".encode(), "Привет"),
        ("Привет".encode("utf-8-sig"), "Привет"),
        ("Привет".encode("utf-16"), "Привет"),
        ("\ufeffПривет".encode("utf-16-be"), "Привет"),
        ("Привет".encode()[:-1], "Приве"),
        (b"", ""),
    ],
)
def test_text_that_is_marked_or_utf_8_is_read_whole(raw, text):
    assert readable_text(raw) == (text, "")


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "latin-1", "cp866", "shift-jis"])
def test_text_in_another_charset_is_no_silent_success(charset):
    words = "日本語のテキスト" if charset == "shift-jis" else "Grüße" if charset == "latin-1" else "Привет, мир"
    assert readable_text(words.encode(charset))[1] == DAMAGED


def test_a_damaged_character_in_the_middle_is_told():
    assert readable_text(b"a\xffb") == ("a\ufffdb", DAMAGED)


async def test_the_user_is_told_of_output_that_is_no_text(tmp_path):
    script = tmp_path / "tool.sh"
    script.write_bytes(b"#!/bin/sh\nprintf '\\317\\360\\350\\342\\345\\362'\n")
    script.chmod(0o755)
    runner = CommandRunner(ToolSpec(name="tool"), CommandRun(argv=["./tool.sh"]), tmp_path, os.environ)
    outcome = await runner.run(Call("tool", {}))
    assert outcome.ok
    assert outcome.note == DAMAGED
