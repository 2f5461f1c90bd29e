"""An app that can talk: the session as a worker, and every key that acts on it. It knows no panes."""

import asyncio
import contextlib
import logging

from msgspec.structs import replace
from textual import work
from textual.widgets import Input

from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.terminal.holding import HoldingApp
from rtvoice_tui.ui.terminal.suspending import Suspension

log = logging.getLogger(__name__)

TALK_MODES = {
    TalkMode.OPEN: ("open microphone", "Just speak: the server hears when a turn ends"),
    TalkMode.TOGGLE: ("push to talk", "Press space, speak, press it again"),
    TalkMode.HOLD: ("hold to talk", "Hold space while you speak; where a release is not seen, press it again"),
}
"""The ways of taking turns, in the order in which the key goes through them."""

_NOT_YET = {
    Phase.OFFLINE: "not connected: the message is kept, F5 connects",
    Phase.CONNECTING: "still connecting: the message is kept",
    Phase.CONFIGURING: "the session is not open yet: the message is kept",
    Phase.REFUSED: "the server refuses the settings: the message is kept, F6 corrects them",
}

_MUTED = "the microphone is muted: F2 opens it"


class TalkingApp(HoldingApp):
    """The part of the cockpit that acts.

    Args:
        session: runs the conversation.
        store: what it leaves behind.

    Attributes:
        failure: the fault of ours that ended the app.
        ended_by: what ended the app from outside.
    """

    def __init__(self, session: SessionHandle, store: Store) -> None:
        super().__init__()
        self.session = session
        self.store = store
        self.failure = ""
        self.ended_by = ""
        self._end_code = 0
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._warned = False
        self._suspension = Suspension(self, session.release_devices, session.reclaim_devices)

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours ends the app with one sentence; the traceback goes to the log, not onto the terminal.

        A screen that was still opening when the app ended misses its widgets, which are gone already: no fault.
        """
        if self._exit and _misses_widgets(error):
            log.warning("a screen was opening while the app ended", exc_info=error)
            return
        if self.is_headless:
            super()._handle_exception(error)
            return
        log.error("the screen failed", exc_info=error)
        self.failure = f"{type(error).__name__}: {error}".splitlines()[0]
        self.exit(return_code=1)

    def end(self, sentence: str, code: int) -> None:
        """End the session and the app for a reason from outside; may be called from any thread, and again."""
        self.session.stop()
        self.ended_by, self._end_code = self.ended_by or sentence, code
        if self._own_loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._own_loop.call_soon_threadsafe(self.exit, None, code)

    def began(self) -> None:
        """The app runs from now on: what was to end it before does so now."""
        self._own_loop = asyncio.get_running_loop()
        self._suspension.install()
        if self.ended_by:
            self.exit(None, self._end_code)

    def action_suspend(self) -> None:
        """Give terminal and devices back, and stop until the shell lets us go on."""
        self._suspension.suspend()

    @work(thread=True, exit_on_error=False, description="session")
    async def run_session(self) -> None:
        """Run the session on a thread and a loop of its own, so that the screen never delays sound."""
        await self.session.run()

    def pulse(self) -> None:
        """Bring everything in sight up to date."""

    @property
    def talk_mode(self) -> TalkMode:
        """How turns are taken."""
        return self.store.talk.mode

    @property
    def by_key(self) -> bool:
        """Whether turns are taken by key."""
        return self.talk_mode is not TalkMode.OPEN or self.session.settings.manual_turns

    @property
    def talks(self) -> bool:
        """Whether a turn by key is under way."""
        return self.store.talk.until is not None

    def _silence_ms(self) -> float:
        detection = self.session.settings.turn_detection
        return float(detection.get("silence_duration_ms") or 0) if isinstance(detection, dict) else 0.0

    def action_interrupt(self) -> None:
        """Silence the agent now."""
        self.session.post(cmd.Interrupt())

    def action_mute(self) -> None:
        """Mute or open the microphone."""
        settings = self.session.audio_settings
        self.session.set_audio(replace(settings, muted=not settings.muted))
        self.pulse()

    def action_mute_agent(self) -> None:
        """Mute or hear the agent."""
        settings = self.session.audio_settings
        self.session.set_audio(replace(settings, agent_muted=not settings.agent_muted))
        self.pulse()

    def action_talk(self) -> None:
        """Begin or end a turn by key; with an open microphone, have what was said so far answered now."""
        if self.key_repeats:
            return
        if not self.by_key:
            self._answer_now()
        elif self.hold_turn():
            pass  # it ends when the key is let go
        elif self.talks:
            self.end_turn()
        else:
            self.begin_turn()

    def begin_turn(self) -> None:
        """The person begins to speak, by key."""
        if not self.by_key or self.talks:
            return
        if why := self._unheard():
            self.notify(why, severity="warning", markup=False)
            return
        if self.session.audio_settings.muted:
            self.notify(_MUTED, severity="warning", markup=False)
        self.session.post(cmd.TalkStart())

    def _unheard(self) -> str:
        """Why nobody can be heard now; empty where they can."""
        if self.store.session.phase in _NOT_YET:
            return "not connected: F5 connects"
        return "" if self.store.audio.input_name else "there is no microphone: press t and type"

    def end_turn(self) -> None:
        """The person has finished, by key."""
        self.session.post(cmd.TalkEnd())

    def _answer_now(self) -> None:
        if self.store.session.phase is Phase.HEARING:
            self.session.post(cmd.CommitNow())
        elif why := self._unheard() or (_MUTED if self.session.audio_settings.muted else ""):
            self.notify(why, severity="warning", markup=False)
        else:
            self.notify("the microphone is open: just speak, or press T for push-to-talk", markup=False)

    def action_connect(self) -> None:
        """Connect, or disconnect."""
        if self.store.session.phase is Phase.OFFLINE:
            self.session.connect()
        else:
            self.session.disconnect()

    def action_type(self) -> None:
        """Go to the composer."""
        self.screen.set_focus(self.query_one("#composer", Input))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send what was typed; it stays when there is nobody to send it to."""
        if event.input.id != "composer" or not event.value.strip():
            return
        if self.store.session.phase in _NOT_YET:
            self.notify(_NOT_YET[self.store.session.phase], severity="warning", markup=False)
            return
        self.session.post(cmd.SendText(event.value.strip()))
        event.input.value = ""

    @property
    def unsent(self) -> str:
        """What would be lost if the app ended now."""
        return ""

    async def action_quit(self) -> None:
        """End the session, then the app; what is typed and not sent is only thrown away when asked twice."""
        if self.unsent and not self._warned:
            self._warned = True
            self.notify(self.unsent, severity="warning", markup=False, timeout=10)
            return
        self.session.stop()
        self.exit()

    async def action_quit_app(self) -> None:
        """The same, for the palette."""
        await self.action_quit()

    def on_unmount(self) -> None:
        """However the app ends, the session's thread must end too."""
        self._suspension.uninstall()
        self.session.stop()


def _misses_widgets(error: Exception) -> bool:
    """Whether a widget was looked for in vain, also in a worker such as the command palette's."""
    from textual.css.query import NoMatches
    from textual.worker import WorkerFailed

    return isinstance(error.error if isinstance(error, WorkerFailed) else error, NoMatches)
