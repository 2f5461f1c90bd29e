"""Each key that a dialog shows is pressed and does what it says; a key that it does not show does nothing."""

import string
from pathlib import Path

import pytest
from dialogs import DIALOGS, INNER, Dialog, Here, name_of
from keyed import Cockpit, focus, opened, until
from msgspec.structs import replace
from test_footer import EFFECTS as FOOTER
from textual.widgets import Input, TextArea
from tool_key_checks import ask

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallState, Phase
from rtvoice_tui.ui.bindings import shown_key
from rtvoice_tui.ui.footer import Focus, footer_keys
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.screens.profiles import ProfileList
from rtvoice_tui.ui.screens.result import ReasonScreen
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.choice_field import ChoiceField
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.rows import KeyRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel
from screens import screen_text

SIZES = ((120, 40), (80, 24), (60, 20))
MOVES = "jkgG"
"""Letters that move through every list; the help names them."""


@pytest.fixture(autouse=True)
def folders(own_folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtvoice_tui.audio.backends.listing.list_in_subprocess", list)
    monkeypatch.setenv("OPENAI_API_KEY", "")


async def back(here: Here, dialog: Dialog) -> None:
    """Only the dialog is open, as a user finds it."""
    app = here.app
    while len(app.screen_stack) > 1:
        app.pop_screen()
    await here.pilot.pause(0)
    app.editor.discard()
    app._use_keys({})
    app.phase(Phase.LISTENING)
    app.clear_notifications()
    await dialog.open(here)
    app.told.clear()


def _covers_the_footer(here: Here) -> bool:
    footer = here.app.screen_stack[0].query_one(KeyRow)
    return here.app.screen.query_one(".dialog").region.overlaps(footer.region)


@pytest.mark.parametrize("name", DIALOGS)
async def test_every_key_that_a_dialog_shows_does_what_it_says(name: str) -> None:
    dialog = DIALOGS[name]
    app = Cockpit()
    async with opened(app, SIZES[0]) as pilot:
        here = Here(app, pilot)
        await back(here, dialog)
        shown = here.shown()
        assert {label for _, label in shown} == set(dialog.effects)
        for key, label in shown:
            await back(here, dialog)
            try:
                await dialog.effects[label](here, name_of(key))
            except AssertionError as failure:
                failure.add_note(f"'{key} {label}' of {name}")
                raise
        for size in SIZES[1:]:
            await pilot.resize_terminal(*size)
            await back(here, dialog)
            await until(pilot, lambda: set(here.shown()) == set(shown), f"all is in sight at {size}: {here.shown()}")
            assert not _covers_the_footer(here)


@pytest.mark.parametrize("name", DIALOGS)
async def test_every_key_of_the_footer_does_what_it_says_over_a_dialog(name: str) -> None:
    dialog = DIALOGS[name]
    app = Cockpit()
    async with opened(app, SIZES[0]) as pilot:
        here = Here(app, pilot)
        await back(here, dialog)
        footer = app.screen_stack[0].query_one(KeyRow)
        await until(pilot, lambda: (app.pulse(), "close" in footer.words)[1])
        assert not _covers_the_footer(here)
        keys = list(footer.keys)
        assert [key.label for key in keys] == "close,interrupt,mute,answer,hang up,help,quit".split(",")
        for key in keys:
            await back(here, dialog)
            screen = app.screen
            if key.label == "close":
                await dialog.effects[next(label for shown, label in here.shown() if shown == "esc")](here, "escape")
                continue
            await FOOTER[key.label](app, pilot, key.press)
            assert app.screen is screen or key.label == "help", key
        await back(here, dialog)
        await ask(app, pilot)
        await _answered_by_its_row(here)


async def _answered_by_its_row(here: Here) -> None:
    app, screen = here.app, here.app.screen
    row = app.screen_stack[0].query_one(AskRow)
    await here.until(lambda: (app.pulse(), screen.focused)[1])
    words = "".join(text for text, _ in row._second)
    answers = getattr(screen, "ANSWERS", False)
    assert ("F8 yes" in words, "F9 no" in words, "4 shows" in words) == (not answers, not answers, False)
    await here.press("f8", "f9")
    if answers:
        assert (app.told, app.screen) == ([], screen)
        return
    await here.on(ReasonScreen)
    assert app.told == [cmd.Decide("k", agree=True, always=False)]
    await here.press("enter")
    await here.until(lambda: app.told[1:] == [cmd.Decide("k", agree=False, reason="")])
    assert app.screen is screen


def _state(app: Cockpit, folder: Path) -> dict[str, object]:
    return {
        "told": list(app.told),
        "screens": list(app.screen_stack),
        "draft": app.editor.draft,
        "sound": app.store.audio_settings,
        "theme": app.theme,
        "keys": dict(app.own_keys),
        "panes": (app.panes.layout.active, app.query_one(AgentPane).display, app.query_one(SoundPanel).display),
        "message": app.composer.text,
        "clipboard": app.clipboard,
        "files": {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()},
        "ended": app.return_code,
    }


def _texts(here: Here) -> list[str]:
    return [
        field.text if isinstance(field, TextArea) else field.value for field in here.app.screen.query("Input, TextArea")
    ]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", DIALOGS | INNER)
async def test_a_key_that_a_dialog_does_not_show_is_text_or_nothing(name: str, tmp_path: Path) -> None:
    dialog = (DIALOGS | INNER)[name]
    app = Cockpit()
    async with opened(app, SIZES[1]) as pilot:
        here = Here(app, pilot)
        await back(here, dialog)
        focused = app.screen.focused
        letters = set(string.ascii_letters) - {key for key, _ in here.shown()}
        if isinstance(focused, FollowView):
            letters -= set(MOVES)
        of_footer = {key.press for key in footer_keys(Focus.DIALOG)} | {key.press for key in app.query_one(KeyRow).keys}
        functions = [f"f{n}" for n in range(1, 13) if shown_key(f"f{n}") not in {key for key, _ in here.shown()}]
        functions = [key for key in functions if key not in of_footer | {"f3", "f4"}]
        before, texts = _state(app, tmp_path), _texts(here)
        await pilot.press(*functions)
        assert _state(app, tmp_path) == before
        assert _texts(here) == texts
        typed = "".join(sorted(letters))
        await pilot.press(*typed)
        assert _state(app, tmp_path) == before
        assert app.screen.focused is focused
        if isinstance(focused, Input | TextArea):
            assert typed in (focused.text if isinstance(focused, TextArea) else focused.value)
        elif not isinstance(focused, ChoiceField):
            assert _texts(here) == texts


async def test_the_panel_of_sound_names_the_key_that_closes_it_as_the_user_has_it() -> None:
    app = Cockpit()
    async with opened(app, SIZES[0]) as pilot:
        panel = app.query_one(SoundPanel)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.press("H")
            await until(pilot, lambda: panel.display and "H close" in screen_text(app))
            await pilot.press("H")
            await until(pilot, lambda: not panel.display)
        app._use_keys({"sound": "f11"})
        await pilot.press("f11")
        await until(pilot, lambda: panel.display and "F11 close" in screen_text(app))
        await pilot.press("f11")
        await until(pilot, lambda: not panel.display)


async def test_over_a_dialog_the_key_that_refuses_does_not_stop_the_call_under_the_cursor() -> None:
    app = Cockpit()
    async with opened(app, SIZES[0]) as pilot:
        here = Here(app, pilot)
        call = app.store.calls.records[-1].call
        app.store.record(replace(call, key="runs", call_id="runs", item_id="runs", state=CallState.RUNNING), 99.0)
        await focus(pilot, 4)
        await pilot.press("g")
        await until(pilot, lambda: app.calls.pane.chosen is not None and app.calls.pane.chosen.call.key == "runs")
        await DIALOGS["help"].open(here)
        await pilot.press("f9")
        await ask(app, pilot)
        await pilot.press("f9")
        await here.on(ReasonScreen)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: app.told == [cmd.Decide("k", agree=False, reason="")])
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("f9")
        await until(pilot, lambda: app.told[1:] == [cmd.Decide("runs", agree=False)])


async def test_a_text_that_is_no_json_has_no_key_that_folds() -> None:
    app = Cockpit()
    async with opened(app, SIZES[1]) as pilot:
        here = Here(app, pilot)
        await back(here, DIALOGS["history"])
        await pilot.press("c")
        await until(pilot, lambda: "y copy  q esc close" in screen_text(app))
        assert "fold" not in screen_text(app)


async def test_while_the_name_of_a_profile_is_typed_the_letters_of_the_list_are_not_shown_as_keys() -> None:
    app = Cockpit()
    async with opened(app, SIZES[1]) as pilot:
        here = Here(app, pilot)
        await back(here, DIALOGS["a profile's name"])
        assert here.shown() == [("⏎", "copy"), ("esc", "cancel")]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.focused, ProfileList) and ("d", "delete") in here.shown())
