"""Configures a connection: from ``session.created`` to the first accepted update, then all later edits."""

from typing import Any

from rtvoice_tui.protocol.realtime.objects import ErrorInfo
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Phase, SessionOpened
from rtvoice_tui.session.realtime.edits import GATED_NOTICE, Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.pending_edit import Blame
from rtvoice_tui.session.realtime.server_errors import sentence
from rtvoice_tui.session.timers import SessionCreatedLate

GREETING_S = 5.0
"""Seconds to wait for ``session.created``; then the session is configured anyway, with a warning."""


TOOL_LEFT_OUT = "the tool is left out"
"""Remedy of a refused tool: the user was told already."""


class Configuration:
    """The phase of a connection, until the server has accepted the settings.

    Args:
        edits: the wanted settings and tools, and the pending edits.
        out: collects the effects.

    Attributes:
        phase: ``OFFLINE``, ``CONNECTING``, ``CONFIGURING``, ``REFUSED`` or ``READY``.
    """

    def __init__(self, edits: Edits, out: Outbox) -> None:
        self.phase = Phase.OFFLINE
        self._edits = edits
        self._out = out
        self._update = ""  # event id of the update with the whole configuration
        self._connections = 0
        self._session_id = ""
        self._history = 0

    @property
    def ready(self) -> bool:
        """Whether the server has accepted the settings, the audio format among them."""
        return self.phase is Phase.READY

    @property
    def live(self) -> bool:
        """Whether an edit can be sent as an update of its own: the whole configuration was sent and not refused."""
        return self.phase is not Phase.REFUSED and (self.ready or self._edits.waiting)

    @property
    def due(self) -> bool:
        """Whether ``session.created`` or the reply to an update is pending."""
        return self.phase is Phase.CONFIGURING or self._edits.waiting

    @property
    def settings(self) -> SessionSettings:
        """The settings of the current session, with all changes sent so far."""
        return self._edits.settings

    @property
    def wanted(self) -> SessionSettings:
        """The settings that the user wants; the next session starts with them."""
        return self._edits.wanted

    def freeze_voice(self) -> None:
        """The agent was heard: some providers accept no other voice from now on."""
        self._edits.freeze_voice()

    # --- the connection

    def connecting(self) -> None:
        """A connection attempt started."""
        self.phase = Phase.CONNECTING

    def opened(self, history: int) -> None:
        """The socket is open: wait for ``session.created``.

        Args:
            history: number of messages of an earlier conversation that are passed to the session.
        """
        self.phase = Phase.CONFIGURING
        self._history = history
        self._connections += 1
        self._out.add(Schedule(SessionCreatedLate(self._connections), GREETING_S))

    def closed(self) -> None:
        """The socket is closed."""
        self._edits.close()
        self.phase = Phase.OFFLINE

    # --- server events

    def session_created(self, session: dict[str, Any]) -> None:
        """Handle ``session.created``: report the server's session, and send our configuration."""
        if self.phase is Phase.READY and self._is_other(session):
            self._out.warn("the server began a new session by itself", "it may not know what was said before")
            self._update = self._edits.send_all()
        if self.phase is not Phase.CONFIGURING:
            return
        self._session_id = str(session.get("id") or "")
        self._out.report(SessionOpened(str(session.get("id") or ""), session, self._history))
        self._edits.opened(session)
        self._send_unless_sent()

    def _is_other(self, session: dict[str, Any]) -> bool:
        """Whether a session is another one than the one of this connection, as after a gateway's failover."""
        before, self._session_id = self._session_id, str(session.get("id") or "")
        return bool(before and self._session_id) and before != self._session_id

    def updated(self, session: dict[str, Any]) -> None:
        """Handle ``session.updated``, which acknowledges pending updates."""
        answered = self._edits.acknowledged(session)
        opening = self.phase in (Phase.CONFIGURING, Phase.REFUSED)
        accepted = self._update in answered or (self.phase is Phase.REFUSED and self._edits.holds_refused(session))
        if opening and self._update and accepted:
            self.phase = Phase.READY

    def take_as_ready(self) -> None:
        """Handle `TakeAsReady`: become ready without ``session.created`` and ``session.updated``."""
        if self.phase not in (Phase.CONFIGURING, Phase.REFUSED):
            return
        if not self._update:
            self.session_created({})
        self._edits.acknowledged({})
        self.phase = Phase.READY

    def refused(self, error: ErrorInfo, without_id: Blame) -> str | None:
        """Handle an error that may refuse an update.

        Args:
            error: the server's error.
            without_id: which pending update an error without an event id refuses.

        Returns:
            The remedy for the user; ``None`` if the error refuses no update.
        """
        again = self._edits.refused_tool(error.event_id, sentence(error), error.param, without_id)
        if again:
            whole = self.phase in (Phase.CONFIGURING, Phase.REFUSED)
            self._update = again if whole else self._update
            return TOOL_LEFT_OUT
        took = self._edits.can_disable_turn_detection
        refused = self._edits.refused(error.event_id, sentence(error), error.param, without_id)
        if not refused:
            return None
        without_key = took and not self._edits.can_disable_turn_detection
        if refused == self._update:
            self.phase = Phase.CONFIGURING if without_key else Phase.REFUSED
            self._update = self._edits.send_all() if without_key else refused
        return GATED_NOTICE if without_key else "F6 corrects it, F7 sends it again"

    def _send_unless_sent(self) -> None:
        if not self._edits.waiting:
            self._update = self._edits.send_all()

    # --- edits and timers

    def edit(self, command: EditSession) -> None:
        """Apply an edit: send it if the session is live, else keep it for the next one; a refused session is resent."""
        refused = self.phase is Phase.REFUSED
        if self.live:
            self._edits.change(command.settings, command.tools, command.edit_id)
        else:
            self._edits.keep(command.settings, command.tools, command.edit_id, tell=not refused)
        if refused:
            self._update = self._edits.send_all(command.edit_id)

    def correct(self) -> None:
        """Resend a refused configuration: the talk mode, which may be the cause, has changed."""
        if self.phase is Phase.REFUSED:
            self._update = self._edits.send_all()

    def created_late(self, connection: int) -> None:
        """Handle `SessionCreatedLate`: configure the session without waiting for ``session.created`` any longer."""
        current = connection == self._connections and self.phase is Phase.CONFIGURING
        if current and not self._edits.waiting:
            self._out.report(SessionOpened("", {}, self._history))
            self._out.warn("the server has not greeted us", "the session is configured all the same")
            self._send_unless_sent()

    def unanswered(self, event_id: str) -> None:
        """Handle `EditLate`: a session that waits for its first acknowledgement becomes ready, with a warning."""
        if self._edits.unanswered(event_id) and self.phase is Phase.CONFIGURING:
            self.phase = Phase.READY
            self._out.warn(
                "the server has not confirmed the session's settings, so audio may be misunderstood",
                "see the session in pane 5",
                event_id,
            )
