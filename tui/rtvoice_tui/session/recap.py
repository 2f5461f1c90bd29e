"""A conversation given to a new session: as items where the server takes them, else told in one message."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Said(msgspec.Struct, frozen=True):
    """Words of an earlier session; only what the user heard of the agent."""

    by_agent: bool
    text: str


RECAP = "This is what we said before the connection was made anew. Do not answer it, go on from there."


def as_items(history: Sequence[Said], form: str) -> list[dict[str, Any]]:
    """Conversation items in order.

    Args:
        history: what was said, oldest first.
        form: ``items`` or ``recap`` (a server that refuses the agent's words as items gets one user message).
    """
    said = [line for line in history if line.text.strip()]
    if not said:
        return []
    if form == "recap":
        lines = [f"{'You' if line.by_agent else 'I'}: {line.text.strip()}" for line in said]
        return [_message("user", "input_text", "\n".join([RECAP, *lines]))]
    return [
        _message("assistant", "output_text", line.text) if line.by_agent else _message("user", "input_text", line.text)
        for line in said
    ]


def _message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
