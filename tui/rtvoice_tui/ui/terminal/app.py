"""What our app needs of Textual's private parts, and all that it has to do with the terminal it runs in.

- Keys act in the order in which they were pressed, however fast they come.
- Turns last while a key is held, where the terminal reports releases.
- A fault of ours, a signal or a closed terminal ends the app with one sentence.
- No control character of a widget reaches the terminal.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from typing import Final

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.filter import LineFilter

from rtvoice_tui.controller.talk import Talk
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.ui.terminal.harmless import HARMLESS
from rtvoice_tui.ui.terminal.holding import ANSWER_S, KeyHolding
from rtvoice_tui.ui.terminal.key_events import KeyboardModes, KeyReleased
from rtvoice_tui.ui.terminal.key_reports import REPORTS_EVENTS
from rtvoice_tui.ui.terminal.suspending import Suspension

LEAVES: Final = frozenset({"escape", "tab", "shift+tab"})
"""Leave a field for text; letters before them have been handed to the field already."""

log = logging.getLogger(__name__)


class TerminalApp(App[None]):
    """An app over a session, in a terminal.

    Args:
        session: is stopped with the app.
        talk: begins and ends the turns of a key that is held.

    Attributes:
        keys: keys that are held.
        failure: the fault of ours that ended the app.
        ended_by: what ended the app from outside.
    """

    def __init__(self, session: SessionHandle, talk: Talk) -> None:
        super().__init__()
        self._talk = talk
        self.keys = KeyHolding(self, lambda: talk.mode, self.begin_turn, talk.end_turn)
        self.failure = ""
        self.ended_by = ""
        self._stop_session = session.stop
        self._end_code = 0
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._suspension = Suspension(self, session.release_devices, session.reclaim_devices)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Whatever a widget draws, no control character of it reaches the terminal."""
        return [*super().get_line_filters(), HARMLESS]

    # --- the order of keys

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Carry out a command of the panes before the next key is looked at, and so the key that leaves a field.

        Textual hands a key to the widget that has the focus, and looks for its binding only when the key has come up
        again through all widgets around it. A key that follows at once still goes where the focus was: of ``t`` and a
        message the first letters would be commands. In fields for text and in dialogs that order stays: what is typed
        is still on its way to the field when a key that acts upon it comes.
        """
        if await super()._check_bindings(key, priority):
            return True
        # Textual asks for bindings with priority where it has not handed the key to a widget yet
        direct = priority and len(self.screen_stack) == 1 and (not self.types or key in LEAVES)
        return direct and await super()._check_bindings(key)

    @property
    def types(self) -> bool:
        """Whether keys make text: what has the focus has a text cursor."""
        return hasattr(type(self.focused), "cursor_screen_offset")  # by name: a start need not load `TextArea`

    # --- keys that are held

    def begin_turn(self) -> None:
        """Begin a turn by key, and say what is to be known about it."""
        if words := self._talk.begin_turn():
            self.notify(words, severity="warning", markup=False)

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, or in terminals ours on top of it."""
        chosen = super().get_driver_class()
        if sys.platform == "win32":
            return chosen
        from rtvoice_tui.ui.terminal.key_release import KeyReleaseDriver

        return KeyReleaseDriver if issubclass(KeyReleaseDriver, chosen) else chosen

    def on_keyboard_modes(self, message: KeyboardModes) -> None:
        """The terminal says what it reports of keys."""
        self.keys.answered(bool(message.modes & REPORTS_EVENTS))

    async def on_event(self, event: events.Event) -> None:
        """Remember which key is being acted upon. A key after the app has ended is for nobody."""
        if isinstance(event, events.Key) and self._exit:
            return
        if not isinstance(event, events.Key):
            await super().on_event(event)
            return
        with self.keys.acting_on(event):
            await super().on_event(event)

    def on_key_released(self, message: KeyReleased) -> None:
        """A key was let go."""
        self.keys.released(message.key)

    def on_app_blur(self) -> None:
        """Another window has the keyboard."""
        self.keys.out_of_sight()

    # --- beginnings and ends

    def began(self) -> None:
        """The app runs from now on: what was to end it before does so now."""
        self._own_loop = asyncio.get_running_loop()
        self._suspension.install()
        self.set_timer(ANSWER_S, self.keys.answered)  # the driver has asked the terminal before this
        self.app_suspend_signal.subscribe(self, lambda _: self.keys.out_of_sight())
        if self.ended_by:
            self.exit(None, self._end_code)

    def end(self, sentence: str, code: int) -> None:
        """End the session and the app for a reason from outside; may be called from any thread, and again."""
        self._stop_session()
        self.ended_by, self._end_code = self.ended_by or sentence, code
        if self._own_loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._own_loop.call_soon_threadsafe(self.exit, None, code)

    def action_suspend(self) -> None:
        """Give terminal and devices back, and stop until the shell lets us go on."""
        self._suspension.suspend()

    def on_unmount(self) -> None:
        """However the app ends, the session's thread must end too."""
        self._suspension.uninstall()
        self._stop_session()

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours ends the app with one sentence; the traceback goes to the log, not onto the terminal.

        A screen that was still opening when the app ended misses its widgets or the screens below: no fault.
        """
        if self._exit and _came_too_late(error):
            log.warning("a screen was opening while the app ended", exc_info=error)
            return
        if self.is_headless:
            super()._handle_exception(error)
            return
        log.error("the screen failed", exc_info=error)
        self.failure = f"{type(error).__name__}: {error}".splitlines()[0]
        self.exit(return_code=1)


def _came_too_late(error: Exception) -> bool:
    """Whether widgets or screens were already gone, also for a worker such as the command palette's."""
    from textual.app import ScreenStackError
    from textual.css.query import NoMatches
    from textual.widget import MountError
    from textual.worker import WorkerFailed

    reason = error.error if isinstance(error, WorkerFailed) else error
    return isinstance(reason, NoMatches | MountError | ScreenStackError)
