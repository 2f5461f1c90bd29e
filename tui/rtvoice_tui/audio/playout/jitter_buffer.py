"""How much of an answer must be there before it begins to sound: as much as its packets come late, and a little more.

A packet is late by its time since the answer's first packet, less the sound that came before it: an answer that began
to sound at once would have run dry for so long. Servers that send faster than they speak are never late.
"""

LEAST_MS = 40.0
MOST_MS = 400.0
START_MS = 80.0
MARGIN_MS = 20.0
"""More than the latest packet needed."""

UNDERRUN_MS = 40.0
"""So much is added at least when an answer ran dry."""

FALL_MS = 10.0
"""So much is taken away after an answer that needed less."""

TELLING_PACKETS = 3
"""An answer of fewer packets says nothing of the network."""


class JitterBuffer:
    """Follows how late packets come: up at once, down slowly. Times are in seconds, amounts in ms of sound.

    Attributes:
        ms: what an answer waits for.
        jitter_ms: how late the latest packet of this answer came, or of the last one before this one's second packet.
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
        """Speech of an item arrived; ``dry``: the speaker had to wait for it."""
        if item_id != self._item:
            self._begin(item_id, at)
        late = (at - self._since) * 1000 - self._sound_ms
        if dry:
            self._dry = True
            self._raise_to(self.ms + UNDERRUN_MS)
        if late > self.most_ms:  # a pause that no prebuffer would have bridged
            self._since, self._sound_ms = at, 0.0
        elif self._packets:
            self._latest_ms = max(self._latest_ms, late)
            self.jitter_ms = self._latest_ms
            if late > 0:
                self._raise_to(late + MARGIN_MS)
        self._sound_ms += sound_ms
        self._packets += 1

    def end(self) -> None:
        """The answer is complete. One that needed less than there was lets the prebuffer fall."""
        if self._packets >= TELLING_PACKETS and not self._dry:
            self.ms = min(self.ms, max(self.ms - FALL_MS, self._latest_ms + MARGIN_MS, self.least_ms))
        self.forget()

    def forget(self) -> None:
        """The answer was cut: it says nothing more."""
        self._item = ""
        self._packets = 0

    def _begin(self, item_id: str, at: float) -> None:
        self._item, self._since = item_id, at
        self._sound_ms = self._latest_ms = 0.0
        self._packets = 0
        self._dry = False

    def _raise_to(self, ms: float) -> None:
        self.ms = min(max(self.ms, ms), self.most_ms)
