"""False interruptions: the server heard speech, and nobody had said anything. And the gate that would have helped."""

from dataclasses import dataclass

from rtvoice_tui.session.facts import SpeechNoticed, SpeechState, TurnStarted, UserSaid

MARGIN_DB = 1.0
"""A gate that helps lies so much over the loudest false interruption."""

GATE_DB = (-60.0, -10.0)
"""A gate can be set between these (dBFS)."""


@dataclass
class Noticed:
    """Speech that the server noticed.

    Attributes:
        cut_agent: whether the agent was cut short by it.
        level_db: the loudest frame while it lasted, dBFS, if that is known.
        false: whether nothing was said; ``None`` while that is not known.
    """

    cut_agent: bool = False
    level_db: float | None = None
    false: bool | None = None
    ended: bool = False
    words_due: bool = False


class Interruptions:
    """Counts false interruptions, fed with facts.

    Attributes:
        version: grows with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._turns: dict[int, Noticed] = {}

    def take(self, fact: object) -> None:
        """Take in a fact; what does not concern speech is ignored."""
        match fact:
            case SpeechNoticed():
                self._noticed(fact)
            case UserSaid() if fact.final and not fact.typed and fact.turn in self._turns:
                self._judge(self._turns[fact.turn], false=bool(fact.failed) or not fact.text.strip())
            case TurnStarted():
                for turn in self._turns.values():
                    if turn.ended and turn.words_due and turn.false is None:
                        self._judge(turn, false=True)

    def _noticed(self, fact: SpeechNoticed) -> None:
        turn = self._turns.setdefault(fact.turn, Noticed())
        turn.cut_agent, turn.level_db = fact.cut_agent, fact.level_db
        turn.ended = fact.state is not SpeechState.BEGUN
        turn.words_due = fact.words_due
        self.version += 1
        if fact.state is SpeechState.WORDLESS and turn.false is None:
            self._judge(turn, false=True)

    def _judge(self, turn: Noticed, false: bool) -> None:
        """Words that come late make a turn a real one all the same."""
        if turn.false is not False:
            turn.false = false
            self.version += 1

    @property
    def judged(self) -> list[Noticed]:
        """All of which it is known whether somebody spoke."""
        return [turn for turn in list(self._turns.values()) if turn.false is not None]

    @property
    def false(self) -> list[Noticed]:
        """Those that were none."""
        return [turn for turn in self.judged if turn.false]

    @property
    def cut_short(self) -> int:
        """How many of those cut the agent short."""
        return sum(turn.cut_agent for turn in self.false)

    @property
    def gate_db(self) -> float | None:
        """The gate that would have avoided all false ones and no real one; ``None`` if there is none."""
        false = [turn.level_db for turn in self.false]
        if not false or None in false:
            return None
        gate = float(round(max(level for level in false if level is not None) + MARGIN_DB))
        real = [turn.level_db for turn in self.judged if not turn.false and turn.level_db is not None]
        return gate if gate < min(real, default=0.0) and GATE_DB[0] <= gate <= GATE_DB[1] else None

    @property
    def measured(self) -> bool:
        """Whether it is known how loud the false ones were."""
        return all(turn.level_db is not None for turn in self.false)
