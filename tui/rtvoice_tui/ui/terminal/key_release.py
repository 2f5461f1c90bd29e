"""Key releases for Textual: its parser, taught the protocol's event types, and the driver that asks for them.

Textual asks terminals for all keys as escape codes with their text, but not for event types: with those on, its parser
fails at the first release, and the answer of the probe would be typed into the app. So a parser of ours reads one whole
sequence at a time before Textual's does. Sequences are put together by Textual as ever: nothing is held back, and what
comes from terminals without the protocol takes exactly the way it took before.
"""

from collections.abc import Iterable
from typing import Any, Final

from textual import constants, events
from textual._parser import Read1
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.keys import Keys
from textual.message import Message

from rtvoice_tui.ui.terminal.key_events import KeyboardModes, KeyReleased, RepeatedKey
from rtvoice_tui.ui.terminal.key_reports import (
    ASK_MODES,
    DISAMBIGUATES,
    POP_MODES,
    REPORTS_EVENTS,
    REPORTS_EVERY_KEY,
    KeyEvent,
    key_report,
    keyboard_modes,
    push_modes,
)

REPORT_RELEASES: Final = push_modes(
    linux_driver.KITTY_DISAMBIGUATE_ESCAPE_CODES
    | linux_driver.KITTY_REPORT_ALL_KEYS
    | linux_driver.KITTY_REPORT_ASSOCIATED_TEXT
    | REPORTS_EVENTS
)
"""Turns on what Textual asks for, and event types."""

LAG_S: Final = 0.5
"""How long the rest of a sequence may take, where no key is a bare escape character."""


class KeyReleaseParser(XTermParser):
    """Textual's parser for input with key releases in it; it tells them, and the modes, as messages of their own."""

    _patient = False

    def read1(self, timeout: float | None = None) -> Read1:  # type: ignore[override]
        """Read a character; where escape is reported as a key, a sequence may come in pieces that lag."""
        return Read1(LAG_S if timeout is not None and self._patient else timeout)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Any]:
        if constants.DISABLE_KITTY_KEY or not sequence.startswith("\x1b["):
            return super()._sequence_to_key_events(sequence, alt)
        if (modes := keyboard_modes(sequence)) is not None:
            self._patient = bool(modes & DISAMBIGUATES)
            return [KeyboardModes(modes)]
        try:
            return self._keys(sequence)
        except (ValueError, OverflowError):  # no such character
            return [events.Key(Keys.Ignore, sequence)]

    def _keys(self, sequence: str) -> list[Any]:
        report = key_report(sequence)
        if report is None:
            return list(super()._sequence_to_key_events(sequence))
        if report.event is KeyEvent.RELEASE:
            return [KeyReleased(key.key) for key in super()._sequence_to_key_events(report.key)]
        if report.event is None:
            return [events.Key(Keys.Ignore, sequence)]
        keys = super()._sequence_to_key_events(report.plain)
        if report.event is KeyEvent.REPEAT:
            return [RepeatedKey(key.key, key.character) for key in keys]
        return list(keys)


class KeyReleaseDriver(linux_driver.LinuxDriver):
    """Textual's driver for terminals, which reports key releases while they are wanted.

    Once, at the start, it asks the terminal which modes are on. Where all keys are reported, it then turns event types
    on, asks again and turns them off, in one piece, so that no key comes in between: that answer goes to the app. An
    answer by which not even all keys are reported goes to the app as it is: such terminals may have no stack of modes.
    """

    _asked = False
    _tried = False
    _wanted = False

    def report_releases(self, wanted: bool) -> None:
        """Turn reports of releases on or off; they are off while the app is suspended and when it has ended."""
        if wanted is not self._wanted:
            self._wanted = wanted
            self.write(REPORT_RELEASES if wanted else POP_MODES)

    def process_message(self, message: Message) -> None:
        """Pass on what the terminal tells, except the first of two answers."""
        if isinstance(message, KeyboardModes) and message.modes & REPORTS_EVERY_KEY and not self._tried:
            self._tried = True
            self.write(REPORT_RELEASES + ASK_MODES + POP_MODES)
            return
        super().process_message(message)

    def start_application_mode(self) -> None:
        """Ask once what the terminal can, and turn reports on again after a suspension."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is None:
            return  # it was put to sleep in the background
        if self._wanted:
            self.write(REPORT_RELEASES)
        elif not self._asked and self.input_tty and not constants.DISABLE_KITTY_KEY:
            self._asked = True
            self.write(ASK_MODES)

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was."""
        if self._wanted:
            self.write(POP_MODES)
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Read keys with our parser: Textual's loop names its own and offers no other way to change it."""
        linux_driver.XTermParser = KeyReleaseParser  # type: ignore[attr-defined]
        super().run_input_thread()
