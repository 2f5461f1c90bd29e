"""The notices of a run, and which of them to show where there is room for one."""

from collections.abc import Iterator

from rtvoice_tui.session.facts import Level, Notice

WARNING_STAYS_S = 20.0
"""A warning is not replaced by information within this time in seconds."""

FOLDED_S = 0.25
"""The same notice again within this time in seconds is one of a flood, such as an error for each microphone frame."""

_SEVERITY = {Level.INFO: 0, Level.WARNING: 1, Level.ERROR: 2}


class Notices:
    """The last notices with their times in seconds; a lesser one never hides or displaces a worse one.

    Args:
        most: number of notices that are kept. The oldest of the least severe ones is dropped first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: list[tuple[float, Notice]] = []
        self._new_attempt = False

    def __iter__(self) -> Iterator[tuple[float, Notice]]:
        return iter(list(self._entries))

    def __getitem__(self, index: int) -> tuple[float, Notice]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def newest(self) -> float:
        """Time of the last one; -1 before the first."""
        return self._entries[-1][0] if self._entries else -1.0

    def connecting(self) -> None:
        """A connection is attempted: the next notice is about it, whatever the last one said."""
        self._new_attempt = True

    def add(self, at: float, notice: Notice) -> None:
        """Add a notice; one that repeats the last one within `FOLDED_S` takes its place."""
        again = bool(self._entries) and self._entries[-1][1] == notice and at - self.newest <= FOLDED_S
        if again and not self._new_attempt:
            self._entries.pop()
        self._new_attempt = False
        self._entries.append((at, notice))
        if len(self._entries) > self._most:
            severities = [_SEVERITY[kept.level] for _, kept in self._entries[:-1]]  # the newest stays
            index = severities.index(min(severities))
            del self._entries[index]

    def worst(self, now: float, hidden_until: float, solved_until: float | None) -> Notice | None:
        """Return the worst notice that is neither hidden nor solved; of several the newest, ``None`` if there is none.

        Errors stay until the user hides them or a session opens on a later connection, warnings for a while.

        Args:
            now: the current time.
            hidden_until: notices up to this time were hidden by the user.
            solved_until: errors before this time are solved; ``None`` if none is.
        """
        worst: Notice | None = None
        for at, notice in reversed(self._entries):
            if at <= hidden_until:
                break
            error = notice.level is Level.ERROR
            if (error or notice.until_session) and solved_until is not None and at < solved_until:
                continue
            if worst is not None and not error and now - at > WARNING_STAYS_S:
                continue
            if worst is None or _SEVERITY[notice.level] > _SEVERITY[worst.level]:
                worst = notice
        return worst
