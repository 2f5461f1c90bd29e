"""Microphone and speaker through miniaudio, which needs no system package: for Linux without PortAudio."""

from collections.abc import Callable, Generator
from typing import Any

import miniaudio

from rtvoice_tui.audio.capture import Capture
from rtvoice_tui.audio.devices import BLOCK_MS, AudioError, DeviceInfo
from rtvoice_tui.audio.playback import Playback


def list_devices() -> list[DeviceInfo]:
    """All devices of the first sound system that answers; the null device does not count."""
    devices = miniaudio.Devices()
    if "Null" in str(devices.backend):
        return []
    api = f"miniaudio {devices.backend}"
    found = [DeviceInfo(d["name"], api, 0, 2, 48_000) for d in devices.get_playbacks()]
    return found + [DeviceInfo(d["name"], api, 2, 0, 48_000) for d in devices.get_captures()]


class Microphone:
    """An open input device that offers its blocks to a `Capture`."""

    def __init__(self, name: str, capture: Capture, lost: Callable[[str], None]) -> None:
        device_id, self.name = _find(name, miniaudio.Devices().get_captures(), "input")
        self._device = miniaudio.CaptureDevice(
            input_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=capture.rate,
            buffersize_msec=BLOCK_MS,
            device_id=device_id,
            app_name="rtvoice-tui",
        )
        self.latency_ms = 2.0 * BLOCK_MS
        blocks = self._blocks(capture)
        next(blocks)
        self._device.start(blocks)

    @staticmethod
    def _blocks(capture: Capture) -> Generator[None, bytes, None]:
        while True:
            capture.offer(bytes((yield)))

    def close(self) -> None:
        """Stop and give the device back."""
        self._device.close()


class Speaker:
    """An open output device that takes its samples from a `Playback`."""

    def __init__(self, name: str, playback: Playback, lost: Callable[[str], None]) -> None:
        device_id, self.name = _find(name, miniaudio.Devices().get_playbacks(), "output")
        self._device = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=playback.rate,
            buffersize_msec=BLOCK_MS,
            device_id=device_id,
            app_name="rtvoice-tui",
        )
        self.latency_ms = playback.latency_ms = 2.0 * BLOCK_MS
        blocks = self._blocks(playback)
        next(blocks)
        self._device.start(blocks)

    @staticmethod
    def _blocks(playback: Playback) -> Generator[bytes, int, None]:
        wanted = yield b""
        while True:
            wanted = yield playback.fill(wanted)

    def close(self) -> None:
        """Stop and give the device back."""
        self._device.close()


def _find(name: str, devices: list[dict[str, Any]], direction: str) -> tuple[Any, str]:
    if not devices:
        raise AudioError(f"there is no {direction} device", "see 'rtvoice-tui devices'")
    if not name:
        return None, "default"
    for device in devices:
        if name.lower() in device["name"].lower():
            return device["id"], device["name"]
    raise AudioError(f"no {direction} device is called '{name}'", "see 'rtvoice-tui devices'")
