"""A command is a program without a shell: it gets its arguments, and what it says and how it ends is told."""

import json
import os
import shlex
import signal

import pytest
from command_programs import SHOW_ARGUMENTS, python, ran, runner

from rtvoice_tui.tools.command import KEPT_BYTES
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call

ECHO_STDIN = python("import sys; sys.stdout.write(sys.stdin.read())")


def error_of(outcome) -> str:
    assert not outcome.ok
    return json.loads(outcome.output)["error"]


async def test_what_a_program_prints_is_the_result():
    outcome = await ran("printf", "12 degrees")
    assert (outcome.output, outcome.ok, outcome.note) == ("12 degrees", True, "")


async def test_the_arguments_are_on_stdin_as_json():
    arguments = {"city": "Омск", "days": 3, "deep": {"a": [1, None, True]}, "quote": "\"'\n"}
    outcome = await ran(*ECHO_STDIN, arguments=arguments)
    assert json.loads(outcome.output) == arguments


async def test_text_that_no_utf_8_can_say_still_reaches_stdin_as_json():
    outcome = await ran(*ECHO_STDIN, arguments={"half": "\ud83d"})
    assert outcome.ok
    assert json.loads(outcome.output) == {"half": "\ud83d"}


@pytest.mark.parametrize(
    ("elements", "arguments", "received"),
    [
        (["{city}"], {"city": "New York"}, ["New York"]),
        (["--city={city}"], {"city": "New York"}, ["--city=New York"]),
        (["{a}-{b}"], {"a": "x", "b": "y"}, ["x-y"]),
        (["{a}{a}"], {"a": "x"}, ["xx"]),
        (["{n}", "{yes}", "{none}"], {"n": 1.5, "yes": True, "none": None}, ["1.5", "true", "null"]),
        (["{list}", "{object}"], {"list": [1, "é"], "object": {"k": "v"}}, ['[1, "é"]', '{"k": "v"}']),
        (["{empty}"], {"empty": ""}, [""]),
        (["first", "{missing}", "last"], {}, ["first", "last"]),
        (["--city={missing}", "last"], {}, ["last"]),
        (["{there}:{missing}", "last"], {"there": "x"}, ["last"]),
        (["{", "}", "{}", "{ a }", "$a"], {"a": "x"}, ["{", "}", "{}", "{ a }", "$a"]),
        (["{a}"], {"a": "x", "b": "left over"}, ["x"]),
    ],
)
async def test_each_element_stays_one_argument(elements, arguments, received):
    outcome = await ran(*SHOW_ARGUMENTS, *elements, arguments=arguments)
    assert json.loads(outcome.output) == received


async def test_exit_code_and_streams_are_kept_for_the_user():
    outcome = await ran("sh", "-c", "echo told; echo aside >&2", "{city}", arguments={"city": "New York"})
    assert outcome.output == "told\n"
    assert outcome.details == (
        ("command", "sh -c 'echo told; echo aside >&2' 'New York'"),
        ("exit code", "0"),
        ("stdout", "told\n"),
        ("stderr", "aside\n"),
    )


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo no such city >&2; exit 3", "tool failed with exit code 3: no such city"),
        ("echo first >&2; echo 'last line' >&2; echo >&2; exit 1", "tool failed with exit code 1: last line"),
        ("echo only on stdout; exit 1", "tool failed with exit code 1: only on stdout"),
        ("exit 9", "tool failed with exit code 9"),
        ("kill -KILL $$", "tool failed with signal SIGKILL"),
        ("echo bad >&2; kill -SEGV $$", "tool failed with signal SIGSEGV: bad"),
    ],
)
async def test_a_program_that_fails_is_an_error_with_the_last_line_that_it_said(script, sentence):
    outcome = await ran("sh", "-c", script)
    assert error_of(outcome) == sentence
    assert outcome.note == sentence


async def test_the_exit_code_of_a_failure_and_all_of_stderr_are_kept():
    outcome = await ran("sh", "-c", "echo one >&2; echo two >&2; exit 7")
    details = dict(outcome.details)
    assert (details["exit code"], details["stderr"]) == ("7", "one\ntwo\n")


async def test_a_signal_is_kept_as_the_exit_code_of_a_program():
    outcome = await ran("sh", "-c", "kill -TERM $$")
    assert dict(outcome.details)["exit code"] == str(-signal.SIGTERM)


async def test_an_endless_last_line_of_stderr_is_cut():
    outcome = await ran(*python("import sys; sys.exit('x' * 100_000)"))
    assert len(error_of(outcome)) < 600


