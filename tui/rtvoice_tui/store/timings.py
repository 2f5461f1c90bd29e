"""Latency of the turns. A wait ends when the first sample is played, not when it arrives at the socket."""

import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from enum import StrEnum

from rtvoice_tui.session.facts import CallChanged, CallState, Moment


class Pause(StrEnum):
    """What the agent waits for in the middle of a turn."""

    APPROVAL = "approval"
    TOOL = "tool"


@dataclass(slots=True)
class TurnTiming:
    """Time in seconds at which each moment of a turn was reached, on the store's clock.

    Attributes:
        turn: the turn.
        moments: time of each moment.
        pauses: kind, start and end of each time in which a call waited for the user or ran.
    """

    turn: int
    moments: dict[Moment, float] = field(default_factory=dict)
    pauses: list[tuple[Pause, float, float]] = field(default_factory=list)

    def between(self, start: Moment, end: Moment) -> float | None:
        """Return the time between two moments in ms; ``None`` unless both were reached in this order."""
        if start not in self.moments or end not in self.moments:
            return None
        gap = (self.moments[end] - self.moments[start]) * 1000
        return gap if gap >= 0 else None

    @property
    def origin(self) -> Moment:
        """Start of the wait: the typed message, or else the end of the user's speech."""
        return Moment.SENT if Moment.SENT in self.moments else Moment.SPEECH_STOPPED

    @property
    def waited_ms(self) -> float | None:
        """Time in ms from `origin` to the first audible sample of the response, or else to its first text.

        Without the time in which calls waited for the user: that is no delay of the agent.
        """
        for end in (Moment.FIRST_HEARD, Moment.FIRST_TEXT):
            if (gap := self.between(self.origin, end)) is not None:
                return max(0.0, gap - self._paused_ms(self.origin, end, Pause.APPROVAL))
        return None

    def stages(self) -> list[tuple[str, float]]:
        """Return the parts of the wait in order: name and duration in ms."""
        first = Moment.FIRST_AUDIO if Moment.FIRST_AUDIO in self.moments else Moment.FIRST_TEXT
        found = [("hear", self.between(self.origin, Moment.ANSWERING))]
        thought = self.between(Moment.ANSWERING, first)
        if thought is not None:
            approval = self._paused_ms(Moment.ANSWERING, first, Pause.APPROVAL)
            both = self._paused_ms(Moment.ANSWERING, first, *Pause)
            found += [("model", max(0.0, thought - both)), ("tool", (both - approval) or None)]
        if first is Moment.FIRST_AUDIO:
            found.append(("play", self.between(Moment.FIRST_AUDIO, Moment.FIRST_HEARD)))
        return [(name, gap) for name, gap in found if gap is not None]

    @property
    def approval_ms(self) -> float:
        """Time in ms in which calls waited for the user, before the first text or sound."""
        first = Moment.FIRST_AUDIO if Moment.FIRST_AUDIO in self.moments else Moment.FIRST_TEXT
        return self._paused_ms(self.origin, first, Pause.APPROVAL)

    def _paused_ms(self, start: Moment, end: Moment, *kinds: Pause) -> float:
        """Time in ms between two moments that pauses of some kinds cover; overlapping ones count once."""
        if start not in self.moments or end not in self.moments:
            return 0.0
        at, until, covered = self.moments[start], self.moments[end], 0.0
        for _, begins, ends in sorted((p for p in self.pauses if p[0] in kinds), key=lambda pause: pause[1]):
            begins, ends = max(begins, at), min(ends, until)
            if ends > begins:
                covered += ends - begins
                at = ends
        return covered * 1000


