"""Who only wants to know what happens in a session: one list of callables, and the two that every session has.

To join, append to `SessionWorker.observers` before the session runs: a recorder, scenario expectations, a test.
"""

from collections.abc import Callable

import msgspec

from rtvoice_tui.protocol.wire import Decoded, Wire, WireEvent
from rtvoice_tui.session.effects import Effect, Report
from rtvoice_tui.session.facts import Fact, Level, Notice, TurnStarted
from rtvoice_tui.session.inputs import Input
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.store import Store


class Stepped(msgspec.Struct, frozen=True):
    """The machine took one input; its effects have not been carried out yet."""

    input: Input
    effects: tuple[Effect, ...]


class FrameReceived(msgspec.Struct, frozen=True):
    """The server sent a frame; comes after the step that it led to."""

    text: str
    decoded: Decoded


class FrameSent(msgspec.Struct, frozen=True):
    """A frame has left."""

    event: WireEvent
    text: str


Observed = Stepped | FrameReceived | FrameSent
Observer = Callable[[Observed, float], None]
"""Called on the session's thread with what happened and when, in seconds of its clock. Must return at once."""


def store_observer(store: Store) -> Observer:
    """Writes all facts into a store."""

    def observe(observed: Observed, at: float) -> None:
        if isinstance(observed, Stepped):
            for effect in observed.effects:
                if isinstance(effect, Report):
                    store.record(effect.fact, at)

    return observe


class EventLogObserver:
    """Writes all frames into an event log.

    Args:
        log: where rows are appended.
        wire: says what of a frame is kept.
        report: takes a notice when the disk is full, once.
    """

    def __init__(self, log: EventLog, wire: Wire, report: Callable[[Fact], None]) -> None:
        self._log = log
        self._wire = wire
        self._report = report
        self._loss_reported = False

    def __call__(self, observed: Observed, at: float) -> None:
        """Append a row; the event that begins a turn belongs to it."""
        match observed:
            case FrameReceived():
                row, sent = self._wire.received_row(observed.text, observed.decoded), False
            case FrameSent():
                row, sent = self._wire.sent_row(observed.event, observed.text), True
            case Stepped():
                for effect in observed.effects:
                    if isinstance(effect, Report) and isinstance(effect.fact, TurnStarted):
                        self._log.begin_turn(effect.fact.turn)
                return
        self._log.append(
            at, sent, row.name, row.text, fold_key=row.fold_key, audio_bytes=row.audio_bytes, error=row.error
        )
        if self._log.texts_lost and not self._loss_reported:
            self._loss_reported = True
            sentence = f"the texts of events cannot be kept any more: {self._log.texts_lost}"
            remedy = "make room in the folder for temporary files, then start again"
            self._report(Notice(Level.WARNING, sentence, remedy))
