"""Reports of keys in the kitty keyboard protocol: which are presses, repeats or releases, and how they read without.

A report is ``CSI code:alternates ; modifiers:event ; text u``, with other final characters for functional keys. Only
what the protocol adds with event types is taken out here; everything else is left to those who read keys already.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class KeyEvent(IntEnum):
    """What happened to a key, as the protocol numbers it."""

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
"""Asks which modes are on. Terminals without the protocol do not answer."""

POP_MODES: Final = "\x1b[<u"
"""Returns to the modes before the last push."""


def push_modes(modes: int) -> str:
    """Turns on these modes and no others, until they are popped.

    The protocol can also change modes in place, but some terminals lose their stack over that, and some know nothing
    of it.
    """
    return f"\x1b[>{modes}u"


_REPORT = re.compile(
    r"\x1b\[(?P<code>[0-9]*)(?P<alternates>(?::[0-9]*){0,2})"
    r"(?:;(?P<modifiers>[0-9]*)(?P<event>:[0-9]*)?(?:;(?P<text>[0-9:]*))?)?(?P<final>[u~A-FHPQRS])"
)
_MODES = re.compile(r"\x1b\[\?(?P<modes>[0-9]{1,4})u")


@dataclass(frozen=True)
class KeyReport:
    """One report that says more than a terminal without event types would.

    Attributes:
        event: what happened; ``None`` if the protocol knows no such event.
        plain: the sequence as it is without event types and alternate keys.
        key: the sequence of the key alone, without modifiers and text.
    """

    event: KeyEvent | None
    plain: str
    key: str


def key_report(sequence: str) -> KeyReport | None:
    """Read one whole escape sequence; ``None`` if it is something else, or reads the same without event types."""
    match = _REPORT.fullmatch(sequence)
    if match is None or not (match["alternates"] or match["event"]):
        return None
    number = int(match["event"][1:] or KeyEvent.PRESS) if match["event"] else KeyEvent.PRESS
    event = KeyEvent(number) if number in KeyEvent.__members__.values() else None
    # without event types terminals leave out modifiers that only say "none"
    modifiers = "" if match["modifiers"] == "1" else match["modifiers"] or ""
    fields = ";".join((match["code"], modifiers, match["text"] or "")).rstrip(";")
    return KeyReport(event, f"\x1b[{fields}{match['final']}", f"\x1b[{match['code']}{match['final']}")


def keyboard_modes(sequence: str) -> int | None:
    """The modes of the protocol that are on, if a sequence is the answer to that question."""
    match = _MODES.fullmatch(sequence)
    return int(match["modes"]) if match else None
