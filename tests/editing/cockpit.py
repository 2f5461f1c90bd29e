"""The real app with a real session over a WebSocket, no sound; the server says only what the test says.

The server opens every session by itself. From then on it confirms nothing: `Wire` answers each update by hand.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import textual.app
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

import screens
from realtime_server import Event, FakeServer, Session
from realtime_server.descriptions import described
from rtvoice_tui.controller.planner import Options, Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.session.timers import EditLate
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.widgets.field_table import FieldTable
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine

SILENT = Options(no_audio=True)
WIDE = (190, 28)
"""Wide enough for whole values; the table scrolls."""

TOOL = """
[[tools]]
name = "get_weather"
description = "Weather."
parameters = {type = "object", properties = {city = {type = "string"}}, required = ["city"]}
run = {kind = "python", target = "demo:get_weather"}
"""
OPENAI = """
provider = "openai"
model = "gpt-realtime-2.1"
url = "URL"
[session]
instructions = "Be brief."   # a comment that stays
voice = "marin"
turn_detection = {type = "server_vad", threshold = 0.5, silence_duration_ms = 400}
transcription = {model = "gpt-transcribe"}
"""
YANDEX = """
provider = "yandex"
model = "speech-realtime-250923"
url = "URL"
[session]
instructions = "Be brief."   # a comment that stays
voice = "dasha"
turn_detection = {type = "server_vad", threshold = 0.5, silence_duration_ms = 400}
"""
PROFILES = {"openai": OPENAI + TOOL, "yandex": YANDEX + TOOL}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own is read or written."""
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    for name in ("OPENAI_API_KEY", "YANDEX_CLOUD_API_KEY"):
        monkeypatch.setenv(name, "secret-key-1234")
    monkeypatch.setenv("YANDEX_CLOUD_FOLDER_ID", "b1gfolder")
    monkeypatch.setattr(secrets, "_typed", {})


def write_profile(name: str, text: str) -> Path:
    path = profile_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def reread(editor: AgentEditor, text: str) -> tuple[str, ...]:
    """Another program writes the profile's file; the names of what it offers."""
    write_profile("mine", text)
    read = editor.file.reread().result()
    return editor.offer(*read) if read is not None else ()


class Wire:
    """The server's side: what it holds for the session, and its answers by hand."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.mind: Event = {}
        self._seen = 0

    @property
    def session(self) -> Session:
        return self.server.session

    async def opened(self, session: Session) -> None:
        """The script of every connection: open it, and confirm nothing from then on."""
        self.mind = described(session.dialect)
        await session.greet()
        update = await session.expect("session.update")
        session.state.confirms = False
        self._merge(update["session"])

    def updates(self) -> list[Event]:
        """All updates of all sessions, the first ones included."""
        return [event for event in self.server.received if event["type"] == "session.update"]

    async def update(self) -> Event:
        """The next update that the test has not seen."""
        await until(lambda: len(self.updates()) > self._seen, "an update arrives")
        self._seen += 1
        return self.updates()[self._seen - 1]

    def nothing_new(self) -> bool:
        return len(self.updates()) == self._seen

    async def acknowledge(self, update: Event, **instead: Any) -> None:
        """Confirm with the whole session; ``instead`` is what the server makes of it, by its own path."""
        self._merge(update["session"])
        said = copy.deepcopy(self.mind)
        for path, value in instead.items():
            *way, last = path.split("__")
            at = said
            for step in way:
                at[step] = at.get(step) or {}
                at = at[step]
            at[last] = value
        for _ in range(2 if self.server.dialect == "yandex" else 1):  # that service says it twice
            await self.session.send({"type": "session.updated", "session": said})

    async def refuse(self, update: Event, param: str, message: str = "No such value.") -> None:
        error = {"type": "invalid_request_error", "code": "invalid_value", "message": message, "param": param}
        await self.session.send({"type": "error", "error": {**error, "event_id": update["event_id"]}})

    def _merge(self, session: Event) -> None:
        session = copy.deepcopy(session)
        for name, value in session.items():
            if name != "audio":
                self.mind[name] = value
        for side, values in session.get("audio", {}).items():
            self.mind["audio"][side] = {**self.mind["audio"].get(side, {}), **values}


class Cockpit:
    """The running app with its keys, its agent pane and the wire."""

    def __init__(self, pilot: Pilot[None], app: RtvoiceApp, wire: Wire) -> None:
        self.pilot = pilot
        self.app = app
        self.wire = wire

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Let app and server work until a condition holds."""
        for _ in range(600):
            if holds():
                return
            self.app.pulse()
            await asyncio.sleep(0.01)
        raise AssertionError(
            f"in vain waited until {what}; focus {self.app.focused}, screen {self.app.screen}, phase "
            f"{self.app.store.session.phase}, notices {[n.text for _, n in self.app.store.notices]}"
        )

    async def press(self, *keys: str) -> None:
        """Press keys one after the other. What they lead to is to be waited for: see `until`."""
        await self.pilot.press(*keys)

    async def connected(self, count: int = 1) -> None:
        """The app has opened its session number ``count``, and its update is taken note of."""
        await self.until(lambda: len(self.wire.server.sessions) == count, f"there are {count} connections")
        await self.until(lambda: self.app.store.session.phase is Phase.LISTENING, "the session is open")

    # --- the agent pane

    @property
    def table(self) -> FieldTable:
        return self.app.query_one(FieldTable)

    @property
    def state(self) -> str:
        """The last line: what became of the last change."""
        return self.app.query_one("#agent-state", FixedLine).words

    @property
    def about(self) -> str:
        """The line about the field under the cursor."""
        return self.app.query_one("#agent-about", FixedLine).words

    async def open_table(self) -> None:
        """Through the keys: e, then tab."""
        await self.press("e")
        await self.until(lambda: self.app.query("#fields") and self.app.focused is self.instructions, "it is open")
        await self.press("tab")
        await self.until(lambda: self.app.focused is self.table and self.table.line_count, "tab goes to the table")

    @property
    def instructions(self) -> Any:
        return self.app.query_one("#instructions")

    @property
    def value_field(self) -> Input:
        return self.app.query_one("#field-value", Input)

    @property
    def paths(self) -> list[str]:
        return [row.path for row in self.table._rows]

    async def go_to(self, path: str) -> None:
        """The cursor to a row: near it at once, the last step with the arrow keys."""
        row = self.paths.index(path)
        if row == self.table.cursor:
            return
        if abs(row - (self.table.cursor or 0)) > 1:
            self.table.move_cursor(row - 1 if row else 1)
        await self.press("down" if row > (self.table.cursor or 0) else "up")
        await self.until(lambda: self.table.row is not None and self.table.row.path == path, f"the cursor is on {path}")

    async def type_value(self, path: str, text: str) -> None:
        """Enter on the row, the text in place of what is there, enter."""
        await self.go_to(path)
        await self.press("enter")
        await self.until(lambda: self.app.focused is self.value_field, "the line can be typed into")
        await self.press("home", "shift+end", "delete") if self.value_field.value else None
        self.value_field.post_message(Paste(text))
        await self.until(lambda: self.value_field.value == text, "the value is typed")
        await self.press("enter")

    async def edit(self, path: str, text: str) -> None:
        """Type a value and send it."""
        await self.type_value(path, text)
        await self.until(lambda: self.app.focused is self.table, "the value is taken over")
        await self.press("f7")

    async def written(self) -> None:
        """Everything that was saved is in the profile's file."""
        assert await self.app.controller.edits.saves.finish() == ()

    async def settled(self, path: str, mark: str) -> None:
        await self.until(lambda: self.mark(path) == mark, f"{path} is marked {mark}, not {self.mark(path)}")

    async def pass_three_seconds(self, update: Event) -> None:
        """The machine's own timer of an update fires now."""
        self.app.session.post(cmd.TimerFired(EditLate(update["event_id"])))

    def mark(self, path: str) -> str:
        return self.table.pieces(self.paths.index(path))[0][0].strip()

    def columns(self, path: str) -> tuple[str, ...]:
        """Edited, sent, in force, as shown."""
        return tuple(text.strip() for text, _ in self.table.pieces(self.paths.index(path))[2:])

    def screen_text(self) -> str:
        return screens.screen_text(self.app)

    def lines(self) -> str:
        """What the list of the screen on top says."""
        return self.app.screen.query_one(FollowView).copy_text()


