"""A replay is the session again: at the end of each turn the screens are equal to the pixel, and so are the stores.

A real session talks with a scripted server and is recorded, as the cockpit records it. To be looked at it stands still,
its clock included, so that the replay can be taken to the very same moment.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import textual.app
from rich.style import Style
from textual.pilot import Pilot

from engine.bench import OPENAI, signal, write_wav
from profiles.profile_files import put
from realtime_server import FakeServer, Session
from realtime_server.types import REQUESTED
from recording.pictures import differences, picture
from rtvoice_tui.cli import session as cli_session
from rtvoice_tui.cli.session import Chosen, Opened, open_session
from rtvoice_tui.controller.planner import Options
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replay_session import ReplaySession
from rtvoice_tui.session.facts import Moment, Phase
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.bridge import COUNTERS_EVERY
from rtvoice_tui.ui.replay_app import ReplayApp

pytestmark = [pytest.mark.drawn, pytest.mark.usefixtures("own_folders")]

LIMIT_S = 60.0
KEY = "secret-key-1234"
PROFILE = OPENAI.replace("model =", 'url = "URL"\nmodel =', 1)

PANES = ("1", "2", "4", "6", "3")
"""The keys of the panes that are compared; nothing can be edited in a replay, so pane 5 is dimmed there."""

ROWS = ("#status", "#meters", "#notice", "#tabs", "#ticker", "#summary")
"""The rows that are compared, where the size has them.

By nature different, and not among them, are the footer, and the message field, in whose place is the time line. Of the
row of meters only the state behind them is compared: they are live, and peaks and counters are not recorded.
"""

MARKS = (" ▸ REPLAY ", "   ● REC")
"""Marks of the status row that only one of both has."""

OWN_LINES = {"4": ("#tools-pane", -1), "6": ("#log", 0)}
"""Lines of panes that are not compared while the pane has the focus, by its key.

The lower border of the tools has keys that run tools, which a replay does not; the log begins with the devices in use.
"""

SIZES = {"all panes": ((190, 50), 3), "one pane": ((80, 24), 2)}
"""Sizes of the session's screen, and how many more rows the time line needs than the message field."""


class Cell(NamedTuple):
    """A character and all that makes its look."""

    text: str
    look: tuple[object, ...]


Cells = list[list[Cell]]
Screen = dict[str, Cells]


async def until(holds: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(LIMIT_S):
            while not holds():  # noqa: ASYNC110 - what is waited for happens on another thread
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"in vain waited until {what}") from None


# --- what is on a screen


def cells(app: RtvoiceApp, place: str) -> Cells:
    """What is drawn where a widget is."""
    region = app.screen.query_one(place).region
    strips = app.screen._compositor.render_strips()[region.y : region.bottom]
    segments = [strip.crop(region.x, region.right) for strip in strips]
    return [[Cell(text, look(segment.style)) for segment in row for text in segment.text] for row in segments]


def look(style: Style | None) -> tuple[object, ...]:
    style = style or Style.null()
    marks = (style.bold, style.dim, style.italic, style.underline, style.strike, style.reverse)
    return (style.color, style.bgcolor, *map(bool, marks))


def words(row: list[Cell]) -> str:
    return "".join(cell.text for cell in row)


def without_marks(row: list[Cell]) -> list[Cell]:
    """The status row without what only one of both has."""
    for mark in MARKS:
        if (at := words(row).find(mark)) >= 0:
            row = row[:at] + row[at + len(mark) :]
    return row


def trimmed(row: list[Cell]) -> list[Cell]:
    """A row without the blanks at its end."""
    return row[: len(words(row).rstrip())]


async def screen_of(app: RtvoiceApp, pilot: Pilot[Any]) -> Screen:
    """All that is compared, the panes once for each that has the focus."""
    seen: Screen = {}
    for key in PANES:
        await pilot.press(key)
        await drawn(app, pilot)
        body = cells(app, "#body")
        if key in OWN_LINES:
            widget, line = OWN_LINES[key]
            region, place = app.query_one(widget).region, app.query_one("#body").region
            row = range(region.y, region.bottom)[line] - place.y
            del body[row][region.x - place.x : region.right - place.x]
        seen[f"#body, with the focus on pane {key}"] = body
    seen |= {row: cells(app, row) for row in ROWS if app.query_one(row).region}
    seen["#status"] = [trimmed(without_marks(row)) for row in seen["#status"]]
    seen["#meters"] = [trimmed(row[words(row).index("LISTENING") :]) for row in seen["#meters"]]
    return seen


