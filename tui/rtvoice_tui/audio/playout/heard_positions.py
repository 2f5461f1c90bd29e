"""Tracks which samples were heard: a device gets its blocks some time before they are audible.

The device thread reports blocks, one thread at a time reads them; they share only a bounded deque. Times are seconds
of `time.perf_counter`.
"""

from collections import deque
from dataclasses import dataclass, replace

KEPT = 512
"""Reports kept until the next `drain_reports`: 5 s at 10 ms a block. Older blocks count as heard."""


@dataclass(frozen=True, slots=True)
class Block:
    """Samples ``start`` to ``end`` (ring positions), when the device got them, and when the first is audible."""

    start: int
    end: int
    handed_at: float
    heard_at: float


@dataclass(frozen=True, slots=True)
class _Stop:
    """The device discarded its buffer and was silent from ``at`` on."""

    at: float


class HeardPositions:
    """Which samples the device holds, and which of them were heard.

    Args:
        rate: sample rate in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._told: deque[Block | _Stop] = deque(maxlen=KEPT)
        self._held: deque[Block] = deque()

    # --- the device's side

    def hand_over(self, block: Block) -> None:
        """Report samples that the device is about to get. Call it before they are read from the ring."""
        self._told.append(block)

    def stop(self, at: float) -> None:
        """Report that the device discarded its buffer and was silent from ``at`` on."""
        self._told.append(_Stop(at))

    # --- the reading side

    def drain_reports(self) -> tuple[list[Block], list[tuple[int, int]]]:
        """Process the reports; return the blocks handed over since the last call, and the discarded ranges."""
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
        """Return the position up to which everything was heard or discarded; ``taken`` if the device holds nothing.

        ``taken`` is the ring's read position, sampled before the last `drain_reports`.
        """
        for block in self._held:
            position = self._within(block, now)
            if position < block.end:
                return min(position, taken)
        return taken

    def forget_heard(self, now: float) -> None:
        """Forget blocks that were heard completely by ``now``: they will not be taken back."""
        while self._held and self._within(self._held[0], now) == self._held[0].end:
            self._held.popleft()

    def unheard(self, now: float, taken: int, held_s: float) -> int:
        """Return how many samples right before ``taken`` were not heard by ``now``; forgets all held blocks.

        ``held_s`` is the least time between handing a block over and hearing it, even if less was reported.
        """
        first = taken
        while self._held and self._held[-1].end >= first:
            block = self._held.pop()
            if block.start >= first:  # supplied again after an underrun, and already counted
                continue
            heard_at = max(block.heard_at, block.handed_at + held_s)
            first = self._within(replace(block, end=first, heard_at=heard_at), now)
        self._held.clear()
        return taken - first

    def _within(self, block: Block, now: float) -> int:
        heard = int((now - block.heard_at) * self._rate)
        return min(max(block.start + heard, block.start), block.end)
