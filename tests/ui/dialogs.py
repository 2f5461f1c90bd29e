"""Every dialog, opened as a user finds it, with what each key that it shows is to do."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from keyed import Cockpit, focus, until
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.store import load_profile, profile_path
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.ui.panes.calls import CallView
from rtvoice_tui.ui.screens.ask import AskScreen
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.screens.history import HistoryScreen
from rtvoice_tui.ui.screens.key import KeyScreen
from rtvoice_tui.ui.screens.keys import KeysScreen
from rtvoice_tui.ui.screens.manual_run import ManualRunScreen
from rtvoice_tui.ui.screens.profiles import ProfileList, ProfilesScreen
from rtvoice_tui.ui.screens.result import ReasonScreen, ResultScreen
from rtvoice_tui.ui.screens.themes import ThemesScreen
from rtvoice_tui.ui.screens.tool import ToolScreen
from rtvoice_tui.ui.terminal import external_editor
from rtvoice_tui.ui.widgets.choice_field import ChoiceField
from rtvoice_tui.ui.widgets.device_list import DeviceList
from rtvoice_tui.ui.widgets.key_block import KeyBlock
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import screen_text

NAMES = {
    "⏎": "enter", "esc": "escape", "del": "delete", "tab": "tab", "+": "plus", "-": "minus", "?": "question_mark",
    "[": "left_square_bracket", "]": "right_square_bracket", "←": "left", "→": "right",
}  # fmt: skip
_KEY = re.compile(r"F\d+|esc|del|tab|\^\w|\S")


@dataclass
class Here:
    """An app with a dialog."""

    app: Cockpit
    pilot: Pilot[None]
    results: list[object] = field(default_factory=list)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, holds: Callable[[], object], what: str = "the key acted") -> None:
        await until(self.pilot, holds, what)

    async def on(self, kind: type[Screen[object]]) -> None:
        """Wait until a dialog is open and has the focus."""
        await self.until(
            lambda: isinstance(self.app.screen, kind) and self.app.screen.focused is not None, kind.__name__
        )

    def push(self, dialog: Screen[object]) -> None:
        self.results.clear()
        self.app.push_screen(dialog, self.results.append)

    def shown(self) -> list[tuple[str, str]]:
        """Each key that is to be read in the dialog, with its label."""
        dialog = self.app.screen.query_one(".dialog")
        border = _rows(self.app, dialog)[-1].strip("╰─╯ ")
        entries = re.split(r" {2,}", border) if border else []
        for block in dialog.query(KeyBlock):
            entries += [entry for row in _rows(self.app, block) for entry in re.split(r" {2,}", row.strip()) if entry]
        answers = [line for line in dialog.query(FixedLine) if (line.id or "").startswith("answer-")]
        entries += [" ".join(row.split()) for line in answers for row in _rows(self.app, line)]
        return [pair for entry in entries for pair in _parsed(entry)]


def _rows(app: Cockpit, widget: Widget) -> list[str]:
    """What is drawn of a widget, in the pictures of the screen."""
    region = widget.region
    lines = screen_text(app).splitlines()
    return [line[region.x : region.right] for line in lines[region.y : region.bottom]]


def _parsed(entry: str) -> list[tuple[str, str]]:
    """``+ - volume``: both keys, with the label."""
    words = entry.split(" ")
    keys = 0
    while keys < len(words) - 1 and _KEY.fullmatch(words[keys]):
        keys += 1
    return [(key, " ".join(words[keys:])) for key in words[:keys]] or [("", entry)]


def name_of(shown: str) -> str:
    """Textual's name of a key that is shown."""
    if shown.startswith("^"):
        return f"ctrl+{shown[1:]}"
    return NAMES.get(shown, shown.lower() if re.fullmatch(r"F\d+", shown) else shown)


Effect = Callable[[Here, str], Awaitable[None]]


@dataclass(frozen=True)
class Dialog:
    """How a dialog is opened, and what each of its labels promises."""

    open: Callable[[Here], Awaitable[None]]
    effects: dict[str, Effect]


# --- effects of several dialogs


async def _leaves(here: Here, key: str) -> None:
    before = here.app.screen
    await here.press(key)
    await here.until(lambda: before not in here.app.screen_stack, "it is closed")


def _returns(result: object) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await _leaves(here, key)
        await here.until(lambda: here.results == [result], f"{result} is the result, not {here.results}")

    return effect


def _opens(kind: type[Screen[object]]) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await here.press(key)
        await here.on(kind)

    return effect


