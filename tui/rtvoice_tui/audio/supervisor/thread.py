"""The supervisor thread of a session's devices: everything that opens or closes devices runs on it.

Sound libraries do not allow two such calls at the same time, and a sound server that hangs blocks only this thread.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.base import DeferredStart, Stream
from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.backends.listing import list_in_subprocess
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor.device_slot import DeviceSlot, DeviceStatus
from rtvoice_tui.audio.supervisor.hotplug import Hotplug
from rtvoice_tui.audio.supervisor.recovery import Recovery, SideRecovery
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState

OPENING_S = 5.0
"""The session starts without devices that take longer to open; they join it later."""

CLOSING_S = 2.0
"""A device that takes longer to close is abandoned."""

AGAIN_S = 1.0
"""Delay before recovery runs again after an unexpected exception."""

log = logging.getLogger(__name__)

_device_calls = threading.Lock()
"""Held during device calls: a supervisor thread that hangs may still run when the next session starts its own."""


class AudioSupervisor:
    """Opens, watches and replaces both devices of a session. All public methods may be called from any thread.

    Args:
        choice: the requested devices and files.
        capture: receives the microphone's blocks.
        playback: supplies the speaker's samples.
        tell: called from any thread with a sentence and its remedy when a request cannot be carried out.
    """

    def __init__(
        self, choice: AudioChoice, capture: Capture, playback: Playback, tell: Callable[[str, str], None]
    ) -> None:
        self._choice = choice
        self._tell = tell
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._opened = threading.Event()
        self._awake = threading.Event()
        self._awake.set()
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="audio-keeper", daemon=True)
        self._output = DeviceSlot("output", choice.output_device, playback, self._ended, lambda: _silence(playback))
        self._input = DeviceSlot("input", choice.input_device, capture, self._ended)
        self._hotplug = Hotplug(lambda: self._jobs.put(self._recovery.devices_changed))
        self._recovery = Recovery((self._output, self._input), self._hotplug)

    def open(self) -> None:
        """Start the thread and wait up to OPENING_S for both devices. What cannot be opened yet is retried."""
        self._thread.start()
        self._opened.wait(OPENING_S)

    def close(self) -> None:
        """Close both devices. Waits at most CLOSING_S for one that hangs."""
        self._jobs.put(None)
        self._awake.set()
        self._thread.join(CLOSING_S)
        if self._thread.is_alive():
            self._recovery.abandon()

    def status(self, direction: str) -> DeviceStatus:
        """Return the device status of one direction."""
        return self._slot(direction).status

    def start_input_file(self) -> None:
        """Start the input file, if there is one: the server now accepts audio."""
        stream = self._input.stream
        if isinstance(stream, DeferredStart):
            stream.start_deferred()

    def release(self, released: Callable[[], None]) -> None:
        """Close both devices until `reclaim`; speech that was not heard yet is played then.

        Args:
            released: called on the supervisor thread when they are closed.
        """
        self._awake.clear()
        self._jobs.put(lambda: self._sleep(released))

    def reclaim(self) -> None:
        """Reopen what `release` closed."""
        self._awake.set()

    def use(self, direction: str, name: str) -> None:
        """Switch to another device; an empty name is the system's default."""
        self._jobs.put(lambda: self._use(self._slot(direction), name))

    def use_setting(self, setting: Setting) -> None:
        """Reopen the speaker with another setting."""
        self._jobs.put(lambda: self._change(self._output, setting))

    def set_frozen(self, direction: str, frozen: bool, openings: int) -> None:
        """Report that a device is frozen or works again; ``openings`` is the value of its `DeviceStatus`."""
        self._jobs.put(lambda: self._set_frozen(self._slot(direction), frozen, openings))

    def _slot(self, direction: str) -> DeviceSlot:
        return self._input if direction == "input" else self._output

    # --- the thread

    def _run(self) -> None:
        self._guarded(self._open_both)
        self._opened.set()
        while True:
            due = self._guarded(self._recovery.run_due)
            try:
                job = self._jobs.get(timeout=None if due is None else max(0.01, due - time.monotonic()))
            except queue.Empty:
                continue
            if job is None:
                break
            self._guarded(job)
        self._hotplug.close()
        for slot in (self._input, self._output):
            self._guarded(slot.close)

    def _guarded(self, work: Callable[[], float | None]) -> float | None:
        """Run ``work`` and log what it raises. Returns when to run recovery again: its result, or soon if it fails."""
        with _device_calls:
            try:
                return work()
            except Exception as error:
                if repr(error) != self._problem:  # logged once: it may recur every second
                    self._problem = repr(error)
                    log.exception("a sound device cannot be looked after")
                return time.monotonic() + AGAIN_S

    def _open_both(self) -> None:
        self._hotplug.watch(watching=bool(self._choice.input_device or self._choice.output_device), missing=False)
        for side in self._recovery.sides:
            slot = side.slot
            try:
                chosen = choosing.file_or_silence(self._choice, slot.part, self._tell)
            except AudioError as error:
                side.needs_device = False
                slot.fail(error.state, error.sentence, error.remedy)
                chosen = None
            if chosen is not None:
                slot.use_file(chosen)
            if self._choice.silent or chosen is not None:
                side.needs_device = False
        self._recovery.run_due()
        if self._output.stream is None:
            self._output.use_silence()

    def _ended(self, mark: object, sentence: str) -> None:
        self._jobs.put(lambda: self._has_ended(mark, sentence))

    def _has_ended(self, mark: object, sentence: str) -> None:
        for side in self._recovery.sides:
            if side.slot.mark is mark:
                self._recovery.ended(side, sentence)

    # --- requests

    def _sleep(self, released: Callable[[], None]) -> None:
        in_use = [(side, side.slot.using) for side in self._recovery.sides if side.slot.hardware]
        for side, _ in in_use:
            side.slot.drop()
        released()
        self._awake.wait()
        for side, name in in_use:
            self._recovery.reopen(side, name)

    def _use(self, slot: DeviceSlot, name: str) -> None:
        side = self._recovery.of(slot)
        try:
            try:
                slot.switch_to(self._recovery.backend(), name)
            except AudioError as error:
                if error.state is DeviceState.REFUSED or not _listed(slot.direction, name):
                    raise
                self._use_new(side, name)
        except AudioError as error:
            stays = f": {slot.status.name} stays in use" if slot.status.name else ""
            self._tell(f"{error.sentence}{stays}", error.remedy)
            return
        slot.want(name)
        side.needs_device = True
        self._recovery.recovered(side)

    def _use_new(self, side: SideRecovery, name: str) -> None:
        """Switch to a device that is not in PortAudio's list yet."""
        before = side.slot.using if side.slot.hardware else None
        if before is not None:
            side.slot.release()
        try:
            self._recovery.renew()
            side.slot.open(self._recovery.backend(), name)
        except AudioError:
            if before is not None:
                self._recovery.reopen(side, before)
            raise

    def _set_frozen(self, slot: DeviceSlot, frozen: bool, openings: int) -> None:
        if slot.hardware and slot.status.openings == openings:  # it may have been reopened in the meantime
            slot.frozen = frozen
            if not frozen:
                self._recovery.unfrozen(self._recovery.of(slot))

    def _change(self, slot: DeviceSlot, setting: Setting) -> None:
        if not slot.hardware or slot.frozen or slot.moved:
            return
        try:
            slot.change(self._recovery.backend(), setting)
        except AudioError as error:
            self._tell(error.sentence, error.remedy)


def _silence(playback: Playback) -> Stream:
    from rtvoice_tui.audio.backends.wav_files import SilentSpeaker

    return SilentSpeaker(playback)


def _listed(direction: str, name: str) -> bool:
    try:
        return any(device.has(direction) and name.lower() in device.name.lower() for device in list_in_subprocess())
    except AudioError:
        return False
