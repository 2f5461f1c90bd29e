"""Microphone and speaker through miniaudio, which needs no system package: for Linux without PortAudio."""

import threading
from collections.abc import Callable, Generator
from typing import Any

import miniaudio

from rtvoice_tui.audio.capture import Capture
from rtvoice_tui.audio.devices import AudioError, DeviceInfo
from rtvoice_tui.audio.playback import Playback
from rtvoice_tui.audio.stepping import LADDER, Latency, Setting

SETTING = LADDER[0]
BLOCKS_HELD = 2
WATCH_S = 0.25
SILENT_S = 1.0
"""A device that comes for no block for so long is gone: miniaudio does not say so."""


def list_devices() -> list[DeviceInfo]:
    """All devices of the first sound system that answers; the null device does not count."""
    try:
        devices = miniaudio.Devices()
        if "Null" in str(devices.backend):
            return []
        api = f"miniaudio {devices.backend}"
        found = [DeviceInfo(d["name"], api, 0, 2, 48_000) for d in devices.get_playbacks()]
        return found + [DeviceInfo(d["name"], api, 2, 0, 48_000) for d in devices.get_captures()]
    except miniaudio.MiniaudioError:
        return []


class _Device:
    """What both directions share: opened, started, watched, closed."""

    def __init__(self, direction: str, name: str, lost: Callable[[str], None], setting: Setting) -> None:
        self._direction = direction
        self._lost = lost
        self._closed = threading.Event()
        self._turns = 0
        self._device: Any = None
        self.setting = setting
        seconds = 0.0 if setting.latency == "low" else setting.latency
        self._block_ms = max(setting.block_ms, int(seconds * 1000 / BLOCKS_HELD))
        self.latency_ms = float(BLOCKS_HELD * self._block_ms)
        try:
            devices = miniaudio.Devices()
            found = devices.get_captures() if direction == "input" else devices.get_playbacks()
            device_id, self.name = _find(name, found, direction)
            self._device = self._open(device_id)
            blocks = self._blocks()
            next(blocks)
            self._device.start(blocks)
        except miniaudio.MiniaudioError as error:
            self.close()
            raise AudioError(
                f"the {direction} device {name or 'default'} cannot be opened: {error}",
                f"see 'rtvoice-tui devices', and choose another with --{direction}-device NAME",
            ) from None
        threading.Thread(target=self._watch, name=f"audio-{direction}-watch", daemon=True).start()

    def _open(self, device_id: Any) -> Any:
        raise NotImplementedError

    def _blocks(self) -> Generator[Any, Any, None]:
        raise NotImplementedError

    def _watch(self) -> None:
        before, still = -1, 0.0
        while not self._closed.wait(WATCH_S):
            still = still + WATCH_S if self._turns == before else 0.0
            before = self._turns
            if still >= SILENT_S:
                self._lost(f"the {self._direction} device {self.name} is gone")
                return

    def close(self) -> None:
        """Stop, and give back the device and the connection that miniaudio opened for it and never closes."""
        self._closed.set()
        device, self._device = self._device, None
        if device is None:
            return
        context = device._context
        device.close()
        miniaudio.lib.ma_context_uninit(context)


class Microphone(_Device):
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
        super().__init__("input", name, lost, Setting(block_ms, latency))

    def _open(self, device_id: Any) -> Any:
        return miniaudio.CaptureDevice(
            input_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=self._capture.rate,
            buffersize_msec=self._block_ms,
            device_id=device_id,
            app_name="rtvoice-tui",
        )

    def _blocks(self) -> Generator[None, bytes, None]:
        while True:
            pcm = yield
            self._turns += 1
            self._capture.offer(bytes(pcm))


class Speaker(_Device):
    """An open output device that takes its samples from a `Playback`."""

    def __init__(
        self,
        name: str,
        playback: Playback,
        lost: Callable[[str], None],
        block_ms: int = SETTING.block_ms,
        latency: Latency = SETTING.latency,
    ) -> None:
        self._playback = playback
        super().__init__("output", name, lost, Setting(block_ms, latency))
        playback.latency_ms = self.latency_ms

    def _open(self, device_id: Any) -> Any:
        return miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=self._playback.rate,
            buffersize_msec=self._block_ms,
            device_id=device_id,
            app_name="rtvoice-tui",
        )

    def _blocks(self) -> Generator[bytes, int, None]:
        wanted = yield b""
        while True:
            self._turns += 1
            wanted = yield self._playback.fill(wanted)


def _find(name: str, devices: list[dict[str, Any]], direction: str) -> tuple[Any, str]:
    if not devices:
        raise AudioError(f"there is no {direction} device", "see 'rtvoice-tui devices'")
    if not name:
        return None, "default"
    for device in devices:
        if name.lower() in device["name"].lower():
            return device["id"], device["name"]
    raise AudioError(f"no {direction} device is called '{name}'", "see 'rtvoice-tui devices'")
