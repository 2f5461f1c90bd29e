"""Why a program or script cannot be started, told before and after it was tried; and output in other charsets."""

import json
import os
from pathlib import Path

import pytest
from command_programs import ran

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
    "that is empty": (b"", 0o755, "is empty", "correct the path"),
    "in UTF-16": ("#!/bin/sh\n".encode("utf-16"), 0o755, "UTF-16", "save it as UTF-8"),
    "with an interpreter without its path": (b"#!python3\n", 0o755, "without its path", "#!/usr/bin/env python3"),
    "with a folder as interpreter": (b"#!/usr/bin/\n", 0o755, "which is a folder", "correct its first line"),
    "with an interpreter that may not run": (b"#!/etc/passwd\n", 0o755, "which is not executable", "chmod +x"),
    "with an empty first line": (b"#!\necho hi\n", 0o755, "does not say what runs it", "#!/bin/sh"),
    "with a byte order mark": (b"\xef\xbb\xbf#!/bin/sh\necho hi\n", 0o755, "byte order mark", "UTF-8 without"),
    "with an interpreter that is missing": (b"#!/no/such/sh\n", 0o755, "/no/such/sh, which is not there", "install"),
    "for another system": (b"MZ\0\0", 0o755, "is a program for Windows", "install the one for"),
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


@pytest.mark.parametrize(
    "raw",
    [b"#!/bin/sh\nexit 0\n", b"#!/usr/bin/env -S sh -e\nexit 0\n", b"\x7fELF\0\0", b"#!/usr/bin/env PATH=/x sh2\n"],
)
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
        ("Привет, мир".encode("utf-16-le"), "Привет, мир"),
        ("Привет, мир".encode("utf-16-be"), "Привет, мир"),
        ("hello\n".encode("utf-16-le"), "hello\n"),
        ("Привет".encode("utf-32"), "Привет"),
        ("“да”, “нет”".encode("utf-16-le"), "“да”, “нет”"),
        ("‘hi’ – 5 €".encode("utf-16-be"), "‘hi’ – 5 €"),
        (b"a\0b", "a\0b"),
        (b"main.py\0test.py\0", "main.py\0test.py\0"),
        (b"", ""),
    ],
)
def test_text_that_is_marked_or_utf_8_is_read_whole(raw, text):
    assert readable_text(raw) == (text, "")


@pytest.mark.parametrize("missing", [1, 2, 3])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_only_text_that_was_cut_may_end_within_a_character(charset, missing):
    raw = "Привет, мир 😀".encode(charset)[:-missing]
    assert readable_text(raw, cut=True) == ("Привет, мир ", "")
    assert readable_text(raw)[1] == DAMAGED


def test_a_last_letter_in_another_charset_is_no_silent_success():
    assert readable_text("schön ü".encode("latin-1"))[1] == DAMAGED
    assert readable_text("voilà".encode("latin-1"))[1] == DAMAGED


@pytest.mark.parametrize(
    ("program", "problem", "remedy"),
    [
        ("echo hi", "there is no program 'echo hi'", 'argv = ["echo", "hi"]'),
        ("~/no-such-tool", "there is no program ~/no-such-tool", f"write the whole path: {Path.home()}/no-such-tool"),
        ("no-such-tool", "there is no program no-such-tool", "install no-such-tool"),
    ],
)
def test_a_program_that_is_written_as_for_a_shell_is_told(program, problem, remedy, tmp_path):
    found = program_problem(program, tmp_path, os.environ)
    assert found is not None
    assert found[0] == problem
    assert remedy in found[1]


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


@pytest.mark.parametrize("first", [f"#!/bin/{'x' * 300}", "#!/bin/\0sh", "#!/usr/bin/env \0"])
def test_a_script_whose_first_line_is_no_path_is_told(first, tmp_path):
    path = tmp_path / "tool.sh"
    path.write_bytes(first.encode() + b"\n")
    path.chmod(0o755)
    assert program_problem("./tool.sh", tmp_path, os.environ) is not None


def test_a_script_beside_the_profile_is_named_with_how_to_write_it(tmp_path):
    (tmp_path / "tool.sh").write_text("#!/bin/sh\n")
    found = program_problem("tool.sh", tmp_path, os.environ)
    assert found is not None
    assert "write ./tool.sh" in found[1]


async def test_a_program_that_writes_only_to_stderr_is_told_so(tmp_path):
    outcome = await ran("sh", "-c", "echo no such city >&2")
    assert outcome.output == ""
    assert "only to stderr" in outcome.note


async def test_output_that_is_no_text_is_a_failure():
    outcome = await ran("sh", "-c", r"printf 'GIF89a\000\001'")
    assert not outcome.ok
    assert "its output is no text" in outcome.output


def test_a_pipe_is_no_program_and_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o755)
    assert program_problem(str(path), None, os.environ) == (f"{path} is no program", "give the path of a program")
