"""Frames as the rules see them, and findings."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import msgspec


class Frame(NamedTuple):
    """A frame of either direction.

    Attributes:
        at: time in seconds.
        up: whether the client sent it.
        type: its type.
        event: the event; empty for audio and other deltas, which no rule reads.
        audio_ms: duration of the sound in it.
        level_db: its level in dBFS; ``None`` if it holds no sound, or the sound is not kept.
    """

    at: float
    up: bool
    type: str
    event: dict[str, Any]
    audio_ms: float = 0.0
    level_db: float | None = None

    def text(self, *path: str) -> str:
        """A text inside the event; empty if there is none."""
        value: Any = self.event
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""

    def number(self, *path: str) -> float | None:
        """A number inside the event; ``None`` if there is none that means something."""
        value: Any = self.event
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
            return None
        return float(value)

    def object(self, name: str) -> dict[str, Any]:
        """An object inside the event; empty if there is none."""
        value = self.event.get(name)
        return value if isinstance(value, dict) else {}


class Finding(msgspec.Struct, frozen=True):
    """Something that was wrong.

    Attributes:
        at: when, in seconds.
        rule: name of the rule, such as ``second response``.
        sentence: what it means.
        remedy: what to do.
    """

    at: float
    rule: str
    sentence: str
    remedy: str


class Rule(Protocol):
    """Looks at all frames of a session, one after the other."""

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """The next frame."""

    def end(self, at: float) -> Iterator[Finding]:
        """The session has ended, or goes on without a frame until this time."""
