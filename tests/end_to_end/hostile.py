"""Texts that a terminal would obey, and a reader of raw bytes that finds out whether it was given any of them.

    author = Author()
    send(author.text("error.message"))
    assert author.obeyed(terminal.raw) == []         # what a terminal would have obeyed, by the field it came from
    assert strange(terminal.raw, COCKPIT) == []      # the same without knowing who wrote it
    assert author.word("error.message") in terminal.text

A text holds a word that no other text holds, in front and right behind each thing that a terminal would obey: where
one of these and the word come out side by side, the text was handed on as it is.
"""

import json
import re
from typing import NamedTuple


class Kind(NamedTuple):
    """One thing that must not reach a terminal: what stands before a word and after it, and what it would do."""

    before: str
    after: str
    why: str


ST, BEL = "\x1b\\", "\x07"

ESCAPES = {
    "clipboard, BEL": Kind("\x1b]52;c;", BEL, "writes into the clipboard, to be pasted into a shell"),
    "clipboard, ST": Kind("\x1b]52;p;", ST, "writes into the selection"),
    "link": Kind("\x1b]8;;http://evil.example/", ST, "hides where a word leads to"),
    "title and icon": Kind("\x1b]0;", BEL, "changes the window's title, which some terminals type back"),
    "title": Kind("\x1b]2;", ST, "changes the window's title"),
    "background": Kind("\x1b]11;", ST, "changes the colours for good"),
    "notification": Kind("\x1b]777;notify;", BEL, "pops up a message in somebody's name"),
    "clear line": Kind("\x1b[2K", "", "hides what stands before it in the line"),
    "clear screen": Kind("\x1b[2J", "", "hides everything"),
    "cursor up": Kind("\x1b[9A", "", "overwrites earlier lines"),
    "cursor home": Kind("\x1b[H", "", "overwrites the screen"),
    "main screen": Kind("\x1b[?1049l", "", "leaves the cockpit's screen"),
    "mouse": Kind("\x1b[?1000h", "", "has the mouse typed into whatever comes next"),
    "no cursor": Kind("\x1b[?25l", "", "hides the cursor for good"),
    "keyboard": Kind("\x1b[>31u", "", "changes what keys send"),
    "concealed": Kind("\x1b[8m", "", "hides the text behind it"),
    "where is the cursor": Kind("\x1b[6n", "", "has the terminal type an answer"),
    "who are you": Kind("\x1b[c", "", "has the terminal type an answer"),
    "report the title": Kind("\x1b[21t", "", "has the terminal type the title"),
    "print": Kind("\x1b[5i", "", "sends the screen to a printer"),
    "reset": Kind("\x1bc", "", "resets the terminal"),
    "line drawing": Kind("\x1b(0", "", "turns all letters into lines"),
    "DCS": Kind("\x1bP+q", ST, "swallows what follows, or asks for an answer"),
    "APC": Kind("\x1b_G", ST, "swallows what follows; draws pictures"),
    "PM": Kind("\x1b^", ST, "swallows what follows"),
    "SOS": Kind("\x1bX", ST, "swallows what follows, in xterm without end"),
    "8-bit CSI": Kind("\x9b2J", "", "the same as escape and bracket, in terminals that know it"),
    "8-bit OSC": Kind("\x9d0;", "\x9c", "the same as escape and closing bracket"),
    "8-bit DCS": Kind("\x90+q", "\x9c", "the same as escape and P"),
    "8-bit APC": Kind("\x9fG", "\x9c", "the same as escape and underscore"),
    "8-bit SOS": Kind("\x98", "\x9c", "the same as escape and X"),
}

CONTROLS = {
    "carriage return": Kind("\r", "", "overwrites the line's beginning"),
    "bell": Kind(BEL, "", "rings, and ends an escape code of somebody else"),
    "backspace": Kind("\b\b\b", "", "overwrites what stands before it"),
    "vertical tab": Kind("\v", "", "moves the cursor down"),
    "form feed": Kind("\f", "", "moves the cursor down, or clears the screen"),
    "delete": Kind("\x7f", "", "is nothing in some terminals and a sign in others: the row's cells move"),
    "NUL": Kind("\0", "", "shows nothing, and ends the text for many programs that read it"),
    "enquiry": Kind("\x05", "", "has the terminal type its answerback"),
    "shift out": Kind("\x0e", "", "turns all letters into lines"),
    "substitute": Kind("\x1a", "", "ends an escape code of somebody else"),
    "escape alone": Kind("\x1b", "", "obeys the letter behind it"),
    "next line": Kind("\x85", "", "begins a line in terminals that know it"),
    "index up": Kind("\x8d", "", "moves the cursor up in terminals that know it"),
}

