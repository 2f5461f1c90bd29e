"""How much of each item was heard, to the sample: which samples of the ring are whose, and which nobody heard."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from rtvoice_tui.audio.playout.heard_positions import Block

KEPT_ITEMS = 64


@dataclass
class _Segment:
    """A run of samples of one item: positions in the ring's count."""

    item_id: str
    start: int
    end: int


class ItemRanges:
    """For one thread at a time, except where said.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._segments: deque[_Segment] = deque()
        self._played: dict[str, int] = {}
        self._first_at: dict[str, float] = {}
        self._unheard: list[tuple[int, int]] = []

    def receive(self, item_id: str, start: int, count: int) -> None:
        """Samples of an item were queued; ``start`` counts only where nothing waits before them."""
        if not self._segments:
            self._segments.append(_Segment(item_id, start, start))
        elif self._segments[-1].item_id != item_id:
            end = self._segments[-1].end
            self._segments.append(_Segment(item_id, end, end))
        self._segments[-1].end += count

    def cut(self, end: int) -> None:
        """What lies behind ``end`` never reached the ring and was dropped."""
        for segment in self._segments:
            segment.start, segment.end = min(segment.start, end), min(segment.end, end)

    def nobody_heard(self, spans: Iterable[tuple[int, int]]) -> None:
        """These samples were passed over. Also for the device's thread."""
        self._unheard.extend(spans)

    def handed_over(self, blocks: Iterable[Block]) -> None:
        """The device got these: the first of an item is its beginning."""
        for block in blocks:
            for segment in self._segments:
                if segment.start < block.end and block.start < segment.end:
                    self._first_at.setdefault(segment.item_id, block.handed_at)
        live = {segment.item_id for segment in self._segments}
        for item_id in [item for item in self._first_at if item not in live]:
            del self._first_at[item_id]

    def heard(self, position: int, settled: int, complete: bool) -> dict[str, float]:
        """What was heard of each item that is not over, in ms; one that is over is told for the last time.

        Args:
            position: up to which everything was heard or passed over.
            settled: the same, where it can no longer be taken back.
            complete: whether the last item has ended.
        """
        counted: dict[str, int] = {}
        for segment in list(self._segments):
            if position <= segment.start and segment.end > segment.start:
                break
            heard = self._heard_of(segment, position)
            counted[segment.item_id] = counted.get(segment.item_id, self._played.get(segment.item_id, 0)) + heard
            if settled >= segment.end and self._segments[0] is segment and (len(self._segments) > 1 or complete):
                self._played[segment.item_id] = self._played.get(segment.item_id, 0) + heard
                self._segments.popleft()
        while len(self._played) > KEPT_ITEMS:
            del self._played[next(iter(self._played))]
        if not self._segments:
            self._unheard.clear()
        return {item_id: count * 1000 / self._rate for item_id, count in counted.items()}

    def totals(self) -> dict[str, float]:
        """What was heard of items that are over, in ms."""
        return {item_id: count * 1000 / self._rate for item_id, count in self._played.items()}

    @property
    def first_at(self) -> dict[str, float]:
        """When the device got the first sample of each item that is not over, in seconds."""
        return dict(self._first_at)

    def _heard_of(self, segment: _Segment, position: int) -> int:
        end = min(position, segment.end)
        passed = sum(max(0, min(last, end) - max(first, segment.start)) for first, last in self._unheard)
        return max(0, end - segment.start - passed)
