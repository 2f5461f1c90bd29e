"""Detects a wrong output rate where the server does not report its rate.

A rate that the server reports is trusted. A server that reports null (Yandex) may have ignored the requested rate; the
voice is then slow and deep, or fast and high. The arrival rate of packets does not help: speech is sent faster than
real time. The text does: voices speak 9 to 16 letters a second, so about twice or half that means a wrong rate. A
smaller error (16 kHz instead of 24 kHz) is within the normal range and cannot be detected.
"""

from collections.abc import Mapping
from typing import Any

from rtvoice_tui.session.realtime.outbox import Outbox

LEAST_LETTERS = 250
"""Minimum letters for an estimate: numbers and pauses distort shorter texts."""

USUAL = 12.0
SLOWEST, FASTEST = 7.8, 22.0
"""Bounds of the normal speaking rate, in letters a second."""

RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)

REMEDY = "if the voice sounds wrong, set output_rate = {} in the profile, and connect again"


class OutputRate:
    """Compares the agent's text with the duration of its audio.

    Args:
        rate: the requested output rate in Hz.
        out: gets a warning, at most one a session.
    """

    def __init__(self, rate: int, out: Outbox) -> None:
        self._rate = rate
        self._out = out
        self._warned = False
        self._named = False
        self._speed = 1.0
        self._letters = 0
        self._bytes = 0.0

    def clear(self) -> None:
        """The session ended: reset all state."""
        self._warned = self._named = False
        self._letters, self._bytes = 0, 0.0

    def session_updated(self, session: Mapping[str, Any], speed: object) -> None:
        """Compare the rate in the server's session object with the requested one.

        Args:
            session: the session object of ``session.updated``.
            speed: the ``speed`` setting; 1.0 is assumed unless it is a positive number.
        """
        self._speed = float(speed) if isinstance(speed, int | float) and speed > 0 else 1.0
        if (other := _other_format(session)) and not self._warned:
            self._warned = True
            self._out.warn(f"the server says that it speaks {other}, but PCM was asked for", "it will sound like noise")
        named = _named_rate(session)
        if named is None:
            return
        self._named = True
        if named != self._rate:
            self._doubt(f"the server says that it speaks at {named} Hz, but {self._rate} Hz was asked for", named)

    def spoke(self, text: str, size: int) -> None:
        """Add a complete response: its text, and the bytes of its PCM16 audio; warn if the rate seems wrong."""
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
        if not self._warned:
            self._warned = True
            self._out.warn(sentence, REMEDY.format(rate))


def _named_rate(session: Mapping[str, Any]) -> int | None:
    found: Any = session
    for key in ("audio", "output", "format", "rate"):
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, str) and found.isdecimal() and len(found) < 10:
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < float("inf"):
        return None
    return int(found)


def _other_format(session: Mapping[str, Any]) -> str:
    """The output format that the server names, if it is not PCM; empty otherwise."""
    found: Any = session
    for key in ("audio", "output", "format"):
        found = found.get(key) if isinstance(found, Mapping) else None
    named = found.get("type") if isinstance(found, Mapping) else found or session.get("output_audio_format")
    return named[:40] if isinstance(named, str) and named and "pcm" not in _without_law(named.lower()) else ""


def _without_law(name: str) -> str:
    """A format's name without the telephone codecs, which are called pcmu and pcma."""
    return name.replace("pcmu", "").replace("pcma", "")


def _letters(text: str) -> int:
    """Number of letters; 0 for scripts in which a letter is not one sound, and for texts with many digits."""
    letters = [letter for letter in text if letter.isalpha()]
    usual = sum(ord(letter) < 0x530 for letter in letters)
    numbers = sum(letter.isdigit() for letter in text)
    return len(letters) if letters and usual >= 0.95 * len(letters) and numbers < 0.05 * len(letters) else 0
