"""The dialogs of help, keys, profiles and themes, and what each key that they show is to do."""

import pytest
from dialog_here import Dialog, Effect, Here, edits_outside, leaves, opens, returns
from textual.widgets import Input

from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.store import load_profile, profile_path
from rtvoice_tui.ui.screens.ask import AskScreen
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.screens.key import KeyScreen
from rtvoice_tui.ui.screens.keys import KeysScreen
from rtvoice_tui.ui.screens.profiles import ProfileList, ProfilesScreen
from rtvoice_tui.ui.screens.themes import ThemesScreen
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import screen_text

# --- help, keys


async def _help(here: Here) -> None:
    here.app.action_help()
    await here.on(HelpScreen)


async def _keys(here: Here) -> None:
    here.app.action_change_keys()
    await here.on(KeysScreen)


async def _another_key(here: Here, key: str) -> None:
    await here.press(key)
    await here.until(lambda: "press the new key for 'interrupt'; esc cancels" in screen_text(here.app))
    await here.until(lambda: (here.app.pulse(), here.app.panes._shown_keys)[1])
    footer = here.app.screen_stack[0].query_one("#keys")
    await here.until(lambda: footer.words.split() == ["esc", "cancel"], "no other key acts now")  # type: ignore[attr-defined]
    await here.press("f3", key, "ctrl+t")
    await here.until(lambda: here.app.own_keys == {"interrupt": "ctrl+t"}, "F3 is another's, so it asks again")
    assert here.app.told == []


async def _default_key(here: Here, key: str) -> None:
    await here.press("enter", "ctrl+t")
    await here.until(lambda: here.app.own_keys)
    await here.press(key)
    await here.until(lambda: here.app.own_keys == {})


# --- profiles


def _write(name: str, *, trusted: bool = True, provider: str = "openai") -> None:
    path = profile_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'provider = "{provider}"\n' + ("" if trusted else "trusted = false\n"))


async def _profiles(here: Here) -> None:
    _write("mine")
    _write("other", trusted=False, provider="local")
    here.app.profiles.list()
    await here.on(ProfilesScreen)
    _choose(here, "mine")


async def _opens_without_a_key(here: Here, key: str) -> None:
    """A profile whose provider needs a key is opened at the second time."""
    listed = here.app.screen.query_one(ProfileList)
    await here.until(lambda: listed.keys, "the keys were looked for")
    await here.press(key)
    await here.until(lambda: "there is no key" in here.app.screen.query_one("#profile-about", FixedLine).words)
    await here.press(key)
    await here.on(AskScreen)


def _choose(here: Here, name: str) -> None:
    listed = here.app.screen.query_one(ProfileList)
    listed.move_cursor([entry.name for entry in listed.listed].index(name))


async def _prompt(here: Here) -> None:
    await _profiles(here)
    await here.press("c")
    await here.until(lambda: here.app.focused is here.app.screen.query_one("#profile-name"))


def _asks(words: str) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await here.press(key)
        prompt = here.app.screen.query_one("#profile-name", Input)
        await here.until(lambda: here.app.focused is prompt and prompt.placeholder.startswith(words))
        assert ("⏎", words.split()[0]) in here.shown() or words.startswith(("new name", "write")), here.shown()
        await here.press("escape")
        await here.until(lambda: isinstance(here.app.focused, ProfileList))

    return effect


async def _delete(here: Here, key: str) -> None:
    await here.press(key)
    await here.until(lambda: not profile_path("mine").exists())


async def _bring_back(here: Here, key: str) -> None:
    _write("mine")
    _choose(here, "mine")
    await here.press("d")
    await here.until(lambda: not profile_path("mine").exists())
    await here.press(key)
    await here.until(lambda: profile_path("mine").exists())


async def _trust(here: Here, key: str) -> None:
    _choose(here, "other")
    await here.press(key)
    await here.on(AskScreen)


async def _question_of_trust(here: Here) -> None:
    await _profiles(here)
    await _trust(here, "T")


async def _trusts(here: Here, key: str) -> None:
    await leaves(here, key)
    await here.until(lambda: load_profile("other").trusted)


async def _copied(here: Here, key: str) -> None:
    await here.press(key)
    await here.until(lambda: profile_path("my-mine").exists())
    await here.until(lambda: isinstance(here.app.focused, ProfileList))
    profile_path("my-mine").unlink()


async def _prompt_closed(here: Here, key: str) -> None:
    await here.press(key)
    await here.until(lambda: isinstance(here.app.focused, ProfileList))
    assert isinstance(here.app.screen, ProfilesScreen)


async def _question(here: Here) -> None:
    answers = {"k": "end it and connect, keeping the conversation", "o": "open the profile without connecting"}
    here.push(AskScreen("Open 'mine'", ["A session with 'local' is running."], answers))
    await here.on(AskScreen)


# --- a provider's key


async def _key(here: Here) -> None:
    here.push(KeyScreen("mine", load_profile("openai")))
    await here.on(KeyScreen)


def _keeps(function: str, words: str) -> Effect:
    async def effect(here: Here, key: str) -> None:
        kept: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(secrets, function, lambda profile, typed: kept.append(typed))
            await here.press(*"sk-1", key)
            await here.until(lambda: here.results)
        assert kept == ["sk-1"]
        assert words in str(here.results[0])

    return effect


# --- themes


async def _themes(here: Here) -> None:
    here.app.choose_theme("textual-dark")
    here.app.remembered.clear()
    here.app.preview_themes()
    await here.on(ThemesScreen)
    await here.press("end", "home")
    await here.until(lambda: here.app.theme != "textual-dark")


async def _keeps_theme(here: Here, key: str) -> None:
    seen = here.app.theme
    await leaves(here, key)
    await here.until(lambda: here.app.remembered.get("theme") == seen == here.app.theme)


async def _theme_before(here: Here, key: str) -> None:
    await leaves(here, key)
    assert here.app.theme == "textual-dark"
    assert not here.app.remembered


SETTINGS: dict[str, Dialog] = {
    "help": Dialog(_help, {"change keys": opens(KeysScreen), "close": leaves}),
    "keys": Dialog(_keys, {"another key": _another_key, "the default": _default_key, "close": leaves}),
    "profiles": Dialog(
        _profiles,
        {
            "open": _opens_without_a_key,
            "key": opens(KeyScreen),
            "copy": _asks("copy"),
            "rename": _asks("new name"),
            "import": _asks("import"),
            "export": _asks("write to"),
            "delete": _delete,
            "bring back": _bring_back,
            "trust": _trust,
            "edit the file": edits_outside,
            "close": leaves,
        },
    ),
    "a profile's name": Dialog(_prompt, {"copy": _copied, "cancel": _prompt_closed}),
    "a question of trust": Dialog(_question_of_trust, {"yes": _trusts, "cancel": leaves}),
    "another question": Dialog(
        _question,
        {
            "end it and connect, keeping the conversation": returns("k"),
            "open the profile without connecting": returns("o"),
            "cancel": returns(""),
        },
    ),
    "a key": Dialog(
        _key,
        {
            "for this run": _keeps("use_for_this_run", "holds for this run"),
            "into the key store": _keeps("keep", "is in the system's key store"),
            "cancel": returns(""),
        },
    ),
    "themes": Dialog(_themes, {"keep": _keeps_theme, "back": _theme_before}),
}
