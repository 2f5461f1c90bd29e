"""The part of the cockpit that chooses devices, volumes and ways of talking, and shows what the sound was like."""

from typing import Any

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.talking import TALK_MODES
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

    def action_talk_mode(self) -> None:
        """The next way of taking turns."""
        modes = list(TALK_MODES)
        self.choose_talk(modes[(modes.index(self.talk_mode) + 1) % len(modes)])

    def choose_talk(self, mode: TalkMode) -> None:
        """Take turns in another way from now on, and next time."""
        self.session.post(cmd.SetTalk(mode))
        name, words = TALK_MODES[mode]
        kept = self.keep_audio(talk=mode.value)
        self.notify(f"{name}: {words[0].lower()}{words[1:]}; {kept}", markup=False)

    def set_gate(self, threshold_db: float | None) -> None:
        """Send what is quieter (dBFS) as silence from now on, and next time; ``None``: send all of it."""
        self.store.audio.gate_db = threshold_db
        kept = self.keep_audio(gate_db=threshold_db)
        words = "no gate" if threshold_db is None else f"a gate at {threshold_db:.0f} dBFS"
        self.notify(f"{words}; {kept}", markup=False)

    def action_sound_history(self) -> None:
        """Show the last ten seconds of sound, or hide them."""
        self.screen_stack[0].query_one(SoundPanel).toggle()
        self.pulse()
