"""Adaptive jitter buffer: an item starts to play when as much is queued as its packets are late, plus a margin.

A packet's lateness is the time since the item's first packet, less the duration of the audio received before it: an
item played without a buffer would have underrun for that long. Servers that send faster than real time are never late.
"""

LEAST_MS = 40.0
MOST_MS = 400.0
START_MS = 80.0
MARGIN_MS = 20.0
"""Added to the largest lateness."""

UNDERRUN_MS = 40.0
"""Added after an underrun; a late packet may raise the buffer further."""

FALL_MS = 10.0
"""Removed at most after an item that needed less."""

TELLING_PACKETS = 3
"""Items with fewer packets do not lower the buffer: they say nothing about the network."""


class JitterBuffer:
    """Adapts to late packets: rises at once, falls slowly. Times are in seconds, amounts in ms of audio.

    Attributes:
        ms: how much audio must be queued before an item starts to play.
        jitter_ms: largest lateness in this item; that of the previous item until the second packet arrives.
    """

    least_ms = LEAST_MS
    most_ms = MOST_MS

    def __init__(self) -> None:
        self.ms = START_MS
        self.jitter_ms = 0.0
        self._item = ""
        self._since = 0.0
        self._sound_ms = 0.0
        self._packets = 0
        self._latest_ms = 0.0
        self._dry = False

    def packet(self, item_id: str, sound_ms: float, at: float, dry: bool = False) -> None:
        """Record a packet of an item; ``dry``: playback underran before it arrived."""
        if item_id != self._item:
            self._start_item(item_id, at)
        late = (at - self._since) * 1000 - self._sound_ms
        if dry:
            self._dry = True
            self._raise_to(self.ms + UNDERRUN_MS)
        if late > self.most_ms:  # a pause that no jitter buffer would have bridged
            self._since, self._sound_ms = at, 0.0
        elif self._packets:
            self._latest_ms = max(self._latest_ms, late)
            self.jitter_ms = self._latest_ms
            if late > 0:
                self._raise_to(late + MARGIN_MS)
        self._sound_ms += sound_ms
        self._packets += 1

    def end(self) -> None:
        """The item is complete. Lowers the buffer if the item needed less."""
        if self._packets >= TELLING_PACKETS and not self._dry:
            self.ms = min(self.ms, max(self.ms - FALL_MS, self._latest_ms + MARGIN_MS, self.least_ms))
        self.forget()

    def forget(self) -> None:
        """Stop measuring this item: it was cut off or is complete."""
        self._item = ""
        self._packets = 0

    def _start_item(self, item_id: str, at: float) -> None:
        self._item, self._since = item_id, at
        self._sound_ms = self._latest_ms = 0.0
        self._packets = 0
        self._dry = False

    def _raise_to(self, ms: float) -> None:
        self.ms = min(max(self.ms, ms), self.most_ms)
