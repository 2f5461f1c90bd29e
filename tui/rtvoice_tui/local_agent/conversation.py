"""A session's history at the server: items, and what the user heard of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.local_agent import limits
from rtvoice_tui.local_agent.validation import Objection


@dataclass
class HistoryItem:
    """One item as clients see it, and what only the server knows of it."""

    body: dict[str, Any]
    audio_ms: int = 0
    has_audio: bool = False
    size: int = 0


@dataclass
class Conversation:
    """Items in order."""

    items: dict[str, HistoryItem] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    size: int = 0

    def no_room(self, size: int) -> Objection | None:
        """Why no item of so many bytes of JSON can be added, if none can."""
        if len(self.items) >= limits.ITEMS:
            return limits.TOO_MANY_ITEMS
        return limits.TOO_LARGE_ITEMS if self.size + size > limits.ITEMS_BYTES else None

    def add(self, body: dict[str, Any], size: int = 0) -> str | None:
        """Append an item of so many bytes of JSON; returns the id of the one before it."""
        previous = next(reversed(self.items), None)
        self.items[body["id"]] = HistoryItem(body, size=size)
        self.size += size
        return previous

    def remove(self, item_id: str) -> bool:
        """Take an item away, with all that is remembered of it; false if there is none."""
        item = self.items.pop(item_id, None)
        if item is None:
            return False
        self.size -= item.size
        self.answered.discard(item_id)
        return True

    def last_user_text(self, among: Collection[str]) -> str:
        """What the user said last in those of the items ``among`` that are still there."""
        return last_words([item.body for item_id, item in self.items.items() if item_id in among])

    def fresh_outputs(self) -> list[str]:
        """Function outputs that no answer has used yet; they count as used from now on."""
        fresh = []
        for item_id, item in self.items.items():
            if item.body.get("type") == "function_call_output" and item_id not in self.answered:
                self.answered.add(item_id)
                fresh.append(str(item.body.get("output") or ""))
        return fresh


def last_words(items: Sequence[Any]) -> str:
    """What the user said last in a list of items."""
    for item in reversed(items):
        if isinstance(item, dict) and item.get("role") == "user":
            parts = item.get("content") or []
            return " ".join(str(part.get("text") or part.get("transcript") or "") for part in parts).strip()
    return ""
