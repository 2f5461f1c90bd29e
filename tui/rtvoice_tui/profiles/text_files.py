"""Text files as people write them: UTF-8 with or without byte order mark, and UTF-16, as Windows writes them."""

import codecs
from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_LAST_PAGE = 0x06
"""Highest first byte of UTF-16 in Latin, Greek, Cyrillic, Hebrew and Arabic: elsewhere a control character."""


def decoded(data: bytes) -> str:
    """Decode the contents of a text file; a byte order mark is left out.

    Raises:
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16.
    """
    if data.startswith(_UTF_16) and not data.startswith(codecs.BOM_UTF32_LE):
        return data.decode("utf-16")
    if data.startswith(codecs.BOM_UTF32_LE) or data.startswith(codecs.BOM_UTF32_BE):
        return data.decode("utf-32")
    for order, high in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if b"\0" in high and len(data) % 2 == 0 and sum(byte <= _LAST_PAGE for byte in high) >= 0.9 * len(high):
            return data.decode(order)  # without its mark
    return data.decode("utf-8-sig")


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
