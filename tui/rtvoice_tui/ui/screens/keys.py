"""Dialog in which each key of the table is given another key."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.ui.bindings import shown_key
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.keymap import REBINDABLE, Keymap, KeyRefused, conflict_of, names_of, save_keymap
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

_IDS = list(REBINDABLE)
_KEYS = "⏎ another key  del the default  q esc close"


class KeyList(PlainView):
    """The keys of the table, with those that the user has changed marked."""

    def __init__(self, keymap: Keymap) -> None:
        super().__init__([], id="key-list")
        self.keymap = keymap
        self.cursor = 0
        self.write()

    def write(self) -> None:
        """Lay out all lines."""
        self._lines = [self._line(key_id) for key_id in _IDS]

    def _line(self, key_id: str) -> list[Piece]:
        key = REBINDABLE[key_id]
        own = self.keymap.get(key_id)
        shown = " ".join(shown_key(name) for name in (own or key.keys).split(","))
        mark: Piece = ("● " if own else "  ", "warn")
        default: list[Piece] = [(f"   was {shown_key(key.names[0])}", "dim")] if own else []
        return [mark, (f"{shown:<12}", "key"), (f"{key_id:<16}", "tool"), (key.help, "plain"), *default]

    @property
    def key_id(self) -> str:
        """The key under the cursor."""
        return _IDS[self.cursor or 0]


class KeysScreen(ModalScreen[None]):
    """Lists the keys; enter waits for the new one.

    Args:
        keymap: the user's keys.
        use: called with the changed keymap.

    Attributes:
        captures: whether the next key is the new one, so that it must not act.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Close", show=False),
        Binding("delete,backspace", "default", "The default", show=False),
    ]

    def __init__(self, keymap: Keymap, use: Callable[[Keymap], None]) -> None:
        super().__init__()
        self._keymap = keymap
        self._use = use
        self.captures = False

    def compose(self) -> ComposeResult:
        """The list, and a line for what is asked or wrong."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Change keys"
            dialog.border_subtitle = signs(self, _KEYS)
            yield KeyList(dict(self._keymap))
            yield FixedLine(id="key-problem")

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(KeyList).focus()

    def on_follow_view_opened(self) -> None:
        """Wait for the new key."""
        self.captures = True
        self._say(f"press the new key for '{self.query_one(KeyList).key_id}'; esc cancels", "warn")

    def on_key(self, event: events.Key) -> None:
        """Take the pressed key as the new one."""
        if not self.captures:
            return
        event.stop()
        event.prevent_default()
        self.captures = False
        if event.key == "escape":
            self._say("", "dim")
            return
        self._give(event.key)

    def _give(self, name: str) -> None:
        listed = self.query_one(KeyList)
        try:
            names_of(listed.key_id, name if len(name) > 1 or name.isalnum() else [name])
        except KeyRefused as refused:
            self._say(str(refused), "error")
            return
        changed = {**listed.keymap, listed.key_id: name}
        if conflict := conflict_of(listed.key_id, changed):
            self._say(conflict, "error")
            return
        self._take(changed)

    def action_default(self) -> None:
        """Give the chosen key its default again."""
        listed = self.query_one(KeyList)
        changed = {key_id: keys for key_id, keys in listed.keymap.items() if key_id != listed.key_id}
        if conflict := conflict_of(listed.key_id, changed):
            self._say(conflict, "error")
        else:
            self._take(changed)

    def action_leave(self) -> None:
        """Close the dialog."""
        self.dismiss()

    def _take(self, keymap: Keymap) -> None:
        try:
            save_keymap(keymap)
        except ProfileError as error:
            self._say(f"{error.sentence}: it holds until the app ends", "error")
        else:
            self._say("saved in keymap.toml", "dim")
        listed = self.query_one(KeyList)
        listed.keymap = keymap
        listed.write()
        listed.sync(force=True)
        self._use(keymap)

    def _say(self, words: str, ink: str) -> None:
        self.query_one("#key-problem", FixedLine).write([(words, ink)] if words else [])
