"""The interface of all kinds of tools, and the outcome of a call."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerState

MAX_OUTPUT = 64_000
"""Maximum characters of a result for the model; a cut is marked in the text."""

MAX_DETAIL = 64_000
"""Maximum characters of each detail text for the user."""


@dataclass(frozen=True)
class Call:
    """One function call.

    Attributes:
        name: the tool's name in the session.
        arguments: the parsed arguments; `Toolbox` does not check them against the schema.
        call_id: id of the call; empty for a preview.
    """

    name: str
    arguments: dict[str, Any]
    call_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a call.

    Attributes:
        output: the text for the model.
        ok: whether the call succeeded.
        note: for the user only: why it failed, possibly with a traceback, or how much of the result was cut.
        details: pairs of name and text for the user, such as the command line and its stderr.
    """

    output: str
    ok: bool
    note: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def with_details(self, *details: tuple[str, str]) -> "Outcome":
        """A copy with more details; empty texts are left out, and long ones are cut to MAX_DETAIL."""
        kept = tuple((name, cut(text, MAX_DETAIL)) for name, text in details if text)
        return replace(self, details=(*self.details, *kept))

    def without(self, *secrets: str) -> "Outcome":
        """A copy with every secret replaced by ``[key]``, because a server can repeat the headers it received."""
        outcome = self
        for secret in secrets:
            if secret:
                outcome = Outcome(
                    outcome.output.replace(secret, "[key]"),
                    outcome.ok,
                    outcome.note.replace(secret, "[key]"),
                    tuple((name, text.replace(secret, "[key]")) for name, text in outcome.details),
                )
        return outcome


@dataclass(frozen=True)
class ServerStatus:
    """Status of a runner that depends on a server or a process.

    Attributes:
        state: state of the connection.
        detail: why it failed, and when it will be tried again.
    """

    state: ServerState
    detail: str = ""


class Runner:
    """Base class: runs one tool, or all tools of one server. Subclasses override what they need.

    ``open``, ``close`` and ``run`` are called on the event loop of the tools' thread; ``preview``, ``ready``, ``specs``
    and ``status`` are used from the session's thread too.

    Attributes:
        specs: the tools that it offers; may change while it is open.
        status: status of its server; ``None`` for kinds that need no server.
        changed: called on the tools' thread when ``specs`` or ``status`` has changed.
    """

    def __init__(self, spec: ToolSpec) -> None:
        self.specs: tuple[ToolSpec, ...] = (spec,)
        self.status: ServerStatus | None = None
        self.changed: Callable[[], None] = lambda: None

    @property
    def ready(self) -> bool:
        """Whether ``specs`` is complete, so that the session can start with it."""
        return True

    async def open(self) -> None:
        """Start what calls will need, without waiting for it. Never raises."""

    async def close(self) -> None:
        """Stop everything that was started."""

    def preview(self, call: Call) -> str:
        """What a call would run, for the user who approves it. Never raises."""
        return ""

    async def run(self, call: Call) -> Outcome:
        """Run a call. Errors are returned as an outcome; cancelling it stops everything that it started."""
        return failed(f"{call.name} runs at the provider, not here")


def succeeded(result: Any, loss: str = "") -> Outcome:
    """The outcome of a successful call: text unchanged, other values as JSON, cut to MAX_OUTPUT characters.

    Args:
        result: the result, as far as it was kept.
        loss: a sentence about the part that the caller has already dropped; empty if there is none.
    """
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    if len(text) <= MAX_OUTPUT:
        return Outcome(text, ok=True, note=loss)
    told = loss or f"the result of {len(text)} characters was cut"
    output = f"{text[:MAX_OUTPUT]}\n[cut: {loss}]" if loss else cut(text, MAX_OUTPUT)
    return Outcome(output, ok=True, note=told)


def failed(sentence: str, note: str = "", **more: Any) -> Outcome:
    """The outcome of a failed call.

    Args:
        sentence: the error for the model.
        note: details for the user; by default the sentence.
        **more: further members of the JSON object for the model.
    """
    output = json.dumps({"error": sentence, **more}, ensure_ascii=False, default=str)
    return Outcome(output, ok=False, note=note or sentence)


def cut(text: str, limit: int) -> str:
    """The first ``limit`` characters; after a cut, a line with the original length follows."""
    return text if len(text) <= limit else f"{text[:limit]}\n[cut: {len(text)} characters in all]"
