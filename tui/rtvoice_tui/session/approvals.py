"""Which tools may be called and which need approval: only the profile and the user decide that, never the model."""

from collections.abc import Collection, Mapping
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import schema
from rtvoice_tui.session.facts import CallChanged


class Approvals:
    """The profile's definition of each tool, and the approvals the user gave for the rest of the session.

    Attributes:
        known: the tools that may be called, by name.
        hosted: names of the tools that run at the provider.
    """

    def __init__(self) -> None:
        self.known: Mapping[str, ToolSpec] = {}
        self.hosted: Collection[str] = ()
        self._always: dict[str, ToolSpec] = {}
        self._asked: dict[str, ToolSpec] = {}

    def kind(self, name: str) -> str:
        """The kind of a tool: ``python``, ``command``, ``http``, ..., or ``hosted``; empty if it is unknown."""
        if name in self.hosted:
            return "hosted"
        return self.known[name].kind if name in self.known else ""

    def asks(self, call: CallChanged, anyway: bool = False) -> bool:
        """Whether a call needs approval. A standing approval is valid only for the tool definition it was given for.

        Remembers the definition that the user is asked about.

        Args:
            call: the call.
            anyway: whether it needs approval whatever its tool's definition says.
        """
        spec = self.known.get(call.name)
        if spec is None or not (anyway or (spec.asks and self._always.get(call.name) != spec)):
            return False
        self._asked[call.key] = spec
        return True

    def agree_always(self, call: CallChanged) -> None:
        """Allow a call's tool to run without approval from now on, as long as its definition does not change."""
        self._always[call.name] = self._asked[call.key]

    def same_tool(self, call: CallChanged, other: CallChanged) -> bool:
        """Whether two calls that wait for approval use the same tool with the same definition."""
        return call.name == other.name and self._asked[call.key] == self._asked[other.key]

    def validation_error(self, call: CallChanged) -> str | None:
        """Why a call cannot run; empty if it can; ``None`` if validation may be slow and must run in the subprocess."""
        spec = self.known.get(call.name)
        if spec is None:
            return f"unknown function '{call.name}'"
        if not schema.bounded(call.arguments, spec.parameters):
            return None
        try:
            schema.read(call.arguments, spec.parameters)
        except ArgumentsRefused as refused:
            return str(refused)
        return ""

    def parameters(self, call: CallChanged) -> dict[str, Any]:
        """The current schema of a call's arguments; empty if the tool is unknown."""
        spec = self.known.get(call.name)
        return spec.parameters if spec is not None else {}

    def forget_call(self, key: str) -> None:
        """Forget the tool definition that the user was asked about for a call."""
        self._asked.pop(key, None)

    def forget(self) -> None:
        """Forget everything at the end of the session: approvals are not valid in the next one."""
        self._always.clear()
        self._asked.clear()
