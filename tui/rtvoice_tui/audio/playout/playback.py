"""The speaker's side: speech is queued by item, taken by the device, silenced with a fade, and counted to the sample.

``written``/``taken`` positions are samples of the session's output rate. The device's thread calls `fill`, `ran_dry`
and `stopped` only, and never waits; the keeper's thread calls `take_back`; the session's thread calls everything else.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rtvoice_tui.audio.pcm.gain import Gain, factor
from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.audio.pcm.ring import BYTES, SampleRing
from rtvoice_tui.audio.playout.heard_positions import Block, HeardPositions
from rtvoice_tui.audio.playout.item_ranges import ItemRanges
from rtvoice_tui.audio.playout.jitter_buffer import JitterBuffer
from rtvoice_tui.media import Level

log = logging.getLogger(__name__)

RING_S = 60
KEPT_S = 2
"""So much that a device was handed can be taken back from it: more than any device holds."""

UNSURE_S = 0.02
"""What a device that died says it has played in its last moment may never have sounded: 5 to 10 ms were seen."""

DUCKED = factor(-12.0)


@dataclass(frozen=True, eq=False)
class _Cut:
    """An order to the device's side: fade for so many samples, then skip to ``end``."""

    end: int
    fade: int
    at: float


@dataclass(frozen=True)
class PlaybackReport:
    """What was heard, in ms by item, and when the device took each item's first sample (seconds).

    ``drained``: nothing waits any more, and what the device was handed was heard.
    """

    played_ms: dict[str, float]
    first_at: dict[str, float]
    drained: bool


