"""An app with keys that are held: whether the terminal tells that a key was let go, and turns that end with that."""

import sys
from typing import Final

from textual import events
from textual.driver import Driver

from rtvoice_tui.ui.terminal.key_events import KeyboardModes, KeyReleased, RepeatedKey
from rtvoice_tui.ui.terminal.key_order import KeyOrderApp
from rtvoice_tui.ui.terminal.key_reports import REPORTS_EVENTS

ANSWER_S: Final = 0.3
"""A terminal that has not answered by then is taken for one that cannot; a later answer still counts."""

CANNOT: Final = (
    "hold to talk: this terminal does not report when a key is let go, so press once to talk, and once more to end"
)
CAN: Final = "hold to talk: this terminal reports when a key is let go after all, so hold it while you speak"


class HoldingApp(KeyOrderApp):
    """Turns that last while a key is held, for apps that can begin and end turns.

    Attributes:
        hold_available: whether the terminal reports releases; ``None`` before it has answered.
    """

    hold_available: bool | None = None

    def __init__(self) -> None:
        super().__init__()
        self._pressed: events.Key | None = None  # the press that is being acted upon
        self._down: set[str] = set()
        self._held = ""  # the key whose release ends the turn
        self._told_cannot = False
        self._hold_kept = ""

    # --- for those who begin and end turns

    @property
    def talk_mode(self) -> str:
        """How turns are taken: ``hold`` is what counts here."""
        return "open"

    def begin_turn(self) -> None:
        """The talk key is pressed: begin a turn, unless one runs."""

    def end_turn(self) -> None:
        """The talk key was let go, or nobody will tell when it is: end the turn, if it still runs."""

    @property
    def holds(self) -> bool:
        """Whether turns are to last while a key is held."""
        return self.talk_mode == "hold"

    @property
    def release_reported(self) -> bool:
        """Whether releases are reported now; if turns are to be held and this is false, a key begins and ends them."""
        return self.holds and self.hold_available is True

    @property
    def key_repeats(self) -> bool:
        """Whether the action that runs comes from the repetition of a key that is held."""
        return isinstance(self._pressed, RepeatedKey)

    def hold_turn(self) -> bool:
        """Begin a turn that lasts until the key is let go that is being acted upon; false if there is no such key."""
        if self._pressed is None or not self.release_reported:
            return False
        self._held = self._pressed.key
        self.begin_turn()
        if self._held not in self._down:  # it was let go before its press came round
            self.let_go()
        return True

    def told_with_hold(self, kept: str) -> bool:
        """Have it said where the choice of holding is kept when it is told that it cannot be had; false if it can."""
        if self.hold_available is not False or self.holds:
            return False
        self._hold_kept = f"; {kept}"
        return True

    def let_go(self) -> None:
        """End the turn of the key that is held; nothing if none is."""
        if self._held:
            self._held = ""
            self.end_turn()

    def follow_talk_mode(self) -> None:
        """Have releases reported only while they are needed; tell once when they are needed and cannot be had.

        Call it whenever the mode may be another, as with every pulse.
        """
        report = getattr(self._driver, "report_releases", None)  # only the driver of terminals has it
        if report is not None:
            report(self.release_reported)
        if not self.release_reported:
            self._out_of_sight()
        if not self.holds:
            self._told_cannot = False
        elif self.hold_available is self._told_cannot:
            words = CAN if self._told_cannot else CANNOT
            self.notify(f"{words}{self._hold_kept}", severity="warning", markup=False)
            self._told_cannot, self._hold_kept = not self._told_cannot, ""

    # --- what the terminal tells

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, or in terminals ours on top of it."""
        chosen = super().get_driver_class()
        if sys.platform == "win32":
            return chosen
        from rtvoice_tui.ui.terminal.key_release import KeyReleaseDriver

        return KeyReleaseDriver if issubclass(KeyReleaseDriver, chosen) else chosen

    def on_mount(self) -> None:
        """The driver has asked the terminal before this."""
        self.set_timer(ANSWER_S, self._answered)
        self.app_suspend_signal.subscribe(self, lambda _: self._out_of_sight())

    def on_keyboard_modes(self, message: KeyboardModes) -> None:
        """The terminal answers."""
        self._answered(bool(message.modes & REPORTS_EVENTS))

    def _answered(self, available: bool | None = None) -> None:
        if available is None and self.hold_available is not None:
            return
        self.hold_available = bool(available)
        self.follow_talk_mode()

    async def on_event(self, event: events.Event) -> None:
        """Remember which key is being acted upon, and which ones are down."""
        if not isinstance(event, events.Key):
            await super().on_event(event)
            return
        if self.release_reported and not event.is_forwarded and not isinstance(event, RepeatedKey):
            self._down.add(event.key)
        self._pressed = event
        try:
            await super().on_event(event)
        finally:
            self._pressed = None

    def on_key_released(self, message: KeyReleased) -> None:
        """A key that is let go ends its turn. Its press may still be on its way through the widgets."""
        self._down.discard(message.key)
        if message.key == self._held:
            self.let_go()

    def on_app_blur(self) -> None:
        """Another window has the keyboard: it gets the releases."""
        self._out_of_sight()

    def _out_of_sight(self) -> None:
        self._down.clear()
        self.let_go()
