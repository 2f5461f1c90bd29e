"""Passes an earlier conversation to a new session: as items where the server accepts them, else as one message."""

from collections.abc import Sequence
from typing import Any

import msgspec


class HistoryMessage(msgspec.Struct, frozen=True):
    """One message of an earlier session; of the agent's speech only what the user heard."""

    by_agent: bool
    text: str


RECAP = "This is what we said before the connection was made anew. Do not answer it, go on from there."


def history_items(history: Sequence[HistoryMessage], form: str) -> list[dict[str, Any]]:
    """Convert a history to conversation items, in order.

    Args:
        history: the messages, oldest first; empty ones are skipped.
        form: ``items``: one item per message. ``recap``: one user message with all of them, for servers that reject
            assistant items.
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
