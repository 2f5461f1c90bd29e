"""The running app with the cursor in pane 4: calls that were made, keys that act on their tools, and what is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from editing.cockpit import Cockpit, cockpit
from rtvoice_tui.profiles.store import profile_path, profile_text
from rtvoice_tui.session.facts import CallChanged, CallState
from screens import toasts

MOCKED = "{} is a mock for this session: f takes it back"
REAL = "{} is run for real again"
OFF = "{} is off for this session: o switches it on again"
ON = "{} is on again"


class Pane4:
    """Pane 4 of a running app.

    Attributes:
        here: the app.
        before: the profile's file as it was at the start.
    """

    def __init__(self, here: Cockpit, path: Path) -> None:
        self.here = here
        self._path = path
        self.before = path.read_bytes()

    @property
    def kept(self) -> bytes:
        """The profile's file as it is now."""
        return self._path.read_bytes()

    @property
    def marked(self) -> bool:
        """Whether the first row says that something is not saved."""
        self.here.app.pulse()
        return " mine* " in self.here.screen_text().splitlines()[0]

    @property
    def calls(self) -> list[CallChanged]:
        """How all calls so far stand."""
        return [record.call for record in self.here.app.store.calls.records]

    @property
    def told(self) -> list[str]:
        """The sentences on the screen."""
        return toasts(self.here.app)

    async def call(self, name: str, output: str = '{"ok": 1}', kind: str = "python") -> None:
        """A call of a tool has come to its end, and is chosen."""
        app = self.here.app
        key = f"call_{len(app.store.calls.records)}"
        done = CallChanged(1, key, key, "i", name, '{"city": "Oslo"}', CallState.OK, kind=kind, output=output)
        app.store.record(done, app.session.clock)
        newest = app.store.calls.records[-1]
        await self.here.until(lambda: app.calls.pane.calls.chosen is newest, f"the call of {name} is chosen")

    async def press(self, key: str, sentence: str) -> None:
        """A key, and the sentence that tells what it did; the profile's file does not change by it."""
        kept = self.kept
        self.here.app.clear_notifications()
        await self.here.press(key)
        await self.here.until(lambda: sentence in self.told, f"{sentence!r} is said, not {self.told}")
        assert self.kept == kept, "a key writes nothing"

    async def mark_is(self, shown: bool) -> None:
        """Wait for the mark, or for its end."""
        await self.here.until(lambda: self.marked is shown, f"the mark is {'' if shown else 'not '}shown")

    async def unchanged(self) -> None:
        """Everything is as at the start: nothing is kept, and nothing waits to be."""
        await self.mark_is(False)
        assert self.kept == self.before
        assert profile_text("mine").encode() == self.before


@asynccontextmanager
async def pane_4(text: str = "", dialect: str = "openai") -> AsyncIterator[Pane4]:
    """The app over a server, with the cursor in pane 4."""
    async with cockpit(dialect, text) as here:
        await here.press("4")
        await here.until(lambda: here.app.calls.pane.has_focus_within, "pane 4 has the keys")
        yield Pane4(here, profile_path("mine"))
