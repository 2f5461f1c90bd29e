"""The part of the cockpit that chooses devices, volumes and ways of talking, and shows what the sound was like."""

from typing import Any

from msgspec.structs import replace

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.talking import TALK_MODES
from rtvoice_tui.ui.tools_app import ToolsApp
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel

USUAL_GATE_DB = -45.0
"""Below speech into most microphones, and above most rooms."""


class DevicesApp(ToolsApp):
    """Acts on the sound."""

    _last_gate_db: float | None = None

    def action_devices(self) -> None:
        """Choose and try microphone and speaker."""
        from rtvoice_tui.audio.backends.listing import list_in_subprocess
        from rtvoice_tui.ui.screens.devices import DevicesScreen

        self.clear_notifications()  # they would lie over the lists
        self.push_screen(
            DevicesScreen(
                self.store,
                self.session,
                lambda: self.session.clock,
                lambda: self.editor.profile.audio,
                self.keep_audio,
                list_in_subprocess,
                self.use_gate,
                lambda: self.likely_gate_db,
                lambda: self._no_devices,
            )
        )

    @property
    def _no_devices(self) -> str:
        """Why no devices were asked for; empty where they were."""
        audio = self.session.plan.audio
        if audio.silent:
            return "started with --no-audio"
        return "files are used instead of devices" if audio.input_file or audio.output_file else ""

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
        self.clear_notifications()  # what was said of the mode before lies over what is to be seen
        name, words = TALK_MODES[mode]
        kept = self.keep_audio(talk=mode.value)
        if mode is not TalkMode.HOLD or not self.told_with_hold(kept):
            self.notify(f"{name}: {words[0].lower()}{words[1:]}; {kept}", markup=False)

    @property
    def likely_gate_db(self) -> float:
        """The gate to try: the last one that was set, else what interruptions so far suggest, else a usual one."""
        likely = (self._last_gate_db, self.store.interruptions.gate_db)
        return next((gate for gate in likely if gate is not None), USUAL_GATE_DB)

    def set_gate(self, threshold_db: float | None) -> None:
        """Send what is quieter (dBFS) as silence from now on, and next time; ``None``: send all of it."""
        self.notify(self.use_gate(threshold_db), markup=False)

    def use_gate(self, threshold_db: float | None) -> str:
        """The same without a notification: what is done now, and where it is kept."""
        audio = self.session.audio_settings
        self._last_gate_db = audio.gate_db if threshold_db is None else threshold_db
        self.session.set_audio(replace(audio, gate_db=threshold_db))
        kept = self.keep_audio(gate_db=threshold_db)
        words = "no gate" if threshold_db is None else f"a gate at {threshold_db:.0f} dBFS"
        return f"{words}; {kept}"

    def action_sound_history(self) -> None:
        """Show the last ten seconds of sound, or hide them."""
        self.screen_stack[0].query_one(SoundPanel).toggle()
        self.pulse()
