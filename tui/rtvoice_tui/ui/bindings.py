"""The key table: bindings, footer, help, command palette and README are generated from it.

A key of a pane is never one of the app's: what the footer shows holds in every pane.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from textual.binding import Binding, BindingType

_SIGNS = {
    "space": "␣",
    "question_mark": "?",
    "escape": "esc",
    "enter": "⏎",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "delete": "del",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "backspace": "bksp",
    "comma": ",",
    "full_stop": ".",
    "colon": ":",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
}


def shown_key(name: str) -> str:
    """A key as it is displayed, such as ``F3``, ``^p`` or ``␣``.

    Args:
        name: Textual's name of the key.
    """
    if name in _SIGNS:
        return _SIGNS[name]
    if name.startswith("ctrl+"):
        return f"^{shown_key(name[5:])}"
    if name.startswith("alt+"):
        return f"alt+{shown_key(name[4:])}"
    return name.upper() if name[:1] == "f" and name[1:].isdigit() else name


@dataclass(frozen=True)
class Key:
    """A key and the action it triggers.

    Attributes:
        id: stable name.
        keys: Textual's key names, comma separated; the first one is shown.
        action: the action it triggers; empty if the focused widget handles the key itself.
        label: one or two words for the footer.
        help: description in one line.
        where: scope: ``app``, ``replay`` (in place of ``app``), the kind of pane (``lines``, ``events``, ``tools``,
            ``agent``, ``fields``), or the message field (``composer``).
        footer: position in the footer while no text field has the focus; 0 hides it there.
        typing: position in the footer while a text is typed; 0 hides it there.
        anywhere: whether it also acts inside text fields, as a priority binding.
    """

    id: str
    keys: str
    action: str
    label: str
    help: str
    where: str = "app"
    footer: int = 0
    typing: int = 0
    anywhere: bool = False

    @property
    def names(self) -> list[str]:
        """Textual's names of its keys."""
        return self.keys.split(",")

    @property
    def shown(self) -> str:
        """The key as it is displayed."""
        return "1-6" if self.id == "panes" else shown_key(self.names[0])

    @property
    def binding(self) -> BindingType:
        """The Textual binding of this key."""
        return Binding(self.keys, self.action, self.help, show=False, priority=self.anywhere, id=self.id)


