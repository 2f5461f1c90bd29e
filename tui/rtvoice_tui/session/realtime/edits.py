"""Edits of the running session: sent, then acknowledged, changed by the server, refused or unanswered.

``session.updated`` carries no event id, so it acknowledges the pending edits whose values it holds, or else the oldest.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.client_events import UpdateSession
from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS, Dialect
from rtvoice_tui.protocol.realtime.session_echo import blamed, differs, in_force, named_field, refused_tool_name
from rtvoice_tui.protocol.realtime.session_update import replace_left_out, session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import EditChanged, EditState, Level, Notice, SettingsReported
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.pending_edit import (
    Blame,
    PendingEdit,
    answered_by,
    as_asked,
    as_strict,
    named_in,
    says_less,
    set_values,
)
from rtvoice_tui.session.timers import EditLate

UNANSWERED_S = 3.0

TOOLS_CHANGED_ID = "tools found"
"""Edit id of tool changes that the user did not make."""

_ECHOES = frozenset(("model", "tools"))
"""Fields that some servers complete by themselves in any report: a change of them is not announced."""

GATED_NOTICE = "push-to-talk goes on: silence is sent outside of turns"
"""Notice for push-to-talk with a server that keeps turn detection on."""


class Edits:
    """The wanted configuration, the configuration of the session, and the pending edits.

    Args:
        dialect: the provider's dialect.
        settings: the initial settings.
        tools: the initial tools.
        out: collects the effects.

    Attributes:
        wanted: the settings that the user wants; the next session starts with them.
        settings: the settings sent in this session; without changes deferred to the next one.
        tools: the wanted tools.
        voice_frozen: whether the voice can no longer change in this session.
        by_key: whether push-to-talk is on, so that turn detection is off whatever is wanted.
        can_disable_turn_detection: whether the server is assumed to accept turn detection being switched off.
    """

    def __init__(self, dialect: Dialect, settings: SessionSettings, tools: tuple[ToolSpec, ...], out: Outbox) -> None:
        self._dialect = dialect
        self.wanted = settings
        self.settings = settings
        self.tools = tools
        self._out = out
        self._waiting: list[PendingEdit] = []
        self._resolved: deque[PendingEdit] = deque(maxlen=16)
        self._refused_whole: PendingEdit | None = None
        self._by_hand: dict[str, Any] = {}  # settings in hand-written updates that the server has not reported yet
        self._unanswered_fields: set[str] = set()
        self._in_force: dict[str, Any] = {}
        self._refused_tools: dict[str, ToolSpec] = {}
        self.voice_frozen = False
        self.by_key = False
        self.can_disable_turn_detection = dialect.can_disable_turn_detection

    @property
    def waiting(self) -> bool:
        """Whether an edit is pending."""
        return bool(self._waiting)

    def freeze_voice(self) -> None:
        """The agent was heard: some providers accept no other voice for the rest of the session."""
        self.voice_frozen = self._dialect.freezes_voice

    def send_all(self, edit_id: str = "") -> str:
        """Send the whole configuration; returns the event id of the update."""
        self.voice_frozen = False
        self.settings = self._effective()
        fields = (*sorted(n for n in ALL_SETTINGS if self.settings.is_set(n)), "tools")
        return self._send(None, fields, edit_id, self.settings, self.tools)

    def keep(
        self, settings: SessionSettings, tools: tuple[ToolSpec, ...], edit_id: str = "", tell: bool = True
    ) -> None:
        """Store a wanted configuration for the next session.

        Args:
            settings: all settings.
            tools: all tools.
            edit_id: id that `EditChanged` repeats.
            tell: whether to report the changed fields as deferred.
        """
        changed = self._store_wanted_changes(settings, tools)
        self.settings = self._effective()
        if tell:
            self._put_off(changed, "sent when there is a session", edit_id)

    def _store_wanted_changes(self, settings: SessionSettings, tools: tuple[ToolSpec, ...]) -> tuple[str, ...]:
        """Store the wanted settings and tools; returns the names of the changed fields.

        The sample rates do not change: the devices are open at them.
        """
        settings = replace(settings, input_rate=self.settings.input_rate, output_rate=self.settings.output_rate)
        changed = [n for n in sorted(ALL_SETTINGS) if getattr(settings, n) != getattr(self.wanted, n)]
        if tools != self.tools:
            changed.append("tools")
        self.wanted, self.tools = settings, tools
        return tuple(changed)

    def change(self, settings: SessionSettings, tools: tuple[ToolSpec, ...], edit_id: str = "") -> None:
        """Store a wanted configuration, and send the changed fields to the server.

        Fields that cannot change now are reported as deferred (`EditState.LATER`).

        Args:
            settings: all settings.
            tools: all tools.
            edit_id: id that `EditChanged` repeats.
        """
        before, tools_before = self.settings, self.tools
        taken = self._store_wanted_changes(settings, tools)
        held = tuple(n for n in taken if n == "turn_detection" and self._off)
        self._put_off(held, "push-to-talk keeps it off until the microphone is open again", edit_id)
        changed = tuple(
            n for n in taken or sorted(self._unanswered_fields) if n not in held
        )  # nothing changed: resend unanswered
        frozen = tuple(n for n in changed if n == "voice" and self.voice_frozen)
        cleared = tuple(n for n in changed if n not in frozen and self._unset(n))
        self._put_off(frozen, "the voice cannot change once the agent has spoken", edit_id)
        self._put_off(cleared, "the server keeps what it has", edit_id)
        told = tuple(n for n in changed if n not in frozen + cleared)
        self.settings = replace(before, **{n: self._value(n) for n in told if n != "tools"})
        if told:
            self._send(told, told, edit_id, before, tools_before)

    def set_talk_mode(self, by_key: bool, live: bool) -> None:
        """Switch turn detection off for push-to-talk, or back to the wanted value; sends the change if there is one.

        Args:
            by_key: whether push-to-talk is on.
            live: whether updates can be sent now.
        """
        self.by_key = by_key
        if not live:
            self.settings = self._effective()
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
        """Whether turn detection is to be off because of push-to-talk."""
        return self.by_key and self.can_disable_turn_detection

    def _effective(self) -> SessionSettings:
        """The wanted settings, with turn detection off where push-to-talk requires it."""
        return replace(self.wanted, turn_detection=None) if self._off else self.wanted

    def opened(self, session: Mapping[str, Any]) -> None:
        """Handle the session object of ``session.created``: the settings before ours are sent."""
        self._in_force = in_force(session)
        self._out.report(SettingsReported(self._in_force, at_start=True))

    def acknowledged(self, session: Mapping[str, Any]) -> tuple[str, ...]:
        """Handle the session object of ``session.updated``: report it, and acknowledge the pending edits that it holds.

        Returns:
            The event ids of these edits; empty if none was pending.
        """
        before, reported = self._in_force, in_force(session)
        found = {n: before[n] if says_less(before.get(n), value) else value for n, value in reported.items()}
        self._in_force = {**before, **found}
        self._out.report(SettingsReported(self._in_force))
        if not self._waiting:
            self._changed_unasked({n: value for n, value in found.items() if before.get(n, UNSET) != value})
            return ()
        answered = answered_by(self._waiting, found)
        for edit in answered:
            self._acknowledge(edit, found)
        return tuple(edit.event_id for edit in answered)

    def wrote(self, session: Mapping[str, Any]) -> None:
        """The user asks for settings with an event written by hand: the server does not change them by itself."""
        self._by_hand |= {name: value for name, value in in_force(session).items() if name != "tools"}

    def holds_refused(self, session: Mapping[str, Any]) -> bool:
        """Whether the server reports the whole configuration that an error seemed to refuse: it was accepted."""
        edit, found = self._refused_whole, in_force(session)
        return edit is not None and not edit.sent.keys().isdisjoint(found) and not edit.outcome(found)

    def _acknowledge(self, edit: PendingEdit, found: Mapping[str, Any]) -> None:
        edit.made = edit.outcome(found)
        self._resolve(edit, EditState.CHANGED if edit.made else EditState.ACKNOWLEDGED, made=edit.made)
        if edit.switches_off and self._off and isinstance(edit.made.get("turn_detection"), Mapping):
            self.can_disable_turn_detection = False
            self.settings = replace(self.settings, turn_detection=dict(edit.made["turn_detection"]))
            self._out.warn(f"{self._dialect.title} keeps turn detection on", GATED_NOTICE)
        followed = self._follow(found, edit.sent)
        if followed and not edit.whole:  # at the start it is the server's default
            self._out.report(Notice(Level.INFO, f"the server changed the session: {', '.join(followed)}", "see pane 5"))

    def _follow(self, found: Mapping[str, Any], sent: Mapping[str, Any]) -> list[str]:
        """Follow turn detection and transcription where the server applied others than were asked for.

        Returns:
            Those of them that were not asked for.
        """
        followed = []
        later = {name for edit in self._waiting for name in edit.fields}  # the server has not seen these yet
        for name in ("turn_detection", "transcription"):
            value = found.get(name, UNSET)
            if (value is not None and not isinstance(value, Mapping)) or (name == "turn_detection" and self._off):
                continue
            if name in later or as_asked(name, getattr(self.settings, name), value):
                continue
            self.settings = replace(self.settings, **{name: None if value is None else set_values(value)})
            if name not in sent:
                followed.append(name)
        return followed

    def _changed_unasked(self, changed: dict[str, Any]) -> None:
        """The server changed settings although no edit is pending: a gateway did, or a second controller.

        Turn detection and transcription of the session follow it, and the last edit of each field gets its new outcome.
        """
        for name in ("turn_detection", "transcription"):
            value = changed.get(name, UNSET)
            if value is None or isinstance(value, Mapping):
                self.settings = replace(self.settings, **{name: None if value is None else set_values(value)})
        asked = sorted(n for n in changed if n in self._by_hand and not differs(n, self._by_hand[n], changed[n]))
        for name in asked:
            del self._by_hand[name]
        if asked:
            self._out.report(Notice(Level.INFO, f"the event you wrote changed the session: {', '.join(asked)}"))
        named = list(asked)
        for edit in reversed(self._resolved):
            fields = [n for n in edit.sent if n in changed and n not in named]
            named += fields
            made = {**edit.made, **edit.outcome({n: changed[n] for n in fields})}
            made = {n: value for n, value in made.items() if n not in fields or differs(n, edit.sent[n], changed[n])}
            if fields and made != edit.made:
                edit.made = made
                self._report_edit(edit, EditState.CHANGED if made else EditState.ACKNOWLEDGED, made=made)
        by_itself = sorted(n for n in changed if n not in _ECHOES and n not in asked)
        if by_itself:
            self._out.report(
                Notice(Level.INFO, f"the server changed the session: {', '.join(by_itself)}", "see pane 5")
            )

    def refused_tool(self, event_id: str, words: str, param: str, without_id: Blame) -> str:
        """Handle an error that may refuse one tool of all: send the update again without that tool.

        Args:
            event_id: the event id in the error; may be empty.
            words: the error message, which may name the tool.
            param: the parameter that the error names, such as ``session.tools[2].parameters``.
            without_id: which pending edit an error without an event id refuses.

        Returns:
            The event id of the new update; empty if the error names no tool of a pending edit.
        """
        edit = next((e for e in self._waiting if event_id and e.event_id == event_id), None)
        if edit is None and not event_id and without_id is Blame.OLDEST and self._waiting:
            edit = next((e for e in self._waiting if "tools" in e.fields), self._waiting[0])
        own = edit is not None and not edit.whole and edit.edit_id != TOOLS_CHANGED_ID
        if edit is None or own or "tools" not in edit.fields:
            return ""  # of an edit of the user the tools before it stay
        name = refused_tool_name(
            words, param, [tool for tool in edit.sent.get("tools") or [] if isinstance(tool, dict)]
        )
        tool = next((tool for tool in self.tools if tool.name == name), None)
        if tool is None:
            return ""
        self._refused_tools[name] = tool
        self._waiting.remove(edit)
        self._out.warn(
            f"the server refuses the tool '{name}': {words}", "it is left out: F6 corrects it, F7 sends it", ""
        )
        changed = None if edit.whole else edit.fields
        return self._send(changed, edit.fields, edit.edit_id, edit.before, edit.tools_before, edit.by_talk)

    def refused(self, event_id: str, reason: str, param: str, without_id: Blame) -> str:
        """Handle an error that may refuse an edit: restore the settings and tools that it changed.

        Args:
            event_id: the event id in the error; may be empty.
            reason: the error message.
            param: the parameter that the error names.
            without_id: which pending edit an error without an event id refuses.

        Returns:
            The event id of the refused edit; empty if the error refuses none.
        """
        candidates = [*self._waiting, *self._resolved]
        edit = next((e for e in candidates if event_id and e.event_id == event_id), None)
        if edit is None and not event_id and without_id is not Blame.NOBODY:
            edit = named_in(self._waiting, param, reason)
        if edit is None and not event_id and without_id is Blame.OLDEST and self._waiting:
            edit = self._waiting[0]
        if edit is None:
            return ""
        self._go_back(edit)
        blame = blamed(param, edit.fields) or named_field(reason, edit.fields)
        if edit.switches_off and self._off and blame == "turn_detection":
            self.can_disable_turn_detection = False
        self._resolve(edit, EditState.REFUSED, reason, blamed=blame)
        self._resolved.remove(edit)
        self._refused_whole = edit if edit.whole else self._refused_whole
        return edit.event_id

    def unanswered(self, event_id: str) -> bool:
        """Handle `EditLate`: true if the edit is still pending. It stays pending, so a late reply still counts."""
        edit = next((e for e in self._waiting if e.event_id == event_id), None)
        if edit is None:
            return False
        edit.late = True
        if edit.edit_id:
            self._unanswered_fields |= set(edit.fields)
        self._report_edit(edit, EditState.UNANSWERED)
        return True

    def close(self) -> None:
        """The session ended: report all pending edits as unanswered."""
        for edit in list(self._waiting):
            self._resolve(edit, EditState.UNANSWERED, "the session ended")
        self._resolved.clear()
        self._unanswered_fields.clear()
        self._in_force = {}
        self._by_hand = {}
        self._refused_whole = None
        self._refused_tools.clear()

    def _unset(self, name: str) -> bool:
        """Whether a setting was removed: no update can express that, so the server keeps its current value."""
        if name == "turn_detection" and self.settings.manual_turns:
            return False
        return name not in ("tools", "instructions") and self._value(name) in (UNSET, {})

    def _value(self, name: str) -> Any:
        """The value to send; if manual turns end and no turn detection is wanted explicitly, it is ``server_vad``."""
        value = getattr(self.wanted, name)
        if name == "turn_detection" and self._off:
            return None
        if name == "turn_detection" and value is UNSET and self.settings.manual_turns:
            return {"type": "server_vad"}
        return value

    def _go_back(self, edit: PendingEdit) -> None:
        """Restore all fields that still have the refused edit's value, also in the restore values of later edits."""
        later = [e for e in self._waiting if e is not edit]
        for name in edit.fields:
            if name == "tools":
                back = as_strict(edit.tools_before, edit.tools_after)
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
        offered = tuple(tool for tool in self.tools if self._refused_tools.get(tool.name) != tool)
        body = session_body(self._dialect, self.settings, offered, changed)
        body = replace_left_out(body, [tool.name for tool in self.tools if tool not in offered])
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
        edit = PendingEdit(event_id, edit_id, fields, before, tools_before, self.settings, self.tools, sent, by_talk)
        edit.whole = changed is None
        self._waiting.append(edit)
        self._report_edit(edit, EditState.SENT, left_out=body.left_out)
        self._out.add(Schedule(EditLate(event_id), UNANSWERED_S))
        return event_id

    def _resolve(self, edit: PendingEdit, state: EditState, detail: str = "", **more: Any) -> None:
        self._unanswered_fields -= set(edit.fields)
        if edit in self._waiting:
            self._waiting.remove(edit)
            self._resolved.append(edit)
        self._report_edit(edit, state, detail, **more)

    def _report_edit(self, edit: PendingEdit, state: EditState, detail: str = "", **more: Any) -> None:
        fact = EditChanged(edit.event_id, edit.fields, state, detail, sent=edit.sent, edit_id=edit.edit_id, **more)
        self._out.report(fact)
