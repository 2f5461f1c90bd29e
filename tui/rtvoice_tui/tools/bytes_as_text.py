"""Output of programs and servers as text: UTF-8, UTF-16, UTF-32, or the charset of the system's locale."""

import codecs
import locale

from rtvoice_tui.text_files import wide_charset

BOM_8 = b"\xef\xbb\xbf"

_LEAST = 8
"""Bytes by which UTF-16 of an odd length is recognised: with fewer it may as well be another text with a NUL."""

DAMAGED = "its output is not UTF-8, and some characters could not be read: let the program write UTF-8"


def readable_text(raw: bytes, cut: bool = False) -> tuple[str, str]:
    """Decode bytes; returns the text, and a sentence if some of them are no text in any charset that is likely.

    Args:
        raw: the bytes, perhaps with a byte order mark.
        cut: whether they are only the first part: a last character that is not complete is no damage then.
    """
    odd = len(raw) % 2 if len(raw) > _LEAST else 0  # part of a character is missing
    if wide := wide_charset(raw[: len(raw) - odd]):
        text = codecs.getincrementaldecoder(wide)("replace").decode(raw, final=not cut)
        return text.removeprefix("\ufeff"), DAMAGED if "\ufffd" in text and not cut else ""
    raw = raw.removeprefix(BOM_8)
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        if cut and error.start >= len(raw) - 3 and error.reason == "unexpected end of data":
            return raw[: error.start].decode("utf-8"), ""
    local = locale.getpreferredencoding(False)
    if local.lower().replace("-", "") not in ("utf8", "ascii", "ansi_x3.41968"):
        try:
            return raw.decode(local), ""
        except (UnicodeDecodeError, LookupError):
            pass
    return raw.decode("utf-8", "replace"), DAMAGED
