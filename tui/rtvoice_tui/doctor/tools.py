"""Checks whether a profile's tools can run, without running them."""

import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import runs, secrets
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.tools.definitions import own_specs, problem_of
from rtvoice_tui.tools.mcp import INSTALL_HINT
from rtvoice_tui.tools.programs import program_problem
from rtvoice_tui.tools.registry import Registry


def tool_problems(profile: Profile, folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield a sentence and a remedy for each tool that cannot run.

    Args:
        profile: the profile of the tools.
        folder: folder that relative files and programs are resolved against.
        environ: our own environment.
    """
    _, problems = Registry(folder, environ).toolset(profile)
    for problem in problems:
        trust = "not trusted" in problem
        yield problem, "start with this profile, then press p and T" if trust else "fix it in pane 5, or in the file"
    yield from definition_problems(profile)
    for tool in profile.active_tools:
        if profile.trusted or not tool.run.of_this_machine:
            yield from _lacks(tool, folder, environ)


def definition_problems(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield a sentence and a remedy for each tool whose name or schema no server would accept."""
    seen: set[str] = set()
    for spec in own_specs(profile):
        if problem := problem_of(spec):
            yield f"tool '{spec.name}': {problem}", "correct it in the profile's file: until then it is not offered"
        if spec.name in seen:
            yield f"several tools are called '{spec.name}'", "rename all but one: only one is offered"
        seen.add(spec.name)


def _lacks(tool: ToolEntry, folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    match tool.run:
        case (runs.CommandRun() | runs.McpRun()) as run if run.argv:
            if problem := program_problem(run.argv[0], folder, environ):
                yield f"tool {tool.name}: {problem[0]}", problem[1]
    if isinstance(tool.run, runs.McpRun) and importlib.util.find_spec("mcp") is None:
        yield f"tool {tool.name}: MCP servers need the [mcp] extra", INSTALL_HINT
    texts = list(tool.run.headers.values()) if isinstance(tool.run, runs.HttpRun | runs.McpRun) else []
    if isinstance(tool.run, runs.HostedRun):
        texts.append(tool.run.authorization)
    for text in texts:
        if re.search(r"\$\{", text):
            try:
                secrets.fill(text, environ)
            except ProfileError as error:
                yield f"tool {tool.name}: {error.sentence}", error.remedy
