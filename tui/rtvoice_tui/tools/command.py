"""Command tools: programs started without a shell, in a minimal environment, and stopped with all their children."""

import asyncio
import contextlib
import json
import math
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtvoice_tui.profiles.runs import CommandRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.subprocesses import minimal_environment
from rtvoice_tui.tools import template
from rtvoice_tui.tools.bytes_as_text import readable_text
from rtvoice_tui.tools.processes import GRACE_S, Program, describe_exit, end_group, start
from rtvoice_tui.tools.programs import program_problem
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call, Outcome, Runner, failed, succeeded

KEPT_BYTES = 4 * MAX_OUTPUT
"""Bytes kept of stdout and of stderr; a UTF-8 character has up to four."""

FLOOD_BYTES = 8_000_000
"""A program that prints more bytes than this to one stream is stopped."""


_ABSOLUTE = re.compile(r"(?:^|=)(?:[/~\\]|[A-Za-z]:[/\\])")
_SEPARATOR = re.compile(r"[/\\=:]")


class Refused(ValueError):
    """A value is not allowed at its place in the command line."""


class CommandRunner(Runner):
    """Runs a program for each call.

    Args:
        spec: the tool as the session offers it.
        run: the command and its options, from the profile.
        folder: the working directory; a program given by a relative path is relative to it too.
        environ: the app's own environment.
    """

    def __init__(self, spec: ToolSpec, run: CommandRun, folder: Path, environ: Mapping[str, str]) -> None:
        super().__init__(spec)
        self._run = run
        self._folder = folder
        self._environment = minimal_environment(environ, run.pass_env, run.env)

    def preview(self, call: Call) -> str:
        """The command line with shell quoting."""
        try:
            return shlex.join(self.command_line(call.arguments))
        except Refused as refused:
            return f"nothing: {refused}"

    def command_line(self, arguments: dict[str, Any]) -> list[str]:
        """Program and arguments; an element with a placeholder whose argument is missing is left out.

        Raises:
            Refused: a value would act as an option, leads to another folder, or contains a NUL character.
        """
        program, *rest = self._run.argv
        if os.sep in program and not os.path.isabs(program):
            program = str(self._folder / program)
        line, ended = [program], False
        for element in rest:
            wanted = template.names(element)
            if wanted and any(name not in arguments for name in wanted):
                continue
            filled = template.fill(element, arguments)
            if wanted:
                self._check(element, filled, {name: arguments[name] for name in wanted}, ended)
            ended = ended or element == "--"
            line.append(filled)
        return line

    def _check(self, element: str, filled: str, values: dict[str, Any], ended: bool) -> None:
        """Check each value alone and the filled element: where one value is empty, the next one starts the element."""
        words = {name: template.word(value) for name, value in values.items()}
        names = " and ".join(words)
        for name, text in words.items():
            if "\0" in text:
                raise Refused(f"{name} contains a NUL character, which no program accepts")
        leads = template.starts(element) and not ended
        if leads and filled.startswith("-") and not self._run.options and not _is_number(element, values):
            raise Refused(f"{names} may not begin with '-': it would be an option")
        if not self._run.paths:
            harmless = template.fill(element, dict.fromkeys(values, "xx"))
            for text, allowed in (*((text, (0, 0)) for text in words.values()), (filled, _leading(harmless))):
                if any(found > most for found, most in zip(_leading(text), allowed, strict=True)):
                    raise Refused(f"{names} may be no absolute path and hold no '..'")

    async def run(self, call: Call) -> Outcome:
        """Run the program with the arguments as JSON on its stdin."""
        try:
            line = self.command_line(call.arguments)
        except Refused as refused:
            return failed(f"{call.name} was not run: {refused}")
        folder = self._folder if self._folder.is_dir() else None
        try:
            program = await start(line, folder, self._environment)
        except (OSError, ValueError) as error:
            found = program_problem(line[0], folder, self._environment)
            note = f"{found[0]}: {found[1]}" if found else f"{line[0]} cannot be started: {error}"
            return failed(f"{call.name} failed: {line[0]} cannot be started", note)
        streams, ended = _Streams(program), False
        try:
            # an unpaired surrogate has no UTF-8 encoding; backslashreplace writes it as a JSON escape
            said = json.dumps(call.arguments, ensure_ascii=False).encode("utf-8", "backslashreplace")
            ended = await streams.talk(said)
        finally:
            try:
                if not ended:
                    await end_group(program)
            finally:
                program.close()
        outcome = self._outcome(call, line, program.returncode, streams)
        details = (("command", shlex.join(line)), ("stdout", streams.text(0)), ("stderr", streams.text(1)))
        code = "" if program.returncode is None else str(program.returncode)
        return outcome.with_details(details[0], ("exit code", code), *details[1:])

    def _outcome(self, call: Call, line: list[str], code: int | None, streams: "_Streams") -> Outcome:
        if streams.flooded:
            return failed(f"{call.name} failed: it printed more than {FLOOD_BYTES // 1_000_000} MB and was stopped")
        if code == 0 and "\0" in streams.text(0)[:1000]:
            return failed(f"{call.name} failed: its output is no text")
        if code == 0 and not streams.text(0).strip() and streams.text(1).strip():
            return succeeded(streams.text(0), streams.loss or "it wrote only to stderr, which the model does not get")
        if code == 0:
            return succeeded(streams.text(0), streams.loss)
        if code in (126, 127) and (found := program_problem(line[0], None, self._environment)):
            return failed(f"{call.name} failed: {found[0]}", found[1])
        last = streams.text(1).strip().rpartition("\n")[2] or streams.text(0).strip().rpartition("\n")[2]
        return failed(f"{call.name} failed with {describe_exit(code)}" + (f": {last[:500]}" if last else ""))