KEYS: tuple[Key, ...] = (
    Key("interrupt", "i", "interrupt", "interrupt", "Interrupt the agent", footer=1),
    Key("mute", "m", "mute", "mute", "Mute or open the microphone", footer=2),
    Key("talk", "space", "talk", "talk", "Start or end a push-to-talk turn; open microphone: answer now", footer=3),
    Key("type", "t", "type", "type", "Type a message", footer=4),
    Key("edit", "e", "edit_agent", "agent", "Edit the agent: instructions, settings, tools", footer=8),
    Key("connect", "c", "connect", "connect", "Connect or disconnect", footer=5),
    Key("panes", "1,2,3,4,5,6", "", "pane", "Go to a pane", footer=11),
    Key("zoom", "z", "zoom", "zoom", "Give the whole screen to the pane, or back", footer=12),
    Key("profiles", "p", "profiles", "profiles", "Choose, copy and set up profiles", footer=6),
    Key("devices", "d", "devices", "devices", "Microphone and speaker: choose, try, volume, echo, gate", footer=9),
    Key("quit", "q", "quit", "quit", "Quit", footer=7),
    Key("help", "question_mark", "help", "help", "Show all keys", footer=13),
    Key("palette", "ctrl+p", "command_palette", "commands", "Search all commands", footer=10),
    Key("talk-mode", "T", "talk_mode", "talk mode", "Open microphone, push-to-talk, or hold-to-talk"),
    Key("mute-agent", "M", "mute_agent", "mute agent", "Mute or hear the agent"),
    Key("sound", "H", "sound_history", "sound", "Show the last ten seconds of sound, or hide them"),
    Key("next-pane", "tab", "", "next pane", "Go to the next pane or field"),
    Key("previous-turn", "left_square_bracket", "turn(-1)", "earlier turn", "Show the turn before in all panes"),
    Key("next-turn", "right_square_bracket", "turn(1)", "later turn", "Show the turn after in all panes"),
    Key("back", "escape", "back", "back", "Close, hide or go back one level", typing=8),
    Key("record", "r", "record", "record", "Record the sound from now on, or no longer"),
    Key("sessions", "S", "sessions", "sessions", "Recorded sessions: show, replay, search, export, delete"),
    Key("findings", "F", "findings", "findings", "What was wrong in this session, and what to do"),
    Key("write-event", "E", "write_event", "send event", "Write a client event by hand and send it"),
    Key("narrower", "less_than_sign", "widen(-1)", "narrower", "Make the left column narrower"),
    Key("wider", "greater_than_sign", "widen(1)", "wider", "Make the left column wider"),
    Key("help-f", "f1", "help", "help", "Show all keys", typing=9, anywhere=True),
    Key("mute-f", "f2", "mute", "mute", "Mute or open the microphone", typing=3, anywhere=True),
    Key("interrupt-f", "f3", "interrupt", "interrupt", "Interrupt the agent", typing=2, anywhere=True),
    Key("talk-f", "f4", "talk", "talk", "Start or end a push-to-talk turn, or: answer now", typing=4, anywhere=True),
    Key("connect-f", "f5", "connect", "connect", "Connect or disconnect", typing=6, anywhere=True),
    Key(
        "edit-f", "f6", "edit_agent", "agent", "Edit the agent: instructions, settings, tools", typing=7, anywhere=True
    ),
    Key(
        "send-edit",
        "f7",
        "send_edit",
        "send edit",
        "Send the edit of the agent to the server and save it",
        anywhere=True,
    ),
    Key("agree-f", "f8", "agree(False)", "yes", "Approve the waiting call", anywhere=True),
    Key("deny-f", "f9", "deny", "no", "Reject the waiting call with a reason; stop a running call", anywhere=True),
    Key("quit-f", "f10", "quit", "quit", "Quit", typing=11, anywhere=True),
    Key("agree", "a", "agree(False)", "yes", "Approve the waiting call"),
    Key("always", "A", "agree(True)", "always", "Approve it and all calls of this tool in this session"),
    Key("deny", "x", "deny", "no", "Reject the waiting call with a reason; stop a running call"),
    Key("send-result", "s", "send_result", "send", "Give a call's result yourself: in its place, or as a message"),
    Key("play", "space", "play", "play", "Play or pause", where="replay", footer=1),
    Key("skip-back", "comma", "skip(-5)", "5 s back", "Go back by 5 seconds", where="replay", footer=2),
    Key("skip", "full_stop", "skip(5)", "5 s on", "Go forward by 5 seconds", where="replay", footer=3),
    Key("turn-back", "left_square_bracket", "turn(-1)", "turn back", "Go to the turn before", where="replay", footer=4),
    Key("turn-on", "right_square_bracket", "turn(1)", "turn on", "Go to the next turn", where="replay", footer=5),
    Key("from-here", "J", "from_here", "from here", "Go to the time of the chosen line", where="replay", footer=6),
    Key("go-to", "colon", "go_to", "go to", "Go to a time, a turn or an event", where="replay", footer=7),
    Key("slower", "minus", "speed(-1)", "slower", "Half as fast", where="replay", footer=9),
    Key("faster", "plus,equals_sign", "speed(1)", "faster", "Twice as fast", where="replay", footer=8),
    Key("search", "slash", "app.search", "search", "Find the next line with a word", where="lines"),
    Key(
        "copy", "y", "app.copy", "copy", "Copy the entry, event or call under the cursor, or everything", where="lines"
    ),
    Key("open", "enter", "open", "open", "Open the line under the cursor", where="lines"),
    Key("top", "g,home", "top", "first", "Go to the first line", where="lines"),
    Key("follow", "G,end", "follow", "follow", "Go to the last line and follow", where="lines"),
    Key("up", "up,k", "cursor(-1)", "up", "Move the cursor up", where="lines"),
    Key("down", "down,j", "cursor(1)", "down", "Move the cursor down", where="lines"),
    Key("page-up", "pageup", "page(-1)", "page up", "A page up", where="lines"),
    Key("page-down", "pagedown", "page(1)", "page down", "A page down", where="lines"),
    Key(
        "filter",
        "f",
        "app.filter",
        "filter",
        "Show only events with these words, type: turn: dir: (- hides)",
        where="events",
    ),
    Key("freeze", "w", "freeze", "freeze", "Stop following, or follow again", where="events"),
    Key("cause", "b", "cause", "cause", "From an event to the one that caused it, and back", where="events"),
    Key(
        "compare",
        "D",
        "app.compare",
        "compare",
        "Mark an event, then compare another one with it, or its cause",
        where="events",
    ),
    Key("flat", "l", "flat", "flat", "Every event on its own line, or those of a response in one", where="events"),
    Key("unfold", "right", "unfold", "unfold", "Show the events of a response or of your speech", where="events"),
    Key("fold", "left", "fold", "fold", "Hide them again", where="events"),
    Key("run-again", "n", "app.run_again", "again", "Run the call again; the model is not told", where="tools"),
    Key("run-edited", "N", "app.run_edited", "edited", "Run the call again with other arguments", where="tools"),
    Key(
        "make-mock",
        "f",
        "app.toggle_mock",
        "fix result",
        "Mock the tool with this result, or end the mock",
        where="tools",
    ),
    Key("test-tool", "h", "app.test_tool", "by hand", "Run a tool by hand from a form", where="tools"),
    Key("switch-tool", "o", "app.toggle_tool", "off", "Switch the call's tool off, or on again", where="tools"),
    Key("whole-call", "l", "app.whole_call", "whole", "The whole call as JSON, with parts that fold", where="tools"),
    Key("call-view", "v", "app.call_view", "view", "As a tree, as JSON, as sent", where="tools"),
    Key(
        "editor",
        "ctrl+e",
        "app.external_editor",
        "editor",
        "Open the instructions, or the chosen tool, in $EDITOR",
        where="agent",
        anywhere=True,
    ),
    Key("undo", "u", "app.undo_edit", "undo", "Take the last acknowledged change back", where="agent"),
    Key("history", "h", "app.edit_history", "history", "All changes: restore or compare one", where="agent"),
    Key("discard", "X", "app.discard_edit", "discard", "Forget what is typed and not sent", where="agent"),
    Key("field-left", "left", "step(-1)", "value before", "The previous known value", where="fields"),
    Key("field-right", "right", "step(1)", "next value", "The next known value", where="fields"),
    Key("field-switch", "o", "switch", "on/off", "Switch a tool on or off", where="fields"),
    Key("field-drop", "backspace", "drop", "drop", "Drop what is typed in this row", where="fields"),
    Key("field-clear", "delete", "clear", "clear", "Leave a setting to the server", where="fields"),
    Key("send", "enter", "", "send", "Send the message", where="composer", typing=1),
    Key("new-line", "alt+enter", "", "new line", "Begin a new line; also ctrl+j", where="composer", typing=10),
    Key(
        "earlier-message",
        "up",
        "",
        "earlier",
        "A message typed earlier, from the first line",
        where="composer",
        typing=5,
    ),
    Key("later-message", "down", "", "later", "A later one, or what was being typed", where="composer"),
    Key(
        "undo-typing",
        "ctrl+z",
        "",
        "undo",
        "Undo typing (with nothing to undo: suspend); ctrl+y does it again",
        where="composer",
    ),
)

