"""A speaker that is none: plays what was received behind one another, as a client would have."""

from collections import deque
from collections.abc import Iterable, Mapping

from rtvoice_tui.session.commands import Flushed, Heard
from rtvoice_tui.session.effects import Effect, Flush, Play


class Playout:
    """Received speech on its way to be heard.

    Args:
        rate: samples per second.
        truncated_ms: of items that were interrupted, how much was heard in ms; their rest is never played.

    Attributes:
        rate: samples per second.
    """

    def __init__(self, rate: int, truncated_ms: Mapping[str, float]) -> None:
        self.rate = rate
        self._truncated_ms = truncated_ms
        self._queued: dict[str, int] = {}
        self._waits_for_flush = False
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._played: dict[str, float] = {}
        self._first_at: dict[str, float] = {}
        self._now = 0.0

    @property
    def busy(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    @property
    def left_s(self) -> float:
        """Seconds that wait."""
        return sum(len(pcm) for _, pcm in self._waiting) / 2 / self.rate

    def take(self, effects: Iterable[Effect], at: float) -> Flushed | None:
        """Queue what is to be played; returns what is to be told if the queue was emptied."""
        flushed = None
        for effect in effects:
            if isinstance(effect, Play):
                if not self._waiting:
                    self._now = at
                if pcm := self._heard_of(effect.item_id, effect.pcm):
                    self._waiting.append((effect.item_id, pcm))
            elif isinstance(effect, Flush):
                self._waiting.clear()
                self._waits_for_flush = False
                flushed = Flushed(
                    self._played | {item: ms for item, ms in self._truncated_ms.items() if item in self._queued}
                )
        return flushed

    def _heard_of(self, item: str, pcm: bytes) -> bytes:
        """What will be heard of speech."""
        before = self._queued.get(item, 0)
        self._queued[item] = before + len(pcm)
        if (end_ms := self._truncated_ms.get(item)) is None:
            return pcm
        end = round(end_ms * self.rate / 1000) * 2
        self._waits_for_flush = self._waits_for_flush or self._queued[item] > end
        return pcm[: max(0, end - before)]

    def advance(self, seconds: float) -> tuple[Heard, bytes]:
        """Play for some seconds; returns what was heard, to be told, and its samples."""
        wanted = round(seconds * self.rate) * 2
        heard = bytearray()
        played: dict[str, float] = {}
        while self._waiting and len(heard) < wanted:
            item, pcm = self._waiting.popleft()
            part, rest = pcm[: wanted - len(heard)], pcm[wanted - len(heard) :]
            self._first_at.setdefault(item, self._now + len(heard) / 2 / self.rate)
            heard += part
            self._played[item] = self._played.get(item, 0.0) + len(part) / 2 / self.rate * 1000
            played[item] = self._played[item]
            if rest:
                self._waiting.appendleft((item, rest))
        self._now += seconds
        first_at = {item: self._first_at[item] for item in played}
        return Heard(played, first_at, not (self._waiting or self._waits_for_flush)), bytes(heard)
