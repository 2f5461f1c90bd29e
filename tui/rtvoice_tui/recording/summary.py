"""What a list of recordings shows of one: counted while the session runs, or from a replay."""

from msgspec.structs import replace

from rtvoice_tui.engine.observers import Observed, Stepped
from rtvoice_tui.recording.format import MOST_NUMBER, Summary
from rtvoice_tui.session.effects import Report
from rtvoice_tui.session.facts import AgentSaid, Level, Notice, TurnStarted, UsageReported, UserSaid

MOST_WORDS = 120
"""Characters of the first words."""


class SummaryCounter:
    """An observer that counts.

    Attributes:
        summary: what was counted so far.
    """

    def __init__(self) -> None:
        self.summary = Summary()
        self._began: float | None = None
        self._said_by_agent = ""
        self._said_by_user = ""

    def __call__(self, observed: Observed, at: float) -> None:
        """Count what a step reports."""
        if not isinstance(observed, Stepped):
            return
        if self._began is None:
            self._began = at
        summary = self.summary
        for effect in observed.effects:
            if not isinstance(effect, Report):
                continue
            match effect.fact:
                case TurnStarted(turn):
                    summary = replace(summary, turns=max(summary.turns, turn))
                case Notice(Level.ERROR):
                    summary = replace(summary, errors=summary.errors + 1)
                case UsageReported(_, usage):
                    tokens = min(
                        MOST_NUMBER, summary.tokens + max(0, usage.total_tokens)
                    )  # a server may claim anything
                    summary = replace(summary, tokens=tokens)
                case UserSaid(text=text, final=True) if text and not self._said_by_user:
                    self._said_by_user = text[:MOST_WORDS]
                case AgentSaid(text=text) if not self._said_by_user and len(self._said_by_agent) < MOST_WORDS:
                    self._said_by_agent = (self._said_by_agent + text)[:MOST_WORDS]
        words = self._said_by_user or self._said_by_agent
        self.summary = replace(summary, length_s=round(at - self._began, 3), first_words=words)
