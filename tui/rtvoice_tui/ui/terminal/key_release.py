"""Key releases for Textual: a parser for the kitty protocol's event types, and a driver that turns them on.

Textual requests all keys as escape codes with their text, but no event types: with those on, its parser fails at the
first release, and the reply to the mode query would be typed into the app. So our parser handles each complete sequence
before Textual's does. Textual still assembles the sequences: nothing is delayed, and input from terminals without the
protocol is handled exactly as before.
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
"""Escape sequence that turns on the modes Textual uses, plus event types."""

_NEW_LINES: Final = frozenset(("\x1b\r", "\x1b\n", "\x1b[27;3;13~", "\x1b[27;2;13~"))
"""Alt+enter and shift+enter of terminals without the protocol. Textual would lose them and what is typed next."""

LAG_S: Final = 0.5
"""Seconds to wait for the rest of a sequence, if no key is sent as a bare escape character."""


class KeyReleaseParser(XTermParser):
    """Textual's parser, extended by key releases and keyboard modes, which it returns as messages of their own."""

    _patient = False

    def read1(self, timeout: float | None = None) -> Read1:  # type: ignore[override]
        """Read a character; waits up to `LAG_S` for the rest of a sequence where escape is reported as a key."""
        return Read1(LAG_S if timeout is not None and self._patient else timeout)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Any]:
        if sequence in _NEW_LINES:
            return [events.Key("alt+enter", None)]
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
    """Textual's driver for terminals, extended to report key releases on request.

    At startup it queries once which modes are on. If all keys are reported, it turns event types on, queries again and
    turns them off, in a single write, so that no key comes in between; this second reply goes to the app. If not all
    keys are reported, the first reply goes to the app: such a terminal may have no stack of modes.
    """

    _asked = False
    _tried = False
    _wanted = False

    def report_releases(self, wanted: bool) -> None:
        """Turn release reports on or off. They are off while the app is suspended and after it has ended."""
        if wanted is not self._wanted:
            self._wanted = wanted
            self.write(REPORT_RELEASES if wanted else POP_MODES)

    def process_message(self, message: Message) -> None:
        """Pass messages on, except the first of two replies about the keyboard modes."""
        if isinstance(message, KeyboardModes) and message.modes & REPORTS_EVERY_KEY and not self._tried:
            self._tried = True
            self.write(REPORT_RELEASES + ASK_MODES + POP_MODES)
            return
        super().process_message(message)

    def start_application_mode(self) -> None:
        """Query the keyboard modes once, and turn release reports on again after a suspension."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is None:
            return  # stopped in the background: the driver has not started
        if self._wanted:
            self.write(REPORT_RELEASES)
        elif not self._asked and self.input_tty and not constants.DISABLE_KITTY_KEY:
            self._asked = True
            self.write(ASK_MODES)

    def stop_application_mode(self) -> None:
        """Turn release reports off and restore the terminal."""
        if self._wanted:
            self.write(POP_MODES)
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Read keys with our parser. Textual's input loop uses its parser by module name, so that name is replaced."""
        linux_driver.XTermParser = KeyReleaseParser  # type: ignore[attr-defined]
        super().run_input_thread()
