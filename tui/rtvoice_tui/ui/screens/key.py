"""Dialog for a provider's API key: used for this run only, or saved in the system's key store. It is never shown."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.own_keys import advice
from rtvoice_tui.ui.widgets.lines import FixedLine


class KeyScreen(ModalScreen[str]):
    """Dialog that returns a sentence about where the key is kept; empty if it was cancelled.

    Args:
        name: name of the profile.
        profile: the profile whose provider needs the key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss('')", "Close", show=False, priority=True),
        Binding("f7", "store", "Keep", show=False, priority=True),
    ]

    def __init__(self, name: str, profile: Profile) -> None:
        super().__init__()
        self._name = name
        self._profile = profile

    def compose(self) -> ComposeResult:
        """A password field, with a line above and one for errors below."""
        with Vertical(classes="dialog form question") as dialog:
            dialog.border_title = f"Key of {self._name}"
            dialog.border_subtitle = signs(self, "⏎ for this run  F7 into the key store  esc cancel")
            dialog.styles.height = 5
            yield FixedLine(id="key-where")
            yield Input(password=True, id="key-field", placeholder="the key: paste it here")
            yield FixedLine(id="key-problem")

    def on_mount(self) -> None:
        """Show where keys are read from, and focus the field."""
        words = secrets.key_source_hint(self._profile)
        self.query_one("#key-where", FixedLine).write([(words, "dim")])
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Use the key for this run."""
        event.stop()
        if event.value.strip():
            secrets.use_for_this_run(self._profile, event.value)
            self.dismiss(f"the key of '{self._name}' holds for this run")

    def action_store(self) -> None:
        """Save the key in the system's key store."""
        key = self.query_one(Input).value
        if not key.strip():
            return
        try:
            secrets.keep(self._profile, key)
        except ProfileError as error:
            self.query_one("#key-problem", FixedLine).write([(advice(error.sentence, error.remedy), "error")])
        else:
            self.dismiss(f"the key of '{self._name}' is in the system's key store")
