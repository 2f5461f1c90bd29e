"""Every row of the table of keys, pressed, and its effect seen. A stand-in for the session notes what it is told."""

from pathlib import Path

import pytest
import sound_key_checks  # noqa: F401 - registers its own
import tool_key_checks  # noqa: F401 - registers its own
from keyed import CHECKS, TURNS, Cockpit, focus, opened, shows, until
from msgspec import UNSET
from msgspec.structs import replace
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from rtvoice_tui.editing.agent import value_at
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles.store import BUILT_IN
from rtvoice_tui.protocol.wire import Claim, GroupKind, GroupMark
from rtvoice_tui.recording.findings.frames import Finding
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import (
    EditChanged,
    EditState,
    Level,
    Notice,
    Phase,
    SpeechNoticed,
    SpeechState,
    TalkChanged,
)
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.bindings import KEYS, Key
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.calls import CallsView
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.findings import FindingList, FindingsScreen
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.screens.history import HistoryScreen
from rtvoice_tui.ui.screens.profiles import ProfilesScreen
from rtvoice_tui.ui.screens.sessions import SessionsScreen
from rtvoice_tui.ui.screens.written_event import WrittenEventScreen
from rtvoice_tui.ui.terminal import external_editor
from rtvoice_tui.ui.widgets.field_table import FieldTable
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.json_view import JsonView
from rtvoice_tui.ui.widgets.meters import MeterRow
from rtvoice_tui.ui.widgets.rows import NoticeRow
from screens import toasts


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


# --- one check for every row of the table


def _strokes(key: Key) -> list[str]:
    return key.keys.split(",")


PRESSED_IN_EVERY_PLACE = frozenset(
    "interrupt interrupt-f mute mute-f type edit edit-f connect-f zoom palette send new-line field-switch".split()
)
"""Keys that test_footer presses wherever they are shown."""


@pytest.mark.parametrize(
    ("key", "stroke"),
    [
        pytest.param(key, stroke, id=f"{key.id}-{stroke}")
        for key in KEYS
        for stroke in _strokes(key)
        if key.id not in PRESSED_IN_EVERY_PLACE and key.where != "replay"
    ],
)
async def test_a_key_of_the_table_does_what_the_table_says(key: Key, stroke: str) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await CHECKS[key.id](app, pilot, stroke)


def test_every_row_of_the_table_has_a_check_of_its_own() -> None:
    assert set(CHECKS) == {key.id for key in KEYS if key.where != "replay"}  # see test_replay_app


@shows("interrupt", "interrupt-f")
async def _interrupt(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == [cmd.Interrupt()])


@shows("mute", "mute-f")
async def _mute(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    meters = app.query_one(MeterRow)
    await pilot.press(stroke)
    await until(pilot, lambda: app.store.audio_settings.muted and "MIC MUTED" in meters.words)
    await pilot.press(stroke)
    await until(pilot, lambda: not app.store.audio_settings.muted and "MUTED" not in meters.words)


@shows("mute-agent")
async def _mute_agent(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    meters = app.query_one(MeterRow)
    await pilot.press(stroke)
    await until(pilot, lambda: app.store.audio_settings.agent_muted and "OUT MUTED" in meters.words)
    await pilot.press(stroke)
    await until(pilot, lambda: not app.store.audio_settings.agent_muted and "MUTED" not in meters.words)


@shows("talk", "talk-f")
async def _talk_key(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: toasts(app), "it says that the microphone is open")
    assert app.told == []
    app.phase(Phase.HEARING)
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == [cmd.CommitTurn()], "what was said so far is the turn")
    app.told.clear()
    app.stand_in.settings = replace(app.stand_in.settings, turn_detection=None)
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == [cmd.TalkStart()])
    app.store.record(TalkChanged(TalkMode.TOGGLE, True, 30.0), 90.0)
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == [cmd.TalkStart(), cmd.TalkEnd()])


