"""Keys of talking: turns, mute, devices and the gate."""

from typing import TYPE_CHECKING

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.talk import TALK_MODES
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


class TalkActions:
    """Carries out the actions on the conversation and its audio.

    Args:
        app: shows notifications and screens.
        controller: carries the actions out.
    """

    def __init__(self, app: "RtvoiceApp", controller: Controller) -> None:
        self._app = app
        self._controller = controller
        self._talk = controller.talk

    def interrupt(self) -> None:
        """Interrupt the agent."""
        self._talk.interrupt()

    def mute(self) -> None:
        """Mute or unmute the microphone."""
        self._talk.toggle_mute()
        self._app.pulse()

    def mute_agent(self) -> None:
        """Mute or unmute the agent."""
        self._talk.toggle_agent_mute()
        self._app.pulse()

    def turn(self) -> None:
        """Start or end a push-to-talk turn; with an open microphone, end the turn now."""
        if self._app.keys.key_repeats:
            return
        if not self._talk.by_key:
            words, warns = self._talk.answer_now()
            if words:
                self._app.notify(words, severity="warning" if warns else "information", markup=False)
        elif self._app.keys.hold_turn():
            pass  # it ends when the key is let go
        elif self._talk.talks:
            self._talk.end_turn()
        else:
            self._app.start_turn()

    def connect(self) -> None:
        """Connect, or disconnect."""
        self._talk.toggle_connection()

    def send(self, text: str) -> bool:
        """Send a typed turn. If there is no session, notifies the user and returns False."""
        if why := self._talk.send_text(text):
            self._app.notify(why, severity="warning", markup=False)
        return not why

    def next_mode(self) -> None:
        """Use the next talk mode."""
        modes = list(TALK_MODES)
        self.choose_mode(modes[(modes.index(self._talk.mode) + 1) % len(modes)])

    def choose_mode(self, mode: TalkMode) -> None:
        """Use another talk mode, and keep it in the profile."""
        saving = self._talk.use_mode(mode)
        self._app.clear_notifications()  # what was said of the mode before lies over what is to be seen
        if mode is TalkMode.HOLD and self._app.keys.explains(saving):
            return
        name, words = TALK_MODES[mode]

        async def told() -> None:
            self._app.notify(f"{name}: {words[0].lower()}{words[1:]}; {await saving}", markup=False)

        self._app.run_worker(told(), description="keeping the talk mode")

    def set_gate(self, threshold_db: float | None) -> None:
        """Set the noise gate in dBFS, and keep it in the profile; ``None`` switches it off."""
        saving = self._talk.use_gate(threshold_db)

        async def told() -> None:
            self._app.notify(await saving, markup=False)

        self._app.run_worker(told(), description="keeping the gate")

    def devices(self) -> None:
        """Open the devices screen."""
        from rtvoice_tui.audio.backends.listing import list_in_subprocess
        from rtvoice_tui.ui.screens.devices import DevicesScreen

        self._app.clear_notifications()  # they would lie over the lists
        self._app.push_screen(DevicesScreen(self._controller, list_in_subprocess))

    def record(self) -> None:
        """Record the sound from now on, or no longer."""
        self._controller.recordings.toggle()

    def sessions(self) -> None:
        """List the recorded sessions."""
        from rtvoice_tui.ui.screens.sessions import SessionsScreen

        self._app.push_screen(SessionsScreen(self._controller.recordings, self._controller.queries))

    def sound_history(self) -> None:
        """Show the last ten seconds of sound, or hide them."""
        self._app.screen_stack[0].query_one(SoundPanel).toggle()
        self._app.pulse()
