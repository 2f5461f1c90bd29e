"""ctrl+z: the devices are given back, then the process stops; when it goes on, both come back."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from textual.app import App

LIMIT_S = 3.0
"""Devices that take longer to be given back are not waited for."""


class Suspension:
    """Stops the process and brings it back. Only for the app's loop, except where said.

    Args:
        app: whose terminal is given back meanwhile.
        rest: gives the devices back and calls, from any thread, what it is given.
        wake: takes the devices again.
    """

    def __init__(self, app: "App[Any]", rest: Callable[[Callable[[], None]], None], wake: Callable[[], None]) -> None:
        self._app = app
        self._rest = rest
        self._wake = wake
        self._resting = False
        self._stopping = False
        self._stop: Any = None
        self._go_on: Any = None

    def install(self) -> None:
        """Take the signals that stop a process and let it go on: devices come first, and only who stopped resumes."""
        if not hasattr(signal, "SIGTSTP") or self._app.is_headless:
            return
        self._stop, self._go_on = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
        signal.signal(signal.SIGTSTP, self._received)
        signal.signal(signal.SIGCONT, self._goes_on)
        self._app.app_resume_signal.subscribe(self._app, self._resumed)

    def uninstall(self) -> None:
        """The app ends: a terminal that closes says go on as well, and must not bring the screen back."""
        if callable(self._stop):
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.signal(signal.SIGCONT, signal.SIG_DFL)

    def suspend(self) -> None:
        """Stop the process as soon as the devices are given back."""
        if self._resting or not callable(self._stop):
            return
        self._resting = True
        self._rest(self._rested)
        self._app.set_timer(LIMIT_S, self._stop_now)

    def _rested(self) -> None:
        """The devices are given back; called on some thread."""
        self._app.call_later(self._stop_now)

    def _stop_now(self) -> None:
        if self._resting and not self._stopping:
            self._stopping = True
            self._app.action_suspend_process()

    def _received(self, number: int, frame: FrameType | None) -> None:
        """The signal: the first one gives the devices back, the one that we send ourselves then stops the process."""
        if self._stopping:
            self._stop(number, frame)
        else:
            self._app.call_later(self.suspend)

    def _goes_on(self, number: int, frame: FrameType | None) -> None:
        if self._stopping and callable(self._go_on):
            self._go_on(number, frame)

    def _resumed(self, app: "App[Any]") -> None:
        self._resting = self._stopping = False
        self._wake()
        for screen in self._app.screen_stack:  # the terminal has forgotten what was on it
            for widget in (screen, *screen.walk_children()):
                widget.refresh()
