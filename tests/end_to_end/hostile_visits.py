"""A walk through every place of the cockpit, as a person goes who looks at everything."""

import re
from collections.abc import Callable

from hostile import Author
from speaking import TITLES, go

from terminal import Terminal


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
        ended = self.terminal.process.poll
        self.terminal.press("f10")
        again = self.terminal.wait_for(lambda screen: "once more" in screen or ended() is not None)
        if ended() is None and "once more" in again:
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
            if key == "5":
                self.terminal.press("tab").wait_for("F7 send")
                self.settle()  # letters are keys in the table, and text in the field above it
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
        self.terminal.press("g")
        for _ in range(12 if self.small else 5):
            self.settle()
            self.look(title)
            self.terminal.press("pagedown")
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
        """The last events, one after the other."""
        for _ in range(6):
            self.terminal.press("up", "enter").wait_for("esc close")
            self.look("an event")
            self.terminal.press("escape").wait_gone("esc close")
        self.terminal.press("G")

    def calls(self) -> None:
        """Every call that is in sight, as tree, JSON and wire; copied."""
        for _ in range(8):
            for _ in range(3):
                self.terminal.press("v")
                self.settle()
                self.look("4 Tools")
            self.terminal.press("y").wait_for("copied")
            self.terminal.press("down")
        self.terminal.press("G")

    def agent(self) -> None:
        """The table of settings from top to bottom, and what was changed when."""
        for _ in range(26):
            self.terminal.press("down")
            self.settle()
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
        self.terminal.press("H")
        self.settle()
        self.terminal.press("H")
        self.settle()

    def settle(self) -> None:
        """Wait until a key has led to something: a frame, or nothing after which a frame could come."""
        before = self.terminal.received
        self.terminal.wait_for(lambda _: self.terminal.received > before, "something is drawn")

    def look(self, place: str) -> None:
        """Remember what a place shows."""
        self.seen[place] = self.seen.get(place, "") + "\n" + self.terminal.text
