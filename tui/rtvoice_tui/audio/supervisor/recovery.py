"""Recovery of devices that are lost, frozen or not yet present. Supervisor thread only.

The requested device is retried; meanwhile the system's default is used, if there is one. PortAudio lists the devices
only once, when it is initialized, but it can open most devices that come back. Only if that fails, all streams are
closed for a moment to renew the list.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.base import Backend
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor.device_slot import DeviceSlot
from rtvoice_tui.audio.supervisor.hotplug import DeviceNames, Hotplug
from rtvoice_tui.errors import AudioError, DeviceNotFound
from rtvoice_tui.media import DeviceState

RETRY_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Delays between tries to open the requested device; the last one repeats."""

RENEW_S = (2.0, 5.0, 15.0, 60.0)
"""Minimum delays between renewals of the device list, if they do not help; the last one repeats."""

SETTLES_S = 0.1
"""Delay before a new device is opened: PortAudio crashes if a device disappears while it is being started."""

STALE_S = 0.3
"""A poll that started sooner than this after a device ended may still show the state before."""

FROZEN_S = (3.0, 6.0, 15.0, 30.0)
"""Delays before a frozen device is reopened: the first one, then between further tries; the last one repeats."""

INSTEAD = ": the system's default is used meanwhile"
BACK = "it is used again as soon as it is back; d chooses another"
COMES = "this one is used as soon as it is there"


@dataclass
class SideRecovery:
    """Recovery state of one direction. Times are those of the recovery's clock, in seconds.

    Attributes:
        slot: the direction's device.
        needs_device: the direction uses a device, not a file or silence.
        ended: the sentence reported when its device ended; empty if none did.
        ended_at: when it ended.
        known_as: the name under which `Hotplug` has listed the device; empty if it never did.
        tries: failed tries to open the requested device.
        retry_at: when it is tried again.
        thaws: how often a frozen device was reopened.
        thaw_at: when it is reopened next; 0 if the device is not frozen.
    """

    slot: DeviceSlot
    needs_device: bool = True
    ended: str = ""
    ended_at: float = 0.0
    listed_name: str = ""
    tries: int = 0
    retry_at: float = 0.0
    reopens: int = 0
    reopen_at: float = 0.0

    @property
    def missing(self) -> bool:
        """Whether the requested device is needed and not in use."""
        return self.needs_device and (self.slot.status.state is not DeviceState.OPEN or not self.slot.hardware)

    @property
    def due(self) -> list[float]:
        """When recovery of this direction has to run again."""
        return [self.retry_at] * self.missing + [self.reopen_at] * (self.reopen_at > 0)


