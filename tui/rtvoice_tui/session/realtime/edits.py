"""Changes of the running session: sent, then acknowledged, made into something else, refused or left unanswered.

``session.updated`` repeats no event id, so it acknowledges the oldest change that still waits.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.client_events import UpdateSession
from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS, Dialect
from rtvoice_tui.protocol.realtime.session_echo import blamed, differs, in_force
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import EditChanged, EditState, InForce
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import EditLate

UNANSWERED_S = 3.0

GATED = "push-to-talk goes on: silence is sent outside of turns"
"""What becomes of push-to-talk where turn detection stays on."""


@dataclass
class _Waiting:
    """A change under way.

    Attributes:
        event_id: of the update that carries it.
        edit_id: how the user's command named it.
        fields: names of settings, or ``tools``.
        before: the settings to go back to if it is refused.
        tools_before: the same of the tools.
        after: the settings it asks for.
        tools_after: the same of the tools.
        sent: what the server was told, by our names.
        by_talk: whether the way of taking turns asks for it, and not the agent's configuration.
    """

    event_id: str
    edit_id: str
    fields: tuple[str, ...]
    before: SessionSettings
    tools_before: tuple[ToolSpec, ...]
    after: SessionSettings
    tools_after: tuple[ToolSpec, ...]
    sent: dict[str, Any]
    by_talk: bool = False

    @property
    def switches_off(self) -> bool:
        """Whether it asks for turn detection to be off."""
        return "turn_detection" in self.fields and self.after.turn_detection is None


class Edits:
    """The wanted configuration, the one the session has, and the changes under way.

    Args:
        dialect: who is spoken to.
        settings: the configuration to begin with.
        tools: the tools to begin with.
        out: where effects go.

    Attributes:
        wanted: what the user wants, and the next session will have.
        settings: what this session goes by: what was put off for the next one is not in it.
        tools: the wanted tools.
        voice_frozen: whether the voice cannot change any more in this session.
        by_key: whether turns are made by key, so that turn detection is off whatever is wanted.
        takes_no_detection: whether the server lets turn detection be switched off, as far as is known.
    """

    def __init__(self, dialect: Dialect, settings: SessionSettings, tools: tuple[ToolSpec, ...], out: Outbox) -> None:
        self._dialect = dialect
        self.wanted = settings
        self.settings = settings
        self.tools = tools
        self._out = out
        self._waiting: list[_Waiting] = []
        self._settled: deque[_Waiting] = deque(maxlen=16)
        self._silent: set[str] = set()
        self.voice_frozen = False
        self.by_key = False
        self.takes_no_detection = dialect.takes_no_detection

    @property
    def waiting(self) -> bool:
        """Whether a change is still unanswered."""
        return bool(self._waiting)

    def send_all(self, edit_id: str = "") -> str:
        """Configure a new session with everything; returns the event id."""
        self.voice_frozen = False
        self.settings = self._whole()
        fields = (*sorted(n for n in ALL_SETTINGS if self.settings.is_set(n)), "tools")
        return self._send(None, fields, edit_id, self.settings, self.tools)

    def keep(
        self, settings: SessionSettings, tools: tuple[ToolSpec, ...], edit_id: str = "", tell: bool = True
    ) -> None:
        """Take over a wanted configuration for the next session."""
        changed = self._take(settings, tools)
        self.settings = self._whole()
        if tell:
            self._put_off(changed, "sent when there is a session", edit_id)

    def _take(self, settings: SessionSettings, tools: tuple[ToolSpec, ...]) -> tuple[str, ...]:
        """Take over the wanted settings and tools; returns the names of what changed.

        Rates stay: the devices are open at them, and a session that is under way keeps its own.
        """
        settings = replace(settings, input_rate=self.settings.input_rate, output_rate=self.settings.output_rate)
        changed = [n for n in sorted(ALL_SETTINGS) if getattr(settings, n) != getattr(self.wanted, n)]
        if tools != self.tools:
            changed.append("tools")
        self.wanted, self.tools = settings, tools
        return tuple(changed)

    def change(self, settings: SessionSettings, tools: tuple[ToolSpec, ...], edit_id: str = "") -> None:
        """Take over a wanted configuration, and tell the server what changed.

        Args:
            settings: all settings.
            tools: all tools.
            edit_id: how the user's command names the change.
        """
        before, tools_before = self.settings, self.tools
        taken = self._take(settings, tools)
        held = tuple(n for n in taken if n == "turn_detection" and self._off)
        self._put_off(held, "push-to-talk keeps it off until the microphone is open again", edit_id)
        changed = tuple(n for n in taken or sorted(self._silent) if n not in held)  # the unanswered is asked again
        frozen = tuple(n for n in changed if n == "voice" and self.voice_frozen)
        cleared = tuple(n for n in changed if n not in frozen and self._cleared(n))
        self._put_off(frozen, "the voice cannot change once the agent has spoken", edit_id)
        self._put_off(cleared, "the server keeps what it has", edit_id)
        told = tuple(n for n in changed if n not in frozen + cleared)
        self.settings = replace(before, **{n: self._value(n) for n in told if n != "tools"})
        if told:
            self._send(told, told, edit_id, before, tools_before)

    def take_turns(self, by_key: bool, live: bool) -> None:
        """Turns are made by key from now on, or detected again; a live session is told.

        Args:
            by_key: whether the key makes them.
            live: whether there is a session.
        """
        self.by_key = by_key
        if not live:
            self.settings = self._whole()
            return
        before, value = self.settings, self._value("turn_detection")
        self.settings = replace(before, turn_detection=value)
        same = value == before.turn_detection or (before.manual_turns and self.settings.manual_turns)
        if not same:
            self._send(
                ("turn_detection",), ("turn_detection",), self._out.new_id("talk"), before, self.tools, by_talk=True
            )

    @property
    def _off(self) -> bool:
        """Whether turn detection is off because turns are made by key."""
        return self.by_key and self.takes_no_detection

    def _whole(self) -> SessionSettings:
        """The wanted configuration, as the way of taking turns has it."""
        return replace(self.wanted, turn_detection=None) if self._off else self.wanted

    def acknowledged(self, session: Mapping[str, Any]) -> str:
        """``session.updated`` came with what is in force. The event id of the change it answers, or nothing."""
        found = in_force(session)
        self._out.report(InForce(found))
        if not self._waiting:
            return ""
        edit = self._waiting[0]
        made = {n: found[n] for n, sent in edit.sent.items() if n in found and differs(n, sent, found[n])}
        self._settle(edit, EditState.CHANGED if made else EditState.ACKNOWLEDGED, made=made)
        if edit.switches_off and self._off and isinstance(made.get("turn_detection"), Mapping):
            self.takes_no_detection = False
            self.settings = replace(self.settings, turn_detection=dict(made["turn_detection"]))
            self._out.warn(f"{self._dialect.title} keeps turn detection on", GATED)
        return edit.event_id

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
        self._go_back(edit)
        blame = blamed(param, edit.fields)
        if edit.switches_off and self._off and blame == "turn_detection":
            self.takes_no_detection = False
        self._settle(edit, EditState.REFUSED, reason, blamed=blame)
        self._settled.remove(edit)
        return edit.event_id

    def unanswered(self, event_id: str) -> bool:
        """The timer of a change fired; true if it still waits. A late answer is taken all the same."""
        edit = next((e for e in self._waiting if e.event_id == event_id), None)
        if edit is None:
            return False
        if edit.edit_id:
            self._silent |= set(edit.fields)
        self._tell(edit, EditState.UNANSWERED)
        return True

    def close(self) -> None:
        """The session ended: nothing will be answered any more."""
        for edit in list(self._waiting):
            self._settle(edit, EditState.UNANSWERED, "the session ended")
        self._settled.clear()
        self._silent.clear()

    def _cleared(self, name: str) -> bool:
        """Whether a setting was left to the server, which keeps what it has: nothing can be said to it."""
        if name == "turn_detection" and self.settings.manual_turns:
            return False
        return name not in ("tools", "instructions") and self._value(name) in (UNSET, {})

    def _value(self, name: str) -> Any:
        """What is wanted; turns that are no longer made by hand are the server's usual ones."""
        value = getattr(self.wanted, name)
        if name == "turn_detection" and self._off:
            return None
        if name == "turn_detection" and value is UNSET and self.settings.manual_turns:
            return {"type": "server_vad"}
        return value

    def _go_back(self, edit: _Waiting) -> None:
        """What is still as the refused change left it becomes as it was; later changes go back to that too."""
        later = [e for e in self._waiting if e is not edit]
        for name in edit.fields:
            if name == "tools":
                back = _as_strict(edit.tools_before, edit.tools_after)
                if self.tools == edit.tools_after:
                    self.tools = back
                for other in later:
                    if other.tools_before == edit.tools_after:
                        other.tools_before = back
                continue
            old, new = getattr(edit.before, name), getattr(edit.after, name)
            if getattr(self.settings, name) == new:
                self.settings = replace(self.settings, **{name: old})
                if old != new and not edit.by_talk:
                    self.wanted = replace(self.wanted, **{name: old})
            for other in later:
                if getattr(other.before, name) == new:
                    other.before = replace(other.before, **{name: old})

    def _put_off(self, fields: tuple[str, ...], reason: str, edit_id: str) -> None:
        if fields:
            values = {n: v for n in fields if n != "tools" and (v := getattr(self.wanted, n)) is not UNSET}
            self._out.report(EditChanged("", fields, EditState.LATER, reason, sent=values, edit_id=edit_id))

    def _send(
        self,
        changed: tuple[str, ...] | None,
        fields: tuple[str, ...],
        edit_id: str,
        before: SessionSettings,
        tools_before: tuple[ToolSpec, ...],
        by_talk: bool = False,
    ) -> str:
        body = session_body(self._dialect, self.settings, self.tools, changed)
        if changed is not None and not set(body.session) - {"type"}:
            detail = f"{self._dialect.title} has no such setting"
            blame = fields[0] if len(fields) == 1 else ""
            values = {n: v for n in fields if n != "tools" and (v := getattr(self.settings, n)) is not UNSET}
            self._out.report(
                EditChanged("", fields, EditState.REFUSED, detail, body.left_out, blame, values, edit_id=edit_id)
            )
            return ""
        event_id = self._out.send(UpdateSession, session=body.session)
        sent = {name: value for name, value in in_force(body.session).items() if name in fields}
        edit = _Waiting(event_id, edit_id, fields, before, tools_before, self.settings, self.tools, sent, by_talk)
        self._waiting.append(edit)
        self._tell(edit, EditState.SENT, left_out=body.left_out)
        self._out.do(Schedule(EditLate(event_id), UNANSWERED_S))
        return event_id

    def _settle(self, edit: _Waiting, state: EditState, detail: str = "", **more: Any) -> None:
        self._silent -= set(edit.fields)
        if edit in self._waiting:
            self._waiting.remove(edit)
            self._settled.append(edit)
        self._tell(edit, state, detail, **more)

    def _tell(self, edit: _Waiting, state: EditState, detail: str = "", **more: Any) -> None:
        fact = EditChanged(edit.event_id, edit.fields, state, detail, sent=edit.sent, edit_id=edit.edit_id, **more)
        self._out.report(fact)


def _as_strict(tools: tuple[ToolSpec, ...], others: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    """Tools that ask where they or their namesakes do: a server's refusal is no word on who must agree here."""
    asking = {tool.name for tool in others if tool.asks}
    return tuple(replace(tool, asks=tool.asks or tool.name in asking) for tool in tools)
