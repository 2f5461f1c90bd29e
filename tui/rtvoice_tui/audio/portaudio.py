"""Microphone and speaker through PortAudio: raw callback streams only.

Blocking streams crash the process when one thread closes what another reads; callback streams do not. Importing this
module raises ``OSError`` where the PortAudio library is missing.
"""

from collections.abc import Callable
from typing import Any

import sounddevice as sd

from rtvoice_tui.audio.capture import Capture
from rtvoice_tui.audio.devices import BLOCK_MS, AudioError, DeviceInfo
from rtvoice_tui.audio.playback import Playback
from rtvoice_tui.audio.resample import Resampler

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

    def __init__(self, name: str, capture: Capture, lost: Callable[[str], None]) -> None:
        self._capture = capture
        self._stream, self.name, self.rate = _open(sd.RawInputStream, "input", name, capture.rate, self._block, lost)
        self._convert = Resampler(self.rate, capture.rate)
        self.latency_ms = self._stream.stream.latency * 1000
        self._stream.start("input", self.name)

    def _block(self, indata: Any, frames: int, times: Any, status: Any) -> None:
        if status.input_overflow:
            self._capture.overflows += 1
        self._capture.offer(self._convert(bytes(indata)))

    def close(self) -> None:
        """Stop and give the device back."""
        self._stream.close()


class Speaker:
    """An open output device that takes its samples from a `Playback`."""

    def __init__(self, name: str, playback: Playback, lost: Callable[[str], None]) -> None:
        self._playback = playback
        self._rest = b""
        self._stream, self.name, self.rate = _open(sd.RawOutputStream, "output", name, playback.rate, self._block, lost)
        self._convert = Resampler(playback.rate, self.rate)
        self.latency_ms = playback.latency_ms = self._stream.stream.latency * 1000
        self._stream.start("output", self.name)

    def _block(self, outdata: Any, frames: int, times: Any, status: Any) -> None:
        if status.output_underflow:
            self._playback.underruns += 1
        if self.rate == self._playback.rate:
            outdata[:] = self._playback.fill(frames)
            return
        while len(self._rest) < frames * 2:
            self._rest += self._convert(self._playback.fill(self._playback.rate * BLOCK_MS // 1000))
        outdata[:] = self._rest[: frames * 2]
        self._rest = self._rest[frames * 2 :]

    def close(self) -> None:
        """Stop and give the device back."""
        self._stream.close()


class _Guarded:
    """A stream that tells when it ends without having been asked to."""

    def __init__(self, stream: Any, closing: list[bool]) -> None:
        self.stream = stream
        self._closing = closing

    def start(self, direction: str, name: str) -> None:
        try:
            self.stream.start()
        except sd.PortAudioError as error:
            self.close()
            raise AudioError(
                f"the {direction} device {name} cannot be opened: {error}", "see 'rtvoice-tui devices'"
            ) from None

    def close(self) -> None:
        self._closing[0] = True
        self.stream.close()


def _open(
    kind: Any,
    direction: str,
    name: str,
    rate: int,
    callback: Callable[..., None],
    lost: Callable[[str], None],
) -> tuple[_Guarded, str, int]:
    """Open at the session's rate, or else at one the device has; blocks of 10 ms, lowest latency that is safe."""
    device = _find(name, direction)
    shown = str(sd.query_devices(device, direction)["name"])
    closing = [False]

    def finished() -> None:
        if not closing[0]:
            lost(f"the {direction} device {shown} is gone")

    refusal = ""
    for candidate in dict.fromkeys(
        (rate, int(sd.query_devices(device, direction)["default_samplerate"]), 48_000, 44_100)
    ):
        try:
            stream = kind(
                samplerate=candidate,
                blocksize=candidate * BLOCK_MS // 1000,
                device=device,
                channels=1,
                dtype="int16",
                latency="low",
                callback=callback,
                finished_callback=finished,
            )
        except sd.PortAudioError as error:
            refusal = str(error)
            if not any(word in refusal for word in _REFUSED_RATE):
                break
        else:
            return _Guarded(stream, closing), shown, candidate
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