async def drawn(app: RtvoiceApp, pilot: Pilot[Any]) -> None:
    """Wait until everything that the store holds has been drawn."""
    laid_out = asyncio.Event()
    app.call_after_refresh(laid_out.set)
    await laid_out.wait()
    for _ in range(COUNTERS_EVERY):
        app.pulse()
    await pilot.pause(0)


def changes(before: Screen, after: Screen) -> list[str]:
    """The rows of the screen that differ, each as it was and as it is."""
    assert before.keys() == after.keys()
    found = []
    for name, rows in before.items():
        assert len(rows) == len(after[name]), f"{name} has another height"
        for number, (old, new) in enumerate(zip(rows, after[name], strict=True)):
            if old != new:
                place = next((x for x, both in enumerate(zip(old, new, strict=False)) if both[0] != both[1]), -1)
                found.append(f"{name}, row {number}, column {place}:\n{words(old)}\n{words(new)}")
    return found


# --- the session


class StandingSession(SessionWorker):
    """A session that can stand still together with its clock."""

    _stands_at: float | None = None

    @property
    def clock(self) -> float:
        return super().clock if self._stands_at is None else self._stands_at

    @contextlib.contextmanager
    def standing(self) -> Iterator[float]:
        """Let the session's thread stand still; the time at which it does."""
        stands, goes_on = threading.Event(), threading.Event()

        def stand() -> None:
            self._stands_at = self.clock
            stands.set()
            goes_on.wait(LIMIT_S)
            self._stands_at = None

        assert self.driver is not None
        self.driver.loop.call_soon_threadsafe(stand)
        try:
            assert stands.wait(LIMIT_S)
            assert self._stands_at is not None
            yield self._stands_at
        finally:
            goes_on.set()


@dataclass
class Moments:
    """What was seen at the end of each turn, and at the end.

    Attributes:
        folder: the recording.
        turns: for each turn the time, the screen and the store.
        ends: the store at the end.
    """

    folder: Path
    turns: list[tuple[float, Screen, dict[str, Any]]] = field(default_factory=list)
    ends: dict[str, Any] = field(default_factory=dict)


class Conversation:
    """Somebody who types, and the server that answers."""

    def __init__(self, opened: Opened, server: FakeServer, app: RtvoiceApp, pilot: Pilot[Any]) -> None:
        self.store = opened.store
        self._app = app
        self._pilot = pilot
        self._server = server

    @property
    def session(self) -> Session:
        return self._server.session

    async def ready(self, responses: int = 0) -> None:
        """Wait until so many responses are over, and nothing of them is heard any more."""
        events = self.store.events

        def over() -> bool:
            done = sum(events.row(number).name == "response.done" for number in range(len(events)))
            return done == responses and self.store.session.phase is Phase.LISTENING

        await until(over, f"{responses} responses are over")

    async def type(self, text: str) -> None:
        """Type a message, and wait until the server has to answer it."""
        await self._pilot.press("t")
        await until(lambda: self._app.types, "the message field has the focus")
        await self._pilot.press(*text, "enter", "escape")
        await self.asked()

    async def asked(self) -> None:
        """Wait until the server is asked to respond."""
        await until(lambda: self.session.active == REQUESTED, "a response is asked for")

    async def text(self) -> None:
        """A turn in text."""
        await self.type("Good morning.")
        await self.session.text("a1", "Good ", "morning. ", "What can I do?")
        await self.ready(1)

    async def call(self) -> None:
        """A turn with a call and a spoken answer, and an error that the server tells."""
        await self.type("What is the weather in Berlin?")
        await self.session.call("resp_2", [("call_1", "get_weather", '{"city": "Berlin"}')])
        await self.asked()
        await self.session.speak("resp_3", "item_a3", signal(0.4), words="Eleven degrees and cloudy.")
        error = {"type": "server_error", "code": "overloaded", "message": "Too many people ask for the weather."}
        await self.session.say("error", error=error)
        await until(lambda: self.store.notices, "the error is told")
        await self.ready(3)

    async def interruption(self) -> None:
        """A turn whose answer is interrupted."""
        await self.type("Tell me a story.")
        spoken = "Once upon a time there was a small lighthouse on a rock in the northern sea."
        speaking = asyncio.create_task(self.session.speak("resp_4", "item_a4", signal(30.0), speed=4.0, words=spoken))
        await until(self._hears_the_story, "the story is heard")
        await self._pilot.press("i")
        assert not await speaking
        await until(lambda: self._server.sent("conversation.item.truncate"), "the story is cut")
        await self.ready(4)

    def _hears_the_story(self) -> bool:
        timing = self.store.timings.of(3)
        return timing is not None and timing.between(Moment.SENT, Moment.FIRST_HEARD) is not None


