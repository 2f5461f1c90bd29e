"""Messages for reports of the terminal beyond key presses."""

from textual import events
from textual.message import Message


class KeyReleased(Message, bubble=False):
    """A key was released.

    Args:
        key: Textual's name of the key without modifiers, which may have been released before.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class KeyboardModes(Message, bubble=False):
    """The terminal supports the kitty keyboard protocol, and reported which of its modes could be turned on.

    Args:
        modes: the protocol's bit flags.
    """

    key = ""  # Textual's parser reads `key` of every message that comes from the keyboard

    def __init__(self, modes: int) -> None:
        super().__init__()
        self.modes = modes


class RepeatedKey(events.Key):
    """A key press from auto-repeat; handlers that do not check the type treat it like any other press."""


RepeatedKey.handler_name = events.Key.handler_name
