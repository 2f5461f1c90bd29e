"""An open dialog: the keys that are to be read in it, and effects that keys of several dialogs have."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from keyed import Cockpit, until
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from rtvoice_tui.ui.terminal import external_editor
from rtvoice_tui.ui.widgets.key_block import KeyBlock
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import screen_text

NAMES = {
    "⏎": "enter", "esc": "escape", "del": "delete", "tab": "tab", "+": "plus", "-": "minus", "?": "question_mark",
    "[": "left_square_bracket", "]": "right_square_bracket", "←": "left", "→": "right",
}  # fmt: skip
_KEY = re.compile(r"F\d+|esc|del|tab|\^\w|\S")


@dataclass
class Here:
    """An app with a dialog."""

    app: Cockpit
    pilot: Pilot[None]
    results: list[object] = field(default_factory=list)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, holds: Callable[[], object], what: str = "the key acted") -> None:
        await until(self.pilot, holds, what)

    async def on(self, kind: type[Screen[object]]) -> None:
        """Wait until a dialog is open and has the focus."""
        await self.until(
            lambda: isinstance(self.app.screen, kind) and self.app.screen.focused is not None, kind.__name__
        )

    def push(self, dialog: Screen[object]) -> None:
        self.results.clear()
        self.app.push_screen(dialog, self.results.append)

    def shown(self) -> list[tuple[str, str]]:
        """Each key that is to be read in the dialog, with its label."""
        dialog = self.app.screen.query_one(".dialog")
        border = _rows(self.app, dialog)[-1].strip("╰─╯ ")
        entries = re.split(r" {2,}", border) if border else []
        for block in dialog.query(KeyBlock):
            entries += [entry for row in _rows(self.app, block) for entry in re.split(r" {2,}", row.strip()) if entry]
        answers = [line for line in dialog.query(FixedLine) if (line.id or "").startswith("answer-")]
        entries += [" ".join(row.split()) for line in answers for row in _rows(self.app, line)]
        return [pair for entry in entries for pair in _parsed(entry)]


def _rows(app: Cockpit, widget: Widget) -> list[str]:
    """What is drawn of a widget, in the pictures of the screen."""
    region = widget.region
    lines = screen_text(app).splitlines()
    return [line[region.x : region.right] for line in lines[region.y : region.bottom]]


def _parsed(entry: str) -> list[tuple[str, str]]:
    """``+ - volume``: both keys, with the label."""
    words = entry.split(" ")
    keys = 0
    while keys < len(words) - 1 and _KEY.fullmatch(words[keys]):
        keys += 1
    return [(key, " ".join(words[keys:])) for key in words[:keys]] or [("", entry)]


def name_of(shown: str) -> str:
    """Textual's name of a key that is shown."""
    if shown.startswith("^"):
        return f"ctrl+{shown[1:]}"
    return NAMES.get(shown, shown.lower() if re.fullmatch(r"F\d+", shown) else shown)


Effect = Callable[[Here, str], Awaitable[None]]


@dataclass(frozen=True)
class Dialog:
    """How a dialog is opened, and what each of its labels promises."""

    open: Callable[[Here], Awaitable[None]]
    effects: dict[str, Effect]


# --- effects of several dialogs


async def leaves(here: Here, key: str) -> None:
    before = here.app.screen
    await here.press(key)
    await here.until(lambda: before not in here.app.screen_stack, "it is closed")


def returns(result: object) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await leaves(here, key)
        await here.until(lambda: here.results == [result], f"{result} is the result, not {here.results}")

    return effect


def opens(kind: type[Screen[object]]) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await here.press(key)
        await here.on(kind)

    return effect


async def edits_outside(here: Here, key: str) -> None:
    opened: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_editor, "edited", lambda app, text, *more: opened.append(text) or None)
        await here.press(key)
        await here.until(lambda: opened)
