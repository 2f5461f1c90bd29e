"""View of JSON texts: coloured, wrapped, and with parts that can be folded."""

import re
from collections.abc import Sequence

from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView
from rtvoice_tui.ui.wrapping import wrapped

_LINE = re.compile(r'^(\s*)("(?:[^"\\]|\\.)*")(: )(.*)$')
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORDS = frozenset(("true", "false", "null"))
_OPENS = {"{": "}", "[": "]"}
_CHANGES = {"- ": "error", "+ ": "ok"}


def json_pieces(line: str) -> list[Piece]:
    """The parts of a line of indented JSON with their inks; other text is plain."""
    found = _LINE.match(line)
    if found is None:
        value = line.lstrip()
        return [(line[: len(line) - len(value)], "plain"), *_value(value)]
    space, name, colon, value = found.groups()
    return [(space, "plain"), (name, "json-name"), (colon, "dim"), *_value(value)]


def change_pieces(line: str) -> list[Piece]:
    """The parts of a line of `differing_lines`: what one side alone has in one ink, what both have as JSON."""
    if line[:2] in _CHANGES:
        return [(line, _CHANGES[line[:2]])]
    return json_pieces(line)


def _value(text: str) -> list[Piece]:
    bare = text.rstrip(",")
    comma: list[Piece] = [(text[len(bare) :], "dim")] if len(bare) < len(text) else []
    if bare.startswith('"') and bare.endswith('"') and len(bare) > 1:
        return [(bare, "json-text"), *comma]
    if bare in _WORDS:
        return [(bare, "json-word"), *comma]
    if _NUMBER.fullmatch(bare):
        return [(bare, "json-number"), *comma]
    return [(bare, "dim" if bare and not bare.strip("{}[]") else "plain"), *comma]


def closings(lines: Sequence[str]) -> dict[int, int]:
    """The line that closes each object or list, by the line that opens it."""
    found: dict[int, int] = {}
    waiting: list[int] = []
    for number, line in enumerate(lines):
        bare = line.strip().rstrip(",")
        if bare[:1] in ("}", "]") and waiting:
            found[waiting.pop()] = number
        if bare[-1:] in _OPENS and not bare.endswith(('"{', '"[')):
            waiting.append(number)
    return found


class JsonView(PlainView):
    """Lines of indented JSON; enter folds and unfolds the object or list that begins at the cursor.

    Args:
        lines: the lines.
        changes: whether they tell how two texts differ; they do not fold then.
    """

    def __init__(self, lines: Sequence[str], changes: bool = False) -> None:
        super().__init__([])
        self._source = list(lines)
        self._pieces = change_pieces if changes else json_pieces
        self._closings = {} if changes else closings(self._source)
        self._folded: set[int] = set()
        self._numbers: list[int] = []  # the source's line of each line that is shown
        self._state: tuple[object, ...] = ()
        self._change = next((number for number, line in enumerate(lines) if changes and line[:2] in _CHANGES), 0)
        self.cursor = 0

    def on_mount(self) -> None:
        """Show the first change."""
        if self._change:
            self.call_after_refresh(lambda: self.move_cursor(self._numbers.index(self._change)))

    @property
    def folds(self) -> bool:
        """Whether there is anything to fold."""
        return bool(self._closings)

    def refresh_from_model(self) -> bool:
        """Lay out again if the width or what is folded has changed."""
        state = (self.text_width, frozenset(self._folded))
        if state == self._state:
            return False
        self._state = state
        self._lines, self._numbers = [], []
        number = 0
        while number < len(self._source):
            line, beginning = self._source[number], number
            pieces = self._pieces(line)
            if number in self._folded:
                number = self._closings[number]
                hidden = number - beginning - 1
                end = self._source[number].strip()
                pieces.append((f" … {hidden} line{'' if hidden == 1 else 's'} … ", "dim"))
                pieces.append((end, "dim"))
            rows = wrapped(pieces, max(8, self.text_width), len(line) - len(line.lstrip()) + 4)
            self._lines += rows
            self._numbers += [beginning] * len(rows)
            number += 1
        return True

    def action_open(self) -> None:
        """Fold or unfold what begins at the cursor."""
        line = self.cursor
        if line is None or line >= len(self._numbers):
            return
        number = self._numbers[line]
        if number in self._closings:
            self._folded ^= {number}
            self.refresh_from_model()
            self.sync(force=True)
            self.move_cursor(self._numbers.index(number))

    def copy_text(self) -> str:
        """All lines, also those that are folded."""
        return "\n".join(self._source)