class Recovery:
    """Recovers the devices of both directions.

    Args:
        slots: the devices of both directions.
        hotplug: knows which devices are present.
        clock: returns seconds; all times of `SideRecovery` use it.
    """

    def __init__(
        self, slots: Sequence[DeviceSlot], hotplug: Hotplug, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sides = [SideRecovery(slot) for slot in slots]
        self._hotplug = hotplug
        self._clock = clock
        self._backend: Backend | None = None
        self._no_backend: AudioError | None = None
        self._renewed = 0
        self._renew_at = 0.0

    def backend(self) -> Backend:
        """Return the sound system in use; the first call chooses it.

        Raises:
            AudioError: no sound system works.
        """
        if self._backend is not None:
            return self._backend
        if self._no_backend is not None:  # until `renew` tries again
            raise self._no_backend
        return self._use_backend(choosing.choose_backend)

    def _use_backend(self, choose: Callable[[], Backend]) -> Backend:
        self._backend, self._no_backend = None, None
        try:
            self._backend = choose()
        except AudioError as error:
            self._no_backend = error
            raise
        return self._backend

    def abandon(self) -> None:
        """Let the program exit although a device call hangs."""
        if self._backend is not None:
            self._backend.abandon()

    def of(self, slot: DeviceSlot) -> SideRecovery:
        """Return the recovery state of a slot."""
        return next(side for side in self.sides if side.slot is slot)

    def run_due(self) -> float | None:
        """Run the recovery that is due; return when to run again (`clock`), or None if nothing is scheduled.

        An unexpected exception of one direction is raised after the other direction was handled.
        """
        unforeseen: Exception | None = None
        for side in self.sides:
            try:
                self._run_due(side)
            except Exception as error:
                unforeseen = error
        self._hotplug.watch(
            watching=any(side.slot.hardware and side.slot.wanted for side in self.sides),
            missing=any(side.missing or side.slot.frozen for side in self.sides),
        )
        if unforeseen is not None:
            raise unforeseen
        return min((at for side in self.sides for at in side.due), default=None)

    def devices_changed(self) -> None:
        """Schedule new tries: the present devices have changed, so what failed may work now."""
        self._renewed, self._renew_at = 0, 0.0
        for side in self.sides:
            side.retry_at = self._clock() + SETTLES_S

    def ended(self, side: SideRecovery, sentence: str) -> None:
        """Drop a device that has ended, report it as gone and retry at once."""
        side.ended, side.ended_at, side.tries, side.retry_at = sentence, self._clock(), 0, 0.0
        side.slot.drop()
        side.slot.fail(DeviceState.GONE, sentence, BACK)

    def recovered(self, side: SideRecovery) -> None:
        """Reset the recovery state: the requested device is in use."""
        side.ended, side.listed_name, side.tries = "", "", 0

    def reopen(self, side: SideRecovery, name: str) -> None:
        """Reopen a device that was just closed; one that cannot be opened counts as ended."""
        try:
            side.slot.reopen(self.backend(), name)
        except AudioError as error:
            self.ended(side, error.sentence)

    def renew(self) -> None:
        """Renew the device list: every device plays what it holds, is closed, and is reopened afterwards.

        Raises:
            AudioError: no device is left; those that were open have ended.
        """
        in_use = [(side, side.slot.using) for side in self.sides if side.slot.hardware]
        for side, _ in in_use:
            side.slot.release()
        try:
            self._use_backend(choosing.rescan)
        finally:
            for side, name in in_use:
                self.reopen(side, name)

    # --- one direction

    def _run_due(self, side: SideRecovery) -> None:
        self._see(side)
        if side.slot.frozen:
            self._thaw(side)
        elif side.reopen_at and side.reopen_at <= self._clock():  # it works again since it was reopened
            self.unfrozen(side)
        if side.missing and side.retry_at <= self._clock():
            self._try(side)
            self._see(side)

    def _see(self, side: SideRecovery) -> None:
        """Mark an open device as moved when `Hotplug` no longer lists it."""
        slot, present = side.slot, self._hotplug.present
        if present is None or not slot.hardware or not slot.using:
            return
        name, names = slot.status.name, present.names(slot.direction)
        if name in names:
            side.listed_name = name
        elif side.listed_name == name and names and not slot.moved:
            slot.moved = True
            slot.fail(DeviceState.GONE, f"{_gone(slot)}{INSTEAD}", BACK)

    def _thaw(self, side: SideRecovery) -> None:
        """Treat a frozen device as ended when it is no longer listed; otherwise reopen it now and then."""
        slot, present, now = side.slot, self._hotplug.present, self._clock()
        known = side.listed_name == slot.status.name
        if present is not None and known and not self._is_there(side, present):
            self.ended(side, _gone(slot))
        elif not side.reopen_at:
            side.reopen_at = now + FROZEN_S[0]
        elif now >= side.reopen_at:
            side.reopens += 1
            side.reopen_at = now + FROZEN_S[min(side.reopens, len(FROZEN_S) - 1)]
            using = slot.using
            slot.drop()
            self.reopen(side, using)

    def unfrozen(self, side: SideRecovery) -> None:
        """Reset the freeze state: the device delivers or requests blocks again."""
        side.reopens, side.reopen_at = 0, 0.0

    def _is_there(self, side: SideRecovery, present: DeviceNames) -> bool:
        return side.listed_name in present.names(side.slot.direction)

    def _try(self, side: SideRecovery) -> None:
        slot, present = side.slot, self._hotplug.present
        side.retry_at = self._clock() + RETRY_S[min(side.tries, len(RETRY_S) - 1)]
        side.tries += 1
        if present is not None and side.listed_name and not self._is_there(side, present):
            if not slot.hardware:
                self._do_without(side, AudioError(side.ended or _gone(slot), BACK, DeviceState.GONE))
            return
        try:
            if slot.hardware:
                slot.switch_to(self.backend(), slot.wanted, insist=False)  # keep the replacement playing if this fails
            else:
                slot.open(self.backend(), slot.wanted)
        except AudioError as error:
            if not slot.hardware:
                self._do_without(side, error)
            if error.state is not DeviceState.REFUSED:
                self._perhaps_renew(side)
        else:
            self.recovered(side)

    def _do_without(self, side: SideRecovery, error: AudioError) -> None:
        slot, sentence = side.slot, side.ended or error.sentence
        was_there = side.ended or (slot.wanted and self._backend is not None and error.state is DeviceState.NONE)
        state = DeviceState.GONE if was_there else error.state
        if slot.wanted and self._backend is not None:
            try:
                slot.open(self._backend, "")
            except AudioError:
                pass
            else:
                unknown = isinstance(error, DeviceNotFound) and not side.ended
                slot.fail(state, f"{sentence}{INSTEAD}", f"{error.remedy}; {COMES}" if unknown else BACK)
                return
        waits = " and there is no other: speech waits" if isinstance(slot.part, Playback) and side.ended else ""
        slot.fail(state, f"{sentence}{waits}", error.remedy if not side.ended else BACK)

    def _perhaps_renew(self, side: SideRecovery) -> None:
        """Renew the list if a device is listed that PortAudio cannot open: its own list may be out of date."""
        present, now, slot = self._hotplug.present, self._clock(), side.slot
        nothing_open = not any(each.slot.hardware for each in self.sides)
        stale = self._hotplug.polled_at < side.ended_at + STALE_S
        if present is None or stale or now < self._renew_at or side.tries < 2:
            return
        if not present.lists(slot.direction, "" if nothing_open else slot.wanted):
            return
        self._renew_at = now + RENEW_S[min(self._renewed, len(RENEW_S) - 1)]
        self._renewed += 1
        try:
            self.renew()
        except AudioError as error:
            if not slot.hardware:
                self._do_without(side, error)
        for each in self.sides:
            each.retry_at = 0.0


def _gone(slot: DeviceSlot) -> str:
    name = slot.status.name or slot.wanted
    return f"the {slot.direction} device {name} is gone" if name else f"the {slot.direction} device is gone"