async def _edits_outside(here: Here, key: str) -> None:
    opened: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_editor, "edited", lambda app, text, *more: opened.append(text) or None)
        await here.press(key)
        await here.until(lambda: opened)


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
    await _leaves(here, key)
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


# --- devices


async def _devices(here: Here) -> None:
    here.app.session.set_audio(AudioSettings())
    here.app.store.audio.output = DeviceView("speaker", rate=48_000)
    here.app.store.audio.trying = ""
    here.app.talk.devices()
    await here.on(DevicesScreen)
    await here.until(lambda: here.app.focused is here.app.screen.query_one("#inputs"))


def _audio(changed: Callable[[AudioSettings, str], bool]) -> Effect:
    async def effect(here: Here, key: str) -> None:
        here.app.session.set_audio(AudioSettings(gate_db=-30.0))
        await here.press(key)
        await here.until(lambda: changed(here.app.store.audio_settings, key))

    return effect


def _says(words: str) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await here.press(key)
        line = here.app.screen.query_one("#device-words", FixedLine)
        await here.until(lambda: words in line.words, words)

    return effect


async def _chosen(here: Here, key: str) -> None:
    await here.press("home", key)
    await here.until(lambda: [told.name for told in here.app.told if isinstance(told, cmd.UseDevice)] == [""])


async def _other_list(here: Here, key: str) -> None:
    for name in ("outputs", "inputs"):
        await here.press(key)
        await here.until(lambda name=name: here.app.focused is here.app.screen.query_one(f"#{name}", DeviceList))


def _tells(*wanted: object) -> Effect:
    async def effect(here: Here, key: str) -> None:
        here.app.told.clear()
        await here.press(key)
        await here.until(lambda: here.app.told == list(wanted), f"it asks for {wanted}, not {here.app.told}")

    return effect


# --- changes of the agent, JSON


async def _history(here: Here) -> None:
    here.app.editor.discard()
    here.app.agent.history()
    await here.on(HistoryScreen)


async def _restores(here: Here, key: str) -> None:
    await _leaves(here, key)
    await here.until(lambda: "state 0 is typed" in str(here.app.agent.pane.last_line))


async def _detail(here: Here) -> None:
    await focus(here.pilot, 4)
    here.app.calls.show_whole()
    await here.on(DetailScreen)


async def _folds(here: Here, key: str) -> None:
    for folded in (True, False):
        await here.press(key)
        await here.until(lambda folded=folded: ("lines …" in screen_text(here.app)) is folded)


async def _copies(here: Here, key: str) -> None:
    here.app.copy_to_clipboard("")
    await here.press(key)
    await here.until(lambda: "get_weather" in here.app.clipboard)


# --- tools and calls


async def _tool(here: Here) -> None:
    here.push(ToolScreen(here.app.editor.draft.tool("get_weather"), set()))
    await here.on(ToolScreen)


async def _tool_kind(here: Here) -> None:
    await _tool(here)
    here.app.screen.query_one("#tool-kind").focus()
    await here.until(lambda: isinstance(here.app.focused, ChoiceField))


async def _chooses(here: Here, key: str) -> None:
    choice = here.app.screen.query_one("#tool-kind", ChoiceField)
    place = choice.choices.index(choice.value) + (1 if key == "right" else -1)
    await here.press(key)
    await here.until(lambda: choice.value == choice.choices[place % len(choice.choices)])


async def _applies(here: Here, key: str) -> None:
    here.app.screen.query_one("#tool-description", Input).value = "Rain?"
    await _leaves(here, key)
    await here.until(lambda: [result[0].description for result in here.results] == ["Rain?"])  # type: ignore[index]


async def _run(here: Here) -> None:
    await focus(here.pilot, 4)
    here.app.calls.test_tool()
    await here.on(ManualRunScreen)
    await here.until(lambda: isinstance(here.app.focused, Input))


async def _runs(here: Here, key: str) -> None:
    await here.press(*"Oslo", key)
    await here.until(lambda: here.app.told == [("try", "get_weather", '{"city": "Oslo"}')])


async def _next_tool(here: Here, key: str) -> None:
    await here.press(key)
    await here.until(lambda: "get_time" in str(here.app.screen.query_one(".dialog").border_title))
    await here.press(key)
    await here.until(lambda: isinstance(here.app.focused, Input), "the first one again")


async def _next_field(here: Here, key: str) -> None:
    before = here.app.focused
    await here.press(key)
    await here.until(lambda: here.app.focused not in (None, before))


