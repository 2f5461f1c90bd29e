"""Reports of keys in the kitty keyboard protocol: which are presses, repeats or releases, and how they read without.

A report is ``CSI code:alternates ; modifiers:event ; text u``, with other final characters for functional keys. Only
what the protocol adds with event types is taken out here; everything else is left to those who read keys already.
"""

import re
from dataclasses import dataclass
from enum import IntEnum


class KeyEvent(IntEnum):
    """What happened to a key, as the protocol numbers it."""

    PRESS = 1
    REPEAT = 2
    RELEASE = 3


ASK_WHETHER_REPORTED = "\x1b[=2;2u\x1b[?u\x1b[=2;3u"
"""Asks for event types, asks which modes are on, and takes the wish back: the answer shows whether it was granted.

It goes out in one piece, so no key is reported in between. Terminals without the protocol do not answer.
"""

REPORT_EVENTS = "\x1b[=2;2u"
"""Turns event types on; the other modes stay as they are, so what restores those ends this too."""

STOP_EVENTS = "\x1b[=2;3u"
"""Turns event types off, and nothing else."""

DISAMBIGUATES = 1
"""The mode in which no key is a bare escape character."""

REPORTS_EVENTS = 2
"""The mode in which releases and repeats are reported."""

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