UNICODE = {
    **{
        f"U+{code:04X}": Kind(chr(code), "", "turns the order of letters around: what is read is not what is there")
        for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    },
    **{
        f"U+{code:04X}": Kind(chr(code), "", "hides an annotation in the text; terminals differ in its width")
        for code in range(0xFFF9, 0xFFFC)
    },
    "byte order mark": Kind("\ufeff", "", "shows nothing: two names look the same"),
    "line separator": Kind("\u2028", "", "a line's end to some programs, of no agreed width to terminals"),
    "paragraph separator": Kind("\u2029", "", "a line's end to some programs, of no agreed width to terminals"),
}

SURROGATE = {"lone surrogate": Kind("\ud800", "", "has no bytes in UTF-8: who writes it fails, or writes nonsense")}

KINDS = ESCAPES | CONTROLS | UNICODE | SURROGATE

HARMLESS = {
    "tag characters": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a flag
    "joined": "👩\u200d👩\u200d👧",  # a joiner makes one sign of several, and that is all it does
    "combining": "Ze\u0308bra",  # belongs to the letter before it
    "markup": "[b][@click=app.quit]x[/]",  # only Textual would obey it
}
"""What may be written as it is: no terminal obeys it."""

_BAD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_MODES = "7|25|1000|1003|1004|1006|1015|1049|2004|2026|2048"
COCKPIT = re.compile(
    rf"\x1b\[[\d;]*m|\x1b\[\d+;\d+H|\x1b\[\?(?:{_MODES})(?:[hl]|\$p)|\x1b\[(?:[<>=]\d*|\?)u|\x1b\]22;[a-z]+\x07|\r\n"
    r"|\x1b\]52;c;[A-Za-z0-9+/=]*\x07"  # what the user has copied
)
"""What the cockpit itself has to say to a terminal: colours, places, modes, the mouse pointer's shape."""

COMMAND_LINE = re.compile(r"\r\n|\x1b\[\?2004[hl]")
"""What a command that prints and asks has to say: ends of lines; readline's own brackets."""

_WORD = re.compile(r"zq\d{3,}x")
_OBEYED = re.compile(
    "(" + "|".join(re.escape(kind.before) for kind in sorted(KINDS.values(), key=lambda k: -len(k.before))) + ")"
    f"({_WORD.pattern})"
)


class Author:
    """Writes texts, and remembers which word stands for which field.

    Args:
        without: characters that the place they are meant for cannot hold.
        first: number of the first word; of two authors of one screen one begins higher.
    """

    def __init__(self, without: str = "", first: int = 0) -> None:
        self._words: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._without = without
        self._number = first
        tables = (ESCAPES, CONTROLS, UNICODE | SURROGATE)
        self._kinds = [
            [kind for kind in table.values() if not set(kind.before + kind.after) & set(without)] for table in tables
        ]

    def text(self, field: str) -> str:
        """A text for a field: its word, and three things that a terminal would obey, others for each text."""
        word = f"zq{self._number:03}x"
        self._words.setdefault(field, word)
        self._fields[word] = field
        text = word
        for kinds in self._kinds:
            kind = kinds[self._number % len(kinds)]
            text += f"{kind.before}{word}{kind.after}"
        self._number += 1
        return text

    def word(self, field: str) -> str:
        """The word of the first text for a field."""
        return self._words[field]

    def obeyed(self, raw: bytes) -> list[str]:
        """What a terminal would have obeyed: field and, readably, what came out."""
        found = {match.groups() for match in _OBEYED.finditer(_text(raw)) if match[2] in self._fields}
        return sorted(f"{self._fields[word]}: {before!a}" for before, word in found)


def strange(raw: bytes, own: re.Pattern[str]) -> list[str]:
    """Everything that a terminal would obey and that is none of the program's ``own`` words, each with what follows."""
    text = own.sub("", _text(raw))
    return sorted({ascii(text[match.start() : match.start() + 16]) for match in _BAD.finditer(text)})


def toml(value: object) -> str:
    """A value in TOML, with every sign outside ASCII as an escape: files look harmless."""
    if isinstance(value, str):
        return '"' + "".join(_signs(char) for char in value) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def profile_toml(profile: dict[str, object]) -> str:
    """A whole profile in TOML, one key a line."""
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in profile.items())


def _signs(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isascii() and char.isprintable() else f"\\U{ord(char):08x}"


def _text(raw: bytes) -> str:
    """Bytes as text; half characters stay what they are."""
    return raw.decode("utf-8", "surrogatepass") if _is_utf8(raw) else raw.decode("utf-8", "surrogateescape")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
