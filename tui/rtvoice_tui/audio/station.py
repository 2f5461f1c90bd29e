"""Microphone and speaker of one session: opens both devices, watches them and measures their audio."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from rtvoice_tui.audio.backends.latency import LatencyLadder
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import FRAME_MS, Capture
from rtvoice_tui.audio.mic.echo_cancellers import make_canceller
from rtvoice_tui.audio.mic.echo_control import EchoControl
from rtvoice_tui.audio.mic.echo_mode import echo_mode, is_headset
from rtvoice_tui.audio.mic.noise_gate import Frame, NoiseGate
from rtvoice_tui.audio.mic.vad import LocalVad
from rtvoice_tui.audio.playout.playback import Playback, PlaybackReport
from rtvoice_tui.audio.supervisor.device_slot import FIRST
from rtvoice_tui.audio.supervisor.status import DeviceNotice, StatusNotices, assess, show
from rtvoice_tui.audio.supervisor.thread import AudioSupervisor
from rtvoice_tui.audio.supervisor.watchdog import Watchdog
from rtvoice_tui.audio.tryout import Tryout
from rtvoice_tui.media import FLOOR_DB, AudioSettings, DeviceState
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.store.store import Store

FLUSH_LIMIT_S = 0.06
"""How long to wait for the device to carry out a flush."""

SETTLED_S = 1.0
"""Underruns within this time after a device was opened, froze or recovered are ignored."""


class _Side:
    """State of one direction between two polls of its device."""

    def __init__(self, direction: str, view: DeviceView) -> None:
        self.direction = direction
        self.view = view
        self.watch = Watchdog()
        self.notices = StatusNotices(direction)
        self.openings = 0
        self.frozen = False
        self.unsettled_until = 0.0


class AudioStation:
    """Microphone and speaker of one session. Session thread only, unless a method says otherwise.

    Args:
        choice: devices, files and echo handling.
        input_rate: sample rate of the audio sent to the server, in Hz.
        output_rate: sample rate of the audio received from the server, in Hz.
        store: receives levels, counters and device status.
        wake: called from any thread when microphone frames are waiting.
        tell: called from any thread with a sentence and a remedy when a request cannot be carried out.
        heard: called on the device thread with every PCM16 block that the speaker gets, and when its first sample is
            audible (`time.perf_counter`).
        unheard: called from any thread with a time from which on nothing is heard of those blocks: the device discarded
            them.
    """

    def __init__(
        self,
        choice: AudioChoice,
        input_rate: int,
        output_rate: int,
        store: Store,
        wake: Callable[[], None],
        tell: Callable[[str, str], None],
        heard: Callable[[bytes, float], None] = lambda pcm, at: None,
        unheard: Callable[[float], None] = lambda at: None,
    ) -> None:
        self._store = store
        self.capture = Capture(input_rate, wake)
        self.playback = Playback(output_rate)
        self.playback.heard, self.playback.unheard = heard, unheard
        self._choice = choice
        self.supervisor = AudioSupervisor(choice, self.capture, self.playback, tell)
        self.tryout = Tryout(self.playback, input_rate)
        self._gate = NoiseGate()
        self._gate_db: float | None = None
        self.echo_problem = ""
        self._echo: EchoControl | None = None
        self._echo_of = ("", "")
        self._private = True
        self._vad = LocalVad()
        self._steps = LatencyLadder(FIRST)
        self._dry = 0
        self._sides = (_Side("input", store.audio.input), _Side("output", store.audio.output))

    def open(self) -> None:
        """Open the devices. Blocks for up to 5 s, so it may be called from a helper thread."""
        self.supervisor.open()
        self.set_echo(self._choice.echo, self._choice.noise_suppression)

    def apply(self, settings: AudioSettings) -> None:
        """Apply the mute, gain and noise gate settings."""
        self.capture.muted, self.playback.muted = settings.muted, settings.agent_muted
        self.capture.gain.db, self.playback.gain.db = settings.mic_gain_db, settings.agent_gain_db
        self._gate_db = settings.gate_db

    def set_echo(self, wanted: str, noise_suppression: bool) -> None:
        """Change the echo handling. Sets `echo_problem` if the requested canceller is not available.

        Args:
            wanted: ``auto``, ``on``, ``half-duplex`` or ``off``.
            noise_suppression: suppress noise as well; needs AEC3.
        """
        self._choice = replace(self._choice, echo=wanted, noise_suppression=noise_suppression)
        mic, speaker = self.supervisor.status("input"), self.supervisor.status("output")
        self._echo_of = (mic.name, speaker.name)
        mode = echo_mode(wanted, mic.name, speaker.name) if mic.hardware and speaker.hardware else "off"
        canceller, self.echo_problem = make_canceller(mode, self.capture.rate, noise_suppression)
        self._echo = EchoControl(canceller, self.capture.rate, self.playback.rate) if canceller else None
        self.playback.taps = (self._echo.played,) if self._echo else ()
        self.capture.clean = self._echo.clean if self._echo else None

    def close(self) -> None:
        """Close the devices. Blocks for up to 2 s."""
        self.supervisor.close()

    def start_input_file(self) -> None:
        """Start the input file, if there is one: the server now accepts audio."""
        self.supervisor.start_input_file()

    @property
    def speaking(self) -> bool:
        """Whether speech is queued for playback."""
        return self.playback.buffered_ms > 0

    def frames(self, now: float) -> list[Frame]:
        """Return the waiting microphone frames and update the microphone's meter and counters.

        Returns:
            Frames of 20 ms to send, each with its RMS level in dBFS, after echo control, gain, mute and noise gate.
        """
        found: list[Frame] = []
        health, muted = self._store.audio, self.capture.muted
        for pcm, level in self.capture.frames():
            self._store.mic.update(level, now)
            self.tryout.microphone(pcm, now)
            level_db = FLOOR_DB if muted else level.rms_db
            self._vad.process(level_db if self._hears_user else FLOOR_DB, FRAME_MS)
            found += self._gate.process((pcm, level_db), self._gate_db)
        health.gate_open = self._gate.open and (self._echo is None or self._echo.open)
        health.overflows = health.input.xruns = self.capture.overflows + self.capture.dropped
        health.local_speech = self._vad.speaking
        health.echo = self._echo.word if self._echo else "off"
        health.echo_db = self._echo.reduction_db if self._echo else None
        return found

    @property
    def _hears_user(self) -> bool:
        """Whether sound in the microphone is the user and cannot be the agent's echo."""
        if self._echo is not None:
            return self._echo.trustworthy or not self._echo.agent_audible
        return self._private or not self.speaking

    def report(self, now: float) -> PlaybackReport:
        """Return what was heard by now and update the speaker's meter and counters."""
        while self.playback.levels:
            self._store.speaker.update(self.playback.levels.popleft(), now)
        report = self.playback.report()
        health = self._store.audio
        health.buffered_ms = self.playback.buffered_ms
        health.jitter_buffer_ms, health.jitter_ms = self.playback.jitter_buffer_ms, self.playback.jitter_ms
        health.jitter_buffer_bounds_ms = self.playback.jitter_buffer_bounds_ms
        health.underruns = health.output.xruns = self.playback.underruns
        return report

    async def wait_flushed(self) -> dict[str, float]:
        """Wait until the device has carried out the flush; return what was heard of each item by then, in ms."""
        deadline = time.perf_counter() + FLUSH_LIMIT_S
        while not self.playback.flushed:
            if time.perf_counter() > deadline:
                self.playback.give_up_flush()
            await asyncio.sleep(0.002)
        return self.playback.heard_ms()

    def update_status(self, now: float) -> list[DeviceNotice]:
        """Update the status of both devices; return new notices for the user. Call several times a second."""
        news = [told for side in self._sides if (told := self._check_side(side, now)) is not None]
        health = self._store.audio
        without = [side.view for side in self._sides if side.view.sentence and not side.view.rate]
        health.problem, health.remedy = (without[0].sentence, without[0].remedy) if without else ("", "")
        health.trying = self.tryout.sounds
        self._follow_devices()
        self._step(now)
        return news

    def _follow_devices(self) -> None:
        """Reset echo control when a device was replaced; the canceller stays adapted if it was only reopened."""
        mic, speaker = self.supervisor.status("input"), self.supervisor.status("output")
        self._private = not speaker.hardware or is_headset(speaker.name)
        if mic.hardware and speaker.hardware and self._echo_of != (mic.name, speaker.name):
            self.set_echo(self._choice.echo, self._choice.noise_suppression)

    def _check_side(self, side: _Side, now: float) -> DeviceNotice | None:
        status = self.supervisor.status(side.direction)
        mic = side.direction == "input"
        turns = self.capture.blocks if mic else self.playback.last_request_at
        if status.openings != side.openings:
            side.openings, side.frozen, side.unsettled_until = status.openings, False, now + SETTLED_S
            side.watch.opened(now, turns)
        seen = None
        if status.hardware:
            silent_s = None if self.capture.muted else self.capture.silent_s
            seen = side.watch.check(now, turns, silent_s if mic else 0.0)
            if (seen is DeviceState.FROZEN) != side.frozen:
                side.frozen, side.unsettled_until = not side.frozen, now + SETTLED_S
                self.supervisor.set_frozen(side.direction, side.frozen, status.openings)
        if mic and seen is DeviceState.OPEN and self._store.talk.mic_doubted:
            seen = DeviceState.WRONG
        assessment = assess(side.direction, status, seen)
        show(side.view, status, assessment)
        return side.notices.news(assessment, status.name, now)

    def _step(self, now: float) -> None:
        """Reopen the speaker with larger buffers after repeated underruns."""
        new, self._dry = self.playback.device_underruns - self._dry, self.playback.device_underruns
        output = self._sides[1]
        if not new or now < output.unsettled_until:
            return
        setting = self._steps.underrun(now)
        if setting is not None:
            self.supervisor.use_setting(setting)
            self._store.audio.output.steps += 1
