"""The one slot for an answer: at most one may write to the conversation, so a second request waits.

The slot is taken when the request is *sent*: between sending and ``response.created`` a second one would be refused.
"""

from collections import deque

from rtvoice_tui.protocol.realtime.client_events import CancelResponse, CreateResponse
from rtvoice_tui.protocol.realtime.objects import Response
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import ResponseLate

STUCK_S = 10.0
"""A request that is neither begun nor refused after this long is given up."""


KEPT = 64
"""Interrupted answers that have ended and are still known as such."""

OUT_OF_BAND = "rtvoice"
"""Key of an answer's metadata that marks it as said out_of_band; servers repeat metadata."""

UNNAMED = "(unnamed)"
"""An answer whose id the server does not tell."""


def is_out_of_band(response: Response) -> bool:
    """Whether an answer is said out_of_band: it is no part of the conversation, and answers nothing."""
    return OUT_OF_BAND in response.metadata


class ResponseSlot:
    """Free, requested (by us, unanswered) or active."""

    def __init__(self) -> None:
        self.active = ""
        self._requested = ""
        self._out_of_band = ""
        self._beside: set[str] = set()
        self._credited = ""
        self._wanted = False
        self._abandoned = False
        self._cancel_sent = False
        self.cut: set[str] = set()
        self._over: deque[str] = deque()

    @property
    def free(self) -> bool:
        """Whether a new answer may be requested now."""
        return not self.active and not self._requested and not self._beside

    @property
    def requested(self) -> bool:
        """Whether an answer was asked for and has not begun."""
        return bool(self._requested)

    @property
    def wanted(self) -> bool:
        """Whether an answer waits for the slot."""
        return self._wanted

    def want(self) -> None:
        """Ask for one answer as soon as the slot is free; asking twice is asking once."""
        self._wanted = True

    def unwant(self) -> None:
        """Forget the waiting request: a newer answer has covered it, or the user interrupted."""
        self._wanted = False

    def advance(self, out: Outbox) -> str:
        """Send the waiting request if the slot is free; returns its event id, or nothing."""
        if not (self._wanted and self.free):
            return ""
        self._wanted = False
        self._requested = out.send(CreateResponse)
        out.do(Schedule(ResponseLate(self._requested), STUCK_S))
        return self._requested

    def ask_out_of_band(self, out: Outbox, sentence: str) -> None:
        """Ask for a sentence that stays outside the conversation (section "Response object", out of band).

        It takes the slot all the same: two voices at once are not understood.
        """
        response = {
            "conversation": "none",
            "input": [],
            "instructions": f"Say exactly this sentence, and nothing else: {sentence}",
            "tool_choice": "none",
            "metadata": {OUT_OF_BAND: "filler"},
        }
        self._requested = self._out_of_band = out.send(CreateResponse, response=response)
        out.do(Schedule(ResponseLate(self._requested), STUCK_S))

    def created(self, response_id: str, out: Outbox, out_of_band: bool = False) -> bool:
        """An answer began. False if it is the one that was given up before it began."""
        if out_of_band and response_id and self.active not in ("", response_id):
            self._beside.add(response_id)
            return True
        if not (self._requested or out_of_band):
            self._wanted = False  # it began after everything that the waiting request was for
        self._credited, self._requested = self._requested, ""
        self.active = response_id or UNNAMED
        self._cancel_sent = False
        self.cut.discard(UNNAMED)
        if self._abandoned:
            self._abandoned = False
            self.cancel(out)
            return False
        return True

    def cancel(self, out: Outbox) -> None:
        """Stop what runs, or what was asked for and has not begun."""
        for response_id in sorted(self._beside - self.cut):
            out.send(CancelResponse, response_id=response_id)
        self.cut |= self._beside
        if self.active:
            self.cut.add(self.active)
            if not self._cancel_sent:
                self._cancel_sent = True
                named = {} if self.active == UNNAMED else {"response_id": self.active}
                out.send(CancelResponse, **named)
        elif self._requested:
            self._abandoned = True

    def stop_listening(self) -> None:
        """The server cancels by itself: just drop what still comes of the running answer."""
        self.cut |= self._beside
        if self.active:
            self.cut.add(self.active)
        elif self._requested:
            self._abandoned = True

    def done(self, response_id: str) -> None:
        """An answer ended, whatever its outcome."""
        if response_id in self.cut:  # what comes late of it is dropped too, but nothing comes for ever
            self._over.append(response_id)
            if len(self._over) > KEPT:
                self.cut.discard(self._over.popleft())
        beside = response_id in self._beside
        self._beside.discard(response_id)
        if not response_id or response_id == self.active or (self.active == UNNAMED and not beside):
            self.active = self._credited = ""
            self.cut.discard(UNNAMED)

    def refused(self, event_id: str, busy: bool, out: Outbox) -> None:
        """An error came. If it refuses our request, the slot is free again; ``busy``: another answer runs."""
        if busy and self._requested and event_id in (self._requested, ""):
            self._wanted = self._wanted or not (self._abandoned or self._requested == self._out_of_band)
            self._requested = ""
            self._abandoned = False
            if not self.active:
                self.active = UNNAMED
                out.do(Schedule(ResponseLate(UNNAMED), STUCK_S))
        elif busy and event_id and event_id == self._credited:
            self._credited = ""
            self._wanted = (
                self._wanted or event_id != self._out_of_band
            )  # the answer that began was the server's own, not the one we had asked for
        elif event_id and event_id == self._requested:
            self._requested = ""
            self._abandoned = False

    def stuck(self, event_id: str) -> bool:
        """The timer of a request fired: give the slot back if it is still unanswered. True if the user misses it."""
        if event_id == UNNAMED and self.active == UNNAMED:
            self.active = ""
            return False
        if self._requested != event_id:
            return False
        self._requested = ""
        self._abandoned = False
        return event_id != self._out_of_band

    def is_cut(self, response_id: str) -> bool:
        """Whether an answer was interrupted, so that what still comes of it is dropped."""
        return response_id in self.cut
