"""Groups of events in the event log: all events of one response, or of one utterance of the user.

A group takes a few columns; each row has the number of its group and a link to the next row of the same group.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from rtvoice_tui.protocol.wire import Claim, GroupKind, GroupMark

MAX_IDS = 1024
"""Number of ids that are remembered; an event with an older one stands for itself or begins a new group."""

MAX_ID = 200
"""Length at which ids are cut."""

_OPEN = {GroupKind.RESPONSE: 8, GroupKind.SPEECH: 1, GroupKind.MICROPHONE: 0}
"""Number of groups of a kind that are open at most; the next one closes the oldest."""

MAX_STATUSES = 64
"""Number of different statuses; all later ones are `OTHER_STATUS`."""

OTHER_STATUS = "ended"

_KINDS = tuple(GroupKind)
_NONE = 0xFFFF_FFFF

_CHANGING = ("_next_rows", "_statuses", "_named", "_lasts", "_events", "_audio", "_until")
"""Columns of rows and groups that may change later."""

FAILURES = frozenset(("failed", "incomplete"))
"""Statuses that are errors."""


@dataclass(frozen=True)
class Group:
    """A group of events.

    Attributes:
        number: number of the group; numbers start at 1.
        kind: what its events tell of.
        ordinal: which group of its kind it is, from 1.
        first: its first row.
        events: number of its events.
        audio_bytes: bytes of PCM audio in them.
        until: time of its last event, in seconds on the store's clock.
        status: how it ended, such as ``completed`` or ``cancelled``; empty if it did not end yet, or never tells.
    """

    number: int
    kind: GroupKind
    ordinal: int
    first: int
    events: int
    audio_bytes: int
    until: float
    status: str

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self.status in FAILURES


class GroupsState(NamedTuple):
    """Groups at one time, for `EventGroups.at`."""

    heads: int
    of_row: "array[int]"
    groups: int
    changing: "tuple[array[Any], ...]"
    ids: dict[str, int]
    open: dict[GroupKind, list[int]]
    counts: dict[GroupKind, int]
    words: list[str]


class EventGroups:
    """The groups of an event log, which adds rows to it. Every operation takes constant time.

    Attributes:
        heads: the rows that begin something, in order: rows without a group, and the first row of each group.
        of_row: number of the group of each row; 0: none.
    """

    def __init__(self) -> None:
        self.heads = array("I")
        self.of_row = array("I")
        self._next_rows = array("I")  # 0: the last of its group
        # one entry per group; 0 is none
        self._kinds = array("B", (0,))
        self._statuses = array("B", (0,))
        self._named = array("B", (0,))  # whether its own id is known
        self._ordinals = array("I", (0,))
        self._firsts = array("I", (_NONE,))
        self._lasts = array("I", (_NONE,))
        self._events = array("I", (0,))
        self._audio = array("Q", (0,))
        self._until = array("d", (0.0,))
        self._ids: dict[str, int] = {}
        self._open: dict[GroupKind, list[int]] = {kind: [] for kind in GroupKind}
        self._counts = dict.fromkeys(GroupKind, 0)
        self._words = ["", "completed", OTHER_STATUS]

    def __len__(self) -> int:
        """Number of groups."""
        return len(self._kinds) - 1

    # --- the session's thread

    def assign(self, mark: GroupMark | None, error: bool) -> int:
        """Return the number of the group that an event belongs to; 0 if it stands for itself.

        Args:
            mark: what the event tells about its group.
            error: whether it is an error. Errors stand for themselves, so that no fold hides one; only a group that
                failed, which shows that itself, holds the event that says so.
        """
        if mark is None:
            return 0
        group = self._find(mark)
        if group and mark.ends:
            self._end(group, mark)
        if error and self._status(group) not in FAILURES:
            return 0
        return group

    def reserve(self, group: int) -> None:
        """Add the columns of a row, before it can be seen."""
        self.of_row.append(group)
        self._next_rows.append(0)

    def link(self, row: int) -> None:
        """Add a row, which can be read completely, to its group and to the heads."""
        group = self.of_row[row]
        last = self._lasts[group]
        if group:
            self._lasts[group] = row
            if last != _NONE:
                self._next_rows[last] = row
                return
            self._firsts[group] = row
        self.heads.append(row)

    def count(self, row: int, at: float, audio_bytes: int) -> None:
        """Count an event of a row."""
        if group := self.of_row[row]:
            self._events[group] += 1
            self._audio[group] += audio_bytes
            self._until[group] = at

    def forget_ids(self) -> None:
        """Forget all ids and open groups: a new connection may use the same ids for others."""
        self._ids.clear()
        for groups in self._open.values():
            groups.clear()

    def _find(self, mark: GroupMark) -> int:
        """The group of an event, which may be a new one."""
        if mark.claim is Claim.RUNS_ON:
            last = self.of_row[self.heads[-1]] if self.heads else 0
            return last if last and self._kind(last) is mark.kind else self._new(mark)
        group = self._known(mark) or self._taken_up(mark)
        if not group:
            founds = mark.claim is Claim.OPENS or (mark.claim is Claim.BELONGS and mark.id)
            group = self._new(mark) if founds else 0
        if group:
            self._remember(mark, group)
        return group

    def _known(self, mark: GroupMark) -> int:
        """The group of an id; 0 if it is unknown, or is used again for another group."""
        group = self._ids.get(mark.id[:MAX_ID], 0) if mark.id else 0
        if mark.claim is Claim.OPENS:
            return 0 if self._statuses[group] else group
        if group or not mark.item:
            return group
        group = self._ids.get(mark.item[:MAX_ID], 0)
        return 0 if mark.id and self._named[group] else group

    def _taken_up(self, mark: GroupMark) -> int:
        """The group that is open, for an event whose ids are not known; 0 if the event tells of another group."""
        waiting = self._open[mark.kind]
        if not waiting or mark.claim in (Claim.OPENS, Claim.FOLLOWS):
            return 0
        return waiting[-1] if not mark.id or not self._named[waiting[-1]] else 0

    def _new(self, mark: GroupMark) -> int:
        kind = mark.kind
        number = len(self._kinds)
        self._counts[kind] += 1
        self._kinds.append(_KINDS.index(kind))
        self._statuses.append(0)
        self._named.append(0)
        self._ordinals.append(self._counts[kind])
        self._firsts.append(_NONE)
        self._lasts.append(_NONE)
        self._events.append(0)
        self._audio.append(0)
        self._until.append(0.0)
        if mark.claim is not Claim.RUNS_ON:
            waiting = self._open[kind]
            del waiting[: 1 if len(waiting) >= _OPEN[kind] else 0]
            waiting.append(number)
        return number

    def _remember(self, mark: GroupMark, group: int) -> None:
        self._named[group] |= bool(mark.id)
        for key in (mark.id[:MAX_ID], mark.item[:MAX_ID]):
            if key and self._ids.get(key) != group:
                self._ids[key] = group
                if len(self._ids) > MAX_IDS:
                    del self._ids[next(iter(self._ids))]

    def _end(self, group: int, mark: GroupMark) -> None:
        word = mark.ends[:40]
        if word not in self._words:
            if len(self._words) < MAX_STATUSES:
                self._words.append(word)
            else:
                word = OTHER_STATUS
        if self._status(group) not in FAILURES:  # a failure stays one, whatever is told later: errors are in the group
            self._statuses[group] = self._words.index(word)
        if group in self._open[mark.kind]:
            self._open[mark.kind].remove(group)

    def state(self, rows: int) -> GroupsState:
        """The state of the groups, of a log with so many rows."""
        waiting = {kind: list(groups) for kind, groups in self._open.items()}
        changing = tuple(getattr(self, name)[:] for name in _CHANGING)
        return GroupsState(
            len(self.heads), self.of_row[:rows], len(self), changing, dict(self._ids), waiting, dict(self._counts),
            list(self._words),
        )  # fmt: skip

    def at(self, state: GroupsState) -> "EventGroups":
        """The groups as they were at a time."""
        groups = EventGroups()
        groups.heads, groups.of_row = self.heads[: state.heads], state.of_row[:]
        for name in ("_kinds", "_ordinals", "_firsts"):
            setattr(groups, name, getattr(self, name)[: state.groups + 1])
        for name, column in zip(_CHANGING, state.changing, strict=True):
            setattr(groups, name, column[:])
        groups._ids = dict(state.ids)
        groups._open = {kind: list(waiting) for kind, waiting in state.open.items()}
        groups._counts, groups._words = dict(state.counts), list(state.words)
        return groups

    # --- the screen's thread

    def group(self, number: int) -> Group:
        """Return a group that has rows."""
        return Group(
            number,
            self._kind(number),
            self._ordinals[number],
            self._firsts[number],
            self._events[number],
            self._audio[number],
            self._until[number],
            self._status(number),
        )

    def events(self, number: int) -> int:
        """Return the number of events of a group."""
        return self._events[number]

    def first(self, number: int) -> int:
        """Return the first row of a group."""
        return self._firsts[number]

    def goes_on(self, row: int) -> bool:
        """Whether a row is followed by another one of its group."""
        return self._next_rows[row] > 0

    def rows(self, number: int, after: int | None = None) -> Iterator[int]:
        """Yield the rows of a group in order, from its first one or from behind a row of it."""
        row = self._firsts[number] if after is None else self._next_rows[after]
        while row or after is None:
            yield row
            after = row
            row = self._next_rows[row]

    @property
    def memory_bytes(self) -> int:
        """Memory used by the columns, in bytes."""
        columns = (
            self.heads, self.of_row, self._next_rows, self._kinds, self._statuses, self._named, self._ordinals,
            self._firsts, self._lasts, self._events, self._audio, self._until,
        )  # fmt: skip
        return sum(len(column) * column.itemsize for column in columns)

    def _kind(self, number: int) -> GroupKind:
        return _KINDS[self._kinds[number]]

    def _status(self, number: int) -> str:
        return self._words[self._statuses[number]]
