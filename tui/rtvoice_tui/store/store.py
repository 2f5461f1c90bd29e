"""Everything a session leaves behind for the screen, and the one way in for it."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.session import facts
from rtvoice_tui.session.facts import EditChanged, Fact, Notice, Phase
from rtvoice_tui.store.audio import AudioHealth
from rtvoice_tui.store.calls import CallHistory
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.interruptions import Interruptions
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.store.timings import Timings
from rtvoice_tui.store.transcript import Transcript
from rtvoice_tui.store.usage import UsageTotals

KEPT_NOTICES = KEPT_EDITS = 500


@dataclass
class SessionView:
    """The session's own line: where it stands and since when (seconds).

    Attributes:
        server: how the server described the session when it greeted us.
        at_start: the same by our names of settings.
        in_force: what it last said is in force.
        spoken: whether the agent has made a sound in this session.
    """

    phase: Phase = Phase.OFFLINE
    session_id: str = ""
    opened_at: float | None = None
    turn: int = 0
    reason: str = ""
    remedy: str = ""
    server: dict[str, object] = field(default_factory=dict)
    at_start: dict[str, Any] = field(default_factory=dict)
    in_force: dict[str, Any] = field(default_factory=dict)
    spoken: bool = False


class Store:
    """Written by the session's thread alone, read by the screen's.

    Attributes:
        version: grows with every change of anything that has no version of its own.
        edits: the last of what became of changes of the session; ``edits_told``: how many there ever were.
    """

    def __init__(self) -> None:
        self.version = 0
        self.events = EventLog()
        self.transcript = Transcript()
        self.timings = Timings()
        self.calls = CallHistory()
        self.usage = UsageTotals()
        self.interruptions = Interruptions()
        self.session = SessionView()
        self.audio = AudioHealth()
        self.mic = Meter()
        self.speaker = Meter()
        self.notices: deque[tuple[float, Notice]] = deque(maxlen=KEPT_NOTICES)
        self.edits: list[tuple[float, EditChanged]] = []
        self.edits_told = 0

    def take(self, fact: Fact, at: float) -> None:
        """Remember what happened at ``at`` seconds."""
        self.interruptions.take(fact)
        match fact:
            case facts.PhaseChanged():
                self.session.phase = fact.phase
                if fact.phase is facts.Phase.OFFLINE:
                    self.transcript.session_ended()
            case facts.SessionOpened():
                self.session.session_id = fact.session_id
                self.session.server = fact.session
                self.session.opened_at = at
                self.session.spoken = False
                self.transcript.new_session()
                self.calls.new_session()
            case facts.TurnStarted():
                self.session.turn = fact.turn
                self.timings.begin(fact.turn)
                self.events.begin_turn(fact.turn)
            case facts.Reached():
                self.session.spoken = self.session.spoken or fact.moment is facts.Moment.FIRST_AUDIO
                self.timings.reached(fact.turn, fact.moment, at if fact.at is None else fact.at)
            case facts.TalkChanged():
                self.audio.talk_mode = fact.mode
                self.audio.talk_since = at if fact.talking else None
                self.audio.talk_until = at + fact.limit_s if fact.talking else None
                self.audio.mic_doubted = False
            case facts.MicrophoneDoubted():
                self.audio.mic_doubted = fact.doubted
            case facts.UserSaid():
                self.transcript.user_said(fact, at)
            case facts.AgentSaid():
                self.transcript.agent_said(fact, at)
            case facts.ResponseCut():
                self.transcript.response_cut(fact, at)
            case facts.ResponseLost():
                self.transcript.response_lost(fact, at)
            case facts.CutConfirmed():
                self.transcript.cut_confirmed(fact)
            case facts.CallChanged():
                if not fact.manual:
                    self.transcript.call_changed(fact, at)
                self.calls.changed(fact, at)
            case facts.CallReached():
                self.calls.reached(fact, at)
            case facts.ServerChanged():
                self.calls.server_changed(fact)
            case facts.UsageReported():
                self.usage.add(fact.usage)
            case facts.LimitsReported():
                self.usage.limited(fact.limits)
            case facts.InForce():
                self.session.in_force = fact.settings
                if fact.at_start:
                    self.session.at_start = fact.settings
            case facts.EditChanged():
                self.edits = [*self.edits[-KEPT_EDITS + 1 :], (at, fact)]
                self.edits_told += 1
            case facts.Notice():
                self.notices.append((at, fact))
        self.version += 1
