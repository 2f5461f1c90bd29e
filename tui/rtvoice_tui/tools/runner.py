"""Runs functions off the receive loop, each with a time limit, and always has something to tell the model."""

import asyncio
import inspect
import json
import threading
import traceback
from dataclasses import dataclass
from typing import Any

from rtvoice_tui.tools.registry import Tool, Toolbox

MAX_OUTPUT = 64_000
"""Characters of a result that the model gets at most; a cut is told to it."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: the text for the model, and what only the person sees."""

    output: str
    ok: bool
    note: str = ""


async def run(toolbox: Toolbox, name: str, arguments: str) -> Outcome:
    """Run a function with JSON arguments. Never raises, except when cancelled."""
    tool = toolbox.get(name)
    if tool is None:
        return _failed(f"the function {name} cannot be run here")
    try:
        async with asyncio.timeout(tool.timeout_s):
            result = await _call(tool, json.loads(arguments))
    except TimeoutError:
        return _failed(f"{name} gave no result within {tool.timeout_s:g} s")
    except Exception as error:
        sentence = f"{name} failed: {type(error).__name__}: {error}"
        return _failed(sentence, "".join(traceback.format_exception(error)))
    return _result(result)


async def _call(tool: Tool, arguments: dict[str, Any]) -> Any:
    if inspect.iscoroutinefunction(tool.function):
        return await tool.function(**arguments)
    return await _in_thread(tool, arguments)


async def _in_thread(tool: Tool, arguments: dict[str, Any]) -> Any:
    """Like `asyncio.to_thread`, but a function that never returns does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if not future.done():
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

    def work() -> None:
        result, failure = None, None
        try:
            result = tool.function(**arguments)
        except Exception as error:
            failure = error
        except SystemExit as error:
            failure = RuntimeError(f"the function tried to end the program ({error.code})")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, name=f"tool-{tool.name}", daemon=True).start()
    return await future


def _result(result: Any) -> Outcome:
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    if len(text) <= MAX_OUTPUT:
        return Outcome(text, ok=True)
    cut = f"{text[:MAX_OUTPUT]}\n[cut: {len(text)} characters in all]"
    return Outcome(cut, ok=True, note=f"the result of {len(text)} characters was cut")


def _failed(sentence: str, note: str = "") -> Outcome:
    return Outcome(json.dumps({"error": sentence}, ensure_ascii=False), ok=False, note=note or sentence)
