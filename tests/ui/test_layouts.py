"""Keyboards with other scripts: keys act by their place, and text stays as it is typed."""

from pathlib import Path

import pytest
from keyed import Cockpit, opened, until
from textual.widgets import Input

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.ui.bindings import KEYS
from rtvoice_tui.ui.screens.ask import AskScreen
from rtvoice_tui.ui.terminal.layouts import PLACES, is_of_another_script, same_place
from rtvoice_tui.ui.widgets.message_area import MessageArea
from screens import toasts

LETTERS = sorted({stroke for key in KEYS for stroke in key.keys.split(",") if len(stroke) == 1 and stroke.isalpha()})


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_of_the_key_table_has_its_place_on_a_russian_keyboard(letter):
    assert any("а" <= sign.lower() <= "ё" for sign, latin in PLACES.items() if latin == letter)


@pytest.mark.parametrize(
    ("sign", "key"),
    [
        ("ь", "m"),
        ("ш", "i"),
        ("Е", "T"),
        ("х", "left_square_bracket"),
        ("ъ", "right_square_bracket"),
        ("і", "s"),
        ("є", "'"),
        ("μ", "m"),
        ("Μ", "M"),
        ("צ", "m"),
        ("й", "q"),
    ],
)
def test_a_key_is_found_by_its_place(sign, key):
    found = same_place(sign)
    assert found is not None
    assert found[0] == key


@pytest.mark.parametrize("sign", ["m", "M", "1", "?", " ", "é", "ü", None, "語", "م"])
def test_latin_letters_and_unknown_scripts_have_no_other_place(sign):
    assert same_place(sign) is None
    assert is_of_another_script(sign) is (sign in ("é", "ü", "語", "م"))


async def test_keys_act_and_text_is_typed_as_it_is():
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("ш")
        await until(pilot, lambda: cmd.Interrupt() in app.told, "it interrupts")
        await pilot.press("ь")
        await until(pilot, lambda: app.stand_in.audio_settings.muted, "it mutes")
        await pilot.press("е", "ь", "и")
        await until(pilot, lambda: app.query_one(MessageArea).text == "ьи", "it types a message")
        await pilot.press("escape", "2", "а")
        await until(pilot, lambda: app.focused is app.query_one("#events-field", Input), "it filters")
        await pilot.press("а")
        await until(pilot, lambda: app.query_one("#events-field", Input).value == "а", "words of a filter are words")


async def test_keys_act_in_dialogs_too():
    app = Cockpit()
    async with opened(app) as pilot:
        chosen: list[str | None] = []
        app.push_screen(AskScreen("A question", ["?"], {"k": "keep", "n": "new"}), chosen.append)
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press("т")
        await until(pilot, lambda: chosen == ["n"])


async def test_a_letter_of_a_script_that_is_not_known_says_what_to_do_once():
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("م", "م", "語")
        hints = lambda: [words for words in toasts(app) if "switch the keyboard's layout" in words]  # noqa: E731
        await until(pilot, lambda: len(hints()) == 1)
