"""Escapes control characters in text from models, servers, tools and files, so that a terminal only shows them."""

import re

_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MULTI = re.compile(r"\s+")


def visible(text: str) -> str:
    """Replace control characters by symbols (escape by ``␛``) and direction overrides by ``�``.

    Line feeds are kept; a tab becomes a space.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\t", " ")
    return _SURROGATES.sub("\ufffd", _HARMFUL.sub(_symbol, text))


def line_of(text: str) -> str:
    """Return `visible` text on one line: a line feed becomes ``␊``. Nothing is cut."""
    if text.isascii() and text.isprintable():
        return text
    return visible(text).replace("\n", "\u240a")


def one_line(text: str, limit: int = 400) -> str:
    """Return `visible` text on one line: runs of whitespace become one space, cut to ``limit`` characters."""
    line = _MULTI.sub(" ", visible(text[: limit * 4])).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _symbol(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
