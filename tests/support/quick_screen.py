"""pyte's screen with a shorter way for what the cockpit writes most: text, colours and places of the cursor.

pyte takes escape codes in character by character and makes a new cell for each character. That is most of the work of
a test that looks at a screen. Here whole codes are read at once, and equal cells are one object. Everything else goes
through pyte, and in any case pyte's screen holds what is shown.
"""

import re

import pyte
from pyte import modes
from pyte.charsets import LAT1_MAP
from pyte.screens import Char
from wcwidth import wcwidth

_COMMON = re.compile(r"\x1b\[([\d;]*)m|\x1b\[(\d{1,4});(\d{1,4})H|([^\x00-\x1f\x7f-\x9f]+)")


class QuickScreen:
    """A screen and what feeds it. Not thread-safe.

    Attributes:
        screen: pyte's screen: its cells, its cursor.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self._cells: dict[Char, dict[str, Char]] = {}  # by the cursor's attributes and the character
        self._styles: dict[tuple[Char, str], Char] = {}  # by the attributes before and the code
        self._lines: list[str] = []

    def feed(self, text: str) -> None:
        """Show what a program writes."""
        at = 0
        while at < len(text):
            # inside another code every character belongs to that code
            common = _COMMON.match(text, at) if self._stream._taking_plain_text else None
            if common is None:
                self._stream.feed(text[at])
                self._all_changed()
                at += 1
                continue
            style, row, column, plain = common.groups()
            if plain is not None:
                self._draw(plain)
            elif style is not None:
                self._style(style)
            else:
                self.screen.cursor_position(int(row), int(column))
            at = common.end()

    def resize(self, columns: int, rows: int) -> None:
        """Another size of the window."""
        self.screen.resize(rows, columns)
        self._all_changed()

    def lines(self) -> list[str]:
        """The screen, line by line, without trailing blanks."""
        screen = self.screen
        if len(self._lines) != screen.lines:
            self._lines = [""] * screen.lines
            self._all_changed()
        for y in screen.dirty:
            if y < screen.lines:
                row = screen.buffer[y]
                # pyte's own `display` fails where half of a wide character was painted over
                self._lines[y] = "".join([row[x].data for x in range(screen.columns)]).rstrip()
        screen.dirty.clear()
        return list(self._lines)

    def _all_changed(self) -> None:
        self.screen.dirty.update(range(self.screen.lines))

    def _style(self, code: str) -> None:
        cursor = self.screen.cursor
        known = (cursor.attrs, code)
        if known not in self._styles:
            self.screen.select_graphic_rendition(*(int(number or 0) for number in code.split(";")))
            self._styles[known] = cursor.attrs
        cursor.attrs = self._styles[known]

    def _draw(self, text: str) -> None:
        screen, cursor = self.screen, self.screen.cursor
        plain = screen.charset == 0 and screen.g0_charset == LAT1_MAP and modes.IRM not in screen.mode
        end = cursor.x + len(text)
        if not plain or end > screen.columns:
            screen.draw(text)
            self._all_changed()
            return
        cells = self._cells.setdefault(cursor.attrs, {})
        row = screen.buffer[cursor.y]
        screen.dirty.add(cursor.y)
        for number, char in enumerate(text):
            cell = cells.get(char)
            if cell is None:
                if wcwidth(char) != 1:
                    screen.draw(text[number:])
                    self._all_changed()
                    return
                cell = cells[char] = cursor.attrs._replace(data=char)
            row[cursor.x] = cell
            cursor.x += 1
