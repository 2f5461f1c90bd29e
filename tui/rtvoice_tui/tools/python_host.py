"""The subprocess that runs the functions of one file: started by `python_process`, with JSON lines on its pipes.

It is a process of its own so that it can be killed if a function blocks, crashes or never returns. Printed text is
collected per call.
"""

import asyncio
import contextlib
import contextvars
import importlib.machinery
import importlib.util
import inspect
import io
import json
import os
import signal
import sys
import threading
import traceback
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rtvoice_tui.tools.python_results import as_json, awaited

MAX_TEXT = 64_000
"""Maximum characters of a result, and of the text that a call prints."""

_printed: contextvars.ContextVar[io.StringIO | None] = contextvars.ContextVar("printed", default=None)

Reply = dict[str, Any]


class _Printing(io.TextIOBase):
    """A stdout that collects the printed text of each call, by context variable."""

    def write(self, text: str) -> int:
        """Keep the first MAX_TEXT characters that a call prints; text printed outside a call is dropped."""
        kept = _printed.get()
        if kept is not None and kept.tell() < MAX_TEXT:
            kept.write(text[: MAX_TEXT - kept.tell()])
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True


class Host:
    """Handles requests for the functions of one file: describe, call and cancel.

    Args:
        module: the loaded file.
        reply: sends one reply.
    """

    def __init__(self, module: types.ModuleType, reply: Callable[[Reply], None]) -> None:
        self._module = module
        self._reply = reply
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._threads: set[int] = set()

    def asked(self, message: dict[str, Any]) -> None:
        """Handle one request. Called on the event loop."""
        if "cancel" in message:
            self._cancel(message["cancel"])
        elif "describe" in message:
            self._reply({"id": message["id"], **self._guarded(self._describe, message["describe"])})
        else:
            number = message["id"]
            task = asyncio.ensure_future(self._call(number, message["call"], message["arguments"]))
            self._tasks[number] = task
            task.add_done_callback(lambda done: self._over(number, done))

    def _over(self, number: int, task: "asyncio.Task[None]") -> None:
        del self._tasks[number]
        if task.cancelled():  # cancelled before it started, so `_call` sends no reply
            self._reply({"id": number, **_fault(asyncio.CancelledError())})

    def _cancel(self, number: int) -> None:
        if number in self._threads:
            self._reply({"id": number, "stuck": True})  # a thread cannot be stopped, so the process must be
        elif task := self._tasks.get(number):
            task.cancel()

    def _guarded(self, work: Callable[..., Reply], *arguments: Any) -> Reply:
        try:
            return work(*arguments)
        except BaseException as error:
            return _fault(error)

    def _function(self, name: str) -> Callable[..., Any]:
        function = getattr(self._module, name, None)
        if callable(function) and not inspect.isroutine(function):
            kind = "a class" if isinstance(function, type) else f"a {type(function).__name__}"
            raise LookupError(f"there is no function '{name}': it is {kind}, so wrap it in one with def")
        if not inspect.isroutine(function):
            raise LookupError(f"there is no function '{name}'")
        return function

    def _describe(self, name: str) -> Reply:
        return {"description": _description(self._function(name)), "parameters": schema_of(self._function(name))}

    async def _call(self, number: int, name: str, arguments: dict[str, Any]) -> None:
        printed = io.StringIO()
        _printed.set(printed)
        try:
            function = self._function(name)
            positional, named = bound(function, arguments)
            if inspect.iscoroutinefunction(function):
                reply = _result(await awaited(function(*positional, **named)))
            else:
                reply = await self._in_thread(number, function, positional, named)
                if "awaitable" in reply:  # a synchronous function that returns an awaitable
                    reply = _result(await awaited(reply["awaitable"]))
        except BaseException as error:
            reply = _fault(error)
        self._reply({"id": number, "printed": printed.getvalue(), **reply})

    async def _in_thread(
        self, number: int, function: Callable[..., Any], given: list[Any], named: dict[str, Any]
    ) -> Reply:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Reply] = loop.create_future()
        context = contextvars.copy_context()

        def work() -> None:
            reply = self._guarded(lambda: context.run(lambda: _result_or_awaitable(function(*given, **named))))
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(done.set_result, reply)

        self._threads.add(number)
        try:
            threading.Thread(target=work, name=f"call-{number}", daemon=True).start()
            return await done
        finally:
            self._threads.discard(number)