async def _run_result(here: Here) -> None:
    await _run(here)
    here.app.screen.query_one(CallView).focus()
    await here.until(lambda: isinstance(here.app.focused, CallView))


async def _result(here: Here) -> None:
    here.push(ResultScreen("Result of book", "", "goes to the model"))
    await here.on(ResultScreen)


async def _sends(here: Here, key: str) -> None:
    await here.press(*"done", key)
    await here.until(lambda: here.results == ["done"])


async def _reason(here: Here) -> None:
    here.push(ReasonScreen([[("book", "tool")]]))
    await here.on(ReasonScreen)


async def _question(here: Here) -> None:
    answers = {"k": "end it and connect, keeping the conversation", "o": "open the profile without connecting"}
    here.push(AskScreen("Open 'mine'", ["A session with 'local' is running."], answers))
    await here.on(AskScreen)


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
    await _leaves(here, key)
    await here.until(lambda: here.app.remembered.get("theme") == seen == here.app.theme)


async def _theme_before(here: Here, key: str) -> None:
    await _leaves(here, key)
    assert here.app.theme == "textual-dark"
    assert not here.app.remembered


DIALOGS: dict[str, Dialog] = {
    "help": Dialog(_help, {"change keys": _opens(KeysScreen), "close": _leaves}),
    "keys": Dialog(_keys, {"another key": _another_key, "the default": _default_key, "close": _leaves}),
    "profiles": Dialog(
        _profiles,
        {
            "open": _opens(AskScreen),
            "key": _opens(KeyScreen),
            "copy": _asks("copy"),
            "rename": _asks("new name"),
            "import": _asks("import"),
            "export": _asks("write to"),
            "delete": _delete,
            "bring back": _bring_back,
            "trust": _trust,
            "edit the file": _edits_outside,
            "close": _leaves,
        },
    ),
    "a profile's name": Dialog(_prompt, {"copy": _copied, "cancel": _prompt_closed}),
    "a question of trust": Dialog(_question_of_trust, {"yes": _trusts, "cancel": _leaves}),
    "another question": Dialog(
        _question,
        {
            "end it and connect, keeping the conversation": _returns("k"),
            "open the profile without connecting": _returns("o"),
            "cancel": _returns(""),
        },
    ),
    "a key": Dialog(
        _key,
        {
            "for this run": _keeps("use_for_this_run", "holds for this run"),
            "into the key store": _keeps("keep", "is in the system's key store"),
            "cancel": _returns(""),
        },
    ),
    "devices": Dialog(
        _devices,
        {
            "choose": _chosen,
            "other list": _other_list,
            "volume": _audio(lambda audio, key: audio.mic_gain_db == (2.0 if key == "plus" else -2.0)),
            "mute": _audio(lambda audio, key: (audio.muted, audio.agent_muted) == (key == "m", key == "M")),
            "tone": _tells("tone"),
            "hear myself": _tells(("hear myself", True)),
            "echo": _says("echo: "),
            "noise": _says("noise suppression o"),
            "gate": _audio(lambda audio, key: audio.gate_db is None),
            "gate level": _audio(lambda audio, key: audio.gate_db == (-33.0 if key.startswith("l") else -27.0)),
            "refresh": _says("0 devices"),
            "close": _leaves,
        },
    ),
    "history": Dialog(
        _history,
        {"restore": _restores, "compare with the server": _opens(DetailScreen), "close": _leaves},
    ),
    "detail": Dialog(_detail, {"fold": _folds, "copy": _copies, "close": _leaves}),
    "a tool": Dialog(
        _tool,
        {"apply": _applies, "remove": _returns((None,)), "editor": _edits_outside, "cancel": _returns(None)},
    ),
    "a tool's kind": Dialog(
        _tool_kind,
        {
            "choose": _chooses,
            "apply": _applies,
            "remove": _returns((None,)),
            "editor": _edits_outside,
            "cancel": _returns(None),
        },
    ),
    "a run by hand": Dialog(_run, {"run": _runs, "next tool": _next_tool, "next field": _next_field, "close": _leaves}),
    "a result": Dialog(_result, {"send": _sends, "editor": _edits_outside, "cancel": _returns(None)}),
    "a reason": Dialog(_reason, {"reject": _returns(""), "cancel": _returns(None)}),
    "themes": Dialog(_themes, {"keep": _keeps_theme, "back": _theme_before}),
}

INNER: dict[str, Dialog] = {"a run's result": Dialog(_run_result, {})}
"""Other places inside of dialogs that may have the focus."""
