"""Base class of the app: overrides Textual's private parts and handles the terminal.

- Keys act in the order in which they are pressed, however fast they arrive.
- Hold-to-talk: a turn lasts while a key is held, if the terminal reports key releases.
- An internal error, a signal or a closed terminal ends the app with one sentence.
- Control characters in the output of widgets never reach the terminal.
"""

import asyncio
import contextlib
import logging
import sys
from collections import deque
from collections.abc import Sequence
from typing import Final

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message_pump import MessagePump
from textual.notifications import SeverityLevel

from rtvoice_tui.controller.talk import Talk
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.ui.terminal.harmless import HARMLESS
from rtvoice_tui.ui.terminal.holding import REPLY_TIMEOUT_S, KeyHolding
from rtvoice_tui.ui.terminal.key_events import KeyboardModes, KeyReleased
from rtvoice_tui.ui.terminal.key_reports import REPORTS_EVENTS
from rtvoice_tui.ui.terminal.layouts import is_of_another_script, same_place
from rtvoice_tui.ui.terminal.suspending import Suspension

HANDLED_S: Final = 0.25
"""Seconds to wait for a widget to handle a key; it may be waiting for the app itself."""

_JOINERS: Final = {"zero_width_non_joiner": "\u200c", "zero_width_joiner": "\u200d"}
"""Zero-width characters of Persian words and of emoji: Textual's fields take them from a paste, but not from a key."""

log = logging.getLogger(__name__)