async def recorded(folder: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Moments:
    """Hold a conversation of three turns in the cockpit, and record it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(cli_session, "SessionWorker", StandingSession)
    async with FakeServer(lambda session: session.open(), dialect="openai", key=KEY) as server:
        put("mine", PROFILE.replace("URL", server.url))
        speech = write_wav(folder / "in.wav", signal(1.0))
        options = Options(input_file=speech, output_file=folder / "out.wav", record=str(folder / "recordings"))
        opened = open_session(Chosen("mine", load_profile("mine"), options, "", first=False))
        session = opened.session
        assert isinstance(session, StandingSession)
        app = RtvoiceApp(session, opened.store, opened.editor, opened.planner, recording=opened.recording)
        moments, ended = Moments(folder), threading.Event()
        session.at_end.append(ended.set)
        async with app.run_test(size=size) as pilot:
            talk = Conversation(opened, server, app, pilot)
            await talk.ready()
            for turn in (talk.text, talk.call, talk.interruption):
                await turn()
                with session.standing() as at:
                    moments.turns.append((at, await screen_of(app, pilot), picture(opened.store)))
            await pilot.press("q")
        await until(ended.is_set, "the session and its recording have ended")
        assert opened.recording.folder is not None
        moments.folder, moments.ends = opened.recording.folder, picture(opened.store)
        opened.store.events.close()
    assert server.offences == []
    return moments


# --- the replay


@asynccontextmanager
async def replayed(folder: Path, size: tuple[int, int]) -> AsyncIterator[tuple[ReplayApp, Pilot[Any]]]:
    """The cockpit of a replay in which time stands still."""
    store = Store()
    app = ReplayApp(ReplaySession(Recording(folder), store, lambda: 0.0), store, "mine")
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.replay.timeline.ended, "the recording is indexed")
        app.replay.pause()
        yield app, pilot
        app.replay.stop()
    store.events.close()


async def go(app: ReplayApp, at: float) -> None:
    app.replay.seek(at)
    await until(lambda: app.replay.shown_at == pytest.approx(app.replay.clock, abs=1e-6), f"{at} s are shown")


@pytest.mark.parametrize("name", SIZES)
async def test_a_replay_shows_at_the_end_of_each_turn_what_the_session_showed_to_the_pixel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(textual.app, "wait_for_idle", handed_on)
    (columns, rows), more = SIZES[name]
    moments = await recorded(tmp_path, (columns, rows), monkeypatch)
    assert "interrupted" in str(moments.ends["transcript"])
    async with replayed(moments.folder, (columns, rows + more)) as (app, pilot):
        for turn in (1, 3, 2):  # forward, and back
            at, screen, store = moments.turns[turn - 1]
            await go(app, at)
            assert differences(store, picture(app.store)) == [], f"at the end of turn {turn}"
            changed = changes(screen, await screen_of(app, pilot))
            assert not changed, "\n".join([f"at the end of turn {turn}", *changed])
        await go(app, app.replay.timeline.ends)
        assert differences(moments.ends, picture(app.store)) == []


async def handed_on(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """After a key Textual's pilot waits until the process idles, for which the session's thread is too busy."""
    await asyncio.sleep(0)
