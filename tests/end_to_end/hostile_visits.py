"""A walk through every place of the cockpit, as a user goes who looks at everything."""

import contextlib
import re
from collections.abc import Callable

from hostile import Author
from speaking import TITLES, go

from terminal import Terminal

LONG_S = 0.7
"""A key that has changed nothing for so long changes nothing."""


class Visits:
    """What was seen on the way.

    Args:
        terminal: a running cockpit.

    Attributes:
        seen: what each place showed.
        raw: all bytes that the terminal got, once the walk is over.
        lost: why the walk came to no end; a screen on which a text was obeyed may not be readable any more.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.seen: dict[str, str] = {}
        self.raw = b""
        self.lost: AssertionError | None = None

    def walk(self, *steps: Callable[[], object]) -> None:
        """Take all steps and quit."""
        try:
            for step in steps:
                step()
            self.quit()
        except AssertionError as error:
            self.lost = error
        assert self.terminal.received == len(self.terminal.raw), "nothing of what was written is forgotten"
        self.raw = self.terminal.raw

    def quit(self) -> None:
        """Quit, and say so again if something counts as typed."""
        self.terminal.press("f10")
        with contextlib.suppress(AssertionError):  # the program ended
            self.terminal.wait_for("once more discards it")
            self.terminal.press("f10")
        assert self.terminal.wait_end() == 0

    def has_shown(self, place: str, author: Author, fields: list[str]) -> None:
        """Fail unless a place has shown the words of these fields."""
        if self.lost is not None:
            raise self.lost
        shown = re.sub(r"[│\s]", "", self.seen[place])
        assert [field for field in fields if author.word(field) not in shown] == []

    def panes(self) -> None:
        """Every pane, alone on the screen, from its first to its last line."""
        for key, title in zip("123456", TITLES, strict=True):
            go(self.terminal, key, title)
            other = TITLES[1] if key == "1" else TITLES[0]
            self.zoom(other)
            self.look(title)
            if key in "126":
                self.pages(title)
            if key == "2":
                self.events()
            if key == "4":
                self.calls()
            if key == "5":
                self.agent()
            self.unzoom(other)

    def pages(self, title: str) -> None:
        """From the first line on, page by page."""
        self.step("g")
        stayed = 0
        while stayed < 2:  # the first step may move the cursor alone
            self.look(title)
            stayed = 0 if self.step("pagedown") else stayed + 1
        self.terminal.press("G")

    def zoom(self, other: str) -> None:
        """The pane alone; on a small screen it is that already."""
        if not self.small:
            self.terminal.press("z").wait_gone(other)

    def unzoom(self, other: str) -> None:
        """All panes again."""
        if not self.small:
            self.terminal.press("z").wait_for(other)

    @property
    def small(self) -> bool:
        """Whether there is room for one pane only."""
        return len(self.terminal.lines) < 28

    def events(self) -> None:
        """The last events, one after the other, each on its own line."""
        self.terminal.press("l")
        for _ in range(3):
            self.terminal.press("up", "enter").wait_for("esc close")
            self.look("an event")
            self.terminal.press("escape").wait_gone("esc close")
        self.terminal.press("G", "l")

    def calls(self) -> None:
        """Every call from the newest on, as tree, JSON and wire; one is copied."""
        self.terminal.press("y").wait_for("characters sent")
        while True:
            self.look("4 Tools")
            for key in "vvv":
                self.step(key)
                self.look("4 Tools")
            if self.chosen in ("1", ""):
                break
            self.until_other("down", lambda: self.chosen)
        self.terminal.press("G")

    @property
    def chosen(self) -> str:
        """The number of the chosen call."""
        found = re.search(r"› *(\d+) ", self.terminal.text)
        return found[1] if found else ""

    def forms(self) -> None:
        """The form that runs a tool by hand, for every tool that runs here."""
        go(self.terminal, "4", TITLES[3])
        self.terminal.press("h").wait_for("F7 run")
        first = self.tested
        while True:
            self.look("forms")
            self.until_other("ctrl+n", lambda: self.tested)
            if self.tested == first:
                break
        self.terminal.press("escape").wait_gone("F7 run")

    @property
    def tested(self) -> str:
        """The tool whose form is open."""
        found = re.search(r"─ Test (.*?) ─", self.terminal.text)
        return found[1] if found else ""

    def until_other(self, key: str, name: Callable[[], str]) -> None:
        """Press a key that leads to the next of several."""
        before = name()
        self.terminal.press(key).wait_for(lambda _: name() not in ("", before), f"{key} leads on from {before}")

    def agent(self) -> None:
        """The table of settings from top to bottom, and what was changed when."""
        for _ in range(40):
            if not self.step("down"):
                break
        self.look("5 Agent")
        self.terminal.press("h").wait_for("as it was when the profile was opened")
        self.look("history")
        self.terminal.press("escape").wait_gone("as it was when the profile was opened")

    def dialogs(self) -> None:
        """Help, devices, profiles, the last seconds of sound, the palette."""
        for key, words in (("?", "In every pane"), ("d", "ECHO"), ("p", "edit the file"), ("ctrl+p", "Agent: edit")):
            go(self.terminal, "1", TITLES[0])
            self.terminal.press(key).wait_for(words)
            self.look(f"dialog {key}")
            self.terminal.press("escape").wait_gone(words)
        self.step("H")
        self.step("H")

    def step(self, key: str) -> bool:
        """Press a key and wait until the screen below the meters is another; false if it stays, as at an end."""
        before = self.terminal.lines[2:]
        try:
            self.terminal.press(key).wait_for(lambda _: self.terminal.lines[2:] != before, limit=LONG_S)
        except AssertionError:
            return False
        return True

    def look(self, place: str) -> None:
        """Remember what a place shows."""
        self.seen[place] = self.seen.get(place, "") + "\n" + self.terminal.text
