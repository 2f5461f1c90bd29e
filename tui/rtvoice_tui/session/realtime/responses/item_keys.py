"""Keys of the agent's items: some servers number their items anew in each response, or give them no ids."""

KEPT = 256
"""Number of items whose keys are kept, for late events that name them."""


class ItemKeys:
    """Gives each item of each response a key of its own; it is the item's id, unless that was used before."""

    def __init__(self) -> None:
        self._owners: dict[str, int] = {}
        self._latest: dict[str, str] = {}

    def knows(self, item_id: str) -> bool:
        """Whether an item with this id was told before."""
        return bool(item_id) and item_id in self._latest

    def of(self, item_id: str, response: int) -> str:
        """The key of an item.

        Args:
            item_id: its id at the server; may be empty.
            response: number of its response; 0 if that is not known: the item that had this id last.
        """
        if not response:
            return self._latest.get(item_id, item_id)
        owner = self._owners.setdefault(item_id, response)
        key = self._latest[item_id] = item_id if owner == response else f"{item_id}~{response}"
        if len(self._owners) > KEPT:
            oldest = next(iter(self._owners))
            del self._owners[oldest]
            self._latest.pop(oldest, None)
        return key

    def clear(self) -> None:
        """The session ended: the next one may use the same ids."""
        self._owners.clear()
        self._latest.clear()
