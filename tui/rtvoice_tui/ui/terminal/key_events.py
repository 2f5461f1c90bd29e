"""What a terminal tells about keys beyond that they were pressed."""

from textual import events
from textual.message import Message


class KeyReleased(Message, bubble=False):
    """A key was let go.

    Args:
        key: Textual's name of the key alone, without modifiers: these may have been let go before.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class KeyboardModes(Message, bubble=False):
    """The terminal speaks the kitty keyboard protocol, and says which of its modes could be turned on.

    Args:
        modes: the protocol's bit flags.
    """

    key = ""  # Textual's parser looks at the key of everything that comes from the keyboard

    def __init__(self, modes: int) -> None:
        super().__init__()
        self.modes = modes


class RepeatedKey(events.Key):
    """A key press that the keyboard's repetition made; for everybody who does not ask it is a press like others."""


RepeatedKey.handler_name = events.Key.handler_name