# --- parameters of a function


def _fields(function: Callable[..., Any]) -> tuple[list[inspect.Parameter], dict[str, Any]]:
    """All parameters except ``*args`` and ``**kwargs``, and their types; ``Any`` where there is no usable type hint."""
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    hints = _hints(function)
    return parameters, {parameter.name: _known(hints.get(parameter.name, Any)) for parameter in parameters}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name exists only under TYPE_CHECKING: resolve each hint separately
        hints: dict[str, Any] = {}
        for name, hint in getattr(function, "__annotations__", {}).items():
            alone = types.SimpleNamespace(__annotations__={name: hint})
            with contextlib.suppress(Exception):
                hints |= typing.get_type_hints(alone, getattr(function, "__globals__", {}), include_extras=True)
        return hints


def _known(hint: Any) -> Any:
    """The type itself if msgspec can decode JSON to it, else ``Any``."""
    import msgspec

    try:
        msgspec.json.schema(hint)
        msgspec.json.Decoder(hint)
    except Exception:
        return Any
    return hint


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """JSON Schema of a function's arguments, from its signature, its type hints and its docstring."""
    import msgspec

    parameters, hints = _fields(function)
    schemas, shared = msgspec.json.schema_components([hints[p.name] for p in parameters], ref_template="#/$defs/{name}")
    told = _told(function)
    properties = {}
    for parameter, schema in zip(parameters, schemas, strict=True):
        described = dict(schema)
        if told.get(parameter.name):
            described["description"] = told[parameter.name]
        if parameter.default is not parameter.empty and parameter.default is not None:
            with contextlib.suppress(Exception):
                default = msgspec.to_builtins(parameter.default)
                json.dumps(default, allow_nan=False)  # a default that JSON cannot express is left out
                described["default"] = default
        properties[parameter.name] = described
    whole: dict[str, Any] = {"type": "object", "properties": properties}
    required = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    if required:
        whole["required"] = required
    if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values()):
        whole["additionalProperties"] = False
    if shared:
        whole["$defs"] = shared
    return whole


