"""The screen of these tests shows what pyte alone would show."""

import random

import pyte

from quick_screen import QuickScreen

LETTERS = "abc XYZ─│▌●·é漢🙂👩\u200d\u0308"
STYLES = [0, 1, 3, 4, 7, 22, 27, 31, 42, 95, 38, 5, 2, 48, 120, 200, ""]
CODES = (
    "\r|\n|\r\n|\b|\t|\x1b[K|\x1b[1K|\x1b[J|\x1b[2J|\x1b[L|\x1b[M|\x1b[3P|\x1b[2@|\x1b[4X|\x1b[4h|\x1b[4l|\x1b[?7l|\x1b[?7h|"
    "\x1b[2;6r|\x1b[r|\x1b7|\x1b8|\x1bM|\x1bD|\x1bc|\x0e|\x0f|\x1b]0;title\x07|\x1b[?6h|\x1b[?6l|\x9b3A|\x1b[|\x1b|\x1b[3|\x1b]0;a"
).split("|")


def _piece(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.5:
        return "".join(chance.choices(LETTERS if kind < 0.3 else LETTERS[:7], k=chance.randint(1, 60)))
    if kind < 0.7:
        return f"\x1b[{';'.join(str(style) for style in chance.choices(STYLES, k=chance.randint(0, 6)))}m"
    if kind < 0.85:
        return f"\x1b[{chance.randint(0, 14)};{chance.randint(0, 45)}H"
    return chance.choice(CODES)


def test_any_text_with_any_codes_is_shown_as_pyte_shows_it() -> None:
    for seed in range(40):
        chance = random.Random(seed)
        plain, quick = pyte.Screen(40, 12), QuickScreen(40, 12)
        stream = pyte.Stream(plain)
        for _ in range(40):
            piece = _piece(chance)
            stream.feed(piece)
            quick.feed(piece)
            if chance.random() < 0.05:
                columns, rows = chance.randint(10, 60), chance.randint(5, 20)
                plain.resize(rows, columns)
                quick.resize(columns, rows)
            rows_shown = [[plain.buffer[y][x] for x in range(plain.columns)] for y in range(plain.lines)]
            lines = ["".join(cell.data for cell in row).rstrip() for row in rows_shown]
            assert quick.lines() == lines, f"with seed {seed}, after {piece!a}"
            cursor, other = plain.cursor, quick.screen.cursor
            assert (cursor.x, cursor.y, cursor.attrs) == (other.x, other.y, other.attrs), f"with seed {seed}"
        cells = [[quick.screen.buffer[y][x] for x in range(plain.columns)] for y in range(plain.lines)]
        assert cells == rows_shown, f"with seed {seed}"
