"""Errors that a server reports: which request they refuse, what they mean for each part, and what the user is told."""

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.client_events import CancelResponse, CreateResponse, HandWritten
from rtvoice_tui.protocol.realtime.objects import ErrorInfo, Response
from rtvoice_tui.protocol.realtime.provider_events import OtherFailure
from rtvoice_tui.protocol.remedies import FATAL
from rtvoice_tui.session.facts import Level, Notice, Phase
from rtvoice_tui.session.realtime.configuration import TOOL_LEFT_OUT
from rtvoice_tui.session.realtime.edits import GATED_NOTICE
from rtvoice_tui.session.realtime.parts import Parts
from rtvoice_tui.session.realtime.pending_edit import Blame
from rtvoice_tui.session.realtime.responses.response_slot import UNNAMED, ResponseSlot
from rtvoice_tui.session.realtime.server_errors import Verdict, is_empty_commit, is_not_active, judge, sentence


class ServerFailures:
    """Tells the parts of a session machine what an error of the server is about.

    Args:
        parts: the parts of the machine.
    """

    def __init__(self, parts: Parts) -> None:
        self._out = parts.out
        self._configuration = parts.configuration
        self._user = parts.user
        self._written = parts.written
        self._responses = parts.responses
        self._tools = parts.tools
        self._fault = parts.fault

    @property
    def _slot(self) -> ResponseSlot:
        return self._responses.slot

    def error(self, event: ev.ErrorEvent) -> None:
        """An error event: refuse what it is about, and tell the user unless it is harmless or repaired."""
        error = event.error
        cause = self._out.cause(error.event_id)
        if isinstance(cause, HandWritten):
            self._written.refused(error)
            return
        ruling = judge(error, cause, asking=self._slot.may_be_refused_by(error.event_id))
        busy = ruling.verdict is Verdict.TRY_AGAIN
        if is_not_active(error) and self._slot.not_active(cause if isinstance(cause, CancelResponse) else None):
            self.end_response(self._slot.active)
        refused_id = error.event_id or self._request_refused_without_id(error, ruling.verdict)
        self._slot.refused(refused_id, busy, self._out)
        without_id = self._blame(error, ruling.verdict, cause is not None)
        self._user.typed.deliveries.refused(error.event_id, sentence(error))
        self._tools.refused(error.event_id, sentence(error))
        self._user.commit_refused(error.event_id, is_empty_commit(error))
        correction = self._configuration.refused(error, without_id)
        if correction is not None:
            self._tools.use()
        if ruling.verdict in (Verdict.EXPECTED, Verdict.TRY_AGAIN) or correction is TOOL_LEFT_OUT:
            return
        if cause is None:
            self._user.listening.unanswered = False  # the answer may have failed before it began
        harmless = ruling.verdict is Verdict.HARMLESS or correction == GATED_NOTICE
        level = Level.WARNING if harmless else Level.ERROR
        remedy = ruling.remedy or correction or ""
        if level is Level.ERROR:
            about_response = (cause is None or isinstance(cause, CreateResponse)) and not _about_session(error)
            fatal = ruling.verdict is Verdict.FATAL
            self._fault.reported(sentence(error), remedy, error.message, about_response, fatal)
        until_answer = isinstance(cause, CreateResponse)
        self._out.report(Notice(level, sentence(error), remedy, error.event_id, until_answer=until_answer))

    def other(self, failure: OtherFailure) -> None:
        """An event of an unknown type tells of a failure: the user is told, and nothing of ours is refused by it."""
        error, words = failure.error, sentence(failure.error)
        remedy = judge(error, None).remedy
        if not failure.warns:
            about_response = failure.about.startswith("response.")
            self._fault.reported(words, remedy, error.message, about_response, error.code in FATAL)
        else:
            self._fault.reported(words, remedy, error.message, about_response=False)
        self._out.report(Notice(Level.WARNING if failure.warns else Level.ERROR, words, remedy))

    def _blame(self, error: ErrorInfo, verdict: Verdict, caused: bool) -> Blame:
        """Which pending edit an error without an event id refuses; ``caused``: whether its cause is another event."""
        if _about_session(error) or (self._configuration.phase is Phase.CONFIGURING and verdict is Verdict.FAULT):
            return Blame.OLDEST
        return Blame.NAMED if verdict is Verdict.FAULT and not caused else Blame.NOBODY

    def end_response(self, response_id: str) -> None:
        """A cancelled response has ended, although the server has not told so."""
        named = "" if response_id == UNNAMED else response_id
        self._responses.handle(ev.ResponseDone(response=Response(id=named, status="cancelled")))

    def _request_refused_without_id(self, error: ErrorInfo, verdict: Verdict) -> str:
        """The id of the request that an error without an id refuses, if it may be about nothing else."""
        elsewhere = error.param or self._configuration.due
        fault = verdict in (Verdict.FAULT, Verdict.FATAL)
        return self._slot.request if fault and not elsewhere else ""


def _about_session(error: ErrorInfo) -> bool:
    """Whether an error names a field of the session."""
    return error.param.startswith("session")
