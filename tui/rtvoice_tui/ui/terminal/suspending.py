"""ctrl+z: releases the devices, then stops the process; on resume the screen and the devices are restored."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from textual.app import App

LIMIT_S = 3.0
"""Seconds to wait for the devices to be released; then the process stops anyway."""


class Suspension:
    """Suspends and resumes the process. Called on the app's event loop, except where noted.

    Args:
        app: the app whose terminal is released meanwhile.
        rest: releases the devices, then calls its argument from any thread.
        wake: opens the devices again.
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
        """Handle SIGTSTP and SIGCONT: the devices are released before the stop, and SIGCONT without a stop is ignored.

        Does nothing on systems without these signals, and in a headless app.
        """
        if not hasattr(signal, "SIGTSTP") or self._app.is_headless:
            return
        self._stop, self._go_on = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
        signal.signal(signal.SIGTSTP, self._received)
        signal.signal(signal.SIGCONT, self._goes_on)
        self._app.app_resume_signal.subscribe(self._app, self._resumed)

    def uninstall(self) -> None:
        """Restore the default handlers: a closing terminal also sends SIGCONT, which must not restore the screen."""
        if callable(self._stop):
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.signal(signal.SIGCONT, signal.SIG_DFL)

    def suspend(self) -> None:
        """Release the devices, then stop the process; at the latest after `LIMIT_S`."""
        if self._resting or not callable(self._stop):
            return
        self._resting = True
        self._rest(self._rested)
        self._app.set_timer(LIMIT_S, self._stop_now)

    def _rested(self) -> None:
        """The devices are released. Called from any thread."""
        self._app.call_later(self._stop_now)

    def _stop_now(self) -> None:
        if self._resting and not self._stopping:
            self._stopping = True
            self._app.action_suspend_process()

    def _received(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGTSTP: the first one releases the devices; the one that the app then sends stops the process."""
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
        for screen in self._app.screen_stack:  # the terminal's content is lost
            for widget in (screen, *screen.walk_children()):
                widget.refresh()
