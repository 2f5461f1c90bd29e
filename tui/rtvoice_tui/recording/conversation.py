"""What was said in a recording, part by part, from a replay of it."""

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from rtvoice_tui.engine.observers import EventLogObserver, Observer, store_observer
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.format import State, Summary
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replaying import Replayer
from rtvoice_tui.recording.summary import SummaryCounter
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.store.settings_at import settings_at
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry, Speaker

Who = Literal["user", "agent", "tool", "session"]

_WHO: dict[Speaker, Who] = {
    Speaker.YOU: "user",
    Speaker.AGENT: "agent",
    Speaker.TOOL: "tool",
    Speaker.SEAM: "session",
}


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a conversation.

    Attributes:
        at: when it began, in seconds.
        who: whose it is; ``session`` for a new session.
        turn: the turn it belongs to.
        text: the words, or of a call its name and arguments as they are shown.
        heard: of an answer that was cut, the words that were heard.
        heard_ms: of an answer that was cut, how much of it was heard.
        received_ms: of an answer that was cut, how much of it came.
        waited_ms: of the first answer of a turn, how long the user waited for it.
        tool: of a call, the tool's name.
        arguments: of a call, its arguments as JSON.
        output: of a call, its result.
        state: of a call, its state.
        duration_ms: of a call, how long it ran.
        note: what else is to be known.
    """

    at: float
    who: Who
    turn: int = 0
    text: str = ""
    heard: str | None = None
    heard_ms: int | None = None
    received_ms: int | None = None
    waited_ms: float | None = None
    tool: str = ""
    arguments: str = ""
    output: str = ""
    state: str = ""
    duration_ms: float | None = None
    note: str = ""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation.

    Attributes:
        parts: its parts in order.
        summary: what a list shows of it.
        problem: why there is no more of it; empty if it is whole.
        settings: the session's settings at the end, as the server told them.
        begins: when the session began, in seconds.
        ends: when each turn ended, in seconds, by its number: its answer was given, or heard, or the call was done.
    """

    parts: tuple[Part, ...]
    summary: Summary
    problem: str = ""
    settings: dict[str, Any] = {}
    begins: float = 0.0
    ends: dict[int, float] = {}

    @property
    def model(self) -> str:
        """The session's model, as the server told it; empty if it did not."""
        model = self.settings.get("model")
        return model if isinstance(model, str) else ""


@contextlib.contextmanager
def replayed_store(recording: Recording, *observers: Observer) -> Iterator[tuple[Store, str]]:
    """The store after all of a recording, and why there is no more of it (empty if it is whole); closed at the end.

    Raises:
        RecordingError: it cannot be replayed, or there is no room for the replay's events.
    """
    try:
        store = Store()
    except OSError:
        raise RecordingError("no temporary file can be made", "set TMPDIR to a folder that can be written") from None
    try:
        log = EventLogObserver(store.events, RealtimeWire(), lambda fact: None)
        replayer = Replayer(recording, [store_observer(store), log, *observers])
        replayer.all()
        yield store, replayer.problem
    finally:
        store.events.close()


def conversation(recording: Recording) -> Conversation:
    """The conversation of a recording.

    Raises:
        RecordingError: it cannot be replayed, or there is no room for the replay's events.
    """
    counter = SummaryCounter()
    with replayed_store(recording, counter) as (store, problem):
        settings = settings_at(store.events, len(store.events) - 1)
        begins = next((line.at for line in recording.journal()), 0.0)
        return Conversation(
            parts=parts_of(store),
            summary=counter.summary,
            problem=problem,
            settings=settings,
            begins=begins,
            ends={timing.turn: max(timing.moments.values(), default=0.0) for timing in store.timings.turns},
        )


def summary_of(recording: Recording) -> Summary:
    """What a list shows of a recording; of one that was not ended from a replay.

    Raises:
        RecordingError: it cannot be replayed.
        OSError: there is no room for the replay's events.
    """
    if recording.manifest.state is State.COMPLETE:
        return recording.manifest.summary
    return conversation(recording).summary


def parts_of(store: Store) -> tuple[Part, ...]:
    """The parts of a conversation that a store holds."""
    calls = {f"call:{record.call.key}": record for record in store.calls.records}
    return tuple(_part(store, entry, calls.get(entry.key)) for entry in store.transcript.entries)


def _part(store: Store, entry: Entry, record: CallRecord | None) -> Part:
    who = _WHO[entry.speaker]
    timing = store.timings.of(entry.turn)
    first = entry is store.transcript.first_answer(entry.turn)
    part = Part(
        at=entry.at,
        who=who,
        turn=entry.turn,
        text=entry.text.strip() or entry.missing,
        waited_ms=timing.waited_ms if who == "agent" and first and timing is not None else None,
        note=entry.note,
        state=entry.state,
    )
    changes: dict[str, object] = {}
    if entry.cut is not None:
        changes |= {"heard": entry.heard_text, "heard_ms": entry.cut.heard_ms, "received_ms": entry.cut.received_ms}
    if record is not None:
        call = record.call
        changes |= {"tool": call.name, "arguments": call.arguments, "output": call.output}
        changes |= {"duration_ms": record.duration_ms, "note": call.note}
    return msgspec.structs.replace(part, **changes)