class TestStarting:
    async def test_a_program_that_is_not_there_is_told(self):
        outcome = await ran("surely-no-such-program")
        assert error_of(outcome) == "tool failed: surely-no-such-program cannot be started"
        assert outcome.note.startswith("there is no program surely-no-such-program: install")

    async def test_a_program_that_may_not_be_run_is_told(self, tmp_path):
        (tmp_path / "notes.txt").write_text("no program\n")
        outcome = await ran("./notes.txt", folder=tmp_path)
        assert "cannot be started" in error_of(outcome)
        assert "is not executable: chmod +x" in outcome.note

    async def test_a_file_that_is_no_program_is_told(self, tmp_path):
        (tmp_path / "garbage").write_bytes(b"\x7fELF" + bytes(100))
        (tmp_path / "garbage").chmod(0o755)
        outcome = await ran("./garbage", folder=tmp_path)
        assert "cannot be started" in error_of(outcome)
        assert "Exec format error" in outcome.note

    async def test_a_folder_is_no_program(self, tmp_path):
        (tmp_path / "sub").mkdir()
        assert "cannot be started" in error_of(await ran("./sub", folder=tmp_path))

    async def test_a_program_beside_the_profile_is_found_and_runs_there(self, tmp_path):
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "where").write_text("#!/bin/sh\npwd\n")
        (tmp_path / "bin" / "where").chmod(0o755)
        outcome = await ran("bin/where", folder=tmp_path)
        assert outcome.output.strip() == str(tmp_path.resolve())

    async def test_a_program_without_a_folder_is_not_looked_for_beside_the_profile(self, tmp_path):
        (tmp_path / "surely-mine").write_text("#!/bin/sh\necho ran\n")
        (tmp_path / "surely-mine").chmod(0o755)
        assert not (await ran("surely-mine", folder=tmp_path)).ok

    async def test_a_profile_without_a_folder_runs_its_programs_all_the_same(self, tmp_path):
        assert (await ran("printf", "there", folder=tmp_path / "gone")).output == "there"

    async def test_too_many_arguments_for_the_system_are_told(self):
        outcome = await ran("printf", "{text}", arguments={"text": "x" * 5_000_000})
        assert "cannot be started" in error_of(outcome)

    async def test_text_that_no_argument_can_hold_is_told(self):
        outcome = await ran("printf", "{text}", arguments={"text": "half \ud83d"})
        assert error_of(outcome)
        assert "Traceback" not in outcome.note


class TestOutput:
    async def test_bytes_that_are_no_text_are_replaced(self):
        outcome = await ran("printf", r"a\377\376b")
        assert outcome.output == "a��b"
        assert dict(outcome.details)["stdout"] == "a��b"

    @pytest.mark.parametrize(
        ("size", "told"), [(MAX_OUTPUT, ""), (MAX_OUTPUT + 1, "was cut"), (KEPT_BYTES + 1000, "only the first")]
    )
    async def test_only_a_result_beyond_measure_is_cut_and_both_are_told(self, size, told):
        outcome = await ran(*python(f"print('x' * {size}, end='')"))
        assert outcome.ok
        assert outcome.output.startswith("x" * MAX_OUTPUT)
        assert told in outcome.note
        assert bool(outcome.note) == bool(told)
        assert outcome.output[MAX_OUTPUT:].startswith("\n[cut: " if told else "")
        assert (outcome.output == "x" * size) == (not told)

    async def test_what_was_not_even_kept_is_told_to_the_user(self):
        outcome = await ran(*python(f"print('x' * {KEPT_BYTES + 1000}, end='')"))
        told = f"only the first {KEPT_BYTES} of {KEPT_BYTES + 1000} bytes of its output were kept"
        assert outcome.note == told
        assert outcome.output.endswith(f"[cut: {told}]")

    async def test_a_result_of_the_widest_characters_is_whole(self):
        outcome = await ran(*python(f"import sys; sys.stdout.buffer.write(('🦜' * {MAX_OUTPUT}).encode())"))
        assert (outcome.output, outcome.note) == ("🦜" * MAX_OUTPUT, "")


OURS = {"PATH": os.environ["PATH"], "HOME": "/home/me", "OPENAI_API_KEY": "sk-secret", "MINE": "mine"}


class TestEnvironment:
    async def environment(self, **more):
        outcome = await ran("env", environ=OURS, **more)
        return dict(line.split("=", 1) for line in outcome.output.splitlines())

    async def test_no_key_of_ours_is_in_it(self):
        assert await self.environment() == {"PATH": os.environ["PATH"], "HOME": "/home/me"}

    async def test_the_app_s_own_environment_stays_out(self, monkeypatch):
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "sk-other")
        assert "AZURE_OPENAI_API_KEY" not in await self.environment()

    async def test_the_profile_names_what_is_passed_on(self):
        assert (await self.environment(pass_env=["MINE", "NOT_SET"]))["MINE"] == "mine"

    async def test_the_profile_sets_variables_of_its_own(self):
        given = await self.environment(env={"UNITS": "metric", "HOME": "/elsewhere"})
        assert (given["UNITS"], given["HOME"]) == ("metric", "/elsewhere")

    async def test_a_variable_that_the_system_does_not_take_is_told(self):
        outcome = await ran("env", env={"BAD": "a\0b"})
        assert "cannot be started" in error_of(outcome)


class TestPreview:
    def test_it_is_what_would_be_run(self):
        shown = runner("say", "{text}", "--", "{more}").preview(Call("tool", {"text": "it's; rm", "more": "-x"}))
        assert shlex.split(shown) == ["say", "it's; rm", "--", "-x"]

    def test_it_says_when_nothing_would_be_run(self):
        assert runner("say", "{text}").preview(Call("tool", {"text": "--all"})).startswith("nothing: text ")
