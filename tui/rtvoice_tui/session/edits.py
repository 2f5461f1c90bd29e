"""Changes of the running session: sent, then acknowledged, made into something else, refused or left unanswered.

``session.updated`` repeats no event id, so it acknowledges the oldest change that still waits.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.protocol.client_events import UpdateSession
from rtvoice_tui.protocol.dialects import ALL_SETTINGS, Dialect
from rtvoice_tui.protocol.echo import as_sent, blamed, differs, in_force
from rtvoice_tui.protocol.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import EditChanged, EditState, InForce
from rtvoice_tui.session.outbox import Outbox

UNANSWERED_S = 3.0
TIMER = "edit:"


@dataclass(frozen=True)
class _Waiting:
    event_id: str
    fields: tuple[str, ...]
    before: SessionSettings
    tools_before: tuple[ToolSpec, ...]
    sent: dict[str, Any]
    edit_id: str


class Edits:
    """The wanted configuration and the changes under way.

    Args:
        dialect: who is spoken to.
        settings: the configuration to begin with.
        tools: the tools to begin with.
        out: where effects go.
    """

    def __init__(self, dialect: Dialect, settings: SessionSettings, tools: tuple[ToolSpec, ...], out: Outbox) -> None:
        self._dialect = dialect
        self.settings = settings
        self.tools = tools
        self._out = out
        self._waiting: list[_Waiting] = []
        self._settled: deque[_Waiting] = deque(maxlen=16)
        self._before = settings
        self._tools_before = tools
        self._edit_id = ""
        self.voice_frozen = False

    @property
    def waiting(self) -> bool:
        """Whether a change is still unanswered."""
        return bool(self._waiting)

    def send_all(self) -> str:
        """Configure a new session with everything; returns the event id."""
        self._before, self._tools_before, self._edit_id = self.settings, self.tools, ""
        self.voice_frozen = False
        return self._send(None, tuple(sorted(n for n in ALL_SETTINGS if self.settings.is_set(n))))

    def keep(self, settings: SessionSettings, tools: tuple[ToolSpec, ...], edit_id: str = "") -> tuple[str, ...]:
        """Take over a wanted configuration; returns the names of what changed.

        Rates stay: the devices are open at them, and a session that is under way keeps its own.
        """
        self._before, self._tools_before, self._edit_id = self.settings, self.tools, edit_id
        settings = replace(settings, input_rate=self.settings.input_rate, output_rate=self.settings.output_rate)
        changed = [n for n in sorted(ALL_SETTINGS) if getattr(settings, n) != getattr(self.settings, n)]
        if tools != self.tools:
            changed.append("tools")
        self.settings, self.tools = settings, tools
        return tuple(changed)

    def send(self, changed: tuple[str, ...]) -> None:
        """Tell the server what changed, and the person what has to wait for another session."""
        frozen = tuple(n for n in changed if n == "voice" and self.voice_frozen)
        cleared = tuple(n for n in changed if n not in ("tools", "instructions") and not self.settings.is_set(n))
        self.put_off(frozen, "the voice cannot change once the agent has spoken")
        self.put_off(cleared, "the server keeps what it has")
        if left := tuple(n for n in changed if n not in frozen + cleared):
            self._send(left, left)

    def put_off(self, fields: tuple[str, ...], reason: str) -> None:
        """Say that a change is kept for the next session."""
        if fields:
            self._out.tell(
                EditChanged("", fields, EditState.LATER, reason, sent=self._values(fields), edit_id=self._edit_id)
            )

    def acknowledged(self, session: Mapping[str, Any]) -> bool:
        """``session.updated`` came with what is in force. False if nothing was waiting for it."""
        found = in_force(session)
        self._out.tell(InForce(found))
        if not self._waiting:
            return False
        edit = self._waiting[0]
        made = {n: found[n] for n, sent in edit.sent.items() if n in found and differs(n, sent, found[n])}
        self._settle(edit, EditState.CHANGED if made else EditState.ACKNOWLEDGED, made=made)
        return True

    def refused(self, event_id: str, reason: str, param: str, blameless: bool) -> str:
        """An error came; returns the event id of the change that it refuses, or nothing.

        Args:
            event_id: what the error names.
            reason: what the server objects to.
            param: which part of the update it objects to, as it says.
            blameless: whether an error that names no event can only be about a change.
        """
        candidates = [*self._waiting, *self._settled]
        edit = next((e for e in candidates if event_id and e.event_id == event_id), None)
        if edit is None and not event_id and blameless and self._waiting:
            edit = self._waiting[0]
        if edit is None:
            return ""
        self.settings = replace(self.settings, **{n: getattr(edit.before, n) for n in edit.fields if n != "tools"})
        if "tools" in edit.fields:
            self.tools = edit.tools_before
        self._settle(edit, EditState.REFUSED, reason, blamed=blamed(param, edit.fields))
        return edit.event_id

    def unanswered(self, event_id: str) -> bool:
        """The timer of a change fired; true if it still waits. A late answer is taken all the same."""
        edit = next((e for e in self._waiting if e.event_id == event_id), None)
        if edit is None:
            return False
        self._out.tell(
            EditChanged(edit.event_id, edit.fields, EditState.UNANSWERED, sent=edit.sent, edit_id=edit.edit_id)
        )
        return True

    def close(self) -> None:
        """The session ended: nothing will be answered any more."""
        for edit in list(self._waiting):
            self._settle(edit, EditState.UNANSWERED, "the session ended")
        self._settled.clear()

    def _send(self, changed: tuple[str, ...] | None, fields: tuple[str, ...]) -> str:
        body = session_body(self._dialect, self.settings, self.tools, changed)
        if changed is not None and not set(body.session) - {"type"}:
            detail = f"{self._dialect.title} has no such setting"
            blame = fields[0] if len(fields) == 1 else ""
            self._out.tell(
                EditChanged("", fields, EditState.REFUSED, detail, body.left_out, blame, edit_id=self._edit_id)
            )
            return ""
        event_id = self._out.send(UpdateSession, session=body.session)
        told = tuple(n for n in fields if n == "tools" or n in self._dialect.settings)
        edit = _Waiting(event_id, fields, self._before, self._tools_before, self._values(told), self._edit_id)
        self._waiting.append(edit)
        self._out.tell(
            EditChanged(event_id, fields, EditState.SENT, "", body.left_out, sent=edit.sent, edit_id=edit.edit_id)
        )
        self._out.do(Schedule(TIMER + event_id, UNANSWERED_S))
        return event_id

    def _values(self, fields: tuple[str, ...]) -> dict[str, Any]:
        return {n: as_sent(n, self.settings, self.tools) for n in fields}

    def _settle(
        self,
        edit: _Waiting,
        state: EditState,
        detail: str = "",
        made: dict[str, Any] | None = None,
        blamed: str = "",
    ) -> None:
        if edit in self._waiting:
            self._waiting.remove(edit)
            self._settled.append(edit)
        self._out.tell(
            EditChanged(edit.event_id, edit.fields, state, detail, (), blamed, edit.sent, made or {}, edit.edit_id)
        )
