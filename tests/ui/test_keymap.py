"""Keys of the user's own: read, checked, shown everywhere, changed in a dialog, and given back."""

from pathlib import Path

import pytest
from keyed import Cockpit, focus, opened, until

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.ui.bindings import BY_ID, KEYS, rebind
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.keymap import REBINDABLE, conflict_of, keymap_file, load_keymap, save_keymap
from rtvoice_tui.ui.own_keys import with_own_keys
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.screens.keys import KeyList, KeysScreen
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.rows import KeyRow, NoticeRow
from screens import screen_text


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    yield
    rebind({})


def write(text: str) -> None:
    keymap_file().parent.mkdir(parents=True, exist_ok=True)
    keymap_file().write_text(text)


def read(text: str) -> tuple[dict[str, str], list[str]]:
    write(text)
    return load_keymap(keymap_file())


# --- the file


def test_without_a_file_all_keys_are_the_default_ones():
    assert load_keymap(keymap_file()) == ({}, [])


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ('mute = "ctrl+t"', {"mute": "ctrl+t"}),
        ('mute = ["ctrl+b", "f12"]', {"mute": "ctrl+b,f12"}),
        ('mute = "%"', {"mute": "percent_sign"}),
        ('mute = "+"', {"mute": "plus"}),
        ('freeze = "space"', {}),
        ('interrupt-f = "f11"', {"interrupt-f": "f11"}),
        ('interrupt = "m"\nmute = "i"', {"interrupt": "m", "mute": "i"}),
    ],
)
def test_keys_are_read_as_people_write_them(line: str, keys: dict[str, str]):
    assert read(line)[0] == keys


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('interupt = "x"', "there is no key 'interupt', did you mean 'interrupt'?"),
        ("mute = 5", 'mute: write a key, such as "x" or "ctrl+t", or a list of keys'),
        ("mute = []", "mute: write a key"),
        ('mute = "meta+x"', "'meta+x' is no key: modifiers are ctrl, alt, shift"),
        ('mute = "f99"', "'f99' is no key"),
        ('mute = "i"', "mute: i is 'interrupt' already (Interrupt the agent)"),
        ('mute = "3"', "mute: 3 goes to a pane"),
        ('mute = "f"', "mute: f is 'filter' already"),
        ('filter = "m"', "filter: m is 'mute' already"),
        ('interrupt-f = "x"', "interrupt-f: x is typed in a text field: use an F-key or one with ctrl"),
        ('panes = "x"', "there is no key 'panes'"),
        ("mute = ", "Invalid value"),
    ],
)
def test_what_cannot_be_used_is_told_and_the_default_stays(text: str, sentence: str):
    keys, problems = read(text)
    assert keys == {}
    assert len(problems) == 1
    assert sentence in problems[0]
    assert "keymap.toml" in problems[0]


def test_a_wrong_line_does_not_cost_the_others():
    keys, problems = read('mute = "b"\nnonsense = "x"\nquit = "Q"\n')
    assert set(keys) == {"quit"}, "b is a key of the event stream"
    assert len(problems) == 2


def test_what_is_saved_is_read_again():
    keymap = {"mute": "ctrl+t", "quit": "Q", "interrupt": "exclamation_mark,ctrl+g"}
    save_keymap(keymap)
    assert load_keymap(keymap_file()) == (keymap, [])


def test_no_default_key_conflicts_with_another():
    assert [conflict_of(key_id, {}) for key_id in REBINDABLE] == [""] * len(REBINDABLE)


# --- in the app


async def test_a_key_of_one_s_own_acts_and_is_shown_wherever_keys_are_shown() -> None:
    write('mute = "ctrl+t"\nfilter = "u"\nmute-f = "f11"\n')
    app = Cockpit()
    async with opened(app, (140, 40)) as pilot:
        await pilot.press("m")
        assert not app.store.audio_settings.muted
        for key in ("ctrl+t", "f11"):
            before = app.store.audio_settings.muted
            await pilot.press(key)
            await until(pilot, lambda before=before: app.store.audio_settings.muted is not before)
        await focus(pilot, 2)
        await pilot.press("u")
        await until(pilot, lambda: app.focused is app.query_one("#events-field"))
        await until(pilot, lambda: "F11 mute" in app.query_one(KeyRow).words)
        await pilot.press("escape")
        await until(pilot, lambda: "^t mute" in app.query_one(KeyRow).words)
        await focus(pilot, 2)
        assert "u filter" in str(app.query_one("#events-pane", Pane).border_subtitle)
        assert any(command.help.endswith("(^t F11)") for command in commands(app))
        app.action_help()
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "^t      Mute or open" in app.screen.query_one(FollowView).copy_text()


