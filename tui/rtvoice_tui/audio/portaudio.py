"""Microphone and speaker through PortAudio: raw callback streams only.

Blocking streams crash the process when one thread closes what another reads; callback streams do not. Importing this
module raises ``OSError`` where the PortAudio library is missing.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import sounddevice as sd

from rtvoice_tui.audio.capture import Capture
from rtvoice_tui.audio.dac_clock import DacClock
from rtvoice_tui.audio.devices import BLOCK_MS, AudioError, DeviceInfo
from rtvoice_tui.audio.guarded import GuardedStream
from rtvoice_tui.audio.playback import Playback
from rtvoice_tui.audio.resample import Resampler
from rtvoice_tui.audio.stepping import LADDER, Latency, Setting

SETTING = LADDER[0]

EMPTIED_OVER_MS = 40.0
"""A device that holds more is emptied to be silenced; below, what it holds is over as soon, and can fade."""

_REFUSED_RATE = ("Invalid sample rate", "Invalid device")


def list_devices() -> list[DeviceInfo]:
    """All devices that PortAudio saw when it was loaded."""
    apis = sd.query_hostapis()
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
        for index, info in enumerate(sd.query_devices())
    ]


class Microphone:
    """An open input device that offers its blocks to a `Capture`."""

    def __init__(
        self,
        name: str,
        capture: Capture,
        lost: Callable[[str], None],
        block_ms: int = SETTING.block_ms,
        latency: Latency = SETTING.latency,
    ) -> None:
        self._capture = capture
        self.setting = Setting(block_ms, latency)
        self._stream, self.name, self.rate = _open("input", name, capture.rate, self.setting, self._block, lost)
        self._convert = Resampler(self.rate, capture.rate)
        self.latency_ms = self._stream.stream.latency * 1000
        _start(self._stream, "input", self.name)

    def _block(self, indata: Any, frames: int, times: Any, status: Any) -> None:
        if status.input_overflow:
            self._capture.overflows += 1
        self._capture.offer(self._convert(bytes(indata)))

    def close(self) -> None:
        """Stop and give the device back."""
        self._stream.close()


class Speaker:
    """An open output device that takes its samples from a `Playback`.

    One that holds more than `EMPTIED_OVER_MS` throws that away when the playback is flushed.
    """

    def __init__(
        self,
        name: str,
        playback: Playback,
        lost: Callable[[str], None],
        block_ms: int = SETTING.block_ms,
        latency: Latency = SETTING.latency,
    ) -> None:
        self._playback = playback
        self._rest = b""
        self.setting = Setting(block_ms, latency)
        self._stream, self.name, self.rate = _open("output", name, playback.rate, self.setting, self._block, lost)
        self._convert = Resampler(playback.rate, self.rate)
        self.latency_ms = playback.latency_ms = self._stream.stream.latency * 1000
        self._ahead_s: float = max(self.latency_ms, 2.0 * block_ms) / 1000
        self._clock = DacClock(self._ahead_s)
        self._silencer = self._silence_soon if self.latency_ms > EMPTIED_OVER_MS else None
        playback.silencer = self._silencer
        _start(self._stream, "output", self.name)

    def _block(self, outdata: Any, frames: int, times: Any, status: Any) -> None:
        if status.output_underflow:
            self._playback.device_underruns += 1
        dac_at = self._heard_at(times)
        if self.rate == self._playback.rate:
            outdata[:] = self._playback.fill(frames, dac_at)
            return
        while len(self._rest) < frames * 2:
            waiting_s = len(self._rest) / 2 / self.rate
            piece = self._playback.fill(self._playback.rate * BLOCK_MS // 1000, dac_at + waiting_s)
            self._rest += self._convert(piece)
        outdata[:] = self._rest[: frames * 2]
        self._rest = self._rest[frames * 2 :]

    def _heard_at(self, times: Any) -> float:
        now = time.perf_counter()
        if times is None or not self.latency_ms:
            return now + self._ahead_s
        return self._clock.heard_at(now, times.currentTime, times.outputBufferDacTime)

    def _silence_soon(self) -> None:
        threading.Thread(target=self._silence, name="audio-silence", daemon=True).start()

    def _silence(self) -> None:
        if self._playback.stopping:  # an earlier flush's thread may have done it
            self._stream.empty(self._emptied)

    def _emptied(self, at: float) -> None:
        self._rest = b""
        self._playback.stopped(at)

    def close(self) -> None:
        """Stop and give the device back."""
        if self._silencer is not None and self._playback.silencer == self._silencer:
            self._playback.silencer = None
        self._stream.close()


def _start(stream: GuardedStream, direction: str, name: str) -> None:
    try:
        stream.start()
    except sd.PortAudioError as error:
        stream.close()
        raise AudioError(
            f"the {direction} device {name} cannot be opened: {error}", "see 'rtvoice-tui devices'"
        ) from None


def _open(
    direction: str,
    name: str,
    rate: int,
    setting: Setting,
    callback: Callable[..., None],
    lost: Callable[[str], None],
) -> tuple[GuardedStream, str, int]:
    """Open at the session's rate, or else at one the device has."""
    device = _find(name, direction)
    shown = str(sd.query_devices(device, direction)["name"])
    kind = sd.RawInputStream if direction == "input" else sd.RawOutputStream
    guarded = GuardedStream(lambda: lost(f"the {direction} device {shown} is gone"))
    refusal = ""
    for candidate in dict.fromkeys(
        (rate, int(sd.query_devices(device, direction)["default_samplerate"]), 48_000, 44_100)
    ):
        try:
            guarded.stream = kind(
                samplerate=candidate,
                blocksize=candidate * setting.block_ms // 1000,
                device=device,
                channels=1,
                dtype="int16",
                latency=setting.latency,
                callback=callback,
                finished_callback=guarded.finished,
            )
        except sd.PortAudioError as error:
            refusal = str(error)
            if not any(word in refusal for word in _REFUSED_RATE):
                break
        else:
            return guarded, shown, candidate
    raise AudioError(
        f"the {direction} device {shown} cannot be opened: {refusal}",
        f"see 'rtvoice-tui devices', and choose another with --{direction}-device NAME",
    )


def _find(name: str, direction: str) -> int:
    """The device by its whole name, or a part of it; empty is the system's default.

    Raises:
        AudioError: there is none.
    """
    channels = f"max_{direction}_channels"
    devices = sd.query_devices()
    if not name:
        default = sd.default.device[0 if direction == "input" else 1]
        if default >= 0:
            return int(default)
    for matches in (lambda n: n == name, lambda n: name.lower() in n.lower()):
        for index, info in enumerate(devices):
            if info[channels] > 0 and matches(str(info["name"])):
                return index
    wanted = f"no {direction} device is called '{name}'" if name else f"there is no {direction} device"
    raise AudioError(wanted, "see 'rtvoice-tui devices'")
