"""An app whose keys act in the order in which they were pressed, however fast they come."""

from typing import Final

from textual.app import App

LEAVES: Final = frozenset({"escape", "tab", "shift+tab"})
"""Leave a field for text; letters before them have been handed to the field already."""


class KeyOrderApp(App[None]):
    """A command of the panes is carried out before the next key is looked at, and so is the key that leaves a field.

    Textual hands a key to the widget that has the focus, and looks for its binding only when the key has come up again
    through all widgets around it. A key that follows at once still goes where the focus was: of ``t`` and a message the
    first letters would be commands. In fields for text and in dialogs that order stays: what is typed is still on its
    way to the field when a key that acts upon it comes.
    """

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        if await super()._check_bindings(key, priority):
            return True
        # Textual asks for bindings with priority where it has not handed the key to a widget yet
        direct = priority and len(self.screen_stack) == 1 and (not self.types or key in LEAVES)
        return direct and await super()._check_bindings(key)

    @property
    def types(self) -> bool:
        """Whether keys make text: what has the focus has a text cursor."""
        return hasattr(type(self.focused), "cursor_screen_offset")  # by name: a start need not load `TextArea`