class TerminalApp(App[None]):
    """Textual app that controls a session and handles its terminal.

    Args:
        session: stopped when the app ends.
        talk: starts and ends push-to-talk turns.

    Attributes:
        keys: state of held keys.
        failure: first line of the internal error that ended the app; empty if there was none.
        ended_by: external reason why the app ended, such as a signal; empty if there was none.
    """

    def __init__(self, session: SessionHandle, talk: Talk) -> None:
        super().__init__()
        self._talk = talk
        self.keys = KeyHolding(self, lambda: talk.mode, self.start_turn, talk.end_turn)
        self.failure = ""
        self.ended_by = ""
        self._stop_session = session.stop
        self._end_code = 0
        self._told_of_layout = False
        self._acted: deque[events.Key] = deque(maxlen=4096)
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._suspension = Suspension(self, session.release_devices, session.reclaim_devices)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's line filters, plus one that replaces control characters in the output of all widgets."""
        return [*super().get_line_filters(), HARMLESS]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notification; one that says the same and is still in sight gives way to it."""
        for shown in list(self._notifications):
            if (shown.message, shown.severity) == (message, severity):
                self._unnotify(shown, refresh=False)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    # --- the order of keys

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Run a command before the next key is handled.

        Textual delivers a key to the focused widget and checks its binding only after the key has bubbled up through
        all parent widgets. A key that follows immediately still goes to the old focus: after ``t``, the first letters
        of a message would act as commands. Keys that are typed as text are waited for in `_typed`.
        """
        if await super()._check_bindings(key, priority):
            return True
        # Textual checks priority bindings before it delivers the key to a widget
        direct = priority and not self.types and len(self.screen_stack) == 1
        return direct and await super()._check_bindings(key)

    async def _typed(self, event: events.Key) -> None:
        """Deliver a key to a field or a dialog, and wait until it has acted, so that the next one acts after it."""
        field = self.focused
        if field is not None and self.types and event.key in _JOINERS:
            await super().on_event(events.Paste(_JOINERS[event.key]))
            await _has_handled(field)
            return
        event._sender = None  # else the screen stops each key before it comes back to the app that has sent it
        await super().on_event(event)
        if field is None or not event.is_forwarded:
            return  # a key that acts everywhere
        for node in field.ancestors_with_self:
            if node is self or event._stop_propagation or not await _has_handled(node):
                break
        if not event._stop_propagation:
            self._acted.append(event)  # it is on its way here, behind the keys that have come since
            await super()._check_bindings(event.key)

    @property
    def types(self) -> bool:
        """Whether keys are typed as text: the focused widget has a text cursor."""
        return hasattr(type(self.focused), "cursor_screen_offset")  # by name: no import of `TextArea` at startup

    @property
    def undoes(self) -> bool:
        """Whether there is something typed in the focused field that can be taken back."""
        history = getattr(self.focused, "history", None)  # of a text area
        return bool(getattr(history, "_undo_stack", ()))

    # --- keys that are held

    def start_turn(self) -> None:
        """Start a push-to-talk turn; notifies the user if it cannot start or the microphone is muted."""
        if words := self._talk.start_turn():
            self.notify(words, severity="warning", markup=False)

    def get_driver_class(self) -> type[Driver]:
        """Our driver with key releases if it extends the driver that Textual chose, else Textual's driver."""
        chosen = super().get_driver_class()
        if sys.platform == "win32":
            return chosen
        from rtvoice_tui.ui.terminal.key_release import KeyReleaseDriver

        return KeyReleaseDriver if issubclass(KeyReleaseDriver, chosen) else chosen

    def on_keyboard_modes(self, message: KeyboardModes) -> None:
        """The terminal reported its keyboard modes."""
        self.keys.answered(bool(message.modes & REPORTS_EVENTS))

    async def on_event(self, event: events.Event) -> None:
        """Track the key that is being handled. Ignores keys after the app has exited."""
        if isinstance(event, events.Key) and self._exit:
            return
        if not isinstance(event, events.Key):
            await super().on_event(event)
            return
        event = self._at_its_place(event)
        if event in self._acted:
            self._acted.remove(event)
            return
        with self.keys.acting_on(event):
            if (self.types or len(self.screen_stack) > 1) and not event.is_forwarded:
                await self._typed(event)
            else:
                await super().on_event(event)

    def _at_its_place(self, event: events.Key) -> events.Key:
        """The key of a Latin keyboard at the same place, unless text is typed; says so where that is not known."""
        if self.types or not is_of_another_script(event.character):
            return event
        found = same_place(event.character)
        if found is not None:
            return type(event)(*found)
        if not self._told_of_layout:
            self._told_of_layout = True
            self.notify("the keys act with Latin letters: switch the keyboard's layout", severity="warning")
        return event

    def on_key_released(self, message: KeyReleased) -> None:
        """A key was released."""
        self.keys.released(message.key)

    def on_app_blur(self) -> None:
        """Another window has the keyboard: held keys count as released."""
        self.keys.release_all()

    # --- start and end

    def began(self) -> None:
        """Prepare the running app: install suspend handling, and exit now if an end was requested before."""
        self._own_loop = asyncio.get_running_loop()
        self._suspension.install()
        self.set_timer(REPLY_TIMEOUT_S, self.keys.answered)  # the driver has already sent the query
        self.app_suspend_signal.subscribe(self, lambda _: self.keys.release_all())
        if self.ended_by:
            self.exit(None, self._end_code)

    def end(self, sentence: str, code: int) -> None:
        """Stop the session and exit for an external reason. May be called from any thread, and repeatedly.

        Args:
            sentence: the reason, for the user; the first one is kept.
            code: exit code.
        """
        self._stop_session()
        self.ended_by, self._end_code = self.ended_by or sentence, code
        if self._own_loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed
                self._own_loop.call_soon_threadsafe(self.exit, None, code)

    def action_suspend(self) -> None:
        """Release the devices and the terminal, and stop the process until the shell resumes it."""
        self._suspension.suspend()

    def on_unmount(self) -> None:
        """Stop the session, so that its thread ends however the app ends."""
        self._suspension.uninstall()
        self._stop_session()

    def _handle_exception(self, error: Exception) -> None:
        """End the app with one sentence after an internal error; the traceback goes to the log, not to the terminal.

        Ignores errors of a screen that was still opening, or of a worker that was to show a result, when the app
        exited: their widgets or screens are gone.
        """
        if (self._exit or not self._running) and _came_too_late(error):
            log.warning("a widget was to be shown while the app ended", exc_info=error)
            return
        if self.is_headless:
            super()._handle_exception(error)
            return
        log.error("the screen failed", exc_info=error)
        self.failure = f"{type(error).__name__}: {error}".splitlines()[0]
        self.exit(return_code=1)


async def _has_handled(node: MessagePump) -> bool:
    """Wait until a widget has handled all messages that it has got; false if it takes too long."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def handled() -> None:
        if not done.done():
            done.set_result(None)

    if not node.call_later(handled):
        return False
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(done, HANDLED_S)
        return True
    return False


def _came_too_late(error: Exception) -> bool:
    """Whether an error only means that widgets or screens are already gone, also inside a failed worker."""
    from textual.app import ScreenStackError
    from textual.css.query import NoMatches
    from textual.widget import MountError
    from textual.worker import WorkerFailed

    reason = error.error if isinstance(error, WorkerFailed) else error
    return isinstance(reason, NoMatches | MountError | ScreenStackError)
