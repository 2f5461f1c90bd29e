"""Text files as people write them: UTF-8 with or without byte order mark, and UTF-16, as Windows writes them."""

import codecs
from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_LAST_PAGE = 0x06
"""Highest first byte of UTF-16 in Latin, Greek, Cyrillic, Hebrew and Arabic: elsewhere a control character."""

_SIGNS = frozenset((0x20, 0x21, 0x22, 0x25))
"""First bytes of UTF-16 for typographic quotes, dashes, currencies, arrows, mathematical signs and frames."""


def decoded(data: bytes) -> str:
    """Decode the contents of a text file; a byte order mark is left out, and line ends of old Macs become ours.

    Raises:
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16.
    """
    text = data.decode(wide_charset(data) or "utf-8-sig")
    return text if "\n" in text else text.replace("\r", "\n")


def wide_charset(data: bytes) -> str:
    """The name of UTF-16 or UTF-32 if bytes are text in it, with or without its mark; empty if they are not."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith(_UTF_16):
        return "utf-16"
    for order, high in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        letters = sum(byte <= _LAST_PAGE for byte in high)
        likely = letters + sum(byte in _SIGNS for byte in high) >= 0.9 * len(high) and letters >= 0.5 * len(high)
        if b"\0" in high and len(data) % 2 == 0 and likely:
            low = data[::2] if order == "utf-16-le" else data[1::2]
            return order if sum(byte == 0 for byte in low) < 0.1 * len(low) else ""  # else it is no text
    return ""


def read_text_file(path: Path, most: int) -> str:
    """Read a text file of at most ``most`` bytes.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16.
        ValueError: it is larger, or no file.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it is larger than {most // 1000} kB")
    return decoded(data)
