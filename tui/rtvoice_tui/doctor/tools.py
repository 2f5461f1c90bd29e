"""Checks whether a profile's tools can run, without running them."""

import ast
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import runs, secrets
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.session.schema_patterns import broken_patterns
from rtvoice_tui.tools import template
from rtvoice_tui.tools.definitions import own_specs, problem_of
from rtvoice_tui.tools.mcp import INSTALL_HINT
from rtvoice_tui.tools.programs import program_problem
from rtvoice_tui.tools.registry import Registry

_COMPOSED = frozenset(("$ref", "allOf", "anyOf", "oneOf", "patternProperties"))
"""Keywords by which a schema may have arguments that are not in its own ``properties``."""


def tool_problems(profile: Profile, file: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield a sentence and a remedy for each tool that cannot run.

    Args:
        profile: the profile of the tools.
        file: its file; relative files and programs are resolved against its folder.
        environ: our own environment.
    """
    _, problems = Registry(file.parent, environ).toolset(profile)
    for problem in problems:
        trust = "not trusted" in problem
        yield problem, "start with this profile, then press p and T" if trust else f"fix it in pane 5, or in {file}"
    yield from definition_problems(profile, file)
    for tool in profile.active_tools:
        yield from _lost_placeholders(tool, file)
        if told := _python_problem(tool, file):
            yield told
        if profile.trusted or not tool.run.of_this_machine:
            yield from _lacks(tool, file.parent, environ)


def definition_problems(profile: Profile, file: Path) -> Iterator[tuple[str, str]]:
    """Yield a sentence and a remedy for each tool whose name or schema no server would accept."""
    seen: set[str] = set()
    for spec in own_specs(profile):
        if problem := problem_of(spec):
            yield f"tool '{spec.name}': {problem}", f"correct it in {file}: until then it is not offered"
        for pattern in broken_patterns(spec.parameters):
            yield (
                f"tool '{spec.name}': the pattern {pattern[:100]} is no regular expression",
                f"correct it in {file}: until then it is not checked",
            )
        if spec.name in seen:
            yield f"several tools are called '{spec.name}'", "rename all but one: only one is offered"
        seen.add(spec.name)


def tool_urls(profile: Profile) -> Iterator[str]:
    """The addresses that a profile's tools are asked at from this machine."""
    for tool in profile.active_tools:
        if isinstance(tool.run, runs.HttpRun | runs.McpRun) and tool.run.url:
            yield tool.run.url


def _python_problem(tool: ToolEntry, file: Path) -> tuple[str, str] | None:
    """Why a Python function cannot be called, as far as its file shows that without being run."""
    source, _, function = tool.run.target.partition(":") if isinstance(tool.run, runs.PythonRun) else ("", "", "")
    path = file.parent / source
    if source in ("", "demo") or not path.is_file():
        return None  # told by the registry
    try:
        code = ast.parse(path.read_bytes())
    except SyntaxError as error:
        return f"tool {tool.name}: {path} is no Python: {error.msg} in line {error.lineno}", "correct the line"
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        return f"tool {tool.name}: {path} cannot be read: {reason}", "check the file and its rights"
    if missing := next((name for name in _imports(code) if not _is_there(name, path.parent)), ""):
        return f"tool {tool.name}: {path} imports {missing}, which is not installed", f"pip install {missing}"
    if function and not any(name in (function, "*") for name in _names_in(code.body)):
        return f"tool {tool.name}: {path} has no function '{function}'", f"correct the name in {file}"
    return None


def _imports(code: ast.Module) -> Iterator[str]:
    """The modules that a file imports whenever it is loaded."""
    for statement in code.body:
        match statement:
            case ast.Import():
                yield from (alias.name.partition(".")[0] for alias in statement.names)
            case ast.ImportFrom(module=str() as module, level=0):
                yield module.partition(".")[0]


def _is_there(module: str, folder: Path) -> bool:
    """Whether a module is installed, or lies beside the file that imports it."""
    if (folder / module).is_dir() or (folder / f"{module}.py").is_file():
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return module in sys.modules


def _names_in(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The names that statements define; ``*`` where any may come from another module."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield node.name
                case ast.alias():
                    yield node.asname or node.name.partition(".")[0]
                case ast.Name(ctx=ast.Store()):
                    yield node.id


def _lacks(tool: ToolEntry, folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    match tool.run:
        case (runs.CommandRun() | runs.McpRun()) as run if run.argv:
            if problem := program_problem(run.argv[0], folder, {**environ, **run.env}):
                yield f"tool {tool.name}: {problem[0]}", problem[1]
    if isinstance(tool.run, runs.McpRun) and importlib.util.find_spec("mcp") is None:
        yield f"tool {tool.name}: MCP servers need the [mcp] extra", INSTALL_HINT
    try:
        if isinstance(tool.run, runs.HttpRun | runs.McpRun):
            secrets.fill_headers(tool.run.headers, tool.run.url, tool.run.key_in_clear, environ)
        elif isinstance(tool.run, runs.HostedRun):
            secrets.fill(tool.run.authorization, environ)
    except ProfileError as error:
        yield f"tool {tool.name}: {error.sentence}", error.remedy


def _lost_placeholders(tool: ToolEntry, file: Path) -> Iterator[tuple[str, str]]:
    """Report placeholders that no argument can fill: they would always be empty."""
    properties = tool.parameters.get("properties", {})
    if not isinstance(properties, dict) or not tool.parameters.keys().isdisjoint(_COMPOSED):
        return
    if tool.parameters.get("additionalProperties"):
        return
    lost = [name for text in _templates(tool.run) for name in template.names(text) if name not in properties]
    for name in dict.fromkeys(lost):
        remedy = f"add '{name}' to its parameters in {file}, or correct the placeholder"
        yield f"tool {tool.name}: there is no argument for {{{name}}}", remedy


def _templates(run: runs.ToolRun) -> Iterator[str]:
    match run:
        case runs.CommandRun():
            yield from run.argv
        case runs.MockRun():
            yield json.dumps(run.result)
        case runs.HttpRun():
            yield run.url
            yield json.dumps(run.body)
