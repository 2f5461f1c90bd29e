"""Heard ledger: how much audio of each item was received and played, and how to truncate it after a barge-in.

Played time counts samples that the device has consumed, not elapsed time, so truncation is exact through pauses and
stalls. ``audio_end_ms`` is never zero and never beyond the item's audio: the Realtime API refuses both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rtvoice_tui.protocol.realtime.client_events import DeleteItem, TruncateItem
from rtvoice_tui.session.facts import Moment, ResponseCut, SpeechPlayed
from rtvoice_tui.session.realtime.outbox import Outbox

PLAYED_STEP_MS = 100
"""Milliseconds of speech after which its position is reported again."""

KEPT = 64
"""Number of items that are kept, for late events that name them."""


class Cut(StrEnum):
    """What was done about an interrupted item at the server."""

    TRUNCATED = "truncated"
    DELETED = "deleted"
    WHOLE = "heard whole"
    OUT_OF_BAND = "not in the conversation"
    NAMELESS = "the server gave it no id"
    ENDED = "the session ended"
    UNSPOKEN = "not spoken yet"
    WRITTEN = "not written to its end"


@dataclass
class HeardItem:
    """Received and played audio of one item.

    Attributes:
        item_id: key of the conversation item.
        response_id: its response.
        content_index: content part of its first audio.
        parts: received bytes of each content part, in order.
        turn: the turn it belongs to.
        received_bytes: received PCM16 bytes.
        played_ms: milliseconds that the device has played.
        received_all: whether its audio is complete.
        first_heard: whether its first sample was played.
        finished: whether it was played to its end, or cut.
        cut: whether it was interrupted; later audio is dropped.
        out_of_band: whether it belongs to an out-of-band response, so that there is nothing to truncate.
        response_done: whether its response is done, so that no event will mark later audio as complete.
        reported_ms: the position in its speech that was reported last.
        server_id: its id at the server; empty if the server gave it none, so that it cannot be truncated.
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
    response_done: bool = False
    reported_ms: int = 0
    server_id: str = ""
    parts: dict[int, int] = field(default_factory=dict)

    def place_of(self, heard_ms: int, rate: int) -> tuple[int, int]:
        """The content part that was heard last, and the milliseconds of it that were heard."""
        before = 0.0
        for index, size in self.parts.items():
            length = size * 500 / rate
            if heard_ms <= before + length:
                return index, max(1, int(heard_ms - before))
            before += length
        return self.content_index, heard_ms


