"""Keys that are held: whether the terminal tells that a key was let go, and turns that end with that."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from textual import events
from textual.app import App

from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.terminal.key_events import RepeatedKey

ANSWER_S: Final = 0.3
"""A terminal that has not answered by then is taken for one that cannot; a later answer still counts."""

CANNOT: Final = (
    "hold to talk: this terminal does not report when a key is let go, so press once to talk, and once more to end"
)
CAN: Final = "hold to talk: this terminal reports when a key is let go after all, so hold it while you speak"


class KeyHolding:
    """Turns that last while a key is held.

    Args:
        app: whose keys these are.
        mode: how turns are taken; ``HOLD`` is what counts here.
        begin: begins a turn, unless one runs.
        end: ends the turn, if it still runs.

    Attributes:
        available: whether the terminal reports releases; ``None`` before it has answered.
    """

    def __init__(
        self, app: "App[Any]", mode: Callable[[], TalkMode], begin: Callable[[], None], end: Callable[[], None]
    ) -> None:
        self.available: bool | None = None
        self._app = app
        self._mode = mode
        self._begin = begin
        self._end = end
        self._pressed: events.Key | None = None  # the press that is being acted upon
        self._down: set[str] = set()
        self._held = ""  # the key whose release ends the turn
        self._told_cannot = False
        self._kept: asyncio.Task[str] | None = None

    # --- for the keys that begin and end turns

    @property
    def wanted(self) -> bool:
        """Whether turns are to last while a key is held."""
        return self._mode() is TalkMode.HOLD

    @property
    def release_reported(self) -> bool:
        """Whether releases are reported now; if turns are to be held and this is false, a key begins and ends them."""
        return self.wanted and self.available is True

    @property
    def key_repeats(self) -> bool:
        """Whether the action that runs comes from the repetition of a key that is held."""
        return isinstance(self._pressed, RepeatedKey)

    def hold_turn(self) -> bool:
        """Begin a turn that lasts until the key is let go that is being acted upon; false if there is no such key."""
        if self._pressed is None or not self.release_reported:
            return False
        self._held = self._pressed.key
        self._begin()
        if self._held not in self._down:  # it was let go before its press came round
            self.let_go()
        return True

    def explains(self, kept: asyncio.Task[str]) -> bool:
        """Whether a notice will say that releases are not reported; then it also says where the mode is kept."""
        if self.available is not False or self.wanted:
            return False
        self._kept = kept
        return True

    def let_go(self) -> None:
        """End the turn of the key that is held; nothing if none is."""
        if self._held:
            self._held = ""
            self._end()

    def follow_mode(self) -> None:
        """Have releases reported only while they are needed; tell once when they are needed and cannot be had.

        Call it whenever the mode may be another, as with every pulse.
        """
        report = getattr(self._app._driver, "report_releases", None)  # only the driver of terminals has it
        if report is not None:
            report(self.release_reported)
        if not self.release_reported:
            self.out_of_sight()
        if not self.wanted:
            self._told_cannot = False
        elif self.available is self._told_cannot:
            if self._kept is not None and not self._kept.done():
                return  # it is being saved: a later pulse says where
            words = CAN if self._told_cannot else CANNOT
            kept = f"; {self._kept.result()}" if self._kept is not None else ""
            self._app.notify(f"{words}{kept}", severity="warning", markup=False)
            self._told_cannot, self._kept = not self._told_cannot, None

    # --- what the terminal tells

    def answered(self, available: bool | None = None) -> None:
        """The terminal answered, or has had its time (``None``)."""
        if available is None and self.available is not None:
            return
        self.available = bool(available)
        self.follow_mode()

    @contextmanager
    def acting_on(self, event: events.Key) -> Iterator[None]:
        """A key is acted upon; remember which ones are down."""
        if self.release_reported and not event.is_forwarded and not isinstance(event, RepeatedKey):
            self._down.add(event.key)
        self._pressed = event
        try:
            yield
        finally:
            self._pressed = None

    def released(self, key: str) -> None:
        """A key that is let go ends its turn. Its press may still be on its way through the widgets."""
        self._down.discard(key)
        if key == self._held:
            self.let_go()

    def out_of_sight(self) -> None:
        """Another window has the keyboard, or the app is suspended: it gets the releases."""
        self._down.clear()
        self.let_go()
