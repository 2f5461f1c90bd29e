"""At which rate a server really speaks, where it does not say so.

A server that names a rate is believed. One that echoes null (Yandex) may have ignored the rate it was asked for, and
then the voice is slow and deep, or fast and high. How fast packets come says nothing: speech is sent faster than it is
spoken. What was said does: people and voices speak 9 to 16 letters a second, so twice as many or half as many are
heard at the wrong rate. Less than that (16 kHz for 24 kHz) is within what voices do, and cannot be told.
"""

from collections.abc import Mapping
from typing import Any

from rtvoice_tui.session.realtime.outbox import Outbox

LEAST_LETTERS = 250
"""Fewer may be numbers, sighs and pauses."""

USUAL = 12.0
SLOWEST, FASTEST = 7.8, 22.0
"""Letters a second."""

RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)

REMEDY = "if the voice sounds wrong, set output_rate = {} in the profile, and connect again"


class OutputRate:
    """Compares what was said with how much sound it was.

    Args:
        rate: that was asked for, in Hz.
        out: where doubts go, once in a session.
    """

    def __init__(self, rate: int, out: Outbox) -> None:
        self._rate = rate
        self._out = out
        self._told = False
        self._named = False
        self._speed = 1.0
        self._letters = 0
        self._bytes = 0.0

    def clear(self) -> None:
        """The session is over."""
        self._told = self._named = False
        self._letters, self._bytes = 0, 0.0

    def echoed(self, session: Mapping[str, Any], speed: object) -> None:
        """The server says what is in force; ``speed`` is how fast it was asked to speak, if that is a number."""
        self._speed = float(speed) if isinstance(speed, int | float) and speed > 0 else 1.0
        named = _named_rate(session)
        if named is None:
            return
        self._named = True
        if named != self._rate:
            self._doubt(f"the server says that it speaks at {named} Hz, but {self._rate} Hz was asked for", named)

    def spoke(self, text: str, size: int) -> None:
        """A whole answer: its words, and the bytes of PCM16 that they were."""
        letters = _letters(text)
        if self._named or not size or not letters:
            return
        self._letters += letters
        self._bytes += size * self._speed
        if self._letters < LEAST_LETTERS:
            return
        a_second = self._letters * 2 * self._rate / self._bytes
        if not SLOWEST <= a_second <= FASTEST:
            likely = min(RATES, key=lambda rate: abs(rate / self._rate - USUAL / a_second))
            words = f"the agent speaks {a_second:.0f} letters a second at the {self._rate} Hz that were asked for"
            self._doubt(f"{words}: it may be {likely} Hz", likely)

    def _doubt(self, sentence: str, rate: int) -> None:
        if not self._told:
            self._told = True
            self._out.warn(sentence, REMEDY.format(rate))


def _named_rate(session: Mapping[str, Any]) -> int | None:
    found: Any = session
    for key in ("audio", "output", "format", "rate"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _letters(text: str) -> int:
    """How many letters; 0 for scripts in which a letter is not a sound, and for what is mostly numbers."""
    letters = [letter for letter in text if letter.isalpha()]
    usual = sum(ord(letter) < 0x530 for letter in letters)
    numbers = sum(letter.isdigit() for letter in text)
    return len(letters) if letters and usual >= 0.95 * len(letters) and numbers < 0.05 * len(letters) else 0