def bound(function: Callable[..., Any], arguments: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments for a call: JSON values converted to the types of the function's hints.

    Raises:
        TypeError: an argument is unknown, missing or of the wrong type; the message names it.
    """
    import msgspec

    parameters, hints = _fields(function)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    rest = dict(arguments)
    for parameter in parameters:
        if parameter.name not in rest:
            if parameter.default is parameter.empty:
                raise TypeError(f"the argument '{parameter.name}' is missing")
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(parameter.default)
            continue
        try:
            value = _converted(rest.pop(parameter.name), hints[parameter.name])
        except msgspec.ValidationError as error:
            raise TypeError(f"arguments.{parameter.name}: {error}") from None
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            named[parameter.name] = value
    takes_all = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
    if rest and not takes_all:
        raise TypeError(f"there is no argument '{next(iter(rest))}'")
    return positional, {**named, **rest}


def _converted(value: Any, hint: Any) -> Any:
    """Convert a value to the type of a hint; 5.0 counts as an integer, as in JSON Schema."""
    import msgspec

    try:
        return msgspec.convert(value, hint, str_keys=True)
    except msgspec.ValidationError:
        return msgspec.convert(_whole(value), hint, str_keys=True)


def _whole(value: Any) -> Any:
    """The value with all floats such as 5.0 replaced by integers, at any depth."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {name: _whole(each) for name, each in value.items()} if isinstance(value, dict) else value


def _docstring(function: Callable[..., Any]) -> Any:
    from docstring_parser import parse

    return parse(inspect.getdoc(function) or "")


def _description(function: Callable[..., Any]) -> str:
    parsed = _docstring(function)
    parts = (parsed.short_description, parsed.long_description)
    return "\n\n".join(part.strip() for part in parts if part)


def _told(function: Callable[..., Any]) -> dict[str, str]:
    return {entry.arg_name: " ".join((entry.description or "").split()) for entry in _docstring(function).params}


# --- results and errors


def _result(value: Any) -> Reply:
    text = value if isinstance(value, str) else json.dumps(as_json(value), ensure_ascii=False)
    return {"output": text[:MAX_TEXT], "size": len(text)}


def _result_or_awaitable(value: Any) -> Reply:
    return {"awaitable": value} if inspect.isawaitable(value) or inspect.isasyncgen(value) else _result(value)


def _fault(error: BaseException) -> Reply:
    if isinstance(error, SystemExit):
        code = "" if error.code is None else f" ({_words(error.code)})"
        return {"error": f"it tried to end the program{code}", "traceback": ""}
    if isinstance(error, asyncio.CancelledError):
        return {"error": "it was cancelled from within", "traceback": ""}
    lines = _words(error).strip().splitlines()
    sentence = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    text = "".join(traceback.format_exception(type(error), error, _own_frames(error.__traceback__)))
    return {"error": sentence[:2000], "traceback": text[-MAX_TEXT:]}


def _words(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # __str__ of the user's exception may raise
        return ""


def _own_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    """The part of a traceback that is the user's code."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith((__file__, "<frozen importlib")):
        trace = trace.tb_next
    return trace


class _Fresh(importlib.machinery.SourceFileLoader):
    """Ignores ``__pycache__``: an edit within the same second that keeps the size would load stale bytecode."""

    def get_code(self, fullname: str) -> types.CodeType:
        """Compile the source file.

        Raises:
            ImportError: it is in another charset than UTF-8, and does not say so in a ``coding`` line.
        """
        data = self.get_data(self.path)
        try:
            text = importlib.util.decode_source(data)
        except (UnicodeDecodeError, SyntaxError):
            text = "\0"
        if "\0" in text:
            raise ImportError("it is not in UTF-8: save it as UTF-8")
        code: types.CodeType = self.source_to_code(data, self.path)
        return code


def load(path: Path) -> types.ModuleType:
    """Import the file as a module; its folder is added to ``sys.path``.

    Raises:
        ImportError: it is no Python file.
        BaseException: anything that the file raises.
    """
    if path.parent != Path(__file__).parent:  # not for demo.py: our http.py would shadow the standard library's
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(f"rtvoice_tui_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    if isinstance(spec.loader, importlib.machinery.SourceFileLoader):
        spec.loader = _Fresh(spec.name, str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def serve(path: Path, questions: Any, answers: Any) -> None:
    """Load the file and handle requests; ends the process when the request pipe is closed.

    A thread reads the requests; they are handled on the event loop.

    Args:
        path: the file.
        questions: binary stream of requests, one JSON object a line.
        answers: binary stream for the replies.
    """

    def reply(message: Reply) -> None:
        text = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        answers.write(text + b"\n")
        answers.flush()

    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in questions:  # the parent sends none before it has received "ready", so `host` is set
            loop.call_soon_threadsafe(host.asked, json.loads(line))
        end()  # the parent is gone, so nobody needs the running calls

    threading.Thread(target=read, name="questions", daemon=True).start()
    try:
        host = Host(load(path), reply)
    except BaseException as error:
        reply({"failed": f"{path.name} fails to load", **_fault(error)})
        return
    reply({"ready": True})
    await asyncio.Event().wait()


def end() -> None:
    """End this process, and its whole process group if it leads one."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)  # do not wait for threads that never return


def main() -> None:
    """Reserve stdin and stdout for the protocol, so that the user's functions can neither read nor write them."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdin, sys.stdout = open(os.devnull), _Printing()  # noqa: SIM115
    asyncio.run(serve(Path(sys.argv[1]), questions, answers))
    end()


if __name__ == "__main__":
    main()
