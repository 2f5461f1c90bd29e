"""An app whose keys act in the order in which they were pressed, however fast they come."""

from textual.app import App


class KeyOrderApp(App[None]):
    """What a key does is done before the next key is looked at.

    Textual hands a key to the widget that has the focus, and looks for its binding only when the key has come up again
    through all widgets around it. A key that follows at once still goes where the focus was: of ``t`` and a message the
    first letters would be commands.
    """

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        if await super()._check_bindings(key, priority):
            return True
        # Textual asks for bindings with priority where it has not handed the key to a widget yet
        direct = priority and not self.types and len(self.screen_stack) == 1  # dialogs may take keys themselves
        return direct and await super()._check_bindings(key)

    @property
    def types(self) -> bool:
        """Whether keys make text: what has the focus has a text cursor."""
        return hasattr(type(self.focused), "cursor_screen_offset")  # by name: a start need not load `TextArea`
