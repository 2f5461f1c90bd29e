"""One direction of a session's audio: the requested device, the open stream and its status."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rtvoice_tui.audio.backends.base import Backend, DeviceStream, Stream
from rtvoice_tui.audio.backends.latency import LADDER, Setting
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState

FIRST = LADDER[0]
"""The setting that a device is first opened with."""

COMES_S = 0.3
"""A device that requests no samples within this time is closed without draining."""

MARGIN_MS = 10.0


@dataclass(frozen=True)
class DeviceStatus:
    """Status of one direction: what is open and, if that is not the requested device, why.

    Attributes:
        name: the open device or file, or ``silent``; empty if nothing is open.
        wanted: the requested device; empty for the system's default.
        host_api: the sound system that the device is opened through.
        rate: the device's sample rate in Hz; 0 for files and silence.
        converted: the device's rate differs from the session's, so samples are resampled.
        block_ms: length of one block.
        latency_ms: latency that the device reports.
        openings: number of streams opened so far, including this one.
        hardware: a device is open, not a file or silence.
        state: the state of the requested device.
        sentence: what is wrong; empty if nothing is.
        remedy: what the user can do about it.
    """

    name: str = ""
    wanted: str = ""
    host_api: str = ""
    rate: int = 0
    converted: bool = False
    block_ms: float = 0.0
    latency_ms: float = 0.0
    openings: int = 0
    hardware: bool = False
    state: DeviceState = DeviceState.NONE
    sentence: str = ""
    remedy: str = ""


class DeviceSlot:
    """The device of one direction. Supervisor thread only, except `status`.

    Args:
        direction: ``input`` or ``output``.
        wanted: a device name or a part of it; empty for the system's default.
        part: receives the device's blocks (`Capture`) or supplies them (`Playback`).
        lost: called from any thread with the device's mark and a sentence when it ends.
        silence: opens the stream that consumes speech until a first device is open.

    Attributes:
        stream: the open stream; None if nothing is open.
        using: the name that the device was opened by.
        hardware: a device is open, not a file or silence.
        moved: the sound server moved the stream to another device because this one is gone.
        frozen: the watchdog reports that no blocks arrive.
        mark: identifies the open device when ``lost`` is called.
        status: the current status; any thread may read it.
    """

    def __init__(
        self,
        direction: str,
        wanted: str,
        part: Capture | Playback,
        lost: Callable[[object, str], None],
        silence: Callable[[], Stream] | None = None,
    ) -> None:
        self.direction = direction
        self.wanted = wanted
        self.part = part
        self.setting = FIRST
        self.stream: Stream | None = None
        self.using = ""
        self.hardware = False
        self.moved = False
        self.frozen = False
        self.mark: object = None
        self.status = DeviceStatus(wanted=wanted)
        self._lost = lost
        self._silence = silence

    def want(self, name: str) -> None:
        """Record the device that is already open as the requested one."""
        self.wanted = name
        self.status = replace(self.status, wanted=name)

    def use_file(self, stream: Stream) -> None:
        """Use a file or silence instead of a device."""
        self.stream = stream
        self._stands(DeviceState.OPEN, name=stream.name, openings=self.status.openings + 1)

    def use_silence(self) -> None:
        """Consume speech silently until a first device is open."""
        if self._silence is not None:
            self.stream = self._silence()
            self.status = replace(self.status, name=self.stream.name)

    def open(self, backend: Backend, name: str) -> None:
        """Open and start a device. No other device may be open.

        Raises:
            AudioError: the device cannot be opened or started.
        """
        stream, mark = self._opened(backend, name)
        self._start(stream, mark, name)

    def reopen(self, backend: Backend, name: str) -> None:
        """Reopen a device that was just closed. If it replaces the requested one, the status keeps the reason.

        Raises:
            AudioError: the device cannot be opened or started.
        """
        before = self.status
        self.open(backend, name)
        if name != self.wanted and before.state is not DeviceState.OPEN:
            self.fail(before.state, before.sentence, before.remedy)

    def switch_to(self, backend: Backend, name: str, insist: bool = True) -> None:
        """Switch to another device; the old one first plays what it holds. No sample is lost.

        Args:
            backend: the sound system.
            name: the device.
            insist: retry a refused device with the old one closed: both may be names of one device that allows a
                single stream only.

        Raises:
            AudioError: the device cannot be opened; the old one is in use as before, or nothing if that fails as well.
        """
        had_device, before = self.hardware, self.using
        try:
            stream, mark = self._opened(backend, name)
        except AudioError as error:
            if not (insist and had_device) or error.state is not DeviceState.REFUSED:
                raise
            self.release()
            self._open_or_go_back(backend, name, before)
            return
        if had_device:
            self.release()
        try:
            self._start(stream, mark, name)
        except AudioError:
            if had_device:
                self._back_to(backend, before)
            raise

    def change(self, backend: Backend, setting: Setting) -> None:
        """Reopen the same device with another setting. No sample is lost.

        Raises:
            AudioError: the setting does not work; the device is in use as before, or nothing if that fails as well.
        """
        name, before, self.setting = self.using, self.setting, setting
        self.release()
        try:
            self.reopen(backend, name)
        except AudioError:
            self.setting = before
            self._back_to(backend, name)
            raise

    def release(self) -> None:
        """Close the device after it has played what it holds. One that is frozen or does not drain is dropped."""
        if isinstance(self.part, Playback) and self.hardware and not self.frozen:
            self.part.held = True
            drained = self._drained(self.part)
            if drained:
                self.close()
            self.part.held = False
            if drained:
                return
        self.drop()

    def _drained(self, playback: Playback) -> bool:
        """Wait until the device has played its buffered samples; returns False if it requests none within COMES_S.

        `Playback.held` supplies silence meanwhile. Stopping is no substitute: PortAudio on ALSA loses 30 ms.
        """
        before, deadline = playback.last_request_at, time.perf_counter() + COMES_S
        while playback.last_request_at == before:
            if time.perf_counter() > deadline:
                return False
            time.sleep(0.002)
        blocks_ms = 2 * self.status.block_ms
        time.sleep((max(self.status.latency_ms, blocks_ms) + blocks_ms + MARGIN_MS) / 1000)
        return True

    def drop(self) -> None:
        """Close a dead device; samples that it got and did not play go back to the front of the ring."""
        hardware = self.hardware
        self.close()
        if hardware and isinstance(self.part, Playback):
            self.part.requeue_unplayed()

    def close(self) -> None:
        """Close the stream immediately."""
        stream, self.stream, self.mark = self.stream, None, None
        self.hardware = self.moved = self.frozen = False
        if stream is not None:
            with contextlib.suppress(Exception):
                stream.close()
        self.status = replace(self.status, name="", hardware=False)

    def fail(self, state: DeviceState, sentence: str, remedy: str) -> None:
        """Record why the requested device cannot be used."""
        self.status = replace(self.status, wanted=self.wanted, state=state, sentence=sentence, remedy=remedy)

    def _opened(self, backend: Backend, name: str) -> tuple[DeviceStream, object]:
        mark = object()
        kind = backend.Microphone if isinstance(self.part, Capture) else backend.Speaker
        setting = self.setting
        stream = kind(name, self.part, lambda told: self._lost(mark, told), setting.block_ms, setting.latency)
        return stream, mark

    def _start(self, stream: DeviceStream, mark: object, name: str) -> None:
        stood_in = self.stream is not None  # silence, or a file
        if stood_in:
            self.close()
        try:
            stream.start()
        except Exception:
            if stood_in:
                self.use_silence()
            raise
        self.stream, self.mark, self.using, self.hardware = stream, mark, name, True
        self._stands(
            DeviceState.OPEN,
            name=stream.name,
            host_api=stream.host_api,
            rate=stream.rate,
            converted=stream.rate != self.part.rate,
            block_ms=float(stream.setting.block_ms),
            latency_ms=stream.latency_ms,
            openings=self.status.openings + 1,
            hardware=True,
        )

    def _stands(self, state: DeviceState, **known: Any) -> None:
        self.status = DeviceStatus(wanted=self.wanted, state=state, **known)

    def _open_or_go_back(self, backend: Backend, name: str, before: str) -> None:
        try:
            self.open(backend, name)
        except AudioError:
            self._back_to(backend, before)
            raise

    def _back_to(self, backend: Backend, name: str) -> None:
        with contextlib.suppress(AudioError):
            self.reopen(backend, name)
