"""The one interface behind which all kinds of tools stand, and what a call comes to."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerState

MAX_OUTPUT = 64_000
"""Characters of a result that the model gets at most; a cut is told to it."""

MAX_DETAIL = 64_000
"""Characters of each text that only the user sees."""


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        name: the tool, as its runner knows it.
        arguments: checked against the tool's schema.
        call_id: names the call while it runs.
    """

    name: str
    arguments: dict[str, Any]
    call_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a call came to.

    Attributes:
        output: the text for the model.
        ok: whether it worked.
        note: what only the user sees: why it failed, with a traceback where there is one.
        details: named texts for the user, such as the command line and its stderr.
    """

    output: str
    ok: bool
    note: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def with_details(self, *details: tuple[str, str]) -> "Outcome":
        """The same with more texts for the user; empty ones are left out, long ones cut."""
        kept = tuple((name, cut(text, MAX_DETAIL)) for name, text in details if text)
        return replace(self, details=(*self.details, *kept))

    def without(self, *secrets: str) -> "Outcome":
        """The same with every secret blotted out, where a server repeats what it was sent."""
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
    """How a runner that needs something to be there stands."""

    state: ServerState
    detail: str = ""


class Runner:
    """Runs one tool, or all tools of one server. Kinds override what they need.

    Attributes:
        specs: what the session knows about the tools; may change while it is open.
        status: how it stands; ``None`` for kinds that need nothing to be there.
        changed: called when ``specs`` or ``status`` is another.
    """

    def __init__(self, spec: ToolSpec) -> None:
        self.specs: tuple[ToolSpec, ...] = (spec,)
        self.status: ServerStatus | None = None
        self.changed: Callable[[], None] = lambda: None

    @property
    def ready(self) -> bool:
        """Whether ``specs`` are all that there will be at the start."""
        return True

    async def open(self) -> None:
        """Start what a call will need; returns soon. Never raises."""

    async def close(self) -> None:
        """End what was started."""

    def preview(self, call: Call) -> str:
        """What a call would run, for the user who is asked. Never raises."""
        return ""

    async def run(self, call: Call) -> Outcome:
        """Run a call. Cancelling it ends whatever it started; what goes wrong is an outcome."""
        return failed(f"{call.name} runs at the provider, not here")


def succeeded(result: Any, loss: str = "") -> Outcome:
    """A result for the model: text as it is, anything else as JSON; too much of it is cut, and both sides are told.

    Args:
        result: the result, as far as it was kept.
        loss: what was not even kept, in words.
    """
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    if len(text) <= MAX_OUTPUT:
        return Outcome(text, ok=True, note=loss)
    told = loss or f"the result of {len(text)} characters was cut"
    output = f"{text[:MAX_OUTPUT]}\n[cut: {loss}]" if loss else cut(text, MAX_OUTPUT)
    return Outcome(output, ok=True, note=told)


def failed(sentence: str, note: str = "", **more: Any) -> Outcome:
    """An error for the model, in one sentence; ``more`` goes into the same object."""
    output = json.dumps({"error": sentence, **more}, ensure_ascii=False, default=str)
    return Outcome(output, ok=False, note=note or sentence)


def cut(text: str, limit: int) -> str:
    """The first ``limit`` characters, and how many there were."""
    return text if len(text) <= limit else f"{text[:limit]}\n[cut: {len(text)} characters in all]"