class Timings:
    """The timing of every turn. Written by the session's thread, read by the screen's; a lock guards the statistics.

    Attributes:
        version: incremented on every change.
        turns: the timings in order.
    """

    def __init__(self) -> None:
        self.version = 0
        self.turns: list[TurnTiming] = []
        self._by_turn: dict[int, TurnTiming] = {}
        self._lock = threading.Lock()
        self._counted_from = 0  # turns before that are of another agent
        self._answered: list[int] = []  # turns with a known wait, ascending
        self._pausing: dict[str, tuple[Pause, float]] = {}  # what each call waits for, and since when
        self._waits: list[tuple[float, int]] = []  # wait (ms) and negated turn: of equal waits the first is worst

    def start_turn(self, turn: int) -> None:
        """Add a turn, unless it is the last one already."""
        if not self.turns or self.turns[-1].turn != turn:
            timing = self._by_turn[turn] = TurnTiming(turn)
            self.turns.append(timing)
            self.version += 1

    def clear_statistics(self) -> None:
        """Start percentiles, worst and recent waits anew; the timing of each turn stays."""
        with self._lock:
            self._answered, self._waits = [], []
        self._counted_from = self.turns[-1].turn + 1 if self.turns else 0
        self.version += 1

    def call_changed(self, call: CallChanged, at: float) -> None:
        """Record when a call waits for the user, and when it runs."""
        before = self._pausing.get(call.key)
        now = _pause(call)
        if (before[0] if before else None) is now:
            return
        timing = self.of(call.turn)
        if before is not None:
            del self._pausing[call.key]
            if timing is not None:
                waited = timing.waited_ms
                timing.pauses.append((*before, at))
                self._sort_in(call.turn, waited, timing.waited_ms)
                self.version += 1
        if now is not None:
            self._pausing[call.key] = (now, at)

    def reached(self, turn: int, moment: Moment, at: float) -> None:
        """Record the time of a moment.

        The first time counts, except for ``HEARD``, ``GENERATED`` and ``SPEECH_STOPPED``: they can occur again within
        a turn, for example in a response after a tool call, and the last time counts.
        """
        timing = self.of(turn)
        if timing is not None:
            before = timing.waited_ms
            if moment in (Moment.HEARD, Moment.GENERATED, Moment.SPEECH_STOPPED):
                timing.moments[moment] = at
            else:
                timing.moments.setdefault(moment, at)
            self._sort_in(turn, before, timing.waited_ms)
            self.version += 1

    def _sort_in(self, turn: int, before: float | None, after: float | None) -> None:
        """Update the sorted waits after the wait of a turn changed."""
        if before == after or turn < self._counted_from:
            return
        with self._lock:
            if before is not None:
                del self._waits[bisect_left(self._waits, (before, -turn))]
            if after is not None:
                insort(self._waits, (after, -turn))
            if before is None:
                insort(self._answered, turn)
            elif after is None:
                del self._answered[bisect_left(self._answered, turn)]

    def of(self, turn: int) -> TurnTiming | None:
        """Return the timing of a turn; ``None`` if it is unknown."""
        return self._by_turn.get(turn)

    def last_answered(self) -> TurnTiming | None:
        """Return the newest turn whose wait is known."""
        with self._lock:
            return self._by_turn[self._answered[-1]] if self._answered else None

    def worst(self) -> tuple[int, float] | None:
        """Return the turn with the longest wait, and the wait in ms."""
        with self._lock:
            return (-self._waits[-1][1], self._waits[-1][0]) if self._waits else None

    def recent(self, count: int) -> list[float]:
        """Return the waits in ms of the last ``count`` turns with a response, newest last."""
        with self._lock:
            turns = self._answered[-count:]
        waits = [self._by_turn[turn].waited_ms for turn in turns]
        return [wait for wait in waits if wait is not None]

    def percentile(self, share: float) -> float | None:
        """Return a percentile of the waits in ms; ``share`` is between 0 and 1."""
        with self._lock:
            waits = self._waits
            return waits[min(len(waits) - 1, int(share * len(waits)))][0] if waits else None


def _pause(call: CallChanged) -> Pause | None:
    """What a call waits for now."""
    if call.state is CallState.ASKING or (call.state is CallState.RUNNING and call.kind == "ask"):
        return Pause.APPROVAL
    return Pause.TOOL if call.state is CallState.RUNNING else None
