"""A session's microphone and speaker together: opened once, metered, and accounted for."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from rtvoice_tui.audio.cancellers import make_canceller
from rtvoice_tui.audio.capture import FRAME_MS, Capture
from rtvoice_tui.audio.devices import AudioChoice, OpenAudio, open_audio
from rtvoice_tui.audio.echo import EchoControl
from rtvoice_tui.audio.gate import Frame, Gate
from rtvoice_tui.audio.headsets import echo_mode
from rtvoice_tui.audio.near_speech import NearSpeech
from rtvoice_tui.audio.playback import Playback, PlaybackReport
from rtvoice_tui.store.audio import DeviceState
from rtvoice_tui.store.levels import FLOOR_DB
from rtvoice_tui.store.store import Store

FLUSH_LIMIT_S = 0.06
"""A device that has not come for samples by then is not waited for."""


class AudioStation:
    """Both directions of a session's sound. Only for the session's thread, except where said.

    Args:
        choice: which devices.
        input_rate: Hz of what the server hears.
        output_rate: Hz of what the server says.
        store: where meters and counters are kept.
        wake: called from any thread when microphone frames wait.
        lost: called from any thread with a sentence when a device vanishes.
    """

    def __init__(
        self,
        choice: AudioChoice,
        input_rate: int,
        output_rate: int,
        store: Store,
        wake: Callable[[], None],
        lost: Callable[[str], None],
    ) -> None:
        self._choice = choice
        self._store = store
        self._lost = lost
        self.capture = Capture(input_rate, wake)
        self.playback = Playback(output_rate)
        self.capture.muted = store.audio.muted
        self.playback.muted = store.audio.agent_muted
        self._devices = OpenAudio(None, None)
        self._gate = Gate()
        self.echo_problem = ""
        self._echo: EchoControl | None = None
        self._near = NearSpeech()

    def open(self) -> None:
        """Open the devices. Takes a while, so it may be called from a helper thread."""
        self._devices = open_audio(self._choice, self.capture, self.playback, self._lost)
        health, devices = self._store.audio, self._devices
        health.problem, health.remedy = devices.problem, devices.remedy
        for view, stream in ((health.input, devices.input), (health.output, devices.output)):
            view.name = stream.name if stream else ""
            view.state = DeviceState.OPEN if stream else DeviceState.NONE
        self.set_echo(self._choice.echo, self._choice.noise_suppression)

    def set_echo(self, wanted: str, noise_suppression: bool) -> None:
        """Take echo out of the microphone from now on, or leave it; also after other devices were opened.

        Args:
            wanted: ``auto``, ``on``, ``half-duplex`` or ``off``.
            noise_suppression: whether noise is taken out as well.
        """
        health = self._store.audio
        self._choice = replace(self._choice, echo=wanted, noise_suppression=noise_suppression)
        acoustic = not (self._choice.silent or self._choice.input_file or self._choice.output_file)
        mode = echo_mode(wanted, health.input.name, health.output.name) if acoustic else "off"
        canceller, self.echo_problem = make_canceller(mode, self.capture.rate, noise_suppression)
        self._echo = EchoControl(canceller, self.capture.rate, self.playback.rate) if canceller else None
        self.playback.heard_by = self._echo.played if self._echo else None
        self.capture.clean = self._echo.clean if self._echo else None

    def close(self) -> None:
        """Give the devices back."""
        self._devices.close()

    def begin(self) -> None:
        """Somebody listens from now on: a file that speaks begins."""
        begin = getattr(self._devices.input, "begin", None)
        if begin is not None:
            begin()

    @property
    def speaking(self) -> bool:
        """Whether speech waits to be heard."""
        return self.playback.buffered_ms > 0

    def frames(self, now: float) -> list[Frame]:
        """The microphone's frames that wait, as they are to be sent, each with its level; its meter is moved."""
        found: list[Frame] = []
        health, muted = self._store.audio, self.capture.muted
        for pcm, level in self.capture.frames():
            self._store.mic.update(level, now)
            level_db = FLOOR_DB if muted else level.rms_db
            self._near.feed(level_db, FRAME_MS)
            found += self._gate.take((pcm, level_db), health.gate_db)
        health.gate_open = self._gate.open
        health.overflows = self.capture.overflows + self.capture.dropped
        health.near_speech = self._near.speaking
        health.echo = self._echo.word if self._echo else "off"
        health.echo_db = self._echo.reduction_db if self._echo else None
        return found

    def report(self, now: float) -> PlaybackReport:
        """What the device consumed; meter and counters are moved."""
        while self.playback.levels:
            self._store.speaker.update(self.playback.levels.popleft(), now)
        report = self.playback.report()
        health = self._store.audio
        health.buffered_ms = self.playback.buffered_ms
        health.underruns = self.playback.underruns
        health.output.latency_ms = self.playback.latency_ms
        return report

    async def silenced(self) -> dict[str, float]:
        """Wait until the device has carried a flush out; what was heard of each item by then, in ms."""
        deadline = time.perf_counter() + FLUSH_LIMIT_S
        while not self.playback.flushed:
            if time.perf_counter() > deadline:
                self.playback.give_up_flush()
            await asyncio.sleep(0.002)
        return self.playback.heard_ms()
