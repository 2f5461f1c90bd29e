"""When the next line may act, and whether the session has failed. Fed with facts in order; for the head's loop."""

import asyncio
from collections.abc import Callable

from rtvoice_tui.cli.plain.commands import Line, Message, Typed, When
from rtvoice_tui.cli.plain.lines import LIVE
from rtvoice_tui.session.facts import Fact, Phase, PhaseChanged, SessionEnded


class Pace:
    """What the session is about to do.

    Args:
        connects: whether the session connects by itself at the start.
        asks: returns whether a call waits for the user, who was asked.

    Attributes:
        phase: the current phase.
        requests: requests that were made and not passed on to the session yet.
        outcomes: changes of the agent whose outcome is not known yet.
        noticed: set once the server has noticed that the user speaks.
        listening: whether the user may still be speaking: a file that replaces the microphone has not ended.
    """

    def __init__(self, connects: bool, asks: Callable[[], bool]) -> None:
        self.phase = Phase.OFFLINE
        self.requests = 0
        self.outcomes = 0
        self.noticed = asyncio.Event()
        self.listening = False
        self._asks = asks
        self._connecting = connects
        self._failed = False
        self._expected: Phase | None = None

    def observe(self, fact: Fact) -> None:
        """Take note of a fact."""
        match fact:
            case PhaseChanged():
                self.phase = fact.phase
                if fact.phase is self._expected:
                    self._expected = None
                if fact.phase is Phase.HEARING:
                    self.noticed.set()
                if self.live:
                    self._connecting = self._failed = False
            case SessionEnded(wanted=False):
                self._connecting, self._failed = False, True

    def connects(self, wanted: bool = True) -> None:
        """The user has asked for a new session, or for the end of this one: until then nothing else may act."""
        self._connecting = wanted
        self._expected = Phase.CONNECTING if wanted else Phase.OFFLINE

    @property
    def live(self) -> bool:
        """Whether there is a session that takes messages."""
        return self.phase in LIVE and self._expected is None

    @property
    def dead(self) -> bool:
        """Whether there is no session, and none is being opened."""
        if self._expected is not None or self.requests:
            return False
        return self.phase is Phase.REFUSED or (self.phase is Phase.OFFLINE and not self._connecting)

    @property
    def failed(self) -> bool:
        """Whether the session could not be opened, or was lost."""
        return self._failed or self.phase is Phase.REFUSED

    @property
    def asks(self) -> bool:
        """Whether a call waits for the user, and was not answered."""
        return self._asks() and not self.requests

    @property
    def idle(self) -> bool:
        """Whether no answer is due."""
        calm = self.live and self.phase in (Phase.READY, Phase.LISTENING)
        return calm and not self.requests and not self.outcomes and not self.listening

    @property
    def answering(self) -> bool:
        """Whether there is something to interrupt: a user who is heard, or an answer that is due or going on."""
        return self.live and self.phase not in (Phase.READY, Phase.LISTENING)

    def allows(self, line: Line) -> bool:
        """Whether the next line of a pipe may act now; also where there is no session to wait for."""
        when = _when(line)
        if when is When.NOW or self.dead:
            return True
        if when is When.LIVE:
            return self.live
        return self.idle or (when is not When.IDLE and self.asks)

    def overtakes(self, line: Line) -> bool:
        """Whether a line of a pipe acts before those that wait: no command but a few, and the answer to a question."""
        when = _when(line)
        return isinstance(line, Typed) and (when is When.NOW or (when is When.ANSWER and self.asks))


def _when(line: Line) -> When:
    if isinstance(line, Typed):
        return line.command.when
    return When.IDLE if isinstance(line, Message) else When.ASKED