KEY_NAMES = {" ": "space", ",": "comma", ".": "full_stop", "_": "underscore", "-": "minus", "/": "slash"}


def keys_of(text: str) -> list[str]:
    return [KEY_NAMES.get(sign, sign) for sign in text]


async def until(holds: Callable[[], object], what: str) -> None:
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"in vain waited until {what}")


@asynccontextmanager
async def cockpit(
    dialect: str, text: str = "", name: str = "mine", connect: bool = True, offences: bool = False
) -> AsyncIterator[Cockpit]:
    """The app over a server of a dialect; ``offences`` says that the server may find fault."""
    server = FakeServer(dialect=dialect)
    wire = Wire(server)
    server.script = wire.opened
    async with server:
        write_profile(name, (text or PROFILES[dialect]).replace("URL", server.url))
        profile = load_profile(name)
        planner = Planner(Options(no_audio=True, no_connect=not connect))
        plan, problems = planner.plan(profile, None)
        assert problems == []
        store = Store()
        app = RtvoiceApp(SessionWorker(plan, store), store, AgentEditor(name, profile, profile_text(name)), planner)
        failure: Exception | None = None
        try:
            with pytest.MonkeyPatch.context() as monkeypatch:
                async with app.run_test(size=WIDE) as pilot:
                    _hasten(monkeypatch, pilot)
                    here = Cockpit(pilot, app, wire)
                    if connect:
                        await here.connected()
                        await wire.update()
                    try:
                        yield here
                    except Exception as error:
                        failure = error  # what ends the app is not to hide it
        except Exception as error:
            if failure is None:
                raise
            failure.add_note(f"the app failed too: {error!r}")
        finally:
            store.events.close()
        if failure is not None:
            raise failure
    if not offences:
        assert server.offences == []


def _hasten(monkeypatch: pytest.MonkeyPatch, pilot: Pilot[None]) -> None:
    """After a key Textual waits until the whole process idles; here the session's thread never lets it for long.

    The queues of all widgets are emptied instead, for the widget, its pane and the app to act one after the other.
    """

    async def emptied(min_sleep: float = 0, max_sleep: float = 1) -> None:
        await asyncio.sleep(0)
        await pilot._wait_for_screen()

    monkeypatch.setattr(textual.app, "wait_for_idle", emptied)
