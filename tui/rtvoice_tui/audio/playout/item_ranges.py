"""How much of each item was heard, to the sample: maps ring positions to items and records skipped ranges."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from rtvoice_tui.audio.playout.heard_positions import Block

KEPT_ITEMS = 64


@dataclass
class _Segment:
    """A run of samples of one item, as ring positions."""

    item_id: str
    start: int
    end: int


class ItemRanges:
    """Counts the heard samples of each item. For one thread at a time, except `mark_skipped`.

    Args:
        rate: sample rate in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._segments: deque[_Segment] = deque()
        self._played: dict[str, int] = {}
        self._first_at: dict[str, float] = {}
        self._unheard: list[tuple[int, int]] = []

    def receive(self, item_id: str, start: int, count: int) -> None:
        """Add queued samples of an item; ``start`` (ring position) is used only if no segment is left."""
        if not self._segments:
            self._segments.append(_Segment(item_id, start, start))
        elif self._segments[-1].item_id != item_id:
            end = self._segments[-1].end
            self._segments.append(_Segment(item_id, end, end))
        self._segments[-1].end += count

    def cut(self, end: int) -> None:
        """Remove everything after position ``end``: it was dropped before it reached the ring."""
        for segment in self._segments:
            segment.start, segment.end = min(segment.start, end), min(segment.end, end)

    def mark_skipped(self, spans: Iterable[tuple[int, int]]) -> None:
        """Record skipped ranges: they do not count as heard. The device thread may call it too."""
        self._unheard.extend(spans)

    def handed_over(self, blocks: Iterable[Block]) -> None:
        """Record when the device got the first block of each item."""
        for block in blocks:
            for segment in self._segments:
                if segment.start < block.end and block.start < segment.end:
                    self._first_at.setdefault(segment.item_id, block.handed_at)
        live = {segment.item_id for segment in self._segments}
        for item_id in [item for item in self._first_at if item not in live]:
            del self._first_at[item_id]

    def heard(self, position: int, settled: int, complete: bool) -> dict[str, float]:
        """Return what was heard of each unfinished item, in ms; one that has just finished is included a last time.

        Args:
            position: everything before it was heard or skipped.
            settled: the same, for samples that can no longer be taken back.
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
        """Return what was heard of finished items, in ms."""
        return {item_id: count * 1000 / self._rate for item_id, count in self._played.items()}

    @property
    def first_at(self) -> dict[str, float]:
        """When the device got the first block of each unfinished item (`time.perf_counter`)."""
        return dict(self._first_at)

    def _heard_of(self, segment: _Segment, position: int) -> int:
        end = min(position, segment.end)
        passed = sum(max(0, min(last, end) - max(first, segment.start)) for first, last in self._unheard)
        return max(0, end - segment.start - passed)
