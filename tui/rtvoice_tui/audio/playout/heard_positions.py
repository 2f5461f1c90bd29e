"""What a listener has heard by now, in samples: a device is handed blocks some time before they sound.

The device's thread tells, one thread at a time asks; a bounded deque is all they share. Times are `time.perf_counter`.
"""

from collections import deque
from dataclasses import dataclass, replace

KEPT = 512
"""Blocks that wait to be looked at: 5 s at 10 ms a block. What is older was heard."""


@dataclass(frozen=True, slots=True)
class Block:
    """Samples ``start`` to ``end`` (positions of the ring): when they were handed over, when the first one sounds."""

    start: int
    end: int
    handed_at: float
    heard_at: float


@dataclass(frozen=True, slots=True)
class _Stop:
    """The device threw away what it held, and was silent from ``at`` on."""

    at: float


class HeardPositions:
    """Which samples the device holds, and which of them were heard.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._told: deque[Block | _Stop] = deque(maxlen=KEPT)
        self._held: deque[Block] = deque()

    # --- the device's side

    def hand_over(self, block: Block) -> None:
        """The device is about to get these samples. To be called before they leave the ring."""
        self._told.append(block)

    def stop(self, at: float) -> None:
        """The device threw away what it held."""
        self._told.append(_Stop(at))

    # --- the side that asks

    def look(self) -> tuple[list[Block], list[tuple[int, int]]]:
        """Blocks handed over since the last look, and what was thrown away of all blocks."""
        blocks, thrown = [], []
        while self._told:
            told = self._told.popleft()
            if isinstance(told, Block):
                blocks.append(told)
                self._held.append(told)
            else:
                starts = [(self._within(block, told.at), block.end) for block in self._held]
                thrown += [(start, end) for start, end in starts if start < end]
                self._held.clear()
        return blocks, thrown

    def heard(self, now: float, taken: int) -> int:
        """The position up to which everything was heard or thrown away; ``taken`` if the device holds nothing.

        ``taken`` is where the ring stood before the last `look`.
        """
        for block in self._held:
            position = self._within(block, now)
            if position < block.end:
                return min(position, taken)
        return taken

    def settle(self, now: float) -> None:
        """Forget what was heard by ``now``: it will not be taken back."""
        while self._held and self._within(self._held[0], now) == self._held[0].end:
            self._held.popleft()

    def unheard(self, now: float, taken: int, held_s: float) -> int:
        """How many samples right before ``taken`` the device holds that were not heard by ``now``; forgets them.

        ``held_s``: no block is heard sooner after it was handed over, whatever was said of its time.
        """
        first = taken
        while self._held and self._held[-1].end >= first:
            block = self._held.pop()
            if block.start >= first:  # it was thrown away and handed out again, and is counted
                continue
            heard_at = max(block.heard_at, block.handed_at + held_s)
            first = self._within(replace(block, end=first, heard_at=heard_at), now)
        self._held.clear()
        return taken - first

    def _within(self, block: Block, now: float) -> int:
        heard = int((now - block.heard_at) * self._rate)
        return min(max(block.start + heard, block.start), block.end)
