"""One edit of the running session that was sent, and how its outcome is compared with what was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.session_echo import differs, named_field
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

_BEHAVIOUR = {"type": None, "create_response": True, "interrupt_response": True}
"""Fields of turn detection on which it depends who ends turns, requests responses and interrupts; API defaults."""


class Blame(Enum):
    """Which pending edit an error without an event id may refuse: none, one whose field it names, else the oldest."""

    NOBODY = auto()
    NAMED = auto()
    OLDEST = auto()


@dataclass
class PendingEdit:
    """A sent edit.

    Attributes:
        event_id: id of the ``session.update`` event.
        edit_id: id that `EditChanged` repeats.
        fields: names of the changed settings, or ``tools``.
        before: the settings to restore if it is refused.
        tools_before: the tools to restore if it is refused.
        after: the requested settings.
        tools_after: the requested tools.
        sent: the sent values, by our field names.
        by_talk: whether a change of the talk mode caused it, so that a refusal leaves the wanted settings unchanged.
        whole: whether it is the whole configuration.
        late: whether it was not answered in time.
        made: the server's values where it applied others.
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
    whole: bool = False
    late: bool = False
    made: dict[str, Any] = field(default_factory=dict)

    def outcome(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The server's values of the sent fields, where they differ from the sent ones."""
        return {n: found[n] for n, sent in self.sent.items() if n in found and differs(n, sent, found[n])}

    @property
    def switches_off(self) -> bool:
        """Whether it switches turn detection off."""
        return "turn_detection" in self.fields and self.after.turn_detection is None


def answered_by(waiting: Sequence[PendingEdit], found: Mapping[str, Any]) -> list[PendingEdit]:
    """The pending edits that a report answers: those whose values it holds, and earlier ones that it is silent on.

    A report that holds the values of none is about the oldest one, to which the server applied others.
    """
    answered: list[PendingEdit] = []
    silent: list[PendingEdit] = []
    ahead: dict[str, Any] = {}  # what earlier edits ask for that the report does not hold yet
    for edit in waiting:
        asked = {name for name in edit.sent if name in ahead and differs(name, edit.sent[name], ahead[name])}
        if edit.outcome(found) or asked:
            ahead |= edit.sent
        elif edit.sent and edit.sent.keys() <= found.keys():
            answered += [*silent, edit]
            silent.clear()
        else:
            silent.append(edit)
    return answered or list(waiting[:1])


def named_in(waiting: Sequence[PendingEdit], param: str, reason: str) -> PendingEdit | None:
    """The pending edit of a field that an error names, in its parameter or in its words; the oldest of several.

    An edit that was not answered in time is left out: the error is about something newer.
    """
    fresh = (edit for edit in waiting if not edit.whole and not edit.late)
    return next((edit for edit in fresh if named_field(param or reason, edit.fields)), None)


def as_strict(tools: tuple[ToolSpec, ...], others: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    """The tools, with approval also required where ``others`` require it: a refusal must not weaken approvals."""
    asking = {tool.name for tool in others if tool.asks}
    return tuple(replace(tool, asks=tool.asks or tool.name in asking) for tool in tools)


def as_asked(name: str, ours: Any, theirs: Any) -> bool:
    """Whether the server's value behaves as ours; where ours is not set, as the API's default."""
    if name == "transcription":
        return theirs is None if ours is UNSET else _is_off(ours) is _is_off(theirs)
    if _is_off(ours) or _is_off(theirs):
        return _is_off(ours) is _is_off(theirs)
    asked = {**_BEHAVIOUR, "type": theirs.get("type"), **(set_values(ours) if isinstance(ours, Mapping) else {})}
    found = set_values(theirs)
    return all(found.get(name, asked[name]) == asked[name] for name in _BEHAVIOUR)


def _is_off(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and value.get("type") == "none")


def set_values(value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not ``null``: some servers report defaults so."""
    return {name: inner for name, inner in value.items() if inner is not None}


def says_less(before: Any, now: Any) -> bool:
    """Whether a reported value only leaves out fields of the one before it: some servers report a part."""
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return False
    return all(name in before and before[name] == inner for name, inner in set_values(now).items())
