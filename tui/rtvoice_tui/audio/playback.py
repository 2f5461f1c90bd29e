"""The speaker's side: speech is queued by item, taken by the device, silenced with a fade, and counted to the sample.

``written``/``taken`` positions are samples of the session's output rate. The device's thread calls `fill` only; the
session's thread calls everything else.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rtvoice_tui.audio.measure import measure
from rtvoice_tui.audio.ring import BYTES, SampleRing
from rtvoice_tui.store.levels import Level

RING_S = 60
KEPT_ITEMS = 64

PREBUFFER_MS = 80.0
"""An answer begins when so much of it is there, so that jitter between the first packets is not heard."""


@dataclass
class _Segment:
    """A run of samples of one item: positions in the ring's count."""

    item_id: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class _Cut:
    """An order to the device's side: fade for so many samples, then skip to ``end``."""

    end: int
    fade: int


@dataclass(frozen=True)
class PlaybackReport:
    """What the device has consumed, in ms by item, and when it took each item's first sample (seconds)."""

    played_ms: dict[str, float]
    first_at: dict[str, float]
    drained: bool


class Playback:
    """Everything between "speech arrived" and "the device has it".

    Args:
        rate: the session's output rate in Hz.

    Attributes:
        heard_by: is given all that is handed to the device, silence included: the reference for taking echo out.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.muted = False
        self.underruns = 0
        self.levels: deque[Level] = deque(maxlen=64)
        self.latency_ms = 0.0
        self.heard_by: Callable[[bytes], None] | None = None
        self._ring = SampleRing(rate * RING_S)
        self._backlog: deque[bytes] = deque()
        self._odd: dict[str, bytes] = {}
        self._last_item = ""
        self._segments: deque[_Segment] = deque()
        self._played: dict[str, int] = {}
        self._first_at: dict[str, float] = {}
        self._complete = True
        self._rolling = False
        # what the device's thread is told to do, and what it tells; `give_up_flush` acts for a device that is dead
        self._cut: _Cut | None = None
        self._cut_done: _Cut | None = None
        self._fade_end: int | None = None
        self._starts: deque[tuple[int, float]] = deque(maxlen=256)
        self._skipped: list[tuple[int, int]] = []

    # --- the session's side

    def play(self, item_id: str, pcm: bytes) -> None:
        """Queue speech of an item. An odd byte at the end waits for its other half."""
        data = self._odd.pop(item_id, b"") + pcm
        cut = len(data) - len(data) % BYTES
        whole = data[:cut]
        if cut < len(data):
            self._odd[item_id] = data[cut:]
        if not whole:
            return
        self._last_item = item_id
        start = self._segments[-1].end if self._segments else self._end_position()
        count = len(whole) // BYTES
        if self._segments and self._segments[-1].item_id == item_id:
            self._segments[-1].end += count
        else:
            self._segments.append(_Segment(item_id, start, start + count))
        self._complete = False
        self._backlog.append(whole)
        self.pump()

    def end(self, item_id: str) -> None:
        """No more speech of this item: what waits is played, however short."""
        self._odd.pop(item_id, None)
        if item_id == self._last_item:
            self._complete = True

    def pump(self) -> None:
        """Move speech that did not fit into the ring. Nothing that was received is ever dropped."""
        while self._backlog:
            head = self._backlog[0]
            moved = self._ring.write(head)
            if moved * BYTES < len(head):
                self._backlog[0] = head[moved * BYTES :]
                break
            self._backlog.popleft()

    def flush(self, fade_ms: float) -> None:
        """Silence the speaker: at most ``fade_ms`` more are heard, fading; all else that waits is thrown away."""
        self._odd.clear()
        fade = int(self.rate * fade_ms / 1000)
        self._backlog.clear()
        end = self._ring.written
        for segment in self._segments:
            segment.end = min(segment.end, end)
        self._complete = True
        self._cut = _Cut(end, fade)

    @property
    def flushed(self) -> bool:
        """Whether the device has carried the last flush out."""
        return self._cut_done is self._cut

    def give_up_flush(self) -> None:
        """The device does not come for samples any more: take the flush as done."""
        cut = self._cut
        if cut is not None and not self.flushed:
            self._skip(cut)

    @property
    def buffered_ms(self) -> float:
        """How much speech waits."""
        waiting = len(self._ring) + sum(len(pcm) for pcm in self._backlog) // BYTES
        return waiting * 1000 / self.rate

    def report(self) -> PlaybackReport:
        """What was consumed since the last report; items that are over are reported one last time."""
        self.pump()
        taken = self._ring.taken
        self._note_starts(taken)
        played: dict[str, float] = {}
        for segment in list(self._segments):
            if taken <= segment.start and segment.end > segment.start:
                break
            heard = max(0, min(taken, segment.end) - segment.start - self._skipped_in(segment, taken))
            before = self._played.get(segment.item_id, 0)
            played[segment.item_id] = (before + heard) * 1000 / self.rate
            if taken >= segment.end and (len(self._segments) > 1 or self._complete):
                self._played[segment.item_id] = before + heard
                self._segments.popleft()
        self._forget_old()
        if not self._segments:
            self._skipped.clear()
        drained = self._complete and not len(self._ring) and not self._backlog
        return PlaybackReport(played, dict(self._first_at), drained)

    def heard_ms(self) -> dict[str, float]:
        """What was consumed of every item that is remembered, whether or not it was reported before."""
        reported = self.report().played_ms
        return {item_id: count * 1000 / self.rate for item_id, count in self._played.items()} | reported

    def _forget_old(self) -> None:
        while len(self._played) > KEPT_ITEMS:
            del self._played[next(iter(self._played))]

    def _end_position(self) -> int:
        return self._ring.written + sum(len(pcm) for pcm in self._backlog) // BYTES

    def _skipped_in(self, segment: _Segment, taken: int) -> int:
        return sum(max(0, min(end, segment.end, taken) - max(start, segment.start)) for start, end in self._skipped)

    def _note_starts(self, taken: int) -> None:
        while self._starts:
            position, at = self._starts.popleft()
            for segment in self._segments:
                if segment.start < position and segment.item_id not in self._first_at:
                    self._first_at[segment.item_id] = at
        live = {segment.item_id for segment in self._segments}
        for item_id in [item for item in self._first_at if item not in live]:
            del self._first_at[item_id]

    # --- the device's side

    def fill(self, count: int) -> bytes:
        """The next ``count`` samples for the device: speech, or silence where there is none."""
        cut = self._cut
        if cut is not None and self._cut_done is not cut:
            pcm = self._fade_out(cut, count)
        elif not self._rolling and not self._ready():
            pcm = b""
        else:
            pcm = self._ring.read(count)
            if pcm:
                self._starts.append((self._ring.taken, time.perf_counter()))
        if len(pcm) < count * BYTES:
            if self._rolling and not self._complete and not len(self._ring):
                self.underruns += 1
            self._rolling = False
        else:
            self._rolling = True
        if pcm and self.muted:
            pcm = bytes(len(pcm))
        elif pcm:
            self.levels.append(measure(pcm))
        pcm += bytes(count * BYTES - len(pcm))
        if self.heard_by is not None:
            self.heard_by(pcm)
        return pcm

    def _ready(self) -> bool:
        waiting = len(self._ring)
        return waiting > 0 and (self._complete or waiting * 1000 >= PREBUFFER_MS * self.rate)

    def _fade_out(self, cut: _Cut, count: int) -> bytes:
        """Play to the end of the fade, then skip what was thrown away."""
        if self._fade_end is None:
            self._fade_end = min(self._ring.taken + (cut.fade if self._rolling else 0), cut.end)
        start = self._ring.taken
        pcm = self._ring.read(min(count, self._fade_end - start))
        if pcm:
            samples = np.frombuffer(pcm, "<i2").astype(np.float32)
            left = self._fade_end - start - 1 - np.arange(len(samples))
            pcm = (samples * left / max(cut.fade, 1)).astype("<i2").tobytes()
        if self._ring.taken >= self._fade_end:
            self._skip(cut)
        return pcm

    def _skip(self, cut: _Cut) -> None:
        if self._ring.taken < cut.end:
            self._skipped.append((self._ring.taken, cut.end))
        self._ring.skip_to(cut.end)
        self._fade_end = None
        self._cut_done = cut
