"""Counts false interruptions (speech that the server detected without any words) and suggests a noise gate."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

from rtvoice_tui.session.facts import SpeechNoticed, SpeechState, TurnStarted, UserSaid

MARGIN_DB = 1.0
"""Margin in dB of the suggested gate over the loudest false interruption."""

GATE_DB = (-60.0, -10.0)
"""Range of the noise gate in dBFS."""

MOST_DUE = 16
"""Maximum number of turns whose end is awaited: some servers never report the end of speech."""

_UNMEASURED = float("-inf")


@dataclass(slots=True, eq=False)
class Noticed:
    """Speech of one turn that the server detected.

    Attributes:
        cut_agent: whether it interrupted the agent.
        level_db: level of its loudest frame in dBFS; ``None`` if it was not measured.
        false: whether it contained no words; ``None`` until that is known.
        ended: whether it ended.
        words_due: whether a transcript is expected.
    """

    cut_agent: bool = False
    level_db: float | None = None
    false: bool | None = None
    ended: bool = False
    transcript_due: bool = False


class Interruptions:
    """Counts false interruptions from the session's facts.

    Attributes:
        version: incremented on every change.
        judged: speech that is known to be false or real, in the order of the decisions. Read only.
        cut_short: number of false interruptions that interrupted the agent.
    """

    def __init__(self) -> None:
        self.version = 0
        self.judged: list[Noticed] = []
        self.cut_short = 0
        self._turns: dict[int, Noticed] = {}
        self._due: dict[int, Noticed] = {}
        self._false_db: list[float] = []  # sorted; -inf where it was not measured
        self._real_db: list[float] = []

    def clear(self) -> None:
        """Start anew: another agent is used."""
        self.judged, self.cut_short = [], 0
        self._turns, self._due = {}, {}
        self._false_db, self._real_db = [], []
        self.version += 1

    def record(self, fact: object) -> None:
        """Record a fact. Ignores facts that are not about speech."""
        match fact:
            case SpeechNoticed():
                self._noticed(fact)
            case UserSaid() if fact.final and not (fact.typed or fact.missing) and fact.turn in self._turns:
                self._judge(self._turns[fact.turn], false=bool(fact.failed) or not fact.text.strip())
            case TurnStarted():
                for number, turn in list(self._due.items()):
                    if turn.ended:
                        del self._due[number]
                    if turn.ended and turn.transcript_due and turn.false is None:
                        self._judge(turn, false=True)

    def _noticed(self, fact: SpeechNoticed) -> None:
        turn = self._turns.setdefault(fact.turn, Noticed())
        self._due[fact.turn] = turn
        if len(self._due) > MOST_DUE:
            del self._due[min(self._due)]
        self._count(turn, -1)
        turn.cut_agent, turn.level_db = fact.cut_agent, fact.level_db
        turn.ended = fact.state is not SpeechState.BEGUN
        turn.transcript_due = fact.transcript_due
        self._count(turn, 1)
        self.version += 1
        if fact.state is SpeechState.TRANSCRIPT_LATE and turn.false is None:
            self._judge(turn, false=True)

    def _judge(self, turn: Noticed, false: bool) -> None:
        """Decide whether a turn is false. A late transcript still makes a false one real, but never the reverse."""
        if turn.false is not False:
            if turn.false is None:
                self.judged.append(turn)
            self._count(turn, -1)
            turn.false = false
            self._count(turn, 1)
            self.version += 1

    def _count(self, turn: Noticed, step: int) -> None:
        """Add a turn to the counts (``step`` 1), or remove it (``step`` -1)."""
        if turn.false is None:
            return
        levels = self._false_db if turn.false else self._real_db
        level = turn.level_db if turn.level_db is not None else _UNMEASURED
        if step > 0:
            insort(levels, level)
        else:
            del levels[bisect_left(levels, level)]
        if turn.false and turn.cut_agent:
            self.cut_short += step

    @property
    def false(self) -> list[float]:
        """Levels of the false interruptions in dBFS, ascending; ``-inf`` if not measured. Read only."""
        return self._false_db

    @property
    def gate_db(self) -> float | None:
        """Gate in dBFS above all false interruptions and below all measured real ones; ``None`` if there is none."""
        if not self._false_db or not self.measured:
            return None
        gate = float(round(self._false_db[-1] + MARGIN_DB))
        first = bisect_right(self._real_db, _UNMEASURED)
        softest = self._real_db[first] if first < len(self._real_db) else 0.0
        return gate if gate < softest and GATE_DB[0] <= gate <= GATE_DB[1] else None

    @property
    def measured(self) -> bool:
        """Whether the levels of all false interruptions were measured."""
        return self._false_db[:1] != [_UNMEASURED]
