"""The footer's keys: those that act where the focus is, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from rtvoice_tui.ui.bindings import BY_ID, Key, acts, shown_key


class Focus(Enum):
    """What has the focus, as far as it matters for which keys act."""

    PANES = auto()
    COMPOSER = auto()
    SEARCH = auto()
    FILTER = auto()
    INSTRUCTIONS = auto()
    VALUE = auto()
    LISTED_VALUE = auto()
    """A value with a list of those that are known."""
    NUMBER = auto()
    TABLE = auto()
    DIALOG = auto()
    ANSWER = auto()
    """A dialog that answers a call, so that the keys that answer calls do not act."""
    NEW_KEY = auto()
    """The next key is not to act: it is to be another action's."""


@dataclass(frozen=True)
class FooterKey:
    """A key in the footer.

    Attributes:
        press: Textual's name of the key; empty for a range of keys.
        shown: the key as it is displayed.
        label: what it does, in one or two words.
        kept: whether it is shown at any width.
    """

    press: str
    shown: str
    label: str
    kept: bool = False

    @property
    def width(self) -> int:
        """Cells that it takes, with the space behind it."""
        return len(self.shown) + len(self.label) + 3


_ALWAYS = frozenset(("help", "quit", "help-f", "back"))
"""Keys that are shown at any width."""


def _key(key: Key, label: str = "") -> FooterKey:
    return FooterKey("" if key.id == "panes" else key.names[0], key.shown, label or key.label, key.id in _ALWAYS)


def _own(press: str, label: str) -> FooterKey:
    return FooterKey(press, shown_key(press), label)


def _first(focus: Focus) -> tuple[FooterKey, ...]:
    """Keys of the field itself."""
    match focus:
        case Focus.SEARCH:
            return (_own("enter", "next match"), *_of_queries())
        case Focus.FILTER:
            return (_own("enter", "keep"), *_of_queries())
        case Focus.INSTRUCTIONS:
            return (_key(BY_ID["send-edit"]), _own("tab", "settings"), _key(BY_ID["editor"]))
        case Focus.TABLE:
            own = ("field-right", "field-drop", "field-switch", "undo")
            return (_key(BY_ID["send-edit"]), _own("enter", "edit"), *(_key(BY_ID[key_id]) for key_id in own))
        case Focus.VALUE:
            return (_own("enter", "accept"), _key(BY_ID["send-edit"]))
        case Focus.LISTED_VALUE:
            return (_own("enter", "accept"), _own("down", "known values"), _key(BY_ID["send-edit"]))
        case Focus.NUMBER:
            return (_own("enter", "accept"), _own("up", "more"), _own("down", "less"), _key(BY_ID["send-edit"]))
    return ()


def _of_queries() -> tuple[FooterKey, ...]:
    return (_own("up", "saved"), _own("ctrl+s", "save"))


_LEAVES = {
    Focus.COMPOSER: "panes",
    Focus.INSTRUCTIONS: "close",
    Focus.VALUE: "leave",
    Focus.LISTED_VALUE: "leave",
    Focus.NUMBER: "leave",
}
"""What ``escape`` does there; elsewhere it closes."""

_OF_A_SESSION = frozenset(("interrupt", "talk"))
"""Labels of keys that do nothing while there is no session."""

_NOT_IN_DIALOGS = frozenset(("edit-f", "back"))


@dataclass(frozen=True)
class Now:
    """What decides what some keys do.

    Attributes:
        live: whether there is a session, which ``connect`` ends then.
        muted: whether the microphone is muted.
        by_key: whether a key starts and ends turns; else it ends the turn of an open microphone.
        replay: whether a recording is replayed.
        playing: whether the replay plays.
    """

    live: bool = False
    muted: bool = False
    by_key: bool = False
    replay: bool = False
    playing: bool = False

    @property
    def labels(self) -> dict[str, str]:
        """Labels of keys that do something else now, by their usual label."""
        found = {"connect": "hang up"} if self.live else {}
        if self.muted:
            found["mute"] = "unmute"
        if self.playing:
            found["play"] = "pause"
        return found if self.by_key else found | {"talk": "answer"}


def footer_keys(focus: Focus, now: Now = Now()) -> list[FooterKey]:
    """The keys that act where the focus is, most important first.

    Args:
        focus: what has the focus.
        now: what decides what some keys do.
    """
    keys = [key for key in _keys_of(focus, now.replay) if now.live or key.label not in _OF_A_SESSION]
    return [replace(key, label=now.labels.get(key.label, key.label)) for key in keys]


def _keys_of(focus: Focus, replay: bool) -> list[FooterKey]:
    known = [key for key in BY_ID.values() if acts(key, replay)]
    if focus in (Focus.PANES, Focus.TABLE):
        shown = sorted((key for key in known if key.footer), key=lambda key: (key.where == "app", key.footer))
        return [*_first(focus), *(_key(key) for key in shown)]
    wheres = ("app", "composer") if focus is Focus.COMPOSER else ("app",)
    typing = sorted((key for key in known if key.typing and key.where in wheres), key=lambda key: key.typing)
    if focus is Focus.NEW_KEY:
        return [replace(_key(BY_ID["back"], "cancel"), kept=True)]
    if focus in (Focus.DIALOG, Focus.ANSWER):
        close = replace(_key(BY_ID["back"], "close"), kept=True)
        return [close, *(_key(key) for key in typing if key.id not in _NOT_IN_DIALOGS)]
    leaves = _LEAVES.get(focus, "close")
    return [*_first(focus), *(_key(key, leaves if key.id == "back" else "") for key in typing)]


def fitting(keys: Iterable[FooterKey], width: int) -> list[FooterKey]:
    """The keys that fit into a width in cells, in their order; those that are kept have their room first."""
    keys = list(keys)
    room = width - 1 - sum(key.width for key in keys if key.kept)
    chosen = []
    for key in keys:
        if key.kept:
            chosen.append(key)
        elif key.width <= room:
            chosen.append(key)
            room -= key.width
    return chosen