class HeardLedger:
    """The items of the agent that are playing or were played recently.

    Args:
        rate: output rate in Hz.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._items: dict[str, HeardItem] = {}
        self._cutting: list[HeardItem] = []
        self._open = 0

    def get(self, item_id: str) -> HeardItem | None:
        """The entry of an item; ``None`` if no audio of it was received or it is no longer kept."""
        return self._items.get(item_id)

    @property
    def speaking(self) -> bool:
        """Whether an item is not played to its end yet."""
        return self._open > 0

    def is_heard(self) -> bool:
        """Whether the agent is heard, or is being cut."""
        return self.speaking or self.cutting

    @property
    def cutting(self) -> bool:
        """Whether a flush is pending: its playback positions are not known yet."""
        return bool(self._cutting)

    def receive(self, item_id: str, response_id: str, content_index: int, turn: int, size: int) -> HeardItem:
        """Add ``size`` received bytes of PCM16 to an item; returns its entry."""
        item = self._items.get(item_id)
        if item is None:
            item = self._items[item_id] = HeardItem(item_id, response_id, content_index, turn)
            self._open += 1
            self._forget_old()
        item.received_bytes += size
        item.parts[content_index] = item.parts.get(content_index, 0) + size
        if item.finished and not item.cut:
            item.finished = False
            self._open += 1
        return item

    def received_ms(self, item: HeardItem) -> float:
        """Received audio of an item in ms."""
        return item.received_bytes * 500 / self.rate

    def of_response(self, response_id: str) -> list[HeardItem]:
        """The items that belong to one response."""
        return [item for item in self._items.values() if item.response_id == response_id]

    def report(self, played_ms: Mapping[str, float], first_at: Mapping[str, float], drained: bool, out: Outbox) -> None:
        """Update the played positions from a playback report, and report the moments reached; ignores cut items.

        Args:
            played_ms: played milliseconds by item id.
            first_at: when the device took the first sample of an item, in seconds, by item id.
            drained: whether the playback queue is empty.
            out: collects the effects.
        """
        for item_id, ms in played_ms.items():
            item = self._items.get(item_id)
            if item is None or item.cut:
                continue
            item.played_ms = max(item.played_ms, ms)
            self._report_played(item, out)
            if ms > 0 and not item.first_heard:
                item.first_heard = True
                if not item.out_of_band:
                    out.reach(item.turn, Moment.FIRST_HEARD, first_at.get(item_id))
        for item in self._finish(drained):
            if not item.out_of_band:
                out.reach(item.turn, Moment.HEARD)

    def _report_played(self, item: HeardItem, out: Outbox) -> None:
        """Report the position in an item's speech, at most every `PLAYED_STEP_MS`, and its end."""
        received, played = int(self.received_ms(item)), int(item.played_ms)
        ended = item.received_all and played >= received
        if played - item.reported_ms >= PLAYED_STEP_MS or (ended and item.reported_ms < received):
            item.reported_ms = played
            out.report(SpeechPlayed(item.item_id, min(played, received), received))

    def _finish(self, drained: bool) -> list[HeardItem]:
        """Mark and return the items that are now played to their end; each is returned once."""
        done = []
        for item in self._items.values():
            whole = item.played_ms + 0.5 >= self.received_ms(item)
            if item.received_all and not item.finished and (whole or drained):
                item.finished = True
                self._open -= 1
                done.append(item)
        return done

    def cut_all(self) -> list[HeardItem]:
        """Mark all items that are not played to their end as cut; `truncate_cut` truncates them after the flush."""
        cut = [item for item in self._items.values() if not item.finished]
        for item in cut:
            item.cut = item.finished = True
        self._open = 0
        self._cutting += cut
        return cut

    def truncate_cut(self, played_ms: Mapping[str, float], out: Outbox) -> None:
        """The flush is complete: truncate or delete each cut item at the server, and report the outcome.

        Args:
            played_ms: final played milliseconds by item id.
            out: collects the effects.
        """
        cutting, self._cutting = self._cutting, []
        for item in cutting:
            item.played_ms = max(item.played_ms, played_ms.get(item.item_id, 0.0))
            received = int(self.received_ms(item))
            heard = min(int(item.played_ms), received)
            outcome = Cut.TRUNCATED
            if item.out_of_band:
                outcome = Cut.OUT_OF_BAND
            elif not item.server_id:
                outcome = Cut.NAMELESS
            elif heard <= 0:
                outcome = Cut.DELETED
                out.send(DeleteItem, item_id=item.server_id)
            elif item.received_all and item.played_ms + 0.5 >= self.received_ms(item):
                outcome = Cut.WHOLE
            else:
                index, end_ms = item.place_of(heard, self.rate)
                out.send(TruncateItem, item_id=item.server_id, content_index=index, audio_end_ms=end_ms)
            out.reach(item.turn, Moment.SILENT)
            out.report(ResponseCut(item.turn, item.item_id, heard, received, outcome))

    def close(self, out: Outbox) -> None:
        """The session ended: report how much of each unfinished item was heard, and forget all items."""
        for item in self._items.values():
            if item in self._cutting or not item.finished:
                received = int(self.received_ms(item))
                heard = min(int(item.played_ms), received)
                out.report(ResponseCut(item.turn, item.item_id, heard, received, Cut.ENDED))
        self._items.clear()
        self._cutting.clear()
        self._open = 0

    def _forget_old(self) -> None:
        if len(self._items) > KEPT:
            for item_id in [i.item_id for i in self._items.values() if i.finished][: len(self._items) - KEPT]:
                del self._items[item_id]
