"""A session's audio: opens the devices, passes microphone frames to the machine and speech to the speaker.

Must be created and used on the session's loop.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.taps import Taps
from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session.facts import Fact, Level, Notice
from rtvoice_tui.store.store import Store

if TYPE_CHECKING:
    from rtvoice_tui.audio.station import AudioStation

log = logging.getLogger(__name__)

TICK_S = 0.02
IDLE_TICK_S = 0.1

LOOK_S = 0.1
"""Seconds between two checks of the device status."""


class Session(Protocol):
    """The part of `SessionDriver` that `SessionSound` uses."""

    @property
    def ready(self) -> bool:
        """Whether microphone frames are wanted: the session is ready."""

    def command(self, command: cmd.Command) -> None:
        """Step the machine with a command."""

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the session's loop; may be used from any thread."""

    def spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Run a coroutine as a task of the session; an exception in it is logged and reported."""

    def warn(self, sentence: str, remedy: str = "") -> None:
        """Report a warning."""

    def report(self, fact: Fact) -> None:
        """Report a fact that does not come from the machine."""

    def keep_audio(self, **changes: Any) -> None:
        """Store changed fields of `AudioChoice` in the plan, for its later sessions."""

    def now(self) -> float:
        """Current time in seconds on the store's clock."""


class SessionSound:
    """The devices of all sessions of a driver, one after the other.

    Args:
        session: the driver.
        store: gets meters and counters.
        taps: get received and played audio.
    """

    def __init__(self, session: Session, store: Store, taps: Taps) -> None:
        self._session = session
        self._taps = taps
        self._store = store
        self._settings = AudioSettings()
        self._station: AudioStation | None = None
        self._opening: asyncio.Task[AudioStation] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._flushes = 0
        self._drained = False
        self._local_speech = False
        self._report_due = self._look_due = 0.0
        self._mic_due = asyncio.Event()
        self._pending_calls: list[Callable[[AudioStation], None]] = []

    async def open(self, choice: AudioChoice, input_rate: int, output_rate: int) -> None:
        """Open the devices in a helper thread, because importing numpy and PortAudio is slow.

        Args:
            choice: devices and echo control.
            input_rate: sample rate of the microphone frames in Hz.
            output_rate: sample rate of the agent's speech in Hz.
        """
        self._taps.heard_rate = output_rate
        opening = asyncio.to_thread(self._open_station, choice, input_rate, output_rate)
        self._opening = asyncio.create_task(opening)
        station = self._station = await asyncio.shield(self._opening)
        station.apply(self._settings)
        self._warn_echo_problem(station)
        early, self._pending_calls = self._pending_calls, []
        for ask in early:
            ask(station)
        self._watching = self._session.spawn(self._watch(station))

    def _open_station(self, choice: AudioChoice, input_rate: int, output_rate: int) -> "AudioStation":
        from rtvoice_tui.audio.station import AudioStation

        def heard(pcm: bytes, at: float) -> None:
            self._taps.notify_heard(pcm, at + self._session.now() - time.perf_counter())

        def unheard(at: float) -> None:
            self._taps.notify_unheard(at + self._session.now() - time.perf_counter())

        tell = self._refused
        station = AudioStation(choice, input_rate, output_rate, self._store, self._frames_wait, tell, heard, unheard)
        station.apply(self._settings)
        station.open()
        return station

    async def reopen(self, choice: AudioChoice, input_rate: int, output_rate: int) -> None:
        """Close the devices, and open others or with other rates; the arguments are those of `open`."""
        station, self._station = self._station, None
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if station is not None:
            await asyncio.to_thread(station.close)
        await self.open(choice, input_rate, output_rate)

    async def close(self) -> None:
        """Close the devices, also if they are still being opened."""
        if self._opening is not None:
            with contextlib.suppress(Exception):  # opening failed: nothing to close
                station = await self._opening
                await asyncio.to_thread(station.close)

    def release_devices(self, released: Callable[[], None]) -> None:
        """Close the devices until `reclaim_devices`; ``released`` is then called, on any thread."""
        if self._station is None:
            released()
        else:
            self._station.supervisor.release(released)

    def reclaim_devices(self) -> None:
        """Reopen the devices after `release_devices`."""
        if self._station is not None:
            self._station.supervisor.reclaim()

    def _apply(self, settings: AudioSettings) -> None:
        self._settings = settings
        if self._station is not None:
            self._station.apply(settings)

    def _open_device(self, direction: Direction, name: str) -> None:
        self._session.keep_audio(**{f"{direction}_device": name})
        self._when_open(lambda station: station.supervisor.use(direction, name))

    def play_test_tone(self) -> None:
        """Play a test tone of 1 s on the speaker; warns instead if the agent is speaking."""
        self._when_open(lambda station: self._try_out(station.tryout.play_tone()))

    def monitor_microphone(self, on: bool) -> None:
        """Monitor the microphone on the speaker, or stop that; warns instead if the agent is speaking."""
        self._when_open(lambda station: self._try_out(station.tryout.monitor_microphone(on, self._session.now())))

    def _try_out(self, done: bool) -> None:
        if not done:
            self._session.warn("the devices cannot be tried while the agent speaks", "wait until it has finished")

    def _when_open(self, ask: "Callable[[AudioStation], None]") -> None:
        if self._station is not None:
            ask(self._station)
        else:
            self._pending_calls.append(ask)

    def _treat_echo(self, mode: str, noise_suppression: bool) -> None:
        self._session.keep_audio(echo=mode, noise_suppression=noise_suppression)
        self._when_open(lambda station: self._use_echo(station, mode, noise_suppression))

    def _use_echo(self, station: "AudioStation", mode: str, noise_suppression: bool) -> None:
        station.set_echo(mode, noise_suppression)
        self._warn_echo_problem(station)

    def _warn_echo_problem(self, station: "AudioStation") -> None:
        if station.echo_problem:
            self._session.warn(station.echo_problem, "pip install pywebrtc-audio, or use a headset")

    def session_ready(self) -> None:
        """The session is ready: start to read an input file. Does nothing on repeated calls."""
        if self._station is not None:
            self._station.start_input_file()

    def do(self, effect: fx.SoundEffect) -> None:
        """Carry out an audio effect."""
        match effect:
            case fx.ApplyAudio():
                self._apply(effect.settings)
            case fx.OpenDevice():
                self._open_device(effect.direction, effect.name)
            case fx.SetEchoMode():
                self._treat_echo(effect.mode, effect.noise_suppression)
            case _:
                self._play(effect)

    def _play(self, effect: fx.Play | fx.EndPlay | fx.Flush | fx.Duck) -> None:
        if self._station is None:
            return
        playback = self._station.playback
        match effect:
            case fx.Play():
                playback.play(effect.item_id, effect.pcm)
                self._taps.notify_received(effect.item_id, effect.pcm)
            case fx.EndPlay():
                playback.end(effect.item_id)
            case fx.Flush():
                playback.flush(effect.fade_ms)
                self._flushes += 1
                self._session.spawn(self._await_silence(self._station))
            case fx.Duck():
                playback.ducked = self._store.audio.ducked = effect.lowered

    async def _await_silence(self, station: "AudioStation") -> None:
        """Wait for the flush to complete, then send `Flushed` with the exact played positions."""
        try:
            played_ms = await station.wait_flushed()
        finally:
            self._flushes -= 1
        self._session.command(cmd.Flushed(played_ms))

    def _frames_wait(self) -> None:
        self._session.call(self._mic_due.set)

    def _refused(self, sentence: str, remedy: str) -> None:
        self._session.call(self._session.warn, sentence, remedy)

    def _check_devices(self, station: "AudioStation") -> None:
        for news in station.update_status(self._session.now()):
            level = Level.INFO if news.good else Level.WARNING
            self._session.report(Notice(level, news.sentence, news.remedy))

    async def _watch(self, station: "AudioStation") -> None:
        """Process frames as they arrive, and playback at least every 20 ms while speech plays, else every 100 ms."""
        failed = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S if station.speaking else IDLE_TICK_S):
                    await self._mic_due.wait()
            self._mic_due.clear()
            try:
                self._tick(station)
            except Exception as error:  # one failure must not stop the microphone
                if not failed:
                    failed = True
                    log.exception("the sound was not attended to")
                    self._session.warn(f"internal error: {type(error).__name__}: {error}", "see the log file")

    def _tick(self, station: "AudioStation") -> None:
        for pcm, level_db in station.frames(self._session.now()):
            if self._session.ready:
                self._session.command(cmd.MicFrame(pcm, level_db))
        self._report_local_speech()
        now = time.perf_counter()
        if now >= self._report_due and not self._flushes:
            self._report_due = now + TICK_S
            self._report_playback(station)
        if now >= self._look_due:
            self._look_due = now + LOOK_S
            self._check_devices(station)

    def _report_local_speech(self) -> None:
        near = self._store.audio.local_speech and self._session.ready
        if near is not self._local_speech:
            self._local_speech = near
            self._session.command(cmd.LocalSpeech(near))

    def _report_playback(self, station: "AudioStation") -> None:
        report = station.report(self._session.now())
        fell_silent = report.drained and not self._drained
        self._drained = report.drained
        if report.played_ms or fell_silent:
            offset = self._session.now() - time.perf_counter()
            first_at = {item: at + offset for item, at in report.first_at.items()}
            self._session.command(cmd.Heard(report.played_ms, first_at, report.drained))
