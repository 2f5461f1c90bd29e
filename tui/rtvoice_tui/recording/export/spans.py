"""The conversation as spans by OpenTelemetry's conventions for generative AI.

One trace: the session is `invoke_agent`, each turn `chat`, each call `execute_tool`.
"""

import hashlib
import json
from dataclasses import dataclass, field

from rtvoice_tui.recording.conversation import Conversation, Part, conversation
from rtvoice_tui.recording.format import started_at
from rtvoice_tui.recording.reader import Recording

_Value = str | int | float | bool
_MOST = 2**63
"""Whole numbers of the protocol stay below."""
_STATES_OF_ERRORS = frozenset(("failed", "denied"))


@dataclass(slots=True)
class Span:
    """One span; times are nanoseconds since 1970, ids are hexadecimal."""

    trace: str
    """32 digits."""
    id: str
    """16 digits."""
    parent: str
    """16 digits, or empty for the session."""
    name: str
    begins: int
    ends: int
    attributes: dict[str, _Value] = field(default_factory=dict)
    error: str = ""
    """Why it failed; empty if it did not."""


def spans(recording: Recording) -> list[Span]:
    """Session, turns and calls, the session first.

    Raises:
        RecordingError: the recording cannot be replayed.
    """
    return _Spans(recording, conversation(recording)).all()


class _Spans:
    """Makes the spans of one recording; ids follow from its name, so that the same recording gives the same trace."""

    def __init__(self, recording: Recording, said: Conversation) -> None:
        self._manifest = recording.manifest
        self._said = said
        self._trace = hashlib.sha256(recording.name.encode()).hexdigest()[:32]
        self._zero = started_at(recording.manifest).timestamp()
        self._model = said.model or recording.manifest.model

    def all(self) -> list[Span]:
        """Session, turns and calls."""
        said = self._said
        turns = sorted({part.turn for part in said.parts if part.turn})
        below = [span for turn in turns for span in self._turn(turn)]
        root = self._span(
            "session", "", f"invoke_agent {self._manifest.profile}", said.begins, said.begins + said.summary.length_s
        )
        root.ends = max([root.ends, *(span.ends for span in below)])
        root.attributes = _present(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": self._manifest.profile,
                "gen_ai.provider.name": self._manifest.provider,
                "gen_ai.usage.total_tokens": self._said.summary.tokens,
            }
        )
        return [root, *below]

    def _turn(self, turn: int) -> list[Span]:
        parts = [part for part in self._said.parts if part.turn == turn]
        ends = max(self._said.ends.get(turn, 0.0), *(_ends(part) for part in parts))
        span = self._span(f"turn {turn}", "session", f"chat {self._model}", parts[0].at, ends)
        answers = [part for part in parts if part.who == "agent"]
        waited = next((part.waited_ms for part in answers if part.waited_ms is not None), None)
        span.attributes = _present(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": self._manifest.provider,
                "gen_ai.request.model": self._model,
                "gen_ai.input.messages": _messages([part for part in parts if part.who == "user"], "user"),
                "gen_ai.output.messages": _messages(answers, "assistant"),
                "rtvoice.turn": turn,
                "rtvoice.waited_ms": waited,
                "rtvoice.interrupted": any(part.heard is not None for part in answers),
            }
        )
        calls = (self._call(part, number, f"turn {turn}") for number, part in enumerate(parts) if part.who == "tool")
        return [span, *calls]

    def _call(self, part: Part, number: int, turn: str) -> Span:
        span = self._span(f"{turn} call {number}", turn, f"execute_tool {part.tool}", part.at, _ends(part))
        span.attributes = _present(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": part.tool,
                "gen_ai.tool.call.arguments": part.arguments,
                "gen_ai.tool.call.result": part.output,
            }
        )
        if part.state in _STATES_OF_ERRORS:
            span.error = part.note or part.state
        return span

    def _span(self, key: str, parent: str, name: str, begins: float, ends: float) -> Span:
        start, end = (int((self._zero + at) * 1e9) for at in (begins, max(begins, ends)))
        return Span(self._trace, self._id(key), self._id(parent) if parent else "", name, start, end)

    def _id(self, key: str) -> str:
        return hashlib.sha256(f"{self._trace} {key}".encode()).hexdigest()[:16]


def _ends(part: Part) -> float:
    return part.at + (part.duration_ms or 0.0) / 1000


def _messages(parts: list[Part], role: str) -> str:
    found = [{"role": role, "parts": [{"type": "text", "content": part.text}]} for part in parts if part.text]
    return json.dumps(found, ensure_ascii=False) if found else ""


def _present(values: dict[str, _Value | None]) -> dict[str, _Value]:
    """Leaves out what is empty."""
    return {key: _whole(value) for key, value in values.items() if value is not None and value != ""}


def _whole(value: _Value) -> _Value:
    return str(value) if isinstance(value, int) and not -_MOST <= value < _MOST else value