async def test_a_problem_in_the_file_is_told_at_the_start() -> None:
    write('interupt = "x"\n')
    app = Cockpit()
    async with opened(app) as pilot:
        await until(pilot, lambda: (app.pulse(), "did you mean 'interrupt'?" in app.query_one(NoticeRow).words)[1])


async def test_a_key_is_changed_in_the_dialog_conflicts_are_told_and_the_default_comes_back() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        app.action_change_keys()
        await until(pilot, lambda: isinstance(app.screen, KeysScreen) and app.screen.focused is not None)
        listed, said = app.screen.query_one(KeyList), app.screen.query_one("#key-problem", FixedLine)
        assert listed.key_id == "interrupt"
        await pilot.press("down", "enter")
        await until(pilot, lambda: "press the new key for 'mute'" in said.words)
        await pilot.press("i")
        await until(pilot, lambda: "i is 'interrupt' already" in said.words)
        assert app.told == []
        await pilot.press("enter", "f3")
        await until(pilot, lambda: "'interrupt-f' already" in said.words)
        assert app.told == [], "a key that is to be taken does not act"
        await pilot.press("enter", "ctrl+t")
        await until(pilot, lambda: "saved in keymap.toml" in said.words)
        assert load_keymap(keymap_file())[0] == {"mute": "ctrl+t"}
        assert "was m" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await until(pilot, lambda: "^t mute" in app.query_one(KeyRow).words)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.store.audio_settings.muted)
        app.action_change_keys()
        await until(pilot, lambda: isinstance(app.screen, KeysScreen) and app.screen.focused is not None)
        await pilot.press("down", "delete", "escape")
        await until(pilot, lambda: "m unmute" in app.query_one(KeyRow).words)
        assert load_keymap(keymap_file())[0] == {}
        await pilot.press("m")
        await until(pilot, lambda: not app.store.audio_settings.muted)
        await pilot.press("i")
        await until(pilot, lambda: app.told == [cmd.Interrupt()])


async def test_help_leads_to_the_dialog() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and app.screen.focused is not None)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, KeysScreen))
        await pilot.press("enter", "escape")
        await pilot.pause(0)
        assert isinstance(app.screen, KeysScreen), "escape cancels the new key, and not the dialog"


def test_the_defaults_are_back_without_a_keymap():
    rebind({"mute": "ctrl+t"})
    assert BY_ID["mute"].shown == "^t"
    rebind({})
    assert list(BY_ID.values()) == list(KEYS)


# --- sentences that name keys


@pytest.mark.parametrize(
    ("sentence", "own", "shown"),
    [
        ("press c to connect again", {"connect": "ctrl+k"}, "press ^k to connect again"),
        ("press p, then k", {"profiles": "P", "up": "k"}, "press P, then k"),
        ("F6 corrects it, F7 sends it", {"send-edit": "f11", "edit-f": "f12"}, "F12 corrects it, F11 sends it"),
        ("press F2 if it is muted, or d to choose another one", {"mute-f": "ctrl+t", "devices": "D"},
         "press ^t if it is muted, or D to choose another one"),
        ("press c to connect again", {}, "press c to connect again"),
        ("check the network and the url", {"connect": "ctrl+k"}, "check the network and the url"),
    ],
)  # fmt: skip
def test_a_remedy_names_the_keys_as_the_user_has_them(sentence: str, own: dict[str, str], shown: str) -> None:
    rebind(own)
    assert with_own_keys(sentence) == shown


async def test_what_the_screen_says_of_a_key_follows_it() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.store.record(Notice(Level.ERROR, "the connection is lost", "press c to connect again"), 100.0)
        app.pulse()
        row = app.query_one(NoticeRow)
        await until(pilot, lambda: "press c to connect" in row.words)
        app._use_keys({"connect": "ctrl+k", "type": "W"})
        app.pulse()
        await until(pilot, lambda: "press ^k to connect" in row.words)
        assert "type a message (W)" in screen_text(app)
