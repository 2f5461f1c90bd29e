"""The key table: bindings, footer, help and README are generated from it."""

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Key:
    """A key and the action it triggers.

    Attributes:
        id: stable name.
        keys: Textual's key names, comma separated.
        shown: name of the key as displayed.
        action: the action it triggers.
        label: one or two words for the footer.
        help: description in one line.
        where: scope: ``app``, or the kind of pane (``lines``, ``events``, ``tools``, ``agent``, ``fields``).
        footer: position in the footer; 0 hides it there.
        anywhere: whether it also acts inside text fields, as a priority binding.
    """

    id: str
    keys: str
    shown: str
    action: str
    label: str
    help: str
    where: str = "app"
    footer: int = 0
    anywhere: bool = False

    @property
    def binding(self) -> BindingType:
        """The Textual binding of this key."""
        return Binding(self.keys, self.action, self.help, show=False, priority=self.anywhere, id=self.id)


KEYS: tuple[Key, ...] = (
    Key("interrupt", "i", "i", "interrupt", "interrupt", "Interrupt the agent", footer=1),
    Key("mute", "m", "m", "mute", "mute", "Mute or open the microphone", footer=2),
    Key(
        "talk",
        "space",
        "␣",
        "talk",
        "talk",
        "Start or end a push-to-talk turn; open microphone: answer now (pane 2: freeze)",
        footer=3,
    ),
    Key("type", "t", "t", "type", "type", "Type a message", footer=4),
    Key("edit", "e", "e", "edit_agent", "agent", "Edit the agent: instructions, settings, tools", footer=5),
    Key("connect", "c", "c", "connect", "connect", "Connect or disconnect", footer=6),
    Key("panes", "1,2,3,4,5,6", "1-6", "", "pane", "Go to a pane", footer=7),
    Key("zoom", "z", "z", "zoom", "zoom", "Give the whole screen to the pane, or back", footer=11),
    Key("profiles", "p", "p", "profiles", "profiles", "Choose, copy and set up profiles", footer=8),
    Key("devices", "d", "d", "devices", "devices", "Microphone and speaker: choose, try, volume, echo, gate", footer=9),
    Key("help", "question_mark", "?", "help", "help", "Show all keys", footer=12),
    Key("palette", "ctrl+p", "^p", "command_palette", "commands", "Search all commands", footer=13),
    Key("quit", "q", "q", "quit", "quit", "Quit", footer=10),
    Key("talk-mode", "T", "T", "talk_mode", "talk mode", "Open microphone, push-to-talk, or hold-to-talk"),
    Key("mute-agent", "M", "M", "mute_agent", "mute agent", "Mute or hear the agent"),
    Key("sound", "H", "H", "sound_history", "sound", "Show the last ten seconds of sound, or hide them"),
    Key("next-pane", "tab", "tab", "", "next pane", "Go to the next pane or field"),
    Key("previous-turn", "left_square_bracket", "[", "turn(-1)", "earlier turn", "Show the turn before in all panes"),
    Key("next-turn", "right_square_bracket", "]", "turn(1)", "later turn", "Show the turn after in all panes"),
    Key("back", "escape", "esc", "back", "back", "Close, hide or go back one level"),
    Key("help-f", "f1", "F1", "help", "help", "Show all keys", anywhere=True),
    Key("mute-f", "f2", "F2", "mute", "mute", "Mute or open the microphone", anywhere=True),
    Key("interrupt-f", "f3", "F3", "interrupt", "interrupt", "Interrupt the agent", anywhere=True),
    Key("talk-f", "f4", "F4", "talk", "talk", "Start or end a push-to-talk turn, or: answer now", anywhere=True),
    Key("connect-f", "f5", "F5", "connect", "connect", "Connect or disconnect", anywhere=True),
    Key(
        "edit-f", "f6", "F6", "edit_agent", "edit agent", "Edit the agent: instructions, settings, tools", anywhere=True
    ),
    Key("quit-f", "f10", "F10", "quit", "quit", "Quit", anywhere=True),
    Key("agree", "a", "a", "agree(False)", "yes", "Approve the waiting call"),
    Key("always", "A", "A", "agree(True)", "always", "Approve it and all calls of this tool in this session"),
    Key("deny", "x", "x", "deny", "no", "Reject the waiting call with a reason; stop a running call"),
    Key("send-result", "s", "s", "send_result", "send", "Give a call's result yourself: in its place, or as a message"),
    Key("search", "slash", "/", "app.search", "search", "Find the next line with a word", where="lines"),
    Key(
        "copy",
        "y",
        "y",
        "app.copy",
        "copy",
        "Copy the entry, event or call under the cursor, or everything",
        where="lines",
    ),
    Key("open", "enter", "enter", "open", "open", "Open the line under the cursor", where="lines"),
    Key("top", "g,home", "g", "top", "first", "Go to the first line", where="lines"),
    Key("follow", "G,end", "G", "follow", "follow", "Go to the last line and follow", where="lines"),
    Key("up", "up,k", "↑", "cursor(-1)", "up", "Move the cursor up", where="lines"),
    Key("down", "down,j", "↓", "cursor(1)", "down", "Move the cursor down", where="lines"),
    Key("page-up", "pageup", "PgUp", "page(-1)", "page up", "A page up", where="lines"),
    Key("page-down", "pagedown", "PgDn", "page(1)", "page down", "A page down", where="lines"),
    Key("filter", "f", "f", "app.filter", "filter", "Show only events with these words (-word hides)", where="events"),
    Key("freeze", "space", "␣", "freeze", "freeze", "Stop following, or follow again", where="events"),
    Key("run-again", "r", "r", "app.run_again", "again", "Run the call again; the model is not told", where="tools"),
    Key("run-edited", "R", "R", "app.run_edited", "edited", "Run the call again with other arguments", where="tools"),
    Key("make-mock", "m", "m", "app.toggle_mock", "mock", "Use this result as a mock, or end the mock", where="tools"),
    Key("test-tool", "t", "t", "app.test_tool", "test", "Run a tool by hand from a form", where="tools"),
    Key("switch-tool", "d", "d", "app.toggle_tool", "off", "Switch the call's tool off, or on again", where="tools"),
    Key("call-view", "v", "v", "app.call_view", "view", "As a tree, as JSON, as sent", where="tools"),
    Key(
        "send-edit",
        "f7",
        "F7",
        "send_edit",
        "send",
        "Send the edit to the server and save it",
        where="agent",
        anywhere=True,
    ),
    Key(
        "editor",
        "ctrl+e",
        "^e",
        "app.external_editor",
        "editor",
        "Open the instructions, or the chosen tool, in $EDITOR",
        where="agent",
        anywhere=True,
    ),
    Key("undo", "u", "u", "app.undo_edit", "undo", "Take the last acknowledged change back", where="agent"),
    Key("history", "h", "h", "app.edit_history", "history", "All changes: restore or compare one", where="agent"),
    Key("discard", "x", "x", "app.discard_edit", "discard", "Forget what is typed and not sent", where="agent"),
    Key("field-left", "left", "←", "step(-1)", "earlier value", "The previous known value", where="fields"),
    Key("field-right", "right", "→", "step(1)", "later value", "The next known value", where="fields"),
    Key("field-switch", "space", "␣", "switch", "switch", "Switch a tool on or off", where="fields"),
    Key("field-clear", "delete", "del", "clear", "clear", "Leave a setting to the server", where="fields"),
)

PANE_ACTIONS = frozenset(
    "type pane zoom edit_agent back turn filter filter_events search copy command_palette agree deny send_result"
    " run_again run_edited make_mock test_tool switch_tool call_view devices sound_history".split()
)
"""Actions that are disabled while a dialog covers the panes."""

ALWAYS = 12
"""Keys with this footer position or a higher one are always shown."""

PANE_KEYS = tuple(
    Binding(str(number), f"pane({number})", f"Go to pane {number}", show=False, id=f"pane-{number}")
    for number in range(1, 7)
)


def bindings(where: str) -> list[BindingType]:
    """The bindings of the app or of one kind of pane."""
    own = [key.binding for key in KEYS if key.where == where and key.action and key.id != "palette"]
    return [*own, *PANE_KEYS] if where == "app" else own


def footer_keys() -> list[Key]:
    """Keys of the footer, ordered by position. Help and palette (from `ALWAYS` on) are shown at any width."""
    return sorted((key for key in KEYS if key.footer), key=lambda key: key.footer)
