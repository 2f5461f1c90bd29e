"""The store: everything that the screen shows of a session, updated by facts."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.media import AudioSettings
from rtvoice_tui.session import facts
from rtvoice_tui.session.facts import EditChanged, Fact, Phase
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.audio import AudioStatus
from rtvoice_tui.store.calls import CallHistory
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.interruptions import Interruptions
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.store.notices import Notices
from rtvoice_tui.store.timings import Timings
from rtvoice_tui.store.transcript import Transcript
from rtvoice_tui.store.usage import UsageTotals

KEPT_NOTICES = KEPT_EDITS = 500


@dataclass
class TalkView:
    """The talk mode, and the current push-to-talk turn.

    Attributes:
        mode: the talk mode; push-to-talk also if turn detection is off.
        since: start of the push-to-talk turn in seconds on the store's clock; ``None`` outside of one.
        until: time at which it ends by itself; ``None`` outside of one.
        mic_doubted: whether nothing like speech comes from the microphone in this push-to-talk turn.
    """

    mode: TalkMode = TalkMode.OPEN
    since: float | None = None
    until: float | None = None
    mic_doubted: bool = False


@dataclass
class SessionView:
    """State of the session.

    Attributes:
        phase: phase of the session.
        phase_at: when it began, in seconds.
        session_id: the server's id of the session.
        connected_from: when the connection of that session was begun; errors before it are solved.
        opened_at: time of ``session.created`` in seconds on the store's clock; ``None`` before the first session.
        turn: number of the current turn; 0 before the first.
        reason: why the last session ended.
        remedy: what the user can do about that.
        server: the ``session`` object of ``session.created``.
        at_start: the settings in that object, by our names.
        in_force: the settings in the server's last ``session`` object, by our names.
        spoken: whether the agent has sent audio in this session.
        lost: whether the last session ended without the user wanting it.
    """

    phase: Phase = Phase.OFFLINE
    phase_at: float = 0.0
    session_id: str = ""
    opened_at: float | None = None
    connected_from: float | None = None
    turn: int = 0
    reason: str = ""
    remedy: str = ""
    server: dict[str, object] = field(default_factory=dict)
    at_start: dict[str, Any] = field(default_factory=dict)
    in_force: dict[str, Any] = field(default_factory=dict)
    spoken: bool = False
    lost: bool = False


class Store:
    """All data of a session for the screen. Written by the session's thread, read by the screen's.

    Audio measurements (`audio`, `mic`, `speaker`) are written by the audio station on the session's thread; everything
    else comes as facts through `record`.

    Raises:
        OSError: the temporary file of the event log cannot be created.

    Attributes:
        version: incremented with every fact.
        events: all events of both directions.
        audio: device status and measurements.
        audio_settings: mute, gain and noise gate that are set.
        mic: meter of the microphone.
        speaker: meter of the speaker.
        notices: the last notices, at most `KEPT_NOTICES`.
        edits: the last `KEPT_EDITS` reports on session edits with their times in seconds.
        edits_told: number of all reports on session edits so far.
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
        self.audio = AudioStatus()
        self.audio_settings = AudioSettings()
        self.talk = TalkView()
        self.mic = Meter()
        self.speaker = Meter()
        self.notices = Notices(KEPT_NOTICES)
        self.edits: deque[tuple[float, EditChanged]] = deque(maxlen=KEPT_EDITS)
        self.edit_count = 0
        self._identity = ""
        self._refused: dict[str, frozenset[str]] = {}  # settings by the id of the update that was refused
        self._connecting_at = 0.0

    def become(self, other: "Store") -> None:
        """Hold what another store holds, at once; that one must not be used any more."""
        self.__dict__ = other.__dict__

    def record(self, fact: Fact, at: float) -> None:
        """Record a fact that happened at ``at`` seconds on the store's clock."""
        self.interruptions.record(fact)
        self._record_session(fact, at)
        self._record_turns(fact, at)
        self._record_calls(fact, at)
        self.version += 1

    def _record_session(self, fact: Fact, at: float) -> None:
        """Record connection, settings, notices and audio settings."""
        match fact:
            case facts.PhaseChanged():
                self.session.phase, self.session.phase_at = fact.phase, at
                if fact.phase is Phase.OFFLINE:
                    self.transcript.session_ended()
                elif fact.phase is Phase.CONNECTING:
                    self._connecting_at = at
                    self.notices.connecting()
                    self.session.reason = self.session.remedy = ""
            case facts.SessionOpened():
                self.session.session_id = fact.session_id
                self.session.server = fact.session
                self.session.opened_at = at
                self.session.connected_from = self._connecting_at
                self.session.spoken = False
                self.transcript.new_session(self.session.turn, at, fact.history)
                self.calls.new_session()
                self.usage.limited(())
            case facts.AgentIdentified():
                self._identified(fact.identity)
            case facts.SessionEnded():
                self.session.reason, self.session.remedy = fact.reason, fact.remedy
                self.session.lost = not fact.wanted
            case facts.SettingsReported():
                self.session.in_force = fact.settings
                if fact.at_start:
                    self.session.at_start = fact.settings
            case facts.EditChanged():
                self.edits.append((at, fact))
                self.edit_count += 1
                self._edit_settled(fact)
            case facts.Notice():
                self.notices.add(at, fact)
            case facts.AudioSet():
                self.audio_settings = fact.settings
            case facts.FramesDropped():
                self.audio.dropped = fact.count

    def _edit_settled(self, fact: facts.EditChanged) -> None:
        """An accepted edit solves what was said about refused values of the same settings."""
        if fact.state is facts.EditState.REFUSED and fact.event_id:
            self._refused[fact.event_id] = frozenset((fact.blamed,) if fact.blamed else fact.fields)
        elif fact.state is facts.EditState.ACKNOWLEDGED:
            mended = {event_id for event_id, fields in self._refused.items() if fields <= set(fact.fields)}
            self.notices.solved(lambda notice: notice.cause_id in mended)
            self._refused = {key: fields for key, fields in self._refused.items() if key not in mended}

    def _identified(self, identity: str) -> None:
        """Start the statistics anew if another agent is used: they would mix two."""
        if self._identity and identity != self._identity:
            self.timings.clear_statistics()
            self.usage.clear()
            self.interruptions.clear()
            self.session.in_force, self.session.at_start = {}, {}  # they are of the other agent
        self._identity = identity

    def _record_turns(self, fact: Fact, at: float) -> None:
        """Record turns, their timing and their transcript."""
        match fact:
            case facts.TurnStarted():
                self.session.turn = fact.turn
                self.timings.start_turn(fact.turn)
                self.events.set_turn(fact.turn)
            case facts.Reached():
                self.session.spoken = self.session.spoken or fact.moment is facts.Moment.FIRST_AUDIO
                if fact.moment in (facts.Moment.FIRST_AUDIO, facts.Moment.FIRST_TEXT):
                    self.notices.solved(lambda notice: notice.until_answer)
                self.timings.reached(fact.turn, fact.moment, at if fact.at is None else fact.at)
            case facts.TalkChanged():
                since, until = (at, at + fact.limit_s) if fact.talking else (None, None)
                self.talk = TalkView(fact.mode, since, until)
            case facts.MicrophoneDoubted():
                self.talk.mic_doubted = fact.doubted
            case facts.UserSaid():
                self.transcript.user_said(fact, at)
            case facts.AgentSaid():
                self.transcript.agent_said(fact, at)
            case facts.SpeechPlayed():
                self.transcript.speech_played(fact)
            case facts.ResponseCut():
                self.transcript.response_cut(fact, at)
            case facts.ResponseLost():
                self.transcript.response_lost(fact, at)
            case facts.CutConfirmed():
                self.transcript.cut_confirmed(fact)

    def _record_calls(self, fact: Fact, at: float) -> None:
        """Record calls, tool servers, token usage and rate limits."""
        match fact:
            case facts.CallChanged():
                if not fact.manual:
                    self.transcript.call_changed(fact, at)
                    self.timings.call_changed(fact, at)
                self.calls.changed(fact, at)
            case facts.CallReached():
                self.calls.reached(fact, at)
            case facts.ServerChanged():
                self.calls.server_changed(fact)
            case facts.ServersGone():
                self.calls.forget_servers(fact.names)
            case facts.UsageReported():
                self.usage.add(fact.usage)
            case facts.LimitsReported():
                self.usage.limited(fact.limits)
