"""Collects the effects of one step, and keeps sent events so that an error can be matched to its cause."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent, HandWritten
from rtvoice_tui.session.effects import Effect, Report, Send
from rtvoice_tui.session.facts import Fact, Level, Moment, Notice, Reached

REMEMBERED = 512
"""Number of sent client events that are kept to find the cause of an error; microphone frames are not kept."""

AUDIO_ID = "audio"


class Outbox:
    """Collects all effects of a step; every part of the machine writes to it.

    Args:
        new_id: returns a new event id for a prefix; injected so that ids are predictable in tests.
    """

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self.new_id = new_id
        self._effects: list[Effect] = []
        self._sent: OrderedDict[str, ClientEvent] = OrderedDict()

    def send(self, kind: type[ClientEvent], **fields: Any) -> str:
        """Add the effect that sends a client event; returns its event id."""
        if kind is AppendInput:
            event_id = self.new_id(AUDIO_ID)
            self._effects.append(Send(kind(event_id=event_id, **fields)))
            return event_id
        event_id = self.new_id("e")
        event = kind(event_id=event_id, **fields)
        self._remember(event)
        self._effects.append(Send(event))
        return event_id

    def send_written(self, event: ClientEvent, text: str) -> None:
        """Add the effect that sends an event which the user wrote as ``text``.

        It is remembered as hand-written: errors about it are the user's to see, also those that the machine expects
        about events of its own.
        """
        self._remember(HandWritten(event_id=event.event_id, name=event.wire_name, text=text))
        self._effects.append(Send(event))

    def _remember(self, event: ClientEvent) -> None:
        self._sent[event.event_id] = event
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)

    def add(self, effect: Effect) -> None:
        """Add an effect."""
        self._effects.append(effect)

    def report(self, fact: Fact) -> None:
        """Add a fact for the observers."""
        self._effects.append(Report(fact))

    def reach(self, turn: int, moment: Moment, at: float | None = None) -> None:
        """Report that a turn reached a moment; ``at``: its time in seconds if known, see `Reached`."""
        self.report(Reached(turn, moment, at))

    def warn(self, text: str, remedy: str = "", cause_id: str = "", until_answer: bool = False) -> None:
        """Report a warning; see `Notice`."""
        self.report(Notice(Level.WARNING, text, remedy, cause_id, until_answer=until_answer))

    def cause(self, event_id: str) -> ClientEvent | None:
        """The sent client event with this id; ``None`` if it is unknown or no longer kept."""
        return self._sent.get(event_id)

    def drain(self) -> list[Effect]:
        """Return and clear the effects of this step, in the order in which they must be carried out."""
        effects, self._effects = self._effects, []
        return effects
