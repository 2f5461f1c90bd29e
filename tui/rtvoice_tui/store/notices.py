"""The notices of a run, and which of them to show where there is room for one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rtvoice_tui.session.facts import Level, Notice

WARNING_STAYS_S = 20.0
"""A warning is not replaced by information within this time in seconds."""

FOLDED_S = 0.25
"""The same notice again within this time in seconds is one of a flood, such as an error for each microphone frame."""

_SEVERITY = {Level.INFO: 0, Level.WARNING: 1, Level.ERROR: 2}


@dataclass
class _Entry:
    at: float
    notice: Notice
    solved: bool = False
    hidden: bool = False


class Notices:
    """The last notices with their times in seconds; a lesser one never hides or displaces a worse one.

    Args:
        most: number of notices that are kept. The oldest of the least severe ones is dropped first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: list[_Entry] = []
        self._new_attempt = False

    def __iter__(self) -> Iterator[tuple[float, Notice]]:
        return iter([(entry.at, entry.notice) for entry in self._entries])

    def __getitem__(self, index: int) -> tuple[float, Notice]:
        entry = self._entries[index]
        return entry.at, entry.notice

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def newest(self) -> float:
        """Time of the last one; -1 before the first."""
        return self._entries[-1].at if self._entries else -1.0

    def connecting(self) -> None:
        """A connection is attempted: the next notice is about it, whatever the last one said."""
        self._new_attempt = True

    def add(self, at: float, notice: Notice) -> None:
        """Add a notice; one that repeats the last one within `FOLDED_S` takes its place."""
        again = bool(self._entries) and self._entries[-1].notice == notice and at - self.newest <= FOLDED_S
        if again and not self._new_attempt:
            self._entries.pop()
        self._new_attempt = False
        self._entries.append(_Entry(at, notice))
        if len(self._entries) > self._most:
            severities = [_SEVERITY[kept.notice.level] for kept in self._entries[:-1]]  # the newest stays
            index = severities.index(min(severities))
            del self._entries[index]

    def solved(self, which: Callable[[Notice], bool]) -> None:
        """Mark notices as solved: they are kept, and not shown in the row any more."""
        for entry in self._entries:
            entry.solved = entry.solved or which(entry.notice)

    def hide(self) -> None:
        """The user has seen them: they are kept, and not shown in the row any more."""
        for entry in self._entries:
            entry.hidden = True

    def worst(self, now: float, solved_until: float | None) -> Notice | None:
        """The first of `current`; ``None`` if there is none."""
        return next(iter(self.current(now, solved_until)), None)

    def current(self, now: float, solved_until: float | None) -> list[Notice]:
        """The notices that are neither hidden nor solved, worst first; of the same severity the newest first.

        Errors stay until the user hides them or a session opens on a later connection, warnings for a while where
        there is something else, information only where there is nothing else.

        Args:
            now: the current time.
            solved_until: errors before this time are solved; ``None`` if none is.
        """
        found: list[Notice] = []
        for entry in reversed(self._entries):
            notice, at = entry.notice, entry.at
            if entry.hidden:
                break
            error = notice.level is Level.ERROR
            opened = solved_until is not None and at < solved_until
            if entry.solved or (opened and (error or notice.until_session)) or notice in found:
                continue
            if found and not error and now - at > WARNING_STAYS_S:
                continue
            if not found or notice.level is not Level.INFO:
                found.append(notice)
        found.sort(key=lambda notice: -_SEVERITY[notice.level])
        return [notice for notice in found if notice.level is not Level.INFO] or found