class Playback:
    """Everything between "speech arrived" and "it was heard".

    Args:
        rate: the session's output rate in Hz.

    Attributes:
        muted: nothing is heard; speech goes on being played and counted.
        held: the device is handed silence, and nothing is taken from what waits: it is about to be exchanged.
        gain: how much louder the agent is made.
        ducked: 12 dB softer for now, because the user seems to speak.
        latency_ms: how long the device holds what it is handed, by its own account.
        device_underruns: how often the device itself ran dry, whatever there was to play.
        starved: how often an answer's next samples had not arrived yet.
        levels: loudness of what the device was handed lately.
        heard_by: get every block exactly as it is handed to the device, silence included. On the device's thread.
        aside: what sounds while there is nothing to say, by the number of samples: a test tone. On the device's thread.
        silencer: lets the device throw away what it holds, then calls `stopped`. Called on the session's thread by
            `flush`; must return at once. None where that is not worth it.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.muted = False
        self.held = False
        self.ducked = False
        self.latency_ms = 0.0
        self.device_underruns = 0
        self.starved = 0
        self.levels: deque[Level] = deque(maxlen=64)
        self.heard_by: tuple[Callable[[bytes], None], ...] = ()
        self.aside: Callable[[int], bytes] | None = None
        self.silencer: Callable[[], None] | None = None
        self._ring = SampleRing(rate * RING_S, rate * KEPT_S)
        self._backlog: deque[bytes] = deque()
        self._backlogged = 0
        self._odd: dict[str, bytes] = {}
        self._last_item = ""
        self._complete = True
        self._ranges = ItemRanges(rate)
        self._heard = HeardPositions(rate)
        self._settled = 0
        self._counting = threading.Lock()
        self._jitter_buffer = JitterBuffer()
        self._starved_before = 0
        # the device's side
        self.gain = Gain()
        self._rolling = False
        self._came_at = 0.0
        self._failed = False
        self._block_at, self._block_start = 0.0, 0  # when the device came for its last block, and what was taken before
        self._run_start = 0  # from there on speech was handed out without a gap
        # what the device's side is told to do, and what it tells; `give_up_flush` acts for a device that is dead
        self._cut: _Cut | None = None
        self._cut_done: _Cut | None = None
        self._stop_wanted: _Cut | None = None
        self._stop_done: _Cut | None = None
        self._fade_end: int | None = None

    # --- the session's side

    def play(self, item_id: str, pcm: bytes, at: float | None = None) -> None:
        """Queue speech of an item that arrived ``at`` (`time.perf_counter`; None: now).

        An odd byte at the end waits for its other half.
        """
        data = self._odd.pop(item_id, b"") + pcm
        cut = len(data) - len(data) % BYTES
        whole = data[:cut]
        if cut < len(data):
            self._odd[item_id] = data[cut:]
        if not whole:
            return
        count = len(whole) // BYTES
        dry = self.starved != self._starved_before and item_id == self._last_item
        self._starved_before = self.starved
        self._jitter_buffer.packet(item_id, count * 1000 / self.rate, time.perf_counter() if at is None else at, dry)
        self._last_item = item_id
        with self._counting:
            self._ranges.receive(item_id, self._ring.written + self._backlogged, count)
        self._complete = False
        self._backlog.append(whole)
        self._backlogged += count
        self.pump()

    def end(self, item_id: str) -> None:
        """No more speech of this item: what waits is played, however short."""
        self._odd.pop(item_id, None)
        if item_id == self._last_item:
            self._complete = True
            self._jitter_buffer.end()

    def pump(self) -> None:
        """Move speech that did not fit into the ring. Nothing that was received is ever dropped."""
        while self._backlog:
            head = self._backlog[0]
            moved = self._ring.write(head)
            self._backlogged -= moved
            if moved * BYTES < len(head):
                self._backlog[0] = head[moved * BYTES :]
                break
            self._backlog.popleft()

    def flush(self, fade_ms: float) -> None:
        """Silence the speaker: at most ``fade_ms`` more are heard, fading; all else that waits is thrown away."""
        self._odd.clear()
        self._backlog.clear()
        self._backlogged = 0
        self._jitter_buffer.forget()
        with self._counting:
            self._ranges.cut(self._ring.written)
        self._complete = True
        cut = _Cut(self._ring.written, int(self.rate * fade_ms / 1000), time.perf_counter())
        silencer = self.silencer
        self._cut = cut
        self._stop_wanted = cut if silencer is not None else None
        if silencer is not None:
            silencer()

    @property
    def flushed(self) -> bool:
        """Whether the device has carried the last flush out."""
        return self._cut_done is self._cut and not self.stopping

    @property
    def stopping(self) -> bool:
        """Whether the device still has to throw away what it holds. Until then it is handed silence only."""
        wanted = self._stop_wanted
        return wanted is not None and wanted is not self._stop_done

    def give_up_flush(self) -> None:
        """The device does not come for samples, or does not stop: take the flush as done."""
        cut = self._cut
        if cut is None or self.flushed:
            return
        if not self.held:  # a device that is about to be exchanged plays what it holds to its end
            self._heard.stop(cut.at if self.stopping else self._came_at)
        self._stop_wanted = None
        if self._cut_done is not cut:
            self._skip(cut)

    def take_back(self) -> int:
        """Put what a dead device was handed and had not played to the front again; returns how many samples.

        The next device plays it, so that nothing is lost. Only while no device is open. What was cut stays cut. Nobody
        knows when it fell silent, so it is taken for a little before it came for samples last, and it is not believed
        that it played anything sooner than its latency allows: some ms may be heard twice.
        """
        if not self.flushed:
            self.give_up_flush()
        self._rolling = False
        with self._counting:
            taken = self._ring.taken
            self._look()
            return self._ring.take_back(self._heard.unheard(self._sure_at, taken, self.latency_ms / 1000))

    def report(self) -> PlaybackReport:
        """What was heard by now; items that are over are reported one last time."""
        self.pump()
        with self._counting:
            taken = self._ring.taken
            self._look()
            position = self._heard.heard(time.perf_counter(), taken)
            played = self._heard_up_to(position, taken)
            drained = self._complete and position == taken and not len(self._ring) and not self._backlog
            return PlaybackReport(played, self._ranges.first_at, drained)

    def heard_ms(self) -> dict[str, float]:
        """What will have been heard of every item that is remembered when the device falls silent after a flush.

        What it holds is still heard, unless it threw it away.
        """
        with self._counting:
            taken = self._ring.taken
            self._look()
            played = self._heard_up_to(taken, taken)
            return self._ranges.totals() | played

    @property
    def buffered_ms(self) -> float:
        """How much speech waits."""
        return (len(self._ring) + self._backlogged) * 1000 / self.rate

    @property
    def came_at(self) -> float:
        """When the device came for samples last (`time.perf_counter`); 0 if it never did."""
        return self._came_at

    @property
    def underruns(self) -> int:
        """How often sound was interrupted: for want of speech, or because the device itself ran dry."""
        return self.starved + self.device_underruns

    @property
    def jitter_buffer_ms(self) -> float:
        """How much of an answer must be there before it begins to sound."""
        return self._jitter_buffer.ms

    @property
    def jitter_buffer_bounds_ms(self) -> tuple[float, float]:
        """Between what the prebuffer is held."""
        return self._jitter_buffer.least_ms, self._jitter_buffer.most_ms

    @property
    def jitter_ms(self) -> float:
        """How late the packets of this answer, or of the last one, came at worst."""
        return self._jitter_buffer.jitter_ms

    @property
    def _sure_at(self) -> float:
        return self._came_at - UNSURE_S

    def _look(self) -> None:
        blocks, thrown_away = self._heard.look()
        self._ranges.handed_over(blocks)
        self._ranges.nobody_heard(thrown_away)

    def _heard_up_to(self, position: int, taken: int) -> dict[str, float]:
        sure_at = self._sure_at - self.latency_ms / 1000
        self._settled = max(self._settled, self._heard.heard(sure_at, taken))
        played = self._ranges.heard(position, self._settled, self._complete)
        self._heard.settle(sure_at)
        return played

    # --- the device's side

    def fill(self, count: int, dac_at: float | None = None, further: bool = False) -> bytes:
        """The next ``count`` samples for the device: speech, or silence where there is none. Never raises.

        Args:
            count: how many samples.
            dac_at: when the first of them will be heard (`time.perf_counter`); None: after `latency_ms`.
            further: they belong to the same block of the device as those before.
        """
        if not further:
            self._block_at, self._block_start = time.perf_counter(), self._ring.taken
        try:
            pcm = self._next(count, dac_at)
            for hears in self.heard_by:  # the session's thread may put others in their place at any time
                hears(pcm)
        except Exception:
            if not self._failed:
                self._failed = True  # once is enough: it would come a hundred times a second
                log.exception("the speaker was handed silence")
            return bytes(count * BYTES)
        return pcm

    def ran_dry(self, lasts_s: float, before: int = 0) -> bool:
        """The device says, before it comes for a block, that it had nothing to play.

        What it was handed less than a block's length ago it cannot have played since: it threw it away, as PortAudio
        does on ALSA where it finds out while it writes. That is handed out again.

        Args:
            lasts_s: how long its last block sounds.
            before: so many samples at the beginning of that block were taken before it, and waited to be handed over.

        Returns:
            Whether anything is handed out again: what waits to be put into the next block comes once more.
        """
        self.device_underruns += 1
        if time.perf_counter() - self._block_at >= lasts_s or self._cut_done is not self._cut:
            return False
        waited = min(before, max(0, self._block_start - self._run_start))
        return self._ring.take_back(max(0, self._ring.taken - self._block_start + waited)) > 0

    def stopped(self, at: float) -> None:
        """The device threw away what it held, was silent from ``at`` on, and comes for no samples during this call."""
        cut = self._cut
        self._heard.stop(at)
        if cut is not None and self._cut_done is not cut:
            self._skip(cut)
        self._rolling = False
        self._stop_done = cut

    def _next(self, count: int, dac_at: float | None) -> bytes:
        self._came_at = now = time.perf_counter()
        if dac_at is None:
            dac_at = now + self.latency_ms / 1000 if self.latency_ms else 0.0
        was_rolling, cut = self._rolling, self._cut
        if self.held:
            pcm = b""
        elif cut is not None and self._cut_done is not cut:
            pcm = self._fade_out(cut, count, dac_at)
        elif self.stopping or (not was_rolling and not self._ready()):
            pcm = b""
        else:
            pcm = self._take(count, dac_at)
        self._rolling = len(pcm) == count * BYTES
        if was_rolling and not self._rolling and not self._complete and not len(self._ring):
            self.starved += 1
        aside = self.aside
        if not pcm and aside is not None:
            pcm = aside(count)[: count * BYTES]
        pcm = self.gain.apply(pcm, self._wanted_gain(), jump=not was_rolling)
        if pcm and not self.muted:
            self.levels.append(measure(pcm))
        return pcm + bytes(count * BYTES - len(pcm))

    def _wanted_gain(self) -> float:
        if self.muted:
            return 0.0
        return self.gain.factor * DUCKED if self.ducked else self.gain.factor

    def _ready(self) -> bool:
        waiting = len(self._ring)
        return waiting > 0 and (self._complete or waiting * 1000 >= self._jitter_buffer.ms * self.rate)

    def _take(self, count: int, dac_at: float) -> bytes:
        start = self._ring.taken
        end = start + min(count, len(self._ring))
        if end > start:
            self._heard.hand_over(Block(start, end, self._came_at, dac_at))
            if not self._rolling:
                self._run_start = start
        return self._ring.read(end - start)

    def _fade_out(self, cut: _Cut, count: int, dac_at: float) -> bytes:
        """Play to the end of the fade, then skip what was thrown away."""
        if self._fade_end is None:
            self._fade_end = min(self._ring.taken + (cut.fade if self._rolling else 0), cut.end)
        start = self._ring.taken
        pcm = self._take(min(count, self._fade_end - start), dac_at)
        if pcm:
            samples = np.frombuffer(pcm, "<i2").astype(np.float32)
            left = self._fade_end - start - 1 - np.arange(len(samples))
            pcm = (samples * left / max(cut.fade, 1)).astype("<i2").tobytes()
        if self._ring.taken >= self._fade_end:
            self._skip(cut)
        return pcm

    def _skip(self, cut: _Cut) -> None:
        if self._ring.taken < cut.end:
            self._ranges.nobody_heard([(self._ring.taken, cut.end)])
        self._ring.skip_to(cut.end)
        self._fade_end = None
        self._block_start = self._run_start = self._ring.taken  # nothing of that comes back
        self._cut_done = cut
