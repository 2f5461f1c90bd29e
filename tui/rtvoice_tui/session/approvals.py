"""Which tools may be called, and whether the user is asked first: decided from the profile and the user alone."""

from collections.abc import Collection, Mapping
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import schema
from rtvoice_tui.session.facts import CallChanged


class Approvals:
    """What the profile says of each tool, and what the user agreed to for the rest of the session.

    Attributes:
        known: the tools that may be called, by name.
        hosted: names that run at the provider.
    """

    def __init__(self) -> None:
        self.known: Mapping[str, ToolSpec] = {}
        self.hosted: Collection[str] = ()
        self._always: dict[str, ToolSpec] = {}
        self._asked: dict[str, ToolSpec] = {}

    def kind(self, name: str) -> str:
        """The kind of a tool: ``python``, ``command``, ``http``, ..., or ``hosted``."""
        if name in self.hosted:
            return "hosted"
        return self.known[name].kind if name in self.known else ""

    def asks(self, call: CallChanged) -> bool:
        """Whether the user is asked before a call is run; an agreement counts for the definition it was given to."""
        spec = self.known.get(call.name)
        if spec is None or not spec.asks or self._always.get(call.name) == spec:
            return False
        self._asked[call.key] = spec
        return True

    def agree_always(self, call: CallChanged) -> None:
        """The tool that a call asked for may run unasked from now on, as long as it is defined as it was then."""
        self._always[call.name] = self._asked[call.key]

    def alike(self, call: CallChanged, other: CallChanged) -> bool:
        """Whether two calls that ask are of one tool, defined in one way."""
        return call.name == other.name and self._asked[call.key] == self._asked[other.key]

    def objection(self, call: CallChanged) -> str | None:
        """Why a call cannot be run; empty if it can; ``None`` if finding out may take too long to do it here."""
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
        """The schema of a call's arguments as it is now; empty if nobody knows the tool."""
        spec = self.known.get(call.name)
        return spec.parameters if spec is not None else {}

    def forget_call(self, key: str) -> None:
        """Forget what a call was asked with."""
        self._asked.pop(key, None)

    def forget(self) -> None:
        """The session ended: approvals do not carry over to the next one."""
        self._always.clear()
        self._asked.clear()
