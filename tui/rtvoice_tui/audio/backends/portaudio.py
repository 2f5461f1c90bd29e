"""Microphone and speaker through PortAudio: raw callback streams only.

Blocking streams crash the process if one thread closes a stream that another reads; callback streams do not. Importing
this module raises ``OSError`` if the PortAudio library is missing.
"""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import sounddevice as sd

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.audio.backends.guarded_stream import GuardedStream
from rtvoice_tui.audio.backends.latency import LADDER, Latency, Setting
from rtvoice_tui.audio.backends.portaudio_clock import DacClock
from rtvoice_tui.audio.backends.portaudio_opening import cannot_open, open_stream, translate_errors
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.pcm.channels import from_mono, to_mono
from rtvoice_tui.audio.pcm.resample import DELAY_S, Resampler
from rtvoice_tui.audio.playout.playback import Playback

SETTING = LADDER[0]

EMPTIED_OVER_MS = 40.0
"""A flush empties a device with more latency; with less, its buffer ends as soon and can fade out."""

PIECE_MS = 10
"""Length of the pieces that are resampled."""


def list_devices() -> list[DeviceInfo]:
    """Return all devices that PortAudio listed when it was last initialized.

    Raises:
        AudioError: the devices cannot be queried.
    """
    with translate_errors():
        apis, devices = sd.query_hostapis(), sd.query_devices()
        default_in, default_out = sd.default.device
    return [
        DeviceInfo(
            name=str(info["name"]),
            host_api=str(apis[info["hostapi"]]["name"]),
            inputs=int(info["max_input_channels"]),
            outputs=int(info["max_output_channels"]),
            rate=int(info["default_samplerate"]),
            input_latency_ms=info["default_low_input_latency"] * 1000,
            output_latency_ms=info["default_low_output_latency"] * 1000,
            default_input=index == default_in,
            default_output=index == default_out,
        )
        for index, info in enumerate(devices)
    ]


def version() -> str:
    """Return name and version, for the user."""
    return str(sd.get_portaudio_version()[1]).partition(",")[0]


def rescan() -> None:
    """Renew the device list. This would end every open stream, so none may be open.

    Raises:
        AudioError: PortAudio cannot be initialized again.
    """
    with contextlib.suppress(sd.PortAudioError):  # it is terminated already if the last initialization failed
        sd._terminate()
    with translate_errors():
        sd._initialize()


def abandon() -> None:
    """Let the program exit although a device call hangs: PortAudio's exit handler would hang as well."""
    atexit.unregister(sd._exit_handler)


class _Device:
    """Opening, starting and closing for both directions."""

    direction = ""

    def __init__(
        self, name: str, rate: int, lost: Callable[[str], None], setting: Setting, block: Callable[..., None]
    ) -> None:
        self.setting = setting
        self._stream = GuardedStream(lambda: lost(f"the {self.direction} device {self.name} is gone"))
        opened = open_stream(self.direction, name, rate, setting, block, self._stream.finished)
        self._stream.stream = opened.stream
        self.name, self.host_api = opened.name, opened.host_api
        self.rate, self.channels = opened.rate, opened.channels
        self.latency_ms = float(opened.stream.latency * 1000)

    def start(self) -> None:
        """Start the stream; closes the device on failure.

        Raises:
            AudioError: the device cannot be started.
        """
        try:
            self._stream.start()
        except sd.PortAudioError as error:
            self.close()
            raise cannot_open(self.direction, self.name, error) from None

    def close(self) -> None:
        """Stop at once and give the device back."""
        self._stream.close()


class Microphone(_Device):
    """An input device that passes its blocks to a `Capture`; opened by the constructor, runs after `start`."""

    direction = "input"

    def __init__(
        self,
        name: str,
        capture: Capture,
        lost: Callable[[str], None],
        block_ms: int = SETTING.block_ms,
        latency: Latency = SETTING.latency,
    ) -> None:
        self._capture = capture
        super().__init__(name, capture.rate, lost, Setting(block_ms, latency), self._block)
        self._convert = Resampler(self.rate, capture.rate)

    def _block(self, indata: Any, frames: int, times: Any, status: Any) -> None:
        if status.input_overflow:
            self._capture.overflows += 1
        self._capture.offer(self._convert(to_mono(bytes(indata), self.channels)))


class Speaker(_Device):
    """An output device that reads from a `Playback`; opened by the constructor, runs after `start`.

    A device with more latency than `EMPTIED_OVER_MS` discards its buffer when the playback is flushed.
    """

    direction = "output"

    def __init__(
        self,
        name: str,
        playback: Playback,
        lost: Callable[[str], None],
        block_ms: int = SETTING.block_ms,
        latency: Latency = SETTING.latency,
    ) -> None:
        self._playback = playback
        self._rest = b""  # resampled, for the next block
        self._rest_before = 0
        super().__init__(name, playback.rate, lost, Setting(block_ms, latency), self._block)
        self._start_converting()
        self._ahead_s: float = max(self.latency_ms, 2.0 * block_ms) / 1000
        self._clock = DacClock(self._ahead_s)
        self._silencer = self._silence_soon if self.latency_ms > EMPTIED_OVER_MS else None

    def start(self) -> None:
        """Start the stream and connect the playback to this device.

        Raises:
            AudioError: the device cannot be started.
        """
        self._playback.latency_ms = self.latency_ms
        self._playback.silencer = self._silencer
        super().start()

    def _block(self, outdata: Any, frames: int, times: Any, status: Any) -> None:
        if status.output_underflow and self._playback.ran_dry(frames / self.rate, self._rest_before):
            self._start_converting()
        dac_at = self._heard_at(times)
        if self.rate == self._playback.rate:
            outdata[:] = from_mono(self._playback.fill(frames, dac_at), self.channels)
            return
        rest_s, further = len(self._rest) / 2 / self.rate, False
        self._rest_before = int((rest_s + DELAY_S) * self._playback.rate) if self._rest else 0
        while len(self._rest) < frames * 2:
            waiting_s = len(self._rest) / 2 / self.rate
            piece = self._playback.fill(self._playback.rate * PIECE_MS // 1000, dac_at + waiting_s, further)
            self._rest += self._convert(piece)
            further = True
        outdata[:] = from_mono(self._rest[: frames * 2], self.channels)
        self._rest = self._rest[frames * 2 :]

    def _start_converting(self) -> None:
        self._rest = b""
        self._convert = Resampler(self._playback.rate, self.rate)

    def _heard_at(self, times: Any) -> float:
        now = time.perf_counter()
        if times is None or not self.latency_ms:
            return now + self._ahead_s
        return self._clock.heard_at(now, times.currentTime, times.outputBufferDacTime)

    def _silence_soon(self) -> None:
        threading.Thread(target=self._silence, name="audio-silence", daemon=True).start()

    def _silence(self) -> None:
        if self._playback.stopping:  # the thread of an earlier flush may have done it
            self._stream.empty(self._emptied)

    def _emptied(self, at: float) -> None:
        self._start_converting()
        self._playback.stopped(at)

    def close(self) -> None:
        """Stop at once and give the device back."""
        if self._silencer is not None and self._playback.silencer == self._silencer:
            self._playback.silencer = None
        super().close()