def _is_number(element: str, values: dict[str, Any]) -> bool:
    """Whether an element is one placeholder with a finite number; "-inf" could be read as an option."""
    (name, value), *others = values.items()
    return not others and element == f"{{{name}}}" and isinstance(value, int | float) and math.isfinite(value)


def _leading(text: str) -> tuple[int, int]:
    """The number of absolute paths in a text, and of its ``..`` parts."""
    return len(_ABSOLUTE.findall(text)), _SEPARATOR.split(text).count("..")


class _Streams:
    """Writes a program's stdin and reads its output: keeps the start of each stream and counts all bytes."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._kept = (bytearray(), bytearray())
        self._sizes = [0, 0]
        self.flooded = False

    async def talk(self, said: bytes) -> bool:
        """Write stdin and read the output until the program has exited; false if it prints more than FLOOD_BYTES."""
        streams = (self._program.stdout, self._program.stderr)
        reading = [asyncio.ensure_future(self._read(stream, i)) for i, stream in enumerate(streams) if stream]
        exited = asyncio.ensure_future(self._program.ended.wait())
        feeder = asyncio.ensure_future(self._feed(said))
        try:
            while not exited.done() and not self.flooded:
                await asyncio.wait({exited, *(r for r in reading if not r.done())}, return_when=asyncio.FIRST_COMPLETED)
            if not self.flooded:  # child processes may still hold its streams open
                await asyncio.wait(reading, timeout=GRACE_S, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in (*reading, exited, feeder):
                task.cancel()
            await asyncio.gather(*reading, exited, feeder, return_exceptions=True)
        return not self.flooded

    async def _feed(self, said: bytes) -> None:
        stdin = self._program.stdin
        assert stdin is not None
        with contextlib.suppress(ConnectionError):  # a program need not read its stdin
            stdin.write(said)
            await stdin.drain()
        stdin.close()

    async def _read(self, stream: asyncio.StreamReader, index: int) -> None:
        while chunk := await stream.read(1 << 16):
            self._sizes[index] += len(chunk)
            kept = self._kept[index]
            kept += chunk[: max(0, KEPT_BYTES - len(kept))]
            if self._sizes[index] > FLOOD_BYTES:
                self.flooded = True
                return

    def text(self, index: int) -> str:
        """The kept part of stdout (0) or stderr (1)."""
        return readable_text(bytes(self._kept[index]), self._sizes[index] > len(self._kept[index]))[0]

    @property
    def loss(self) -> str:
        """A sentence about the part of stdout that was dropped or is no text; empty if all of it was kept."""
        kept, size = len(self._kept[0]), self._sizes[0]
        if size > kept:
            return f"only the first {kept} of {size} bytes of its output were kept"
        return readable_text(bytes(self._kept[0]))[1]
