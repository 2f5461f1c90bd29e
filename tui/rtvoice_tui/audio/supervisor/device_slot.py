"""One direction of a session's sound: which device is wanted, which one is open, and how it stands."""

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
"""How a device is opened at first."""

COMES_S = 0.3
"""A device that does not come for samples within this is not waited for."""

MARGIN_MS = 10.0


@dataclass(frozen=True)
class DeviceStatus:
    """How one direction stands: what is open and, where that is not what was wanted, why.

    Attributes:
        openings: how many devices were opened so far, this one included.
        hardware: whether it is a device, and no file or silence.
        converted: whether its rate is not the session's.
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
    """Only for the keeper's thread, except `status`.

    Args:
        direction: ``input`` or ``output``.
        wanted: a name or a part of it; empty for the system's default.
        part: where its sound goes or comes from.
        lost: called from any thread with a device's mark and a sentence when it ends.
        silence: begins what takes the speech as long as there has never been a device.

    Attributes:
        stream: what is open.
        using: the name that it was opened by.
        moved: the sound server plays through another device, because this one is gone.
        frozen: no block comes any more, as somebody who watches says.
        status: how it stands, for everybody to read.
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
        """What is open is what is wanted from now on."""
        self.wanted = name
        self.status = replace(self.status, wanted=name)

    def use_file(self, stream: Stream) -> None:
        """Use a file or silence instead of a device."""
        self.stream = stream
        self._stands(DeviceState.OPEN, name=stream.name, openings=self.status.openings + 1)

    def put_off(self) -> None:
        """Let silence take the speech as long as there has never been a device."""
        if self._silence is not None:
            self.stream = self._silence()
            self.status = replace(self.status, name=self.stream.name)

    def open(self, backend: Backend, name: str) -> None:
        """Open a device and begin, where nothing is open.

        Raises:
            AudioError: it cannot be opened.
        """
        stream, mark = self._opened(backend, name)
        self._begin(stream, mark, name)

    def reopen(self, backend: Backend, name: str) -> None:
        """Open a device where it was just given back. What stood in for the wanted one still does, for the same reason.

        Raises:
            AudioError: it cannot be opened.
        """
        before = self.status
        self.open(backend, name)
        if name != self.wanted and before.state is not DeviceState.OPEN:
            self.fail(before.state, before.sentence, before.remedy)

    def exchange(self, backend: Backend, name: str, insist: bool = True) -> None:
        """Open a device instead of the one that is open, which plays to its end first. No sample is lost.

        Args:
            backend: the sound system.
            name: the device.
            insist: try one that is refused again with the old one closed: both may be names of one device that takes
                one program only.

        Raises:
            AudioError: it cannot be opened; the old one is in use as before, or nothing if that is refused as well.
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
            self._begin(stream, mark, name)
        except AudioError:
            if had_device:
                self._back_to(backend, before)
            raise

    def change(self, backend: Backend, setting: Setting) -> None:
        """Open the same device again with other buffers. No sample is lost.

        Raises:
            AudioError: it cannot be opened so; it is in use as before, or nothing if that is refused as well.
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
        """Give the device back when everything it was handed was heard. One that hangs is given back as if dead."""
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
        """Wait until the device has played what it was handed before the silence that it is handed now.

        What a device does with the rest when it is stopped differs; PortAudio's ALSA loses 30 ms.
        """
        before, deadline = playback.came_at, time.perf_counter() + COMES_S
        while playback.came_at == before:
            if time.perf_counter() > deadline:
                return False
            time.sleep(0.002)
        blocks_ms = 2 * self.status.block_ms
        time.sleep((max(self.status.latency_ms, blocks_ms) + blocks_ms + MARGIN_MS) / 1000)
        return True

    def drop(self) -> None:
        """Give a device back that is dead; what it was handed and has not played is taken back."""
        hardware = self.hardware
        self.close()
        if hardware and isinstance(self.part, Playback):
            self.part.take_back()

    def close(self) -> None:
        """Give the device back at once."""
        stream, self.stream, self.mark = self.stream, None, None
        self.hardware = self.moved = self.frozen = False
        if stream is not None:
            with contextlib.suppress(Exception):
                stream.close()
        self.status = replace(self.status, name="", hardware=False)

    def fail(self, state: DeviceState, sentence: str, remedy: str) -> None:
        """What is wanted cannot be used."""
        self.status = replace(self.status, wanted=self.wanted, state=state, sentence=sentence, remedy=remedy)

    def _opened(self, backend: Backend, name: str) -> tuple[DeviceStream, object]:
        mark = object()
        kind = backend.Microphone if isinstance(self.part, Capture) else backend.Speaker
        setting = self.setting
        stream = kind(name, self.part, lambda told: self._lost(mark, told), setting.block_ms, setting.latency)
        return stream, mark

    def _begin(self, stream: DeviceStream, mark: object, name: str) -> None:
        stood_in = self.stream is not None  # silence, or a file
        if stood_in:
            self.close()
        try:
            stream.start()
        except Exception:
            if stood_in:
                self.put_off()
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
