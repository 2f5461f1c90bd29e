"""Hold-to-talk: tracks held keys, and whether the terminal reports the key releases that end a turn."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from textual import events
from textual.app import App

from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.terminal.key_events import RepeatedKey

REPLY_TIMEOUT_S: Final = 0.3
"""Seconds to wait for the terminal's reply. Without one, releases count as unsupported, until a later reply."""

CANNOT: Final = (
    "hold to talk: this terminal does not report when a key is let go, so press once to talk, and once more to end"
)
CAN: Final = "hold to talk: this terminal reports when a key is let go after all, so hold it while you speak"


class KeyHolding:
    """Turns that last while a key is held. Used on Textual's event loop.

    Args:
        app: the app that handles the keys.
        mode: returns the talk mode; only ``HOLD`` matters here.
        begin: starts a turn, unless one is running.
        end: ends the turn, if it is still running.

    Attributes:
        available: whether the terminal reports key releases; ``None`` until it has replied.
    """

    def __init__(
        self, app: "App[Any]", mode: Callable[[], TalkMode], begin: Callable[[], None], end: Callable[[], None]
    ) -> None:
        self.available: bool | None = None
        self._app = app
        self._mode = mode
        self._begin = begin
        self._end = end
        self._pressed: events.Key | None = None  # the key press that is being handled
        self._down: set[str] = set()
        self._held = ""  # the key whose release ends the turn
        self._told_cannot = False
        self._kept: asyncio.Future[str] | None = None

    # --- for the keys that start and end turns

    @property
    def wanted(self) -> bool:
        """Whether the talk mode is hold-to-talk."""
        return self._mode() is TalkMode.HOLD

    @property
    def release_reported(self) -> bool:
        """Whether releases are reported now. Without them, hold-to-talk needs a press to start and a press to end."""
        return self.wanted and self.available is True

    @property
    def key_repeats(self) -> bool:
        """Whether the current action was triggered by the auto-repeat of a held key."""
        return isinstance(self._pressed, RepeatedKey)

    def hold_turn(self) -> bool:
        """Start a turn that ends when the key that is being handled is released.

        Returns:
            False if no key is being handled, or key releases are not reported.
        """
        if self._pressed is None or not self.release_reported:
            return False
        self._held = self._pressed.key
        self._begin()
        if self._held not in self._down:  # it was released before its press was handled
            self.end_held_turn()
        return True

    def explains(self, kept: asyncio.Future[str]) -> bool:
        """Whether a notice will say that releases are not reported; then it also says where the mode is kept."""
        if self.available is not False or self.wanted:
            return False
        self._kept = kept
        return True

    def end_held_turn(self) -> None:
        """End the turn of the held key; does nothing if no key is held."""
        if self._held:
            self._held = ""
            self._end()

    def follow_mode(self) -> None:
        """Turn release reports on only in hold-to-talk; notify the user once if the terminal cannot report them.

        Call it whenever the mode may have changed, as at every pulse.
        """
        report = getattr(self._app._driver, "report_releases", None)  # only `KeyReleaseDriver` has it
        if report is not None:
            report(self.release_reported)
        if not self.release_reported:
            self.release_all()
        if not self.wanted:
            self._told_cannot = False
        elif self.available is self._told_cannot:
            if self._kept is not None and not self._kept.done():
                return  # it is being saved: a later pulse says where
            words = CAN if self._told_cannot else CANNOT
            kept = f"; {self._kept.result()}" if self._kept is not None else ""
            self._app.notify(f"{words}{kept}", severity="warning", markup=False)
            self._told_cannot, self._kept = not self._told_cannot, None

    # --- reports of the terminal

    def answered(self, available: bool | None = None) -> None:
        """The terminal replied whether it reports releases, or the time to reply is over (``None``)."""
        if available is None and self.available is not None:
            return
        self.available = bool(available)
        self.follow_mode()

    @contextmanager
    def acting_on(self, event: events.Key) -> Iterator[None]:
        """Context in which a key press is handled; records that the key is down."""
        if self.release_reported and not event.is_forwarded and not isinstance(event, RepeatedKey):
            self._down.add(event.key)
        self._pressed = event
        try:
            yield
        finally:
            self._pressed = None

    def released(self, key: str) -> None:
        """A key was released: end its turn. Its press may not have been handled yet."""
        self._down.discard(key)
        if key == self._held:
            self.end_held_turn()

    def release_all(self) -> None:
        """Treat all keys as released: the app receives no more release reports (blur, suspend, reports off)."""
        self._down.clear()
        self.end_held_turn()