@shows("talk-mode")
async def _talk_mode(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    for mode in (TalkMode.TOGGLE, TalkMode.HOLD, TalkMode.OPEN):
        await pilot.press(stroke)
        await until(pilot, lambda mode=mode: app.told == [cmd.SetTalkMode(mode)])
        app.told.clear()
        app.store.record(TalkChanged(mode, False, 30.0), 90.0)


@shows("send")
async def _send(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press("t", *"hello", stroke)
    await until(pilot, lambda: app.told == [cmd.SendText("hello")])


@shows("new-line")
async def _new_line(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press("t", "a", stroke, "b", "enter")
    await until(pilot, lambda: app.told == [cmd.SendText("a\nb")])


@shows("earlier-message", "later-message")
async def _earlier(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press("t", *"one", "enter", *"two", "enter", *"draft")
    for text in ("two", "one", "one"):
        await pilot.press("up")
        await until(pilot, lambda text=text: app.message.text == text)
    for text in ("two", "draft", "draft") if stroke == "down" else ():
        await pilot.press(stroke)
        await until(pilot, lambda text=text: app.message.text == text)


@shows("undo-typing")
async def _undo_typing(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press("t", *"hello")
    await until(pilot, lambda: app.message.text == "hello")
    await pilot.press(stroke)
    await until(pilot, lambda: app.message.text == "")
    await pilot.press("ctrl+y")
    await until(pilot, lambda: app.message.text == "hello")


@shows("type")
async def _type(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: app.composer.has_focus_within)
    await pilot.press(*"hi", "enter")
    await until(pilot, lambda: app.told == [cmd.SendText("hi")])
    assert app.message.text == ""


@shows("edit", "edit-f")
async def _edit(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    assert not app.query_one(AgentPane).display
    await pilot.press(stroke)
    await until(pilot, lambda: app.query_one(AgentPane).display and app.focused is app.query_one("#instructions"))


@shows("connect", "connect-f")
async def _connect(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == ["disconnect"])
    app.phase(Phase.OFFLINE)
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == ["disconnect", "connect"])


@shows("panes")
async def _panes(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    if stroke == "5":
        await until(pilot, lambda: app.focused is app.query_one("#fields"))
        return
    pane = next(pane for pane in app.query(Pane) if pane.number == int(stroke))
    await until(pilot, lambda: app.focused is pane.view and pane.display)


@shows("zoom")
async def _zoom(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 2)
    await pilot.press(stroke)
    await until(pilot, lambda: [pane.number for pane in app.query(Pane) if pane.display] == [2])
    await pilot.press(stroke)
    await until(pilot, lambda: [pane.number for pane in app.query(Pane) if pane.display] == [1, 3, 2, 4])


@shows("record")
async def _record(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    asked: list[bool] = []
    app.controller.recordings.toggle = lambda: asked.append(True)  # type: ignore[method-assign]
    await pilot.press(stroke)
    await until(pilot, lambda: asked == [True])


@shows("sessions")
async def _sessions(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen))


@shows("write-event")
async def _write_event(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, WrittenEventScreen))


@shows("findings")
async def _findings(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    wrong = Finding(6.5, "tool loop", "the agent called get_weather again and again", "limit the calls")

    async def find() -> list[Finding]:
        return [wrong]

    app.controller.recordings.findings = find  # type: ignore[method-assign]
    await pilot.press(stroke)
    await until(
        pilot,
        lambda: isinstance(app.screen, FindingsScreen) and "tool loop" in app.screen.query_one(FindingList).copy_text(),
    )
    await pilot.press("enter")
    events = app.query_one(EventsView)
    await until(pilot, lambda: app.focused is events and events.cursor is not None)
    assert events.row_at(events.cursor or 0).at == 7.0


@shows("narrower", "wider")
async def _width(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    left = app.query_one("#left")
    before = left.region.width
    await pilot.press(stroke)
    await until(pilot, lambda: (left.region.width > before) if stroke.startswith("g") else (left.region.width < before))


@shows("help", "help-f")
async def _help(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, HelpScreen))
    await pilot.press(stroke)
    await until(pilot, lambda: not isinstance(app.screen, HelpScreen), "the same key closes it")


@shows("palette")
async def _palette(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, CommandPalette))


@shows("quit", "quit-f")
async def _quit(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: "stop" in app.told and app.return_code == 0)


@shows("next-pane")
async def _next_pane(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    seen = [app.focused]
    for _ in range(4):
        before = app.focused
        await pilot.press(stroke)
        await until(pilot, lambda before=before: app.focused is not before)
        seen.append(app.focused)
    views = [app.query_one(kind) for kind in (TranscriptView, TimingView, EventsView, CallsView)]
    assert all(view in seen for view in views), "tab goes through the panes"


@shows("previous-turn")
async def _previous_turn(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    for turn in (TURNS, TURNS - 1, TURNS - 2):
        await pilot.press(stroke)
        await until(pilot, lambda turn=turn: _turns_shown(app) == {turn}, f"all panes show turn {turn}")


@shows("next-turn")
async def _next_turn(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
    await until(pilot, lambda: _turns_shown(app) == {TURNS - 2})
    await pilot.press(stroke)
    await until(pilot, lambda: _turns_shown(app) == {TURNS - 1})


@shows("back")
async def _back(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    app.store.record(Notice(Level.WARNING, "something is wrong"), 1.0)
    app.pulse()
    assert "something is wrong" in app.query_one(NoticeRow).words
    await pilot.press("t")
    await until(pilot, lambda: app.composer.has_focus_within)
    await pilot.press(stroke)
    await until(pilot, lambda: app.focused is app.query_one(TranscriptView), "it leaves the composer")
    await pilot.press("e")
    await until(pilot, lambda: app.query_one(AgentPane).display)
    await pilot.press(stroke)
    await until(pilot, lambda: not app.query_one(AgentPane).display, "it closes the agent's pane")
    await pilot.press("z")
    await until(pilot, lambda: sum(pane.display for pane in app.query(Pane)) == 1)
    await pilot.press(stroke)
    await until(pilot, lambda: sum(pane.display for pane in app.query(Pane)) == 4, "it ends the zoom")
    await pilot.press(stroke)
    await until(pilot, lambda: app.query_one(NoticeRow).words == "", "it hides the notice")


@shows("search")
async def _search(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 1)
    await pilot.press(stroke)
    field = app.query_one("#transcript-field", Input)
    await until(pilot, lambda: app.focused is field)
    await pilot.press(*"question 3", "enter")
    await until(pilot, lambda: view.cursor is not None and view.turn_at(view.cursor) == 3)


@shows("copy")
async def _copy(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 1)
    await pilot.press("g", stroke)
    await until(pilot, lambda: app.clipboard == "0:01  YOU: question 1")
    await focus(pilot, 2)
    await pilot.press(stroke)
    await until(pilot, lambda: app.clipboard == f'{{"type": "response.done", "turn": {TURNS}}}')
    await focus(pilot, 4)
    await pilot.press(stroke)
    await until(pilot, lambda: f'"turn": {TURNS}' in app.clipboard and "get_weather" in app.clipboard)


@shows("open")
async def _open(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 1)
    await pilot.press("g", stroke)
    await until(pilot, lambda: view.turn_at(view.cursor or 0) == 1 and _turns_shown(app) == {1})
    await focus(pilot, 2)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, DetailScreen))
    await pilot.press("y")
    await until(pilot, lambda: '"response.created"' in app.clipboard)
    await pilot.press("escape")
    await until(pilot, lambda: not isinstance(app.screen, DetailScreen))


@shows("top")
async def _top(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    for number in (1, 2):
        view = await focus(pilot, number)
        await pilot.press(stroke)
        await until(pilot, lambda view=view: view.cursor == 0 and view.scroll_y == 0 and not view.follow)


@shows("follow")
async def _follow(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    for number in (1, 2):
        view = await focus(pilot, number)
        await pilot.press("g")
        await until(pilot, lambda view=view: not view.follow)
        await pilot.press(stroke)
        await until(pilot, lambda view=view: view.follow and view.cursor is None and view.scroll_y == view.max_scroll_y)


@shows("up")
async def _up(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    await pilot.press(stroke)
    await until(pilot, lambda: view.cursor == view.line_count - 1, "the cursor begins at the last line in sight")
    await pilot.press(stroke)
    await until(pilot, lambda: view.cursor == view.line_count - 2)


@shows("down")
async def _down(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    await pilot.press("g", stroke, stroke)
    await until(pilot, lambda: view.cursor == 2)


@shows("page-up")
async def _page_up(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    await pilot.press(stroke)
    await until(pilot, lambda: view.cursor is not None and view.cursor < view.line_count - 5 and not view.follow)


@shows("page-down")
async def _page_down(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    await pilot.press("g", stroke)
    await until(pilot, lambda: view.cursor == view.size.height - 1)


@shows("filter")
async def _filter(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    assert isinstance(view, EventsView)
    await pilot.press(stroke)
    field = app.query_one("#events-field", Input)
    await until(pilot, lambda: app.focused is field)
    await pilot.press(*"done")
    await until(pilot, lambda: view.line_count == TURNS)
    await pilot.press("enter")
    await until(pilot, lambda: app.focused is view and view.filtered)


@shows("freeze")
async def _freeze(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    await pilot.press(stroke)
    await until(pilot, lambda: not view.follow)
    app.store.events.append(99.0, False, "new", "{}")
    app.pulse()
    pane = app.query_one("#events-pane", Pane)
    assert "1 new below" in str(pane.border_title)
    await pilot.press(stroke)
    await until(pilot, lambda: view.follow)
    assert app.told == []


@shows("compare")
async def _compare(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    for voice in ("marin", "cedar"):
        app.store.events.append(98.0, True, "session.update", {"type": "session.update", "voice": voice, "speed": 1})
    app.pulse()
    view.move_cursor(view.line_count - 2)
    await pilot.press(stroke)
    await until(
        pilot,
        lambda: (
            toasts(app)
            == ["session.update is marked: the same key on another event compares them, on this one with its cause"]
        ),
    )
    await pilot.press("down", stroke)
    await until(pilot, lambda: isinstance(app.screen, DetailScreen))
    shown = app.screen.query_one(JsonView).copy_text()
    assert '-   "voice": "marin"' in shown
    assert '+   "voice": "cedar"' in shown
    await pilot.press("s")
    await until(pilot, lambda: str(app.screen.query_one(".dialog").border_title).startswith("settings of the session"))
    await pilot.press("escape", "escape", stroke, stroke)
    await until(pilot, lambda: any("none is marked any more" in told for told in toasts(app)))
    app.store.events.append(99.0, False, "session.updated", {"type": "session.updated"})
    app.pulse()
    await pilot.press("down", stroke, stroke)
    await until(pilot, lambda: isinstance(app.screen, DetailScreen))
    shown = app.screen.query_one(JsonView).copy_text()
    assert '-   "type": "session.update",' in shown
    assert '+   "type": "session.updated"' in shown


@shows("cause")
async def _cause(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await focus(pilot, 2)
    app.store.events.append(98.0, True, "session.update", {"type": "session.update", "event_id": "e-7"})
    app.store.events.append(98.1, False, "response.done", {"type": "response.done", "event_id": "e-7"})
    app.store.events.append(98.2, False, "error", {"type": "error", "error": {"event_id": "e-7"}}, error=True)
    app.store.events.append(98.3, False, "response.done", {"type": "response.done"})
    app.pulse()
    error = view.line_count - 2
    for line in (error - 2, error, error - 2):
        await pilot.press(stroke)
        await until(pilot, lambda line=line: view.cursor == line)
    await pilot.press("up", stroke)
    await until(pilot, lambda: toasts(app) == ["no event is known that caused this one"])


async def _with_a_response(app: Cockpit, pilot: Pilot[None]) -> EventsView:
    """The events with a folded response of two events at the end."""
    view = await focus(pilot, 2)
    assert isinstance(view, EventsView)
    for claim, name in ((Claim.OPENS, "response.created"), (Claim.BELONGS, "response.done")):
        mark = GroupMark(GroupKind.RESPONSE, claim, "response:R")
        app.store.events.append(99.0, False, name, {"type": name}, group=mark)
    app.pulse()
    return view


@shows("flat")
async def _flat(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await _with_a_response(app, pilot)
    folded = view.line_count
    for flat in (True, False):
        await pilot.press(stroke)
        await until(pilot, lambda flat=flat: view.line_count == folded + flat)


@shows("unfold", "fold")
async def _fold(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    view = await _with_a_response(app, pilot)
    folded = view.line_count
    if stroke == "left":
        await pilot.press("enter", "down", "down")
        await until(pilot, lambda: (view.line_count, view.cursor) == (folded + 2, folded + 1))
    await pilot.press(stroke)
    await until(pilot, lambda: view.line_count == folded + (0 if stroke == "left" else 2))
    assert view.cursor == folded - 1, "the cursor is on the head line"


@shows("send-edit")
async def _send_edit(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press("e")
    await until(pilot, lambda: app.focused is app.query_one("#instructions"))
    await pilot.press("end", *"more")
    await pilot.press(stroke)
    await until(pilot, lambda: len(app.told) == 1)
    (command,) = app.told
    assert isinstance(command, cmd.EditSession)
    assert "more" in str(command.settings.instructions)


async def choose_row(app: Cockpit, pilot: Pilot[None], path: str) -> FieldTable:
    """The agent's table with the cursor on a row."""
    await pilot.press("e")
    await until(pilot, lambda: app.query("#fields") and app.focused is app.query_one("#instructions"))
    await pilot.press("tab")
    table = app.query_one(FieldTable)
    await until(pilot, lambda: app.focused is table and table.line_count)
    await pilot.press(*["down"] * [row.path for row in table._rows].index(path))
    await until(pilot, lambda: table.row is not None and table.row.path == path)
    return table


def _typed(app: Cockpit, path: str) -> object:
    return value_at(app.editor.draft, path)


def _acknowledge(app: Cockpit) -> None:
    """The last change is in force."""
    change = app.editor.history.changes[-1]
    sent = {name: getattr(change.after.settings, name) for name in change.fields}
    app.store.record(EditChanged("e", change.fields, EditState.ACKNOWLEDGED, sent=sent, edit_id=change.edit_id), 1.0)
    app.pulse()


@shows("profiles")
async def _profiles(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, ProfilesScreen))
    shown = app.screen.query_one(FollowView).copy_text()
    assert all(name in shown for name in BUILT_IN)
    await pilot.press("escape")
    await until(pilot, lambda: not isinstance(app.screen, ProfilesScreen))


@shows("editor")
async def _editor(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_editor, "edited", lambda *what: asked.append(what[1:]) or "written elsewhere")
        await pilot.press("e")
        await until(pilot, lambda: app.query("#instructions") and app.focused is app.query_one("#instructions"))
        before = _typed(app, "instructions")
        await pilot.press(stroke)
        await until(pilot, lambda: app.query_one("#instructions", TextArea).text == "written elsewhere")
    assert asked == [(before, ".md")]
    assert app.told == [], "it is not sent before F7"


@shows("undo")
async def _undo(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    table = await choose_row(app, pilot, "voice")
    await pilot.press("right", "f7")
    await until(pilot, lambda: len(app.told) == 1)
    _acknowledge(app)
    await until(pilot, lambda: app.focused is table)
    await pilot.press(stroke)
    await until(pilot, lambda: len(app.told) == 2)
    first, second = app.told
    assert isinstance(first, cmd.EditSession)
    assert isinstance(second, cmd.EditSession)
    assert (first.settings.voice, second.settings.voice) == ("low", "heart")


@shows("history")
async def _history(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await choose_row(app, pilot, "voice")
    await pilot.press("right", "f7")
    await until(pilot, lambda: len(app.told) == 1)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
    assert "voice" in app.screen.query_one(FollowView).copy_text().splitlines()[1]
    await pilot.press(stroke)
    await until(pilot, lambda: not isinstance(app.screen, HistoryScreen), "the same key closes it")


@shows("discard")
async def _discard(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await choose_row(app, pilot, "voice")
    await pilot.press("right")
    await until(pilot, lambda: _typed(app, "voice") == "low")
    await pilot.press(stroke)
    await until(pilot, lambda: _typed(app, "voice") == "heart")
    assert app.editor.changed == ()
    assert app.told == []


@shows("field-left", "field-right")
async def _field_step(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await choose_row(app, pilot, "voice")
    voices = ["", *app.editor.dialect.voices] if stroke == "right" else ["", *reversed(app.editor.dialect.voices)]
    start = voices.index("heart")
    for voice in [*voices[start + 1 :], *voices[: start + 1]]:
        await pilot.press(stroke)
        await until(pilot, lambda voice=voice: _typed(app, "voice") == (voice or UNSET), f"the voice is {voice}")
    await choose_detection(app, pilot, stroke)
    assert app.told == []


async def choose_detection(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    """Turn detection is stepped through too, off among it."""
    table = app.query_one(FieldTable)
    row = next(number for number, row in enumerate(table._rows) if row.path == "turn_detection")
    await pilot.press(*["down"] * (row - (table.cursor or 0)))
    seen = []
    for _ in range(3):
        before = _typed(app, "turn_detection")
        await pilot.press(stroke)
        await until(pilot, lambda before=before: _typed(app, "turn_detection") != before, "another turn detection")
        seen.append(_typed(app, "turn_detection"))
    assert None in seen
    assert UNSET in seen
    assert {"type": "server_vad"} in seen


@shows("field-switch")
async def _field_switch(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await choose_row(app, pilot, "tools.get_time")
    for state in ("off", "on"):
        await pilot.press(stroke)
        await until(pilot, lambda state=state: _typed(app, "tools.get_time") == state)
    table = app.query_one(FieldTable)
    row = next(number for number, row in enumerate(table._rows) if row.path == "turn_detection.create_response")
    await pilot.press(*["up"] * ((table.cursor or 0) - row))
    for state in (True, False):
        await pilot.press(stroke)
        await until(pilot, lambda state=state: _typed(app, "turn_detection.create_response") is state)
    assert app.told == []


@shows("field-drop")
async def _field_drop(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await choose_row(app, pilot, "voice")
    before = _typed(app, "voice")
    await pilot.press("right")
    await until(pilot, lambda: _typed(app, "voice") != before)
    await pilot.press(stroke)
    await until(pilot, lambda: _typed(app, "voice") == before and not app.editor.changed)
    assert app.told == []


@shows("field-clear")
async def _field_clear(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await choose_row(app, pilot, "voice")
    await pilot.press(stroke)
    await until(pilot, lambda: _typed(app, "voice") is UNSET)
    assert app.told == []


def _turns_shown(app: Cockpit) -> set[int]:
    """The turns at the cursors of all panes that have one."""
    views = [app.query_one(kind) for kind in (TranscriptView, EventsView, CallsView)]
    shown = {view.turn_at(view.cursor) if view.cursor is not None else 0 for view in views}
    return shown | {app.query_one(TimingView).turn}


# --- inside text fields


async def test_letters_and_signs_never_act_inside_the_composer() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: app.composer.has_focus_within)
        strokes = [stroke for key in KEYS if not key.anywhere for stroke in _strokes(key)]
        signs = {
            "space": " ",
            "slash": "/",
            "question_mark": "?",
            "left_square_bracket": "[",
            "right_square_bracket": "]",
        }
        plain = [stroke for stroke in strokes if len(stroke) == 1 or stroke in signs]
        await pilot.press(*plain)
        assert app.message.text == "".join(signs.get(stroke, stroke) for stroke in plain)
        assert app.composer.has_focus_within
        assert app.told == []
        assert not app.store.audio_settings.muted
        assert len(app.screen_stack) == 1
        assert app.return_code is None


@pytest.mark.parametrize("field", ["#instructions", "#field-value", "#events-field", "#transcript-field"])
async def test_letters_never_act_in_any_other_field(field: str) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        if field == "#instructions":
            await pilot.press("e")
        elif field == "#field-value":
            await choose_row(app, pilot, "voice")
            await pilot.press("enter")
        elif field == "#events-field":
            await pilot.press("2", "f")
        else:
            await pilot.press("1", "slash")
        await until(pilot, lambda: app.focused is not None and app.focused.id == field[1:])
        widget = app.query_one(field)
        letters = "imqMcz12puhHxeaAsrRdv"
        await pilot.press(*letters)
        text = widget.text if isinstance(widget, TextArea) else widget.value  # type: ignore[attr-defined]
        assert letters in text
        assert len(app.screen_stack) == 1
        assert app.told == []
        assert app.return_code is None
        assert not app.store.audio_settings.muted


async def test_function_keys_act_inside_the_composer_and_leave_its_text() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t", *"hello")
        await until(pilot, lambda: app.message.text == "hello")
        await pilot.press("f2", "f3", "f5")
        await until(pilot, lambda: app.told == [cmd.Interrupt(), "disconnect"] and app.store.audio_settings.muted)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.composer.has_focus_within)
        assert app.message.text == "hello"


async def test_a_turn_by_key_counts_down_to_its_end() -> None:
    app = Cockpit()
    async with opened(app):
        app.store.record(TalkChanged(TalkMode.HOLD, True, 30.0), app.stand_in.clock - 18)
        app.pulse()
        assert "TALK 12s" in app.query_one(MeterRow).words
        app.start_turn()
        assert app.told == [], "one runs"
        app.controller.talk.end_turn()
        assert app.told == [cmd.TalkEnd()]
        app.store.record(TalkChanged(TalkMode.HOLD, False, 30.0), app.stand_in.clock)
        app.pulse()
        assert "TALK" not in app.query_one(MeterRow).words


async def test_talking_into_a_muted_microphone_is_warned_of() -> None:
    app = Cockpit(turn_detection=False)
    async with opened(app) as pilot:
        app.session.set_audio(AudioSettings(muted=True))
        await pilot.press("f4")
        await until(pilot, lambda: app.told == [cmd.TalkStart()])
        assert ["F2 opens it" in note for note in toasts(app)] == [True]


async def test_the_palette_names_the_ways_of_talking_and_the_gate_that_would_help() -> None:
    app = Cockpit()
    async with opened(app):
        told = SpeechNoticed(1, SpeechState.TRANSCRIPT_LATE, True, -44.0, True)
        app.store.record(told, 1.0)
        names = {command.title: command.callback for command in commands(app)}
        assert {"Talk: push to talk", "Talk: hold to talk", "Talk: answer now"} <= set(names)
        names["Talk: hold to talk"]()
        assert app.told == [cmd.SetTalkMode(TalkMode.HOLD)]
        app.pulse()
        shown = app.query_one(TimingView).copy_text().splitlines()
        assert shown[-3:] == [
            "false interruptions 1 of 1",
            "  1 cut the agent short",
            "  a gate at -43 dBFS would have avoided them",
        ], "a narrow pane breaks the line"
        names["Microphone: gate at -43 dBFS"]()
        assert app.store.audio_settings.gate_db == -43
        assert "Microphone: no gate" in {command.title for command in commands(app)}


@pytest.mark.parametrize(
    ("name", "muted", "phase", "said"),
    [
        ("", False, Phase.READY, "there is no microphone"),
        ("microphone", False, Phase.OFFLINE, "not connected: F5 connects"),
        ("microphone", True, Phase.READY, "the microphone is muted: F2 opens it"),
        ("microphone", False, Phase.READY, "the microphone is open: just speak"),
    ],
)
async def test_the_talk_key_says_the_microphone_is_open_only_where_it_is(
    name: str, muted: bool, phase: Phase, said: str
) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.store.audio.input.name = name
        app.session.set_audio(AudioSettings(muted=muted))
        app.phase(phase)
        await pilot.press("f4")
        await until(pilot, lambda: toasts(app))
        (told,) = toasts(app)
        assert told.startswith(said)
        assert app.told == []


async def test_choosing_to_hold_where_releases_are_not_seen_is_told_in_one_sentence_with_where_it_is_kept() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await until(pilot, lambda: app.keys.available is False)
        app.talk.choose_mode(TalkMode.HOLD)
        app.store.record(TalkChanged(TalkMode.HOLD, False, 30.0), 1.0)
        app.pulse()
        await until(pilot, lambda: toasts(app))
        (told,) = toasts(app)
        assert told.startswith("hold to talk: this terminal does not report")
        assert told.endswith("; kept in local.toml")


async def test_the_palette_always_has_something_about_a_gate_and_about_volume() -> None:
    app = Cockpit()
    async with opened(app):
        found = {command.title: command for command in commands(app)}
        assert "silence" in found["Microphone: gate at -45 dBFS"].help
        found["Microphone: gate at -45 dBFS"].callback()
        assert app.store.audio_settings.gate_db == -45
        titles = [command.title for command in commands(app)]
        assert [title for title in titles if "gate" in title] == ["Microphone: no gate"]
        assert "Volume: louder or softer" in titles


async def test_help_lists_every_key() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        shown = app.screen.query_one(FollowView).copy_text()
        assert all(f"{key.shown:<8}{key.help}" in shown for key in KEYS)
