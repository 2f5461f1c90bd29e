"""Responses that did not come to their end: why, once, and what to do."""

from rtvoice_tui.protocol.realtime.error_texts import read_error
from rtvoice_tui.protocol.realtime.objects import FAILED, Item, Response
from rtvoice_tui.protocol.remedies import remedy_for
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.session.realtime.last_fault import LastFault
from rtvoice_tui.session.realtime.outbox import Outbox

CANCEL_REASONS = ("", "turn_detected", "client_cancelled")
"""Reasons of a cancelled response that need no word: the user interrupted."""

_ENDINGS = {"failed": "failed", "incomplete": "is incomplete", "cancelled": "was cancelled"}


class ResponseFailures:
    """Reports why responses failed, are incomplete, or were cancelled by the server.

    Args:
        out: collects the effects.
        fault: the last fault that the server reported.
    """

    def __init__(self, out: Outbox, fault: LastFault) -> None:
        self._out = out
        self._fault = fault

    def ended(self, response: Response, cut: bool) -> None:
        """Report why a response failed or is incomplete: an exceeded quota would otherwise look like silence.

        Without a reason of its own, the error event that came with it has already said why.
        """
        explained, told = self._fault.explains_response, self._fault.has_told(response.status_details.error.message)
        self._fault.response_ended()
        details, status = response.status_details, response.status
        expected = status in ("completed", "") or (status == "cancelled" and details.reason in CANCEL_REASONS)
        words = details.error.message or ("" if expected else details.reason)
        reason = words or details.error.word
        unasked = expected and not details.error.message
        if unasked or told or (cut and not details.error.message) or (explained and not words):
            return
        verb = _ENDINGS.get(status, f"ended as '{status}'")
        remedy = remedy_for(details.error.code, details.error.type, details.reason, details.error.message)
        self._tell(status, f"the answer {verb}", reason, remedy)
        self._fault.response_ended()

    def item(self, item: Item) -> None:
        """Report why an item of a response failed: its response may end without a word of it."""
        if item.status in FAILED and item.error and item.type in ("message", ""):
            error = read_error(item.error)
            remedy = remedy_for(error.code, error.type, error.message)
            self._tell(item.status, f"the answer {_ENDINGS[item.status]}", error.message or error.word, remedy)

    def _tell(self, status: str, what: str, reason: str, remedy: str) -> None:
        level = Level.ERROR if status == "failed" else Level.WARNING
        sentence = f"{what}: {' '.join((reason or 'the server gave no reason').split())}"
        self._fault.reported(sentence, remedy, reason)
        self._out.report(Notice(level, sentence, remedy or "ask again", until_answer=True))
