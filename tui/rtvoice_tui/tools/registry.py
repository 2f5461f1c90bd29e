"""Makes the runners for a profile's tools; an invalid tool is reported and does not affect the others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rtvoice_tui.errors import ToolError
from rtvoice_tui.profiles import runs
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.subprocesses import minimal_environment
from rtvoice_tui.tools.runner import Runner

_DEMO = Path(__file__).with_name("demo.py")


@dataclass(frozen=True)
class Tool:
    """A tool that can be offered, or an MCP server with several.

    Attributes:
        entry: the tool's entry in the profile.
        runner: runs its calls.
        policy: the profile's tool policy, for an entry without its own.
    """

    entry: ToolEntry
    runner: Runner
    policy: str = "auto"


Toolset = Mapping[str, Tool]
"""A profile's tools that can be offered, by the name of their entry in the profile."""


class Registry:
    """Makes runners; tools of the same Python file with the same environment share its process.

    Args:
        folder: the base of relative paths to files and programs.
        environ: the app's own environment.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environ = environ
        self._files: dict[tuple[object, ...], object] = {}

    def toolset(self, profile: Profile) -> tuple[Toolset, list[str]]:
        """The tools that can be offered, and a sentence for each that cannot."""
        tools: dict[str, Tool] = {}
        problems = []
        untrusted = [t.name for t in profile.active_tools if t.run.of_this_machine and not profile.trusted]
        if untrusted:
            names = ", ".join(untrusted)
            problems.append(f"the profile is not trusted, so these tools are off: {names} (p, then T trusts it)")
        for entry in profile.active_tools:
            if entry.name in untrusted:
                continue
            try:
                runner = self._runner(entry, entry.spec(profile.tool_policy))
                tools[entry.name] = Tool(entry, runner, profile.tool_policy)
            except ToolError as error:
                problems.append(str(error))
        return tools, problems

    def _runner(self, entry: ToolEntry, spec: ToolSpec) -> Runner:
        if isinstance(entry.run, runs.PythonRun | runs.CommandRun | runs.McpRun):
            _check_environment(entry.name, entry.run.env)
        match entry.run:
            case runs.PythonRun() as run:
                return self._python(spec, run)
            case runs.CommandRun() as run:
                from rtvoice_tui.tools.command import CommandRunner

                return CommandRunner(spec, run, self._folder, self._environ)
            case runs.HttpRun() as run:
                from rtvoice_tui.tools.http import HttpRunner

                return HttpRunner(spec, run, self._environ)
            case runs.McpRun() as run:
                from rtvoice_tui.tools.mcp import McpRunner

                return McpRunner(spec, run, self._folder, self._environ)
            case runs.MockRun() as run:
                from rtvoice_tui.tools.mock import MockRunner

                return MockRunner(spec, run)
            case runs.AskRun() as run:
                from rtvoice_tui.tools.ask import AskRunner

                return AskRunner(spec, run)
        return Runner(spec)  # hosted by the provider: offered, but never run here

    def _python(self, spec: ToolSpec, run: runs.PythonRun) -> Runner:
        from rtvoice_tui.tools.python import PythonRunner, split_target
        from rtvoice_tui.tools.python_file import PythonFile

        source, _ = split_target(spec.name, run.target)
        if source.startswith("demo:"):  # "demo:" is always trusted, so it must mean demo.py
            raise ToolError(f"tool {spec.name}: '{run.target}' is not of the form demo:FUNCTION or FILE.py:FUNCTION")
        path = _DEMO if source == "demo" else (self._folder / source).absolute()
        if not _is_file(path):
            raise ToolError(f"tool {spec.name}: there is no file {path}")
        environment = minimal_environment(self._environ, run.pass_env, run.env)
        file = self._files.setdefault((path, *sorted(environment.items())), PythonFile(path, environment))
        assert isinstance(file, PythonFile)
        return PythonRunner(spec, run, file)


def _check_environment(name: str, env: Mapping[str, str]) -> None:
    """Check the variables that a subprocess gets.

    Raises:
        ToolError: one cannot be set.
    """
    for variable, value in env.items():
        if not variable or "=" in variable or "\0" in variable + value:
            raise ToolError(f"tool {name}: {variable[:40]!r} in its env cannot be a variable's name, or has a NUL")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # an invalid file name, or a folder without permission
        return False