REPLAYED = frozenset(
    "panes zoom quit quit-f help help-f palette sound next-pane back narrower wider mute-agent findings".split()
)
"""The app's keys that act in a replay, too."""


def acts(key: Key, replay: bool) -> bool:
    """Whether a key acts in a replay, or in a session."""
    if key.where == "app":
        return not replay or key.id in REPLAYED
    return replay or key.where != "replay"


PANE_ACTIONS = frozenset(
    "type pane zoom widen edit_agent send_edit back turn filter filter_events search copy command_palette"
    " send_result run_again run_edited toggle_mock test_tool toggle_tool whole_call call_view"
    " devices sound_history record sessions findings compare write_event".split()
)
"""Actions that are disabled while a dialog covers the panes."""

PANE_KEYS = tuple(
    Binding(str(number), f"pane({number})", f"Go to pane {number}", show=False, id=f"pane-{number}")
    for number in range(1, 7)
)

CHAINS: dict[str, tuple[str, ...]] = {
    "conversation": ("lines",),
    "events": ("events", "lines"),
    "tools": ("tools", "lines"),
    "agent": ("agent",),
    "table": ("fields", "lines", "agent"),
}
"""The scopes that act together where the focus is, beside those of the app."""

BY_ID = {key.id: key for key in KEYS}
"""The keys by their id, as the user has them: see `rebind`."""


def rebind(own: Mapping[str, str]) -> None:
    """Use the user's keys in everything that shows keys. Textual's own bindings are changed by the app.

    Args:
        own: Textual's names of keys, comma separated, by id; all others get their defaults.
    """
    for key in KEYS:
        BY_ID[key.id] = replace(key, keys=own.get(key.id, key.keys))


def bindings(where: str) -> list[BindingType]:
    """The bindings of the app, of a replay, or of one kind of pane."""
    chosen = [key for key in KEYS if key.where == where or (where == "replay" and key.id in REPLAYED)]
    own = [key.binding for key in chosen if key.action and key.id != "palette"]
    return [*own, *PANE_KEYS] if where in ("app", "replay") else own


TURNS = "turns"
"""Stands in `hint` for the two keys that go through the turns."""


def hint(*ids: str, labels: Mapping[str, str] = MappingProxyType({})) -> str:
    """Keys with their labels, for the border of a pane.

    Args:
        ids: the keys.
        labels: other labels, by id: what a key does now.
    """
    turns = f"{BY_ID['previous-turn'].shown} {BY_ID['next-turn'].shown} turn"
    words = (turns if key == TURNS else f"{BY_ID[key].shown} {labels.get(key, BY_ID[key].label)}" for key in ids)
    return "  ".join(words)
