"""Which functions a profile brings, found by name."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any


class ToolError(Exception):
    """A function cannot be found, in one sentence."""


@dataclass(frozen=True)
class Tool:
    """A function that can be run.

    Attributes:
        name: what the model calls it.
        function: sync or async.
        timeout_s: after so many seconds it is given up.
    """

    name: str
    function: Callable[..., Any]
    timeout_s: float = 10.0


def python_tool(name: str, target: str, timeout_s: float, folder: Path) -> Tool:
    """A function of a Python file beside the profile (``tools.py:get_weather``) or of the demo (``demo:get_weather``).

    Raises:
        ToolError: the file or the function is not there, or the file fails to load.
    """
    source, _, attribute = target.rpartition(":")
    if not source or not attribute.isidentifier():
        raise ToolError(f"tool {name}: '{target}' is not of the form FILE.py:FUNCTION")
    module = _demo() if source == "demo" else _load(name, folder / source)
    function = getattr(module, attribute, None)
    if not inspect.isroutine(function):
        raise ToolError(f"tool {name}: {source} has no function '{attribute}'")
    return Tool(name, function, timeout_s)


def _demo() -> ModuleType:
    from rtvoice_tui.tools import demo

    return demo


def _load(name: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise ToolError(f"tool {name}: there is no file {path}")
    module_name = f"rtvoice_tui_user_tools_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ToolError(f"tool {name}: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise ToolError(f"tool {name}: {path.name} fails to load: it ends the program") from error
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ToolError(f"tool {name}: {path.name} fails to load: {type(error).__name__}: {reason}") from error
    return module


Toolbox = Mapping[str, Tool]
"""All functions of a session by the name the model calls them."""
