"""What is done about a device that is lost, frozen or not yet there. Only for the keeper's thread.

What is wanted is tried again and again; meanwhile the system's default is used, if there is one. PortAudio's list of
devices is as old as the program, but most devices that come back can be opened by it; only if one cannot, all streams
are closed for a moment to have the list renewed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.base import AudioError, UnknownName
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor.device_slot import Line
from rtvoice_tui.audio.supervisor.hotplug import Presence, Present
from rtvoice_tui.store.audio import DeviceState

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
class Care:
    """What is done about one direction.

    Attributes:
        needs_device: whether it is to have a device, and no file and no silence.
        ended: what was told when its device ended, and ``ended_at`` when that was.
        known_as: the name by which the device can be seen to be there.
        tries, retry_at: how often what is wanted was tried in vain, and when it is tried again.
        thaws, thaw_at: the same for opening a frozen device anew.
    """

    line: Line
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
        return self.needs_device and (self.line.standing.state is not DeviceState.OPEN or not self.line.hardware)

    @property
    def due(self) -> list[float]:
        """When to look at it again."""
        return [self.retry_at] * self.missing + [self.thaw_at] * (self.thaw_at > 0)


class Healer:
    """Both directions' care.

    Args:
        lines: both directions.
        presence: sees which devices are there.
        clock: seconds; for `due` times.
    """

    def __init__(self, lines: Sequence[Line], presence: Presence, clock: Callable[[], float] = time.monotonic) -> None:
        self.cares = [Care(line) for line in lines]
        self._presence = presence
        self._clock = clock
        self._backend: Any = None
        self._no_backend: AudioError | None = None
        self._renewed = 0
        self._renew_at = 0.0

    def backend(self) -> Any:
        """The sound system in use.

        Raises:
            AudioError: there is none.
        """
        if self._backend is None:
            if self._no_backend is not None:  # until something new is seen
                raise self._no_backend
            self._use_backend(choosing.choose_backend)
        return self._backend

    def _use_backend(self, choose: Callable[[], Any]) -> None:
        self._backend, self._no_backend = None, None
        try:
            self._backend = choose()
        except AudioError as error:
            self._no_backend = error
            raise

    def abandon(self) -> None:
        """A device hangs, and the program is to end all the same."""
        if self._backend is not None:
            self._backend.abandon()

    def of(self, line: Line) -> Care:
        """A direction's care."""
        return next(care for care in self.cares if care.line is line)

    def look_after(self) -> float | None:
        """Do what is to be done now; when to come again (`clock`), or None to wait for news.

        What a direction raises that nobody foresaw is raised when the other one was looked after.
        """
        unforeseen: Exception | None = None
        for care in self.cares:
            try:
                self._look_after(care)
            except Exception as error:
                unforeseen = error
        self._presence.watch(
            watching=any(care.line.hardware and care.line.wanted for care in self.cares),
            missing=any(care.missing or care.line.frozen for care in self.cares),
        )
        if unforeseen is not None:
            raise unforeseen
        return min((at for care in self.cares for at in care.due), default=None)

    def others_found(self) -> None:
        """Other devices are there than before: what failed may work now."""
        self._renewed, self._renew_at = 0, 0.0
        for care in self.cares:
            care.retry_at = self._clock() + SETTLES_S

    def ended(self, care: Care, sentence: str) -> None:
        """A direction's device has ended."""
        care.ended, care.ended_at, care.tries, care.retry_at = sentence, self._clock(), 0, 0.0
        care.line.drop()
        care.line.fail(DeviceState.GONE, sentence, BACK)

    def healed(self, care: Care) -> None:
        """What is wanted is in use."""
        care.ended, care.known_as, care.tries = "", "", 0

    def reopen(self, care: Care, name: str) -> None:
        """Open a device where it was just given back; one that cannot be opened has ended."""
        try:
            care.line.reopen(self.backend(), name)
        except AudioError as error:
            self.ended(care, error.sentence)

    def renew(self) -> None:
        """Have the list of devices renewed: every stream ends, plays out what it holds, and is opened again.

        Raises:
            AudioError: there is no device any more; those that were open have ended.
        """
        in_use = [(care, care.line.using) for care in self.cares if care.line.hardware]
        for care, _ in in_use:
            care.line.release()
        try:
            self._use_backend(choosing.look_again)
        finally:
            for care, name in in_use:
                self.reopen(care, name)

    # --- one direction

    def _look_after(self, care: Care) -> None:
        self._see(care)
        if care.line.frozen:
            self._thaw(care)
        elif care.thaw_at and care.thaw_at <= self._clock():  # it has gone on since it was opened anew
            self.thawed(care)
        if care.missing and care.retry_at <= self._clock():
            self._try(care)
            self._see(care)

    def _see(self, care: Care) -> None:
        """Whether the device is still there, as far as that can be seen."""
        line, present = care.line, self._presence.present
        if present is None or not line.hardware or not line.using:
            return
        name, names = line.standing.name, present.names(line.direction)
        if name in names:
            care.known_as = name
        elif care.known_as == name and names and not line.moved:
            line.moved = True
            line.fail(DeviceState.GONE, f"{_gone(line)}{INSTEAD}", BACK)

    def _thaw(self, care: Care) -> None:
        """A frozen device that is no longer there is lost; another one may be woken by being opened anew."""
        line, present, now = care.line, self._presence.present, self._clock()
        known = care.known_as == line.standing.name
        if present is not None and known and not self._is_there(care, present):
            self.ended(care, _gone(line))
        elif not care.thaw_at:
            care.thaw_at = now + FROZEN_S[0]
        elif now >= care.thaw_at:
            care.thaws += 1
            care.thaw_at = now + FROZEN_S[min(care.thaws, len(FROZEN_S) - 1)]
            using = line.using
            line.drop()
            self.reopen(care, using)

    def thawed(self, care: Care) -> None:
        """A frozen device goes on."""
        care.thaws, care.thaw_at = 0, 0.0

    def _is_there(self, care: Care, present: Present) -> bool:
        return care.known_as in present.names(care.line.direction)

    def _try(self, care: Care) -> None:
        line, present = care.line, self._presence.present
        care.retry_at = self._clock() + RETRY_S[min(care.tries, len(RETRY_S) - 1)]
        care.tries += 1
        if present is not None and care.known_as and not self._is_there(care, present):
            if not line.hardware:
                self._do_without(care, AudioError(care.ended or _gone(line), BACK, DeviceState.GONE))
            return
        try:
            if line.hardware:
                line.exchange(self.backend(), line.wanted, insist=False)  # what stands in is not interrupted in vain
            else:
                line.open(self.backend(), line.wanted)
        except AudioError as error:
            if not line.hardware:
                self._do_without(care, error)
            if error.state is not DeviceState.REFUSED:
                self._perhaps_renew(care)
        else:
            self.healed(care)

    def _do_without(self, care: Care, error: AudioError) -> None:
        line, sentence = care.line, care.ended or error.sentence
        was_there = care.ended or (line.wanted and self._backend is not None and error.state is DeviceState.NONE)
        state = DeviceState.GONE if was_there else error.state
        if line.wanted and self._backend is not None:
            try:
                line.open(self._backend, "")
            except AudioError:
                pass
            else:
                unknown = isinstance(error, UnknownName) and not care.ended
                line.fail(state, f"{sentence}{INSTEAD}", f"{error.remedy}; {COMES}" if unknown else BACK)
                return
        waits = " and there is no other: speech waits" if isinstance(line.part, Playback) and care.ended else ""
        line.fail(state, f"{sentence}{waits}", error.remedy if not care.ended else BACK)

    def _perhaps_renew(self, care: Care) -> None:
        """Renew the list if a device is there that PortAudio cannot open: its list is as old as the program."""
        present, now, line = self._presence.present, self._clock(), care.line
        nothing_open = not any(each.line.hardware for each in self.cares)
        stale = self._presence.looked_at < care.ended_at + STALE_S
        if present is None or stale or now < self._renew_at or care.tries < 2:
            return
        if not present.lists(line.direction, "" if nothing_open else line.wanted):
            return
        self._renew_at = now + RENEW_S[min(self._renewed, len(RENEW_S) - 1)]
        self._renewed += 1
        try:
            self.renew()
        except AudioError as error:
            if not line.hardware:
                self._do_without(care, error)
        for each in self.cares:
            each.retry_at = 0.0


def _gone(line: Line) -> str:
    name = line.standing.name or line.wanted
    return f"the {line.direction} device {name} is gone" if name else f"the {line.direction} device is gone"
