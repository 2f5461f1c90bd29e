"""The part of the cockpit that chooses microphone and speaker, and shows what the sound was like."""

from typing import Any

from rtvoice_tui.ui.tools_app import ToolsApp
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel


class DevicesApp(ToolsApp):
    """Acts on the sound."""

    def action_devices(self) -> None:
        """Choose and try microphone and speaker."""
        from rtvoice_tui.audio.listing import list_elsewhere
        from rtvoice_tui.ui.screens.devices import DevicesScreen

        self.push_screen(
            DevicesScreen(
                self.store,
                self.session,
                lambda: self.session.clock,
                lambda: self.editor.profile.audio,
                self.keep_audio,
                list_elsewhere,
            )
        )

    def keep_audio(self, **chosen: Any) -> str:
        """Keep devices or switches in the profile; where they are kept, or why not, in a few words."""
        for direction in ("input", "output"):
            if f"{direction}_device" in chosen:
                self.planner.device_chosen(direction)
        sentence = self.editor.keep_audio(**chosen)
        self.profile_changed()
        return sentence or f"kept in {self.editor.name}.toml"

    def action_sound_history(self) -> None:
        """Show the last ten seconds of sound, or hide them."""
        self.screen_stack[0].query_one(SoundPanel).toggle()
        self.pulse()
