"""What is done about a device that is lost, frozen or not yet there. Only for the keeper's thread.

What is wanted is tried again and again; meanwhile the system's default is used, if there is one. PortAudio's list of
devices is as old as the program, but most devices that come back can be opened by it; only if one cannot, all streams
are closed for a moment to have the list renewed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.base import Backend
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor.device_slot import DeviceSlot
from rtvoice_tui.audio.supervisor.hotplug import DeviceNames, Hotplug
from rtvoice_tui.errors import AudioError, UnknownName
from rtvoice_tui.media import DeviceState

RETRY_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""How long to wait before the next try; the last one again and again."""

RENEW_S = (2.0, 5.0, 15.0, 60.0)
"""How long to wait before the list is renewed again, when that did not help."""

SETTLES_S = 0.1
"""A device that comes may go at once again; PortAudio crashes if it goes in the moment in which it is started."""

STALE_S = 0.3
"""What was seen sooner after a device ended may be how it was before."""

FROZEN_S = (3.0, 6.0, 15.0, 30.0)
"""How long a frozen device is left alone before it is opened anew, and then before that is done again."""

INSTEAD = ": the system's default is used meanwhile"
BACK = "it is used again as soon as it is back; d chooses another"
COMES = "this one is used as soon as it is there"


@dataclass
class SideRecovery:
    """What is done about one direction.

    Attributes:
        needs_device: whether it is to have a device, and no file and no silence.
        ended: what was told when its device ended, and ``ended_at`` when that was.
        known_as: the name by which the device can be seen to be there.
        tries, retry_at: how often what is wanted was tried in vain, and when it is tried again.
        thaws, thaw_at: the same for opening a frozen device anew.
    """

    slot: DeviceSlot
    needs_device: bool = True
    ended: str = ""
    ended_at: float = 0.0
    known_as: str = ""
    tries: int = 0
    retry_at: float = 0.0
    thaws: int = 0
    thaw_at: float = 0.0

    @property
    def missing(self) -> bool:
        """Whether a device is wanted and not in use."""
        return self.needs_device and (self.slot.status.state is not DeviceState.OPEN or not self.slot.hardware)

    @property
    def due(self) -> list[float]:
        """When to look at it again."""
        return [self.retry_at] * self.missing + [self.thaw_at] * (self.thaw_at > 0)


class Recovery:
    """Both directions' side.

    Args:
        slots: both directions.
        hotplug: sees which devices are there.
        clock: seconds; for `due` times.
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
        """The sound system in use.

        Raises:
            AudioError: there is none.
        """
        if self._backend is not None:
            return self._backend
        if self._no_backend is not None:  # until something new is seen
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
        """A device hangs, and the program is to end all the same."""
        if self._backend is not None:
            self._backend.abandon()

    def of(self, slot: DeviceSlot) -> SideRecovery:
        """A direction's side."""
        return next(side for side in self.sides if side.slot is slot)

    def run_due(self) -> float | None:
        """Do what is to be done now; when to come again (`clock`), or None to wait for news.

        What a direction raises that nobody foresaw is raised when the other one was looked after.
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
        """Other devices are there than before: what failed may work now."""
        self._renewed, self._renew_at = 0, 0.0
        for side in self.sides:
            side.retry_at = self._clock() + SETTLES_S

    def ended(self, side: SideRecovery, sentence: str) -> None:
        """A direction's device has ended."""
        side.ended, side.ended_at, side.tries, side.retry_at = sentence, self._clock(), 0, 0.0
        side.slot.drop()
        side.slot.fail(DeviceState.GONE, sentence, BACK)

    def recovered(self, side: SideRecovery) -> None:
        """What is wanted is in use."""
        side.ended, side.known_as, side.tries = "", "", 0

    def reopen(self, side: SideRecovery, name: str) -> None:
        """Open a device where it was just given back; one that cannot be opened has ended."""
        try:
            side.slot.reopen(self.backend(), name)
        except AudioError as error:
            self.ended(side, error.sentence)

    def renew(self) -> None:
        """Have the list of devices renewed: every stream ends, plays out what it holds, and is opened again.

        Raises:
            AudioError: there is no device any more; those that were open have ended.
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
        elif side.thaw_at and side.thaw_at <= self._clock():  # it has gone on since it was opened anew
            self.thawed(side)
        if side.missing and side.retry_at <= self._clock():
            self._try(side)
            self._see(side)

    def _see(self, side: SideRecovery) -> None:
        """Whether the device is still there, as far as that can be seen."""
        slot, present = side.slot, self._hotplug.present
        if present is None or not slot.hardware or not slot.using:
            return
        name, names = slot.status.name, present.names(slot.direction)
        if name in names:
            side.known_as = name
        elif side.known_as == name and names and not slot.moved:
            slot.moved = True
            slot.fail(DeviceState.GONE, f"{_gone(slot)}{INSTEAD}", BACK)

    def _thaw(self, side: SideRecovery) -> None:
        """A frozen device that is no longer there is lost; another one may be woken by being opened anew."""
        slot, present, now = side.slot, self._hotplug.present, self._clock()
        known = side.known_as == slot.status.name
        if present is not None and known and not self._is_there(side, present):
            self.ended(side, _gone(slot))
        elif not side.thaw_at:
            side.thaw_at = now + FROZEN_S[0]
        elif now >= side.thaw_at:
            side.thaws += 1
            side.thaw_at = now + FROZEN_S[min(side.thaws, len(FROZEN_S) - 1)]
            using = slot.using
            slot.drop()
            self.reopen(side, using)

    def thawed(self, side: SideRecovery) -> None:
        """A frozen device goes on."""
        side.thaws, side.thaw_at = 0, 0.0

    def _is_there(self, side: SideRecovery, present: DeviceNames) -> bool:
        return side.known_as in present.names(side.slot.direction)

    def _try(self, side: SideRecovery) -> None:
        slot, present = side.slot, self._hotplug.present
        side.retry_at = self._clock() + RETRY_S[min(side.tries, len(RETRY_S) - 1)]
        side.tries += 1
        if present is not None and side.known_as and not self._is_there(side, present):
            if not slot.hardware:
                self._do_without(side, AudioError(side.ended or _gone(slot), BACK, DeviceState.GONE))
            return
        try:
            if slot.hardware:
                slot.exchange(self.backend(), slot.wanted, insist=False)  # what stands in is not interrupted in vain
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
                unknown = isinstance(error, UnknownName) and not side.ended
                slot.fail(state, f"{sentence}{INSTEAD}", f"{error.remedy}; {COMES}" if unknown else BACK)
                return
        waits = " and there is no other: speech waits" if isinstance(slot.part, Playback) and side.ended else ""
        slot.fail(state, f"{sentence}{waits}", error.remedy if not side.ended else BACK)

    def _perhaps_renew(self, side: SideRecovery) -> None:
        """Renew the list if a device is there that PortAudio cannot open: its list is as old as the program."""
        present, now, slot = self._hotplug.present, self._clock(), side.slot
        nothing_open = not any(each.slot.hardware for each in self.sides)
        stale = self._hotplug.looked_at < side.ended_at + STALE_S
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
