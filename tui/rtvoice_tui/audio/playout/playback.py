"""Playback: queues speech by item, supplies the device, fades out on a flush, and counts what was heard.

Positions (``written``, ``taken``) count samples at the session's output rate. The device thread calls only `fill` and
`ran_dry`, and never waits. `stopped` is called on a helper thread while the device is stopped. The supervisor thread
calls `requeue_unplayed`, reads `last_request_at` and sets `held`. The session thread calls everything else.
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
"""Seconds of audio that can be taken back from a device: more than any device holds."""

UNSURE_S = 0.02
"""What a dead device reports as played last may never have been audible: 5 to 10 ms were measured."""

DUCKED = factor(-12.0)


@dataclass(frozen=True, eq=False)
class _Cut:
    """A flush request to the device thread: fade out over ``fade`` samples, then skip to position ``end``."""

    end: int
    fade: int
    at: float


@dataclass(frozen=True)
class PlaybackReport:
    """Playback progress.

    Attributes:
        played_ms: what was heard of each item, in ms.
        first_at: when the device got the first block of each item (`time.perf_counter`).
        drained: the last item is complete, nothing is queued, and everything the device got was heard.
    """

    played_ms: dict[str, float]
    first_at: dict[str, float]
    drained: bool


class Playback:
    """Queues received speech, supplies the output device, and counts what was heard.

    Args:
        rate: the session's output rate in Hz.

    Attributes:
        muted: the device gets silence; speech is still consumed and counted as heard.
        held: the device gets silence and the queue is not consumed, because the device is about to be replaced.
        gain: gain applied to the agent's speech.
        ducked: lowers the agent by 12 dB while the user seems to speak.
        latency_ms: output latency that the device reports.
        device_underruns: underruns that the device reported.
        starved: underruns because the next samples of an item had not arrived yet.
        levels: levels of recent blocks handed to the device.
        taps: called on the device thread with every PCM16 block handed to the device, silence included.
        heard: called on the device thread with the same blocks, and when the first sample of each is audible
            (`time.perf_counter`).
        unheard: called from any thread with a time (`time.perf_counter`): from then on nothing is heard of what `heard`
            got so far, because the device discarded it.
        aside: called on the device thread with a number of samples while no speech is played; returns PCM16 to play
            instead, such as a test tone.
        silencer: makes the device discard its buffer, then call `stopped`. `flush` calls it on the session thread; it
            must return at once. None if the device holds too little.
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
        self.taps: tuple[Callable[[bytes], None], ...] = ()
        self.heard: Callable[[bytes, float], None] = lambda pcm, at: None
        self.unheard: Callable[[float], None] = lambda at: None
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
        # device thread
        self.gain = Gain()
        self._rolling = False
        self._came_at = 0.0
        self._failed = False
        self._block_at, self._block_start = 0.0, 0  # when the device requested its last block, and `taken` then
        self._block_heard_at = 0.0  # when the first sample of that block would be audible
        self._run_start = 0  # position from which speech was supplied without a gap
        # requests to the device thread and their completion; `give_up_flush` completes them for a dead device
        self._cut: _Cut | None = None
        self._cut_done: _Cut | None = None
        self._stop_wanted: _Cut | None = None
        self._stop_done: _Cut | None = None
        self._fade_end: int | None = None

    # --- the session's side

    def play(self, item_id: str, pcm: bytes, at: float | None = None) -> None:
        """Queue PCM16 mono of an item that arrived ``at`` (`time.perf_counter`; None: now).

        An odd last byte is kept and completed by the item's next packet.
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
        """Mark an item as complete: what is queued is played, even if it is less than the jitter buffer."""
        self._odd.pop(item_id, None)
        if item_id == self._last_item:
            self._complete = True
            self._jitter_buffer.end()

    def pump(self) -> None:
        """Move speech that did not fit before into the ring. Nothing is dropped when the ring is full."""
        while self._backlog:
            head = self._backlog[0]
            moved = self._ring.write(head)
            self._backlogged -= moved
            if moved * BYTES < len(head):
                self._backlog[0] = head[moved * BYTES :]
                break
            self._backlog.popleft()

    def flush(self, fade_ms: float) -> None:
        """Silence the speaker: fade out over at most ``fade_ms`` and discard everything else that is queued."""
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
        """Whether the device has carried out the last flush."""
        return self._cut_done is self._cut and not self.stopping

    @property
    def stopping(self) -> bool:
        """Whether the device still has to discard its buffer. Until then it gets only the fade-out and silence."""
        wanted = self._stop_wanted
        return wanted is not None and wanted is not self._stop_done

    def give_up_flush(self) -> None:
        """Treat the flush as done: the device requests no samples or does not stop."""
        cut = self._cut
        if cut is None or self.flushed:
            return
        if not self.held:  # a device that is about to be replaced still plays what it holds
            self._stop_hearing(cut.at if self.stopping else self._came_at)
        self._stop_wanted = None
        if self._cut_done is not cut:
            self._skip(cut)

    def requeue_unplayed(self) -> int:
        """Put samples that a dead device got and did not play back to the front; returns how many.

        The next device plays them, so nothing is lost. Call it only while no device is open. What was flushed stays
        flushed. The device is assumed to have stopped UNSURE_S before its last request, and to have played nothing
        sooner than its latency allows. So a few ms may be heard twice.
        """
        if not self.flushed:
            self.give_up_flush()
        self._rolling = False
        with self._counting:
            taken = self._ring.taken
            self._drain_reports()
            self.unheard(self._sure_at)
            return self._ring.requeue_unplayed(self._heard.unheard(self._sure_at, taken, self.latency_ms / 1000))

    def report(self) -> PlaybackReport:
        """Return what was heard by now; finished items are included a last time."""
        self.pump()
        with self._counting:
            taken = self._ring.taken
            self._drain_reports()
            position = self._heard.heard(time.perf_counter(), taken)
            played = self._heard_up_to(position, taken)
            drained = self._complete and position == taken and not len(self._ring) and not self._backlog
            return PlaybackReport(played, self._ranges.first_at, drained)

    def heard_ms(self) -> dict[str, float]:
        """Return what will have been heard of each remembered item, in ms, when the device is silent after a flush.

        What the device still holds counts as heard, unless the device discarded it.
        """
        with self._counting:
            taken = self._ring.taken
            self._drain_reports()
            played = self._heard_up_to(taken, taken)
            return self._ranges.totals() | played

    @property
    def buffered_ms(self) -> float:
        """Queued speech that the device has not got yet, in ms."""
        return (len(self._ring) + self._backlogged) * 1000 / self.rate

    @property
    def last_request_at(self) -> float:
        """When the device last requested samples (`time.perf_counter`); 0 if it never did."""
        return self._came_at

    @property
    def underruns(self) -> int:
        """Number of underruns, of the queue and of the device itself."""
        return self.starved + self.device_underruns

    @property
    def jitter_buffer_ms(self) -> float:
        """How much of an item must be queued before playback starts, in ms."""
        return self._jitter_buffer.ms

    @property
    def jitter_buffer_bounds_ms(self) -> tuple[float, float]:
        """Lower and upper limit of the jitter buffer, in ms."""
        return self._jitter_buffer.least_ms, self._jitter_buffer.most_ms

    @property
    def jitter_ms(self) -> float:
        """Largest packet lateness in this item or the previous one, in ms."""
        return self._jitter_buffer.jitter_ms

    @property
    def _sure_at(self) -> float:
        return self._came_at - UNSURE_S

    def _drain_reports(self) -> None:
        blocks, thrown_away = self._heard.drain_reports()
        self._ranges.handed_over(blocks)
        self._ranges.mark_skipped(thrown_away)

    def _heard_up_to(self, position: int, taken: int) -> dict[str, float]:
        sure_at = self._sure_at - self.latency_ms / 1000
        self._settled = max(self._settled, self._heard.heard(sure_at, taken))
        played = self._ranges.heard(position, self._settled, self._complete)
        self._heard.forget_heard(sure_at)
        return played

    # --- the device's side

    def fill(self, count: int, dac_at: float | None = None, further: bool = False) -> bytes:
        """Return the next ``count`` samples of PCM16 mono, padded with silence. Device thread only. Never raises.

        Args:
            count: how many samples.
            dac_at: when the first of them is audible (`time.perf_counter`); None: after `latency_ms`.
            further: they belong to the same device block as those of the previous call.
        """
        if not further:
            self._block_at, self._block_start = time.perf_counter(), self._ring.taken
        try:
            pcm = self._next(count, dac_at)
            at = dac_at or self._came_at + self.latency_ms / 1000
            if not further:
                self._block_heard_at = at
            for hears in self.taps:  # the session thread may replace the tuple at any time
                hears(pcm)
            self.heard(pcm, at)
        except Exception:
            if not self._failed:
                self._failed = True  # logged once: it would recur a hundred times a second
                log.exception("the speaker was handed silence")
            return bytes(count * BYTES)
        return pcm

    def ran_dry(self, lasts_s: float, before: int = 0) -> bool:
        """Count an underrun that the device reports before it requests a block. Device thread only.

        A block handed over less than its own length ago cannot have been played: the device discarded it, as PortAudio
        does on ALSA when it detects the underrun while writing. Its samples are supplied again.

        Args:
            lasts_s: duration of the device's last block, in seconds.
            before: samples at the start of that block that were taken earlier and waited to be handed over.

        Returns:
            Whether samples are supplied again. Then the caller must discard what it kept for the next block.
        """
        self.device_underruns += 1
        if time.perf_counter() - self._block_at >= lasts_s or self._cut_done is not self._cut:
            return False
        self.unheard(self._block_heard_at)
        waited = min(before, max(0, self._block_start - self._run_start))
        return self._ring.requeue_unplayed(max(0, self._ring.taken - self._block_start + waited)) > 0

    def stopped(self, at: float) -> None:
        """The device discarded its buffer and was silent from ``at`` on. It must not call `fill` meanwhile."""
        cut = self._cut
        self._stop_hearing(at)
        if cut is not None and self._cut_done is not cut:
            self._skip(cut)
        self._rolling = False
        self._stop_done = cut

    def _stop_hearing(self, at: float) -> None:
        self._heard.stop(at)
        self.unheard(at)

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
        """Supply the fade-out, then skip what the flush discards."""
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
            self._ranges.mark_skipped([(self._ring.taken, cut.end)])
        self._ring.skip_to(cut.end)
        self._fade_end = None
        self._block_start = self._run_start = self._ring.taken  # nothing before this is supplied again
        self._cut_done = cut
