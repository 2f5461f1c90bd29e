"""Parses key reports of the kitty keyboard protocol: the event type, and the report without it.

A report is ``CSI code:alternates ; modifiers:event ; text u``, with other final characters for functional keys. Only
event types and alternate keys are removed here; Textual's parser reads the rest.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class KeyEvent(IntEnum):
    """Event types of keys, numbered as in the protocol."""

    PRESS = 1
    REPEAT = 2
    RELEASE = 3


DISAMBIGUATES: Final = 1
"""The mode in which no key is a bare escape character."""

REPORTS_EVENTS: Final = 2
"""The mode in which repeats and releases are reported."""

REPORTS_EVERY_KEY: Final = 8
"""The mode in which keys that make text are reported too."""

ASK_MODES: Final = "\x1b[?u"
"""Queries which modes are on. Terminals without the protocol do not reply."""

POP_MODES: Final = "\x1b[<u"
"""Returns to the modes before the last push."""


def push_modes(modes: int) -> str:
    """Escape sequence that turns on exactly these modes, until they are popped.

    The protocol can also change modes in place, but some terminals then lose their stack of modes, and some do not
    support it.
    """
    return f"\x1b[>{modes}u"


_REPORT = re.compile(
    r"\x1b\[(?P<code>[0-9]*)(?P<alternates>(?::[0-9]*){0,2})"
    r"(?:;(?P<modifiers>[0-9]*)(?P<event>:[0-9]*)?(?:;(?P<text>[0-9:]*))?)?(?P<final>[u~A-FHPQRS])"
)
_MODES = re.compile(r"\x1b\[\?(?P<modes>[0-9]{1,4})u")


@dataclass(frozen=True)
class KeyReport:
    """A key report with an event type or alternate keys.

    Attributes:
        event: event type; ``None`` if the protocol does not define it.
        plain: the sequence without event type and alternate keys.
        key: the sequence of the key alone, without modifiers and text.
    """

    event: KeyEvent | None
    plain: str
    key: str


def key_report(sequence: str) -> KeyReport | None:
    """Parse a complete escape sequence; ``None`` if it is no key report, or has no event type or alternate keys."""
    match = _REPORT.fullmatch(sequence)
    if match is None or not (match["alternates"] or match["event"]):
        return None
    number = int(match["event"][1:] or KeyEvent.PRESS) if match["event"] else KeyEvent.PRESS
    event = KeyEvent(number) if number in KeyEvent.__members__.values() else None
    # without event types, terminals omit the modifiers field if no modifier is pressed
    modifiers = "" if match["modifiers"] == "1" else match["modifiers"] or ""
    fields = ";".join((match["code"], modifiers, match["text"] or "")).rstrip(";")
    return KeyReport(event, f"\x1b[{fields}{match['final']}", f"\x1b[{match['code']}{match['final']}")


def keyboard_modes(sequence: str) -> int | None:
    """Bit flags of the modes that are on, if a sequence is the reply to `ASK_MODES`; else ``None``."""
    match = _MODES.fullmatch(sequence)
    return int(match["modes"]) if match else None
