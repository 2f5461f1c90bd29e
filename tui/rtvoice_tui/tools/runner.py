"""Runs functions off the receive loop, each with a time limit, and always has something to tell the model."""

import asyncio
import contextlib
import inspect
import json
import threading
import traceback
from dataclasses import dataclass
from typing import Any

from rtvoice_tui.tools.registry import Tool, Toolbox

MAX_OUTPUT = 64_000
"""Characters of a result that the model gets at most; a cut is told to it."""

CLEAN_UP_S = 0.5
"""What a coroutine that took too long has for its own clean-up."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: the text for the model, and what only the person sees."""

    output: str
    ok: bool
    note: str = ""


async def run(toolbox: Toolbox, name: str, arguments: str) -> Outcome:
    """Run a function with JSON arguments. Never raises, except when cancelled from outside."""
    tool = toolbox.get(name)
    if tool is None:
        return _failed(f"the function {name} cannot be run here")
    work = asyncio.ensure_future(_call(tool, arguments))
    try:
        done, _ = await asyncio.wait({work}, timeout=tool.timeout_s)
    except asyncio.CancelledError:
        work.cancel()
        raise
    if not done:
        work.cancel()
        await asyncio.wait({work}, timeout=CLEAN_UP_S)
        return _failed(f"{name} gave no result within {tool.timeout_s:g} s")
    if work.cancelled():
        return _failed(f"{name} failed: it was cancelled from within")
    return work.result()


async def _call(tool: Tool, arguments: str) -> Outcome:
    try:
        given = json.loads(arguments)
        if inspect.iscoroutinefunction(tool.function):
            return _result(await tool.function(**given))
        return await _in_thread(tool, given)
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return _crashed(tool.name, error)


async def _in_thread(tool: Tool, arguments: dict[str, Any]) -> Outcome:
    """Like `asyncio.to_thread`, but a function that never returns does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    def work() -> None:
        try:
            outcome = _result(tool.function(**arguments))
        except BaseException as error:
            outcome = _crashed(tool.name, error)
        with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name=f"tool-{tool.name}", daemon=True).start()
    return await future


def _result(result: Any) -> Outcome:
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    if len(text) <= MAX_OUTPUT:
        return Outcome(text, ok=True)
    cut = f"{text[:MAX_OUTPUT]}\n[cut: {len(text)} characters in all]"
    return Outcome(cut, ok=True, note=f"the result of {len(text)} characters was cut")


def _crashed(name: str, error: BaseException) -> Outcome:
    if isinstance(error, SystemExit):
        return _failed(f"{name} failed: it tried to end the program ({error.code})")
    lines = str(error).strip().splitlines()
    reason = f": {lines[0]}" if lines else ""
    note = "".join(traceback.format_exception(error))
    return _failed(f"{name} failed: {type(error).__name__}{reason}", note)


def _failed(sentence: str, note: str = "") -> Outcome:
    return Outcome(json.dumps({"error": sentence}, ensure_ascii=False), ok=False, note=note or sentence)
