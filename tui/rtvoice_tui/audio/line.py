"""One direction of a session's sound: which device is wanted, which one is open, and how it stands."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rtvoice_tui.audio.capture import Capture
from rtvoice_tui.audio.device_info import AudioError
from rtvoice_tui.audio.playback import Playback
from rtvoice_tui.audio.stepping import LADDER, Setting
from rtvoice_tui.store.audio import DeviceState

FIRST = LADDER[0]
"""How a device is opened at first."""

COMES_S = 0.3
"""A device that does not come for samples within this is not waited for."""

MARGIN_MS = 10.0


@dataclass(frozen=True)
class Standing:
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


class Line:
    """Only for the keeper's thread, except `standing` and `frozen`.

    Args:
        direction: ``input`` or ``output``.
        wanted: a name or a part of it; empty for the system's default.
        part: where its sound goes or comes from.
        lost: called from any thread with a device's mark and a sentence when it ends.

    Attributes:
        stream: what is open.
        using: the name that it was opened by.
        moved: the sound server plays through another device, because this one is gone.
        frozen: no block comes any more, as somebody who watches says.
        standing: how it stands, for everybody to read.
    """

    def __init__(
        self, direction: str, wanted: str, part: Capture | Playback, lost: Callable[[object, str], None]
    ) -> None:
        self.direction = direction
        self.wanted = wanted
        self.part = part
        self.setting = FIRST
        self.stream: Any = None
        self.using = ""
        self.hardware = False
        self.moved = False
        self.frozen = False
        self.mark: object = None
        self.standing = Standing(wanted=wanted)
        self._lost = lost

    def want(self, name: str) -> None:
        """What is open is what is wanted from now on."""
        self.wanted = name
        self.standing = replace(self.standing, wanted=name)

    def use_file(self, stream: Any) -> None:
        """Use a file or silence instead of a device."""
        self.stream = stream
        self._stands(DeviceState.OPEN, name=stream.name, openings=self.standing.openings + 1)

    def put_off(self, stream: Any) -> None:
        """Let silence take the speech as long as there has never been a device."""
        self.stream = stream
        self.standing = replace(self.standing, name=stream.name)

    def open(self, backend: Any, name: str) -> None:
        """Open a device and begin, where nothing is open.

        Raises:
            AudioError: it cannot be opened.
        """
        stream, mark = self._opened(backend, name)
        self._begin(stream, mark, name)

    def exchange(self, backend: Any, name: str) -> None:
        """Open a device instead of the one that is open, which plays to its end first. No sample is lost.

        Raises:
            AudioError: it cannot be opened; the old one is in use as before.
        """
        had_device, before = self.hardware, self.using
        try:
            stream, mark = self._opened(backend, name)
        except AudioError as error:
            if not had_device or error.state is not DeviceState.REFUSED:
                raise
            self._reopen(backend, name, before)  # two names of one device that takes one program only
            return
        self.release()
        try:
            self._begin(stream, mark, name)
        except AudioError:
            if had_device:
                self._back_to(backend, before)
            raise

    def change(self, backend: Any, setting: Setting) -> None:
        """Open the same device again with other buffers. No sample is lost.

        Raises:
            AudioError: it cannot be opened so; it is in use as before.
        """
        before, self.setting = self.setting, setting
        try:
            self._reopen(backend, self.using, self.using)
        except AudioError:
            self.setting = before
            if self.stream is None:
                self._back_to(backend, self.using)
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
        blocks_ms = 2 * self.standing.block_ms
        time.sleep((max(self.standing.latency_ms, blocks_ms) + blocks_ms + MARGIN_MS) / 1000)
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
        self.standing = replace(self.standing, name="", hardware=False)

    def fail(self, state: DeviceState, sentence: str, remedy: str) -> None:
        """What is wanted cannot be used."""
        self.standing = replace(self.standing, wanted=self.wanted, state=state, sentence=sentence, remedy=remedy)

    def _opened(self, backend: Any, name: str) -> tuple[Any, object]:
        mark = object()
        kind = backend.Microphone if isinstance(self.part, Capture) else backend.Speaker
        setting = self.setting
        stream = kind(name, self.part, lambda told: self._lost(mark, told), setting.block_ms, setting.latency)
        return stream, mark

    def _begin(self, stream: Any, mark: object, name: str) -> None:
        if self.stream is not None:  # silence that stood in
            self.close()
        stream.start()
        self.stream, self.mark, self.using, self.hardware = stream, mark, name, True
        self._stands(
            DeviceState.OPEN,
            name=stream.name,
            host_api=stream.host_api,
            rate=stream.rate,
            converted=stream.rate != self.part.rate,
            block_ms=float(stream.setting.block_ms),
            latency_ms=stream.latency_ms,
            openings=self.standing.openings + 1,
            hardware=True,
        )

    def _stands(self, state: DeviceState, **known: Any) -> None:
        self.standing = Standing(wanted=self.wanted, state=state, **known)

    def _reopen(self, backend: Any, name: str, before: str) -> None:
        self.release()
        try:
            self.open(backend, name)
        except AudioError:
            self._back_to(backend, before)
            raise

    def _back_to(self, backend: Any, name: str) -> None:
        with contextlib.suppress(AudioError):
            self.open(backend, name)
