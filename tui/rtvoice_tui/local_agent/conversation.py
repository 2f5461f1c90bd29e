"""The conversation history of a session: items, and the length of their audio."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.local_agent import limits
from rtvoice_tui.local_agent.validation import Objection


@dataclass
class HistoryItem:
    """One item, and the server's data about it.

    Attributes:
        body: the item as clients see it.
        audio_ms: milliseconds of output audio that were sent, or kept by a truncate.
        has_audio: whether output audio was sent.
        size: bytes of JSON when the client created it; 0 for items of the server.
    """

    body: dict[str, Any]
    audio_ms: int = 0
    has_audio: bool = False
    size: int = 0


@dataclass
class Conversation:
    """The items of a session.

    Attributes:
        items: items by id, oldest first.
        answered: ids of function call outputs that a response has used.
        size: total size of the items that clients created, in bytes of JSON.
    """

    items: dict[str, HistoryItem] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    size: int = 0

    def limit_error(self, size: int) -> Objection | None:
        """The error if an item of ``size`` bytes of JSON exceeds a limit, else ``None``."""
        if len(self.items) >= limits.ITEMS:
            return limits.TOO_MANY_ITEMS
        return limits.TOO_LARGE_ITEMS if self.size + size > limits.ITEMS_BYTES else None

    def add(self, body: dict[str, Any], size: int = 0) -> str | None:
        """Append an item of ``size`` bytes of JSON; returns the id of the previous item, or ``None``."""
        previous = next(reversed(self.items), None)
        self.items[body["id"]] = HistoryItem(body, size=size)
        self.size += size
        return previous

    def remove(self, item_id: str) -> bool:
        """Delete an item; false if it does not exist."""
        item = self.items.pop(item_id, None)
        if item is None:
            return False
        self.size -= item.size
        self.answered.discard(item_id)
        return True

    def last_user_text(self, among: Collection[str]) -> str:
        """The text of the last user message among the items with these ids; empty if there is none."""
        return last_words([item.body for item_id, item in self.items.items() if item_id in among])

    def claim_outputs(self) -> list[str]:
        """Function call outputs that no response has used yet; marks them as used.

        Outputs of calls that the client created itself are an earlier conversation: nobody waits for their answer.
        """
        bodies = [item.body for item in self.items.values() if item.size]
        earlier = {body.get("call_id") for body in bodies if body.get("type") == "function_call"}
        fresh = []
        for item_id, item in self.items.items():
            if item.body.get("type") == "function_call_output" and item_id not in self.answered:
                self.answered.add(item_id)
                if item.body.get("call_id") not in earlier:
                    fresh.append(str(item.body.get("output") or ""))
        return fresh


def last_words(items: Sequence[Any]) -> str:
    """The text or transcript of the last user message in a list of items; empty if there is none."""
    for item in reversed(items):
        if isinstance(item, dict) and item.get("role") == "user":
            parts = item.get("content") or []
            return " ".join(str(part.get("text") or part.get("transcript") or "") for part in parts).strip()
    return ""
