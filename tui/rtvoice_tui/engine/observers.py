"""Observers of a session: the observer type, and the two observers that every session has (store and event log).

To add one (a recorder, scenario expectations, a test), append it to `SessionWorker.observers` before the session runs.
"""

from collections.abc import Callable

import msgspec

from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.protocol.wire import Decoded, Wire, WireEvent
from rtvoice_tui.session.effects import Effect, Report
from rtvoice_tui.session.facts import Fact, Level, Notice, TurnStarted
from rtvoice_tui.session.inputs import Input, Opened
from rtvoice_tui.session.talk_mode import TalkRules
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.store import Store


class MachineMade(msgspec.Struct, frozen=True):
    """A new machine steps from now on, made of these; see `engine.family.make_machine`.

    Attributes:
        dialect: name of the dialect.
        settings: the session settings.
        tools: the tools of the profile.
        talk: talk mode and its limits.
        audio: initial mute, gain and noise gate settings.
        calls_in_a_row: number of calls after which the next one needs approval.
        turn: number of the last turn before it.
        profile: name of the profile.
        identity: which server and model answer; contains no secret.
    """

    dialect: str
    settings: SessionSettings
    tools: tuple[ToolSpec, ...]
    talk: TalkRules
    audio: AudioSettings
    calls_in_a_row: int
    turn: int
    profile: str
    identity: str


class Stepped(msgspec.Struct, frozen=True):
    """The machine processed one input; the effects are not carried out yet."""

    input: Input
    effects: tuple[Effect, ...]


class FrameReceived(msgspec.Struct, frozen=True):
    """The server sent a frame; observed after the step that it caused. ``text``: the frame, with keys redacted."""

    text: str
    decoded: Decoded


class FrameSent(msgspec.Struct, frozen=True):
    """A frame was sent. ``text``: the frame, without the keys of hosted servers."""

    event: WireEvent
    text: str


Observed = MachineMade | Stepped | FrameReceived | FrameSent
Observer = Callable[[Observed, float], None]
"""Called on the session's thread with the observation and its time in seconds. Must not block."""


def store_observer(store: Store) -> Observer:
    """Create the observer that writes all facts to a store."""

    def observe(observed: Observed, at: float) -> None:
        if isinstance(observed, Stepped):
            for effect in observed.effects:
                if isinstance(effect, Report):
                    store.record(effect.fact, at)

    return observe


class EventLogObserver:
    """Writes all frames to an event log.

    Args:
        log: the event log.
        wire: converts frames to rows.
        report: called once with a notice if texts can no longer be kept, such as when the disk is full.
    """

    def __init__(self, log: EventLog, wire: Wire, report: Callable[[Fact], None]) -> None:
        self._log = log
        self._wire = wire
        self._report = report
        self._loss_reported = False

    def __call__(self, observed: Observed, at: float) -> None:
        """Append a row for a frame. A new turn starts with the frame that caused it; ids hold for one connection."""
        match observed:
            case FrameReceived():
                row, sent = self._wire.received_row(observed.text, observed.decoded), False
            case FrameSent():
                row, sent = self._wire.sent_row(observed.event, observed.text), True
            case MachineMade():
                return
            case Stepped():
                if isinstance(observed.input, Opened):
                    self._log.forget_ids()
                for effect in observed.effects:
                    if isinstance(effect, Report) and isinstance(effect.fact, TurnStarted):
                        self._log.set_turn(effect.fact.turn)
                return
        self._log.append(
            at,
            sent,
            row.name,
            row.text,
            fold_key=row.fold_key,
            audio_bytes=row.audio_bytes,
            error=row.error,
            group=row.group,
        )
        if self._log.texts_lost and not self._loss_reported:
            self._loss_reported = True
            sentence = f"the texts of events cannot be kept any more: {self._log.texts_lost}"
            remedy = "make room in the folder for temporary files, then start again"
            self._report(Notice(Level.WARNING, sentence, remedy))
