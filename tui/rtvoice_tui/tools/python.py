"""Python tools: functions of a file beside the profile. Description and schema can come from the function itself."""

import asyncio
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.errors import ToolError
from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools.python_file import PythonFile
from rtvoice_tui.tools.python_process import ProcessEnded
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call, Outcome, Runner, ServerStatus, failed, succeeded


class PythonRunner(Runner):
    """Calls one function.

    Args:
        spec: the tool as the profile describes it; a missing description or schema comes from the function.
        run: file and function, from the profile.
        file: the file's processes, shared by all tools of the file.
    """

    def __init__(self, spec: ToolSpec, run: PythonRun, file: PythonFile) -> None:
        super().__init__(spec)
        self._told = spec
        self._function = run.target.rpartition(":")[2]
        self._file = file
        self._described = bool(spec.parameters and spec.description)
        self._looking: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether description and parameters are known, from the profile or from the function."""
        return self._described or self.status is not None

    async def open(self) -> None:
        """Load the file, and read the function's description and parameters now and whenever the file changes."""
        self._file.watch(self._refresh)
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._refresh())

    async def close(self) -> None:
        """Stop watching the file; its processes end when no other tool uses it."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        await self._file.unwatch(self._refresh)

    def preview(self, call: Call) -> str:
        """The call in Python syntax, and the file."""
        given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
        return f"{self._function}({given})  in {self._file.path.name}"

    async def run(self, call: Call) -> Outcome:
        """Call the function in the file's process."""
        try:
            reply = await self._file.ask({"call": self._function, "arguments": call.arguments})
        except ProcessEnded as gone:
            return failed(f"{call.name} failed: {gone}", gone.note)
        return self._outcome(call, reply).with_details(("printed", str(reply.get("printed") or "")))

    def _outcome(self, call: Call, reply: dict[str, Any]) -> Outcome:
        if "error" in reply:
            trace = str(reply.get("traceback") or "")
            return failed(f"{call.name} failed: {reply['error']}", trace)
        output, size = str(reply.get("output")), int(reply.get("size") or 0)
        if size <= MAX_OUTPUT:
            return succeeded(output)
        told = f"the result of {size} characters was cut"
        return Outcome(f"{output[:MAX_OUTPUT]}\n[cut: {size} characters in all]", ok=True, note=told)

    async def _refresh(self) -> None:
        """Load the file if needed, and update specs and status from the function."""
        (spec,) = self.specs  # kept if the file does not load
        status = None if self.status is None else ServerStatus(ServerState.CONNECTED)
        try:
            reply = await self._file.ask({"describe": self._function}, again=False)
            if "error" in reply:
                status = ServerStatus(ServerState.FAILED, f"{self._file.path.name}: {reply['error']}")
            else:
                spec = replace(
                    self._told,
                    description=self._told.description or str(reply["description"]),
                    parameters=self._told.parameters or reply["parameters"],
                )
        except ProcessEnded as gone:
            status = ServerStatus(ServerState.FAILED, str(gone))
        self._described = True
        if ((spec,), status) != (self.specs, self.status):
            self.specs, self.status = (spec,), status
            self.changed()


def split_target(name: str, target: str) -> tuple[str, str]:
    """File and function of a target.

    Raises:
        ToolError: it is not of the form FILE.py:FUNCTION.
    """
    source, _, function = target.rpartition(":")
    if not source or not function.isidentifier():
        raise ToolError(f"tool {name}: '{target}' is not of the form FILE.py:FUNCTION")
    return source, function
