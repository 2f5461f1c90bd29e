"""The dialog of recorded sessions: what it lists, shows, writes and deletes."""

import json
from pathlib import Path

import pytest
from keyed import Cockpit, opened, until
from textual.pilot import Pilot
from textual.widgets import Input as Field

from rtvoice_tui.engine.observers import FrameReceived, MachineMade, Stepped
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.session_recording import SessionRecording
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.inputs import Connecting, Input, Opened, Received, Started
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.sessions import SessionList, SessionsScreen
from rtvoice_tui.ui.widgets.json_view import JsonView
from rtvoice_tui.ui.widgets.lines import FixedLine

pytestmark = pytest.mark.usefixtures("own_folders")


def record(words: str) -> None:
    """A recorded session in which something was typed."""
    profile = load_profile("local")
    clock = [0.0]
    recording = SessionRecording(
        paths.recordings_folder(), RealtimeWire(), lambda: clock[0], lambda notice: pytest.fail(str(notice)), True,
        RecordingSettings(),
    )  # fmt: skip
    machine = SessionMachine(profile.dialect, profile.session, profile.tool_specs, lambda prefix: prefix)
    tools, talk, audio = profile.tool_specs, OPEN_MICROPHONE, machine.audio
    recording(MachineMade("local", profile.session, tools, talk, audio, 20, 0, "local", "local"), 0.0)
    wire = RealtimeWire()

    def step(happened: Input) -> None:
        clock[0] += 1.0
        recording(Stepped(happened, tuple(machine.step(happened, clock[0]))), clock[0])

    for happened in (Started(), Connecting(), Opened()):
        step(happened)
    for kind in ("session.created", "session.updated"):
        text = json.dumps({"type": kind, "session": {"id": "s"}})
        decoded = wire.decode(text)
        step(Received(decoded.event))
        recording(FrameReceived(text, decoded), clock[0])
    step(cmd.SendText(words))
    assert recording.close()


async def listed(app: Cockpit, pilot: Pilot[None], count: int) -> SessionList:
    await pilot.press("S")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.focused is not None)
    sessions = app.screen.query_one(SessionList)
    await until(pilot, lambda: len(sessions.listed) == count and (not count or "turns" in sessions.copy_text()))
    return sessions


def said(app: Cockpit) -> str:
    return app.screen.query_one("#session-said", FixedLine).words


async def test_the_recordings_are_listed_newest_first_and_enter_shows_the_conversation() -> None:
    record("What is the weather in Berlin?")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        sessions = await listed(app, pilot, 1)
        assert "What is the weather in Berlin?" in sessions.copy_text()
        assert "turns" in sessions.copy_text()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DetailScreen))
        assert "What is the weather in Berlin?" in app.screen.query_one(JsonView).copy_text()


async def test_x_writes_a_recording_in_the_format_of_the_suffix_and_says_what_is_wrong(tmp_path: Path) -> None:
    record("Hello")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await listed(app, pilot, 1)
        await pilot.press("x")
        field = app.screen.query_one("#session-file", Field)
        await until(pilot, lambda: app.focused is field)
        field.value = str(tmp_path / "talk.doc")
        await pilot.press("enter")
        await until(pilot, lambda: "no format has the suffix '.doc'" in said(app))
        field.value = str(tmp_path / "talk.json")
        await pilot.press("enter")
        await until(pilot, lambda: said(app).startswith("written:"))
        assert '"text": "Hello"' in (tmp_path / "talk.json").read_text()
        await until(pilot, lambda: app.focused is app.screen.query_one(SessionList))


async def test_d_deletes_at_the_second_time_and_nothing_else() -> None:
    record("One")
    record("Two")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        sessions = await listed(app, pilot, 2)
        await pilot.press("d")
        await until(pilot, lambda: "once more deletes" in said(app))
        name = sessions.chosen.name if sessions.chosen is not None else ""
        await pilot.press("d")
        await until(pilot, lambda: len(sessions.listed) == 1)
        assert not (paths.recordings_folder() / name).exists()


async def test_without_a_recording_it_says_when_there_will_be_one() -> None:
    app = Cockpit()
    async with opened(app, (80, 24)) as pilot:
        sessions = await listed(app, pilot, 0)
        await until(pilot, lambda: "no session is recorded yet" in sessions.copy_text())
        await pilot.press("enter", "x", "d", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
