"""The last fault that the server reported: the likely cause if the session ends right after it."""

from dataclasses import dataclass

WITHIN_S = 5.0
"""A session that was ready and ends later than this after an error did not end because of it."""


@dataclass(frozen=True)
class Fault:
    """An error that was shown to the user.

    Attributes:
        sentence: as it was shown.
        remedy: what the user can do.
        message: the server's words in it.
        at: its time in seconds.
        fatal: whether a session cannot go on after it.
    """

    sentence: str
    remedy: str
    message: str
    at: float
    fatal: bool = False


class LastFault:
    """Remembers the last fault of a connection, and of its current response.

    Attributes:
        now: time of the current step in seconds.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._last: Fault | None = None
        self._of_response: Fault | None = None

    def reported(
        self, sentence: str, remedy: str, message: str, about_response: bool = True, fatal: bool = False
    ) -> None:
        """The server reported a fault; right after one with a remedy, another one without is only its consequence.

        After one that ends sessions, no lesser fault is the cause of the end.

        Args:
            sentence: as it was shown.
            remedy: what the user can do; empty if that is not known.
            message: the server's words in it.
            about_response: whether it may be about the current response.
            fatal: whether a session cannot go on after it.
        """
        fault = Fault(sentence, remedy, message, self.now, fatal)
        last = self._last
        if last is None or self.now - last.at > WITHIN_S or (fatal >= last.fatal and (remedy or not last.remedy)):
            self._last = fault
        if about_response:
            self._of_response = fault

    def response_started(self) -> None:
        """A response started: earlier faults are not about it; only one after which none can go on ends the session."""
        self._of_response = None
        if self._last is not None and not self._last.fatal:
            self._last = None

    @property
    def explains_response(self) -> bool:
        """Whether a fault was reported since the current response started, or since the last one ended."""
        return self._of_response is not None

    def has_told(self, message: str) -> bool:
        """Whether the fault of the current response was reported with these words."""
        return self._of_response is not None and bool(message) and message in self._of_response.message

    def response_ended(self) -> None:
        """A response ended: the fault before it is not about the next one."""
        self._of_response = None

    def cause(self, ready: bool) -> Fault | None:
        """The fault that ended the session now; ``None`` if there was none, or only long before.

        Args:
            ready: whether the session had been configured; before that, the last fault is the cause at any time.
        """
        last = self._last
        return last if last is not None and (not ready or self.now - last.at <= WITHIN_S) else None

    def clear(self) -> None:
        """The session ended."""
        self._last = self._of_response = None
