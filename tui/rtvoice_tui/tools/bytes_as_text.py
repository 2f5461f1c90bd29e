"""Output of programs and servers as text: UTF-8, UTF-16 with its mark, or the charset of the system's locale."""

import locale

BOM_8 = b"\xef\xbb\xbf"
_BOMS_16 = (b"\xff\xfe", b"\xfe\xff")

DAMAGED = "its output is not UTF-8, and some characters could not be read: let the program write UTF-8"


def readable_text(raw: bytes) -> tuple[str, str]:
    """Decode bytes; returns the text, and a sentence if some of them are no text in any charset that is likely.

    A cut at the end of the bytes, in the middle of a character, is no damage.

    Args:
        raw: the bytes, perhaps with a byte order mark.
    """
    if raw.startswith(_BOMS_16):
        return raw[: len(raw) & ~1].decode("utf-16", "replace"), ""
    raw = raw.removeprefix(BOM_8)
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3 and error.reason == "unexpected end of data":
            return raw[: error.start].decode("utf-8"), ""
    local = locale.getpreferredencoding(False)
    if local.lower().replace("-", "") not in ("utf8", "ascii", "ansi_x3.41968"):
        try:
            return raw.decode(local), ""
        except (UnicodeDecodeError, LookupError):
            pass
    return raw.decode("utf-8", "replace"), DAMAGED
