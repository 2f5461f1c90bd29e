"""Microphone and speaker through miniaudio, which needs no system package: for Linux without PortAudio."""

from collections.abc import Callable, Generator
from typing import Any

import miniaudio

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.audio.backends.latency import LADDER, Latency, Setting
from rtvoice_tui.audio.backends.miniaudio_names import Named, named_devices
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.errors import AudioError, DeviceNotFound
from rtvoice_tui.media import DeviceState

SETTING = LADDER[0]
BLOCKS_HELD = 2


def list_devices() -> list[DeviceInfo]:
    """Return all devices of the first miniaudio backend that works; empty for the null backend."""
    try:
        devices = miniaudio.Devices()
        if "Null" in str(devices.backend):
            return []
        api = f"miniaudio {devices.backend}"
        outputs, inputs = named_devices(devices)
        found = [DeviceInfo(name, api, 0, 2, 48_000) for name, _ in outputs]
        return found + [DeviceInfo(name, api, 2, 0, 48_000) for name, _ in inputs]
    except miniaudio.MiniaudioError:
        return []


def version() -> str:
    """Return name and version, for the user."""
    return f"miniaudio {miniaudio.__version__}, because PortAudio (libportaudio2) sees no device here"


def rescan() -> None:
    """Does nothing: `list_devices` is always current."""


def abandon() -> None:
    """Does nothing: miniaudio has no exit handler that could hang."""


class _Device:
    """Opening, starting and closing for both directions. miniaudio does not report a lost device: blocks just stop."""

    direction = ""
    channels = 1

    def __init__(self, name: str, rate: int, setting: Setting) -> None:
        self.setting = setting
        self.rate = rate
        seconds = 0.0 if setting.latency == "low" else setting.latency
        self._block_ms = max(setting.block_ms, int(seconds * 1000 / BLOCKS_HELD))
        self.latency_ms = float(BLOCKS_HELD * self._block_ms)
        self._device: Any = None
        try:
            devices = miniaudio.Devices()
            outputs, inputs = named_devices(devices)
            found = inputs if self.direction == "input" else outputs
            device_id, self.name = _find(name, found, self.direction)
            self.host_api = f"miniaudio {devices.backend}"
            self._device = self._open(device_id)
        except miniaudio.MiniaudioError as error:
            raise self._cannot(name or "default", error) from None

    def _cannot(self, name: str, error: Exception) -> AudioError:
        self.close()
        return AudioError(
            f"the {self.direction} device {name} cannot be opened: {error}",
            "choose another one (d)",
            DeviceState.GONE,
        )

    def _open(self, device_id: Any) -> Any:
        raise NotImplementedError

    def _blocks(self) -> Generator[Any, Any, None]:
        raise NotImplementedError

    def start(self) -> None:
        """Start the stream; closes the device on failure.

        Raises:
            AudioError: the device cannot be started.
        """
        blocks = self._blocks()
        next(blocks)
        try:
            self._device.start(blocks)
        except miniaudio.MiniaudioError as error:
            raise self._cannot(self.name, error) from None

    def close(self) -> None:
        """Stop and close the device, and the context that miniaudio opened for it and never closes."""
        device, self._device = self._device, None
        if device is None:
            return
        context = device._context
        device.close()
        miniaudio.lib.ma_context_uninit(context)


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
        super().__init__(name, capture.rate, Setting(block_ms, latency))

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
            self._capture.offer(bytes(pcm))


class Speaker(_Device):
    """An output device that reads from a `Playback`; opened by the constructor, runs after `start`."""

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
        super().__init__(name, playback.rate, Setting(block_ms, latency))

    def start(self) -> None:
        """Start the stream and connect the playback to this device.

        Raises:
            AudioError: the device cannot be started.
        """
        self._playback.latency_ms = self.latency_ms
        super().start()

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
            wanted = yield self._playback.fill(wanted)


def _find(name: str, devices: Named, direction: str) -> tuple[Any, str]:
    if not devices:
        raise AudioError(f"there is no {direction} device", "see 'rtvoice-tui devices'", DeviceState.NONE)
    if not name:
        return None, "default"
    for shown, device_id in devices:
        if name.lower() in shown.lower():
            return device_id, shown
    raise DeviceNotFound(name, direction)
