"""How much of each answer was received and heard, and what the server must be told when it is cut short.

Played time counts samples that the device has sounded (never mere time since the beginning), so truncation is right
through pauses and stalls. The rules are those of the Realtime API's truncation errors: never zero, never beyond the
item's audio.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rtvoice_tui.protocol.realtime.client_events import DeleteItem, TruncateItem
from rtvoice_tui.session.facts import Moment, ResponseCut
from rtvoice_tui.session.realtime.outbox import Outbox

KEPT = 64
"""Finished answers kept, for late events that still name them."""


class Cut(StrEnum):
    """What became of an interrupted answer at the server."""

    TRUNCATED = "truncated"
    DELETED = "deleted"
    WHOLE = "heard whole"
    OUT_OF_BAND = "not in the conversation"


@dataclass
class HeardItem:
    """One answer's sound: what arrived, what was played, and whether it was cut.

    ``out_of_band``: it is not in the conversation, so the server forgets nothing. ``over``: its answer is done, so
    nobody will say again that it is complete.
    """

    item_id: str
    response_id: str
    content_index: int
    turn: int
    received_bytes: int = 0
    played_ms: float = 0.0
    received_all: bool = False
    first_heard: bool = False
    finished: bool = False
    cut: bool = False
    out_of_band: bool = False
    over: bool = False


class HeardLedger:
    """All answers that are being spoken or were spoken lately.

    Args:
        rate: output rate in Hz.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._items: dict[str, HeardItem] = {}
        self._cutting: list[HeardItem] = []
        self._open = 0

    def get(self, item_id: str) -> HeardItem | None:
        """The entry of an item, if it has spoken."""
        return self._items.get(item_id)

    @property
    def speaking(self) -> bool:
        """Whether anything received still waits to be heard."""
        return self._open > 0

    @property
    def cutting(self) -> bool:
        """Whether a flush is under way whose outcome is not known yet."""
        return bool(self._cutting)

    def receive(self, item_id: str, response_id: str, content_index: int, turn: int, size: int) -> HeardItem:
        """Count ``size`` bytes of PCM16 that arrived for an item."""
        item = self._items.get(item_id)
        if item is None:
            item = self._items[item_id] = HeardItem(item_id, response_id, content_index, turn)
            self._open += 1
            self._forget_old()
        item.received_bytes += size
        if item.finished and not item.cut:
            item.finished = False
            self._open += 1
        return item

    def received_ms(self, item: HeardItem) -> float:
        """How much sound of an item has arrived."""
        return item.received_bytes * 500 / self.rate

    def of_response(self, response_id: str) -> list[HeardItem]:
        """The answers' sounds that belong to one response."""
        return [item for item in self._items.values() if item.response_id == response_id]

    def report(self, played_ms: Mapping[str, float], first_at: Mapping[str, float], drained: bool, out: Outbox) -> None:
        """Take over what was heard so far; a cut item's account is closed.

        Args:
            played_ms: by item id.
            first_at: when the first sample of an item went to the device, in seconds, by item id.
            drained: whether nothing is left to play.
            out: where moments go.
        """
        for item_id, ms in played_ms.items():
            item = self._items.get(item_id)
            if item is None or item.cut:
                continue
            item.played_ms = max(item.played_ms, ms)
            if ms > 0 and not item.first_heard:
                item.first_heard = True
                if not item.out_of_band:
                    out.reach(item.turn, Moment.FIRST_HEARD, first_at.get(item_id))
        for item in self._finish(drained):
            if not item.out_of_band:
                out.reach(item.turn, Moment.HEARD)

    def _finish(self, drained: bool) -> list[HeardItem]:
        """Items that are now heard to their end, told once each."""
        done = []
        for item in self._items.values():
            whole = item.played_ms + 0.5 >= self.received_ms(item)
            if item.received_all and not item.finished and (whole or drained):
                item.finished = True
                self._open -= 1
                done.append(item)
        return done

    def cut_all(self) -> list[HeardItem]:
        """Mark everything that is not heard to its end as cut; its fate is settled by `settle`."""
        cut = [item for item in self._items.values() if not item.finished]
        for item in cut:
            item.cut = item.finished = True
        self._open = 0
        self._cutting += cut
        return cut

    def settle(self, played_ms: Mapping[str, float], out: Outbox) -> None:
        """The speaker is silent: tell the server what was heard of each cut answer."""
        cutting, self._cutting = self._cutting, []
        for item in cutting:
            item.played_ms = max(item.played_ms, played_ms.get(item.item_id, 0.0))
            received = int(self.received_ms(item))
            heard = min(int(item.played_ms), received)
            outcome = Cut.TRUNCATED
            if item.out_of_band:
                outcome = Cut.OUT_OF_BAND
            elif heard <= 0:
                outcome = Cut.DELETED
                out.send(DeleteItem, item_id=item.item_id)
            elif item.received_all and item.played_ms + 0.5 >= self.received_ms(item):
                outcome = Cut.WHOLE
            else:
                out.send(TruncateItem, item_id=item.item_id, content_index=item.content_index, audio_end_ms=heard)
            out.reach(item.turn, Moment.SILENT)
            out.report(ResponseCut(item.turn, item.item_id, heard, received, outcome))

    def close(self) -> None:
        """The session is over: nothing waits to be heard any more."""
        self._items.clear()
        self._cutting.clear()
        self._open = 0

    def _forget_old(self) -> None:
        if len(self._items) > KEPT:
            for item_id in [i.item_id for i in self._items.values() if i.finished][: len(self._items) - KEPT]:
                del self._items[item_id]
