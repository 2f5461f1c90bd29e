"""The response slot: only one response may write to the conversation at a time, so a second request waits.

The slot is occupied when ``response.create`` is *sent*: the server would refuse a second one before
``response.created`` as well.
"""

from collections import deque

from rtvoice_tui.protocol.realtime.client_events import CancelResponse, CreateResponse
from rtvoice_tui.protocol.realtime.objects import Response
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import CancelLate, ResponseLate

STUCK_S = 10.0
"""Seconds after which a request that was neither started nor refused is abandoned."""


MOST_REFUSALS = 3
"""How often in a row a request is made again because its refusal sounds as if another response were active."""

KEPT = 64
"""Number of ended interrupted responses that are kept, so that their late events are dropped."""

OUT_OF_BAND = "rtvoice"
"""Metadata key that marks our out-of-band responses; servers repeat the metadata of a request."""

UNNAMED = "(unnamed)"
"""Stands for the id of a response that the server sends without one."""


def is_out_of_band(response: Response) -> bool:
    """Whether a response is out-of-band: not part of the conversation, and no reply to the user."""
    return OUT_OF_BAND in response.metadata


class ResponseSlot:
    """State of the slot: free, requested (by us, not started) or active.

    Attributes:
        active: id of the running response, or `UNNAMED`; empty if none runs.
        cut: ids of interrupted responses, whose late events are dropped.
        turn: the turn that the response is for which was requested last; 0 if that is not known.
    """

    def __init__(self) -> None:
        self.active = ""
        self._requested = ""
        self._out_of_band = ""
        self._parallel: set[str] = set()
        self.turn = 0
        self._user_turn = 0
        self._crossed = ""
        self._blocked = False
        self._wanted = False
        self._abandoned = False
        self._cancel_sent = False
        self._refusals = 0
        self._started = 0
        self.cut: set[str] = set()
        self._ended_cut: deque[str] = deque()

    @property
    def free(self) -> bool:
        """Whether a response may be requested now."""
        return not self.active and not self._requested and not self._parallel

    @property
    def requested(self) -> bool:
        """Whether a response was requested and has not started."""
        return bool(self._requested)

    @property
    def request(self) -> str:
        """Event id of the request that has not started; empty if there is none."""
        return self._requested

    def may_be_refused_by(self, event_id: str) -> bool:
        """Whether an error that names this event, or none, may refuse our request; not if it was refused too often."""
        return bool(self._requested) and event_id in ("", self._requested) and self._refusals < MOST_REFUSALS

    @property
    def wanted(self) -> bool:
        """Whether a request waits for the slot."""
        return self._wanted

    def want(self) -> None:
        """Request one response as soon as the slot is free; repeated calls count once."""
        self._wanted = True

    def want_for_turn(self, turn: int) -> None:
        """Request one response to a turn of the user, and to everything before it."""
        self._wanted = True
        self._user_turn = max(self._user_turn, turn)

    def drop_request(self) -> None:
        """Drop the waiting request, because the user interrupted."""
        self._wanted = False
        self._user_turn = 0

    def advance(self, out: Outbox, turn_of_outputs: int) -> str:
        """Send the waiting request if the slot is free; returns its event id, empty if nothing was sent.

        Args:
            out: collects the effects.
            turn_of_outputs: the turn of the calls whose outputs the response answers; 0 if there are none.
        """
        if not (self._wanted and self.free):
            return ""
        self.turn, self._user_turn = max(self._user_turn, turn_of_outputs), 0
        self._wanted = False
        self._requested = out.send(CreateResponse)
        out.add(Schedule(ResponseLate(self._requested), STUCK_S))
        return self._requested

    def ask_out_of_band(self, out: Outbox, sentence: str) -> None:
        """Request an out-of-band response that says one sentence (section "Response object" of the API).

        It occupies the slot as well, so that two responses are never audible at once.
        """
        response = {
            "conversation": "none",
            "input": [],
            "instructions": f"Say exactly this sentence, and nothing else: {sentence}",
            "tool_choice": "none",
            "metadata": {OUT_OF_BAND: "filler"},
        }
        self._requested = self._out_of_band = out.send(CreateResponse, response=response)
        out.add(Schedule(ResponseLate(self._requested), STUCK_S))

    def created(self, response_id: str, out: Outbox, out_of_band: bool = False) -> bool:
        """A response started. False if it was cancelled before it started: it is cancelled now."""
        if out_of_band and response_id and self.active not in ("", response_id):
            self._parallel.add(response_id)
            return True
        blocked, self._blocked = self._blocked, False
        if not (self._requested or out_of_band or blocked):
            self._wanted = False  # it includes everything that the waiting request was for
        self._crossed, self._requested = self._requested, ""
        self.active = response_id or UNNAMED
        self._started += 1
        self._cancel_sent = False
        self.cut -= {UNNAMED, response_id}  # the server may use an id again
        if self._abandoned:
            self._abandoned = False
            self.cancel(out)
            return False
        return True

    def cancel(self, out: Outbox) -> None:
        """Cancel all running responses, or a requested one as soon as it starts."""
        for response_id in sorted(self._parallel - self.cut):
            out.send(CancelResponse, response_id=response_id)
        self.cut |= self._parallel
        if self.active:
            self.cut.add(self.active)
            if not self._cancel_sent:
                self._cancel_sent = True
                named = {} if self.active == UNNAMED else {"response_id": self.active}
                out.send(CancelResponse, **named)
                out.add(Schedule(CancelLate(self.active, self._started), STUCK_S))
        elif self._requested:
            self._abandoned = True

    def cancel_late(self, timer: CancelLate) -> bool:
        """Handle `CancelLate`: whether that response is still active although it was cancelled."""
        return (self.active, self._started) == (timer.response_id, timer.number) and self._cancel_sent

    def not_active(self, cancel: CancelResponse | None) -> bool:
        """The server says that no response is active: whether the active one was cancelled, so that it has ended.

        Args:
            cancel: the request that the server refuses; ``None`` if that is not known.
        """
        named = cancel.response_id if cancel is not None and isinstance(cancel.response_id, str) else ""
        return bool(self.active) and self._cancel_sent and named in ("", self.active)

    def mark_cut(self) -> None:
        """The server cancels by itself: mark running or requested responses as cut, so that late events are dropped.

        A requested response is cancelled by us once it starts.
        """
        self.cut |= self._parallel
        if self.active:
            self.cut.add(self.active)
        elif self._requested:
            self._abandoned = True

    def turn_committed(self) -> None:
        """The server answers a turn by itself: the next response is that answer, not the request that was given up."""
        if self._abandoned:
            self._abandoned = False
            self._requested = ""

    def done(self, response_id: str) -> None:
        """A response ended, with any status."""
        if response_id in self.cut:  # late events of it are dropped too; the set is bounded
            self._ended_cut.append(response_id)
            if len(self._ended_cut) > KEPT:
                self.cut.discard(self._ended_cut.popleft())
        beside = response_id in self._parallel
        self._parallel.discard(response_id)
        if not response_id or response_id == self.active or (self.active == UNNAMED and not beside):
            self.active = ""
            self._refusals = 0 if not self._blocked else self._refusals
            self._blocked = False
            self.cut.discard(UNNAMED)

    def refused(self, event_id: str, busy: bool, out: Outbox) -> None:
        """Handle an error: if it refuses our request, free the slot.

        Args:
            event_id: the event id in the error; may be empty.
            busy: whether the error says that another response is active; the request is then sent again later.
            out: collects the effects.
        """
        if busy and self._requested and event_id in (self._requested, ""):
            self._refusals += 1
            self._wanted = self._wanted or not (self._abandoned or self._requested == self._out_of_band)
            self._requested = ""
            self._abandoned = False
            if not self.active:
                self.active = UNNAMED
                self._blocked = True  # by a response that began before our request, whatever is told of it later
                out.add(Schedule(ResponseLate(UNNAMED), STUCK_S))
        elif busy and self._crossed and event_id == (self._crossed if event_id or not self.active else ""):
            # the response that started was the server's own, not the requested one
            self._wanted = self._wanted or self._crossed != self._out_of_band
            self._crossed = ""
        elif event_id and event_id == self._requested:
            self._requested = ""
            self._abandoned = False

    def request_late(self, event_id: str) -> bool:
        """Handle `ResponseLate`: free the slot if the request is still pending. True if the user should be warned."""
        if event_id == UNNAMED and self.active == UNNAMED:
            self.active = ""
            self._blocked = False
            return False
        if self._requested != event_id:
            return False
        self._requested = ""
        self._abandoned = False
        return event_id != self._out_of_band

    def is_cut(self, response_id: str) -> bool:
        """Whether a response was interrupted, so that its late events are dropped."""
        return response_id in self.cut
