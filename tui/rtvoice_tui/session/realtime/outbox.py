"""Collects the effects of one step, and remembers what was sent so that an error can be tied to its cause."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent
from rtvoice_tui.session.effects import Effect, Report, Send
from rtvoice_tui.session.facts import Fact, Level, Moment, Notice, Reached

REMEMBERED = 512
"""Client events kept for blame; microphone frames are known by their id's prefix instead."""

AUDIO_ID = "audio"


class Outbox:
    """The only way out of the machine.

    Args:
        new_id: makes a fresh event id from a prefix; injected so that tests can name ids.
    """

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self.new_id = new_id
        self._effects: list[Effect] = []
        self._sent: OrderedDict[str, ClientEvent] = OrderedDict()

    def send(self, kind: type[ClientEvent], **fields: Any) -> str:
        """Say something to the server; returns the event id."""
        if kind is AppendInput:
            event_id = self.new_id(AUDIO_ID)
            self._effects.append(Send(kind(event_id=event_id, **fields)))
            return event_id
        event_id = self.new_id("e")
        event = kind(event_id=event_id, **fields)
        self._sent[event_id] = event
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        self._effects.append(Send(event))
        return event_id

    def do(self, effect: Effect) -> None:
        """Add an effect."""
        self._effects.append(effect)

    def report(self, fact: Fact) -> None:
        """Report what happened."""
        self._effects.append(Report(fact))

    def reach(self, turn: int, moment: Moment, at: float | None = None) -> None:
        """Report that a turn reached a point of its timing."""
        self.report(Reached(turn, moment, at))

    def warn(self, text: str, remedy: str = "", cause_id: str = "") -> None:
        """Report a warning."""
        self.report(Notice(Level.WARNING, text, remedy, cause_id))

    def cause(self, event_id: str) -> ClientEvent | None:
        """The client event that an error names."""
        return self._sent.get(event_id)

    def take(self) -> list[Effect]:
        """The effects of this step, in the order in which they must be carried out."""
        effects, self._effects = self._effects, []
        return effects
