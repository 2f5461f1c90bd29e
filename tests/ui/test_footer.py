"""Each key that the footer shows is pressed, wherever the focus is, and does what it says; no other key is shown."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from keyed import Cockpit, focus, opened, until
from rich.cells import cell_len
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, TextArea
from tool_key_checks import ask

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase, TalkChanged
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.ui.bindings import CHAINS, KEYS, bindings, shown_key
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.footer import Focus, FooterKey, Now, footer_keys
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.screens.profiles import ProfilesScreen
from rtvoice_tui.ui.screens.result import ReasonScreen
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.field_table import FieldTable
from rtvoice_tui.ui.widgets.message_area import MessageArea
from rtvoice_tui.ui.widgets.rows import KeyRow
from rtvoice_tui.ui.widgets.value_field import KnownValues, ValueField
from screens import toasts

SIZES = [(120, 40), (80, 24), (60, 20)]

Place = Callable[[Cockpit, Pilot[None]], Awaitable[object]]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setattr("rtvoice_tui.audio.backends.listing.list_in_subprocess", list)


# --- places that may have the focus


def _pane(number: int) -> Place:
    async def go(app: Cockpit, pilot: Pilot[None]) -> None:
        await focus(pilot, number)

    return go


async def _composer(app: Cockpit, pilot: Pilot[None]) -> None:
    await app.action_type()
    await until(pilot, lambda: app.composer.has_focus_within)


async def _search(app: Cockpit, pilot: Pilot[None]) -> None:
    await focus(pilot, 1)
    await app.panes.search()
    await until(pilot, lambda: app.focused is app.query_one("#transcript-field"))


async def _filter(app: Cockpit, pilot: Pilot[None]) -> None:
    await app.panes.filter_events()
    await until(pilot, lambda: app.focused is app.query_one("#events-field"))


async def _instructions(app: Cockpit, pilot: Pilot[None]) -> None:
    await app.panes.layout.go(5, typing=True)
    await until(pilot, lambda: app.focused is app.query_one("#instructions"))


async def _table(app: Cockpit, pilot: Pilot[None]) -> None:
    await _instructions(app, pilot)
    app.query_one(FieldTable).focus()
    await until(pilot, lambda: app.focused is app.query_one(FieldTable))


async def _value(app: Cockpit, pilot: Pilot[None]) -> None:
    await _table(app, pilot)
    await _on_row(app, pilot, "voice")
    await pilot.press("enter")
    await until(pilot, lambda: app.focused is app.query_one("#field-value"))


async def _number(app: Cockpit, pilot: Pilot[None]) -> None:
    await _table(app, pilot)
    await _on_row(app, pilot, "turn_detection.threshold")
    await pilot.press("enter")
    await until(pilot, lambda: app.focused is app.query_one("#field-value"))


async def _any_value(app: Cockpit, pilot: Pilot[None]) -> None:
    await _table(app, pilot)
    await _on_row(app, pilot, "url")
    await pilot.press("enter")
    await until(pilot, lambda: app.focused is app.query_one("#field-value"))


async def _dialog(app: Cockpit, pilot: Pilot[None]) -> None:
    app.action_help()
    await until(pilot, lambda: isinstance(app.screen, HelpScreen) and app.screen.focused is not None)


PLACES: dict[str, tuple[Place, Focus]] = {
    **{f"pane {number}": (_pane(number), Focus.PANES) for number in (1, 2, 3, 4, 6)},
    "the message field": (_composer, Focus.COMPOSER),
    "the search": (_search, Focus.SEARCH),
    "the filter": (_filter, Focus.FILTER),
    "the instructions": (_instructions, Focus.INSTRUCTIONS),
    "the agent's table": (_table, Focus.TABLE),
    "a value with known ones": (_value, Focus.LISTED_VALUE),
    "a number": (_number, Focus.NUMBER),
    "any other value": (_any_value, Focus.VALUE),
    "a dialog": (_dialog, Focus.DIALOG),
}


# --- what each label promises: the press, its effect, and the way back

Effect = Callable[[Cockpit, Pilot[None], str], Awaitable[object]]


async def _interrupt(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: app.told == [cmd.Interrupt()])


async def _mute(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    for muted in (True, False):
        await pilot.press(key)
        await until(pilot, lambda muted=muted: app.store.audio_settings.muted is muted)


async def _talk(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    app.phase(Phase.HEARING)
    await pilot.press(key)
    await until(pilot, lambda: app.told == [cmd.CommitTurn()])
    app.phase(Phase.LISTENING)


async def _connect(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: app.told == ["disconnect"])


async def _type(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: app.composer.has_focus_within)


async def _agent(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    shown = app.query_one(AgentPane).display and app.panes.layout.active == 5
    await pilot.press(key)
    await until(pilot, lambda: app.query_one(AgentPane).display is not shown, "pane 5 opens, or closes")


async def _screen(app: Cockpit, pilot: Pilot[None], key: str, kind: type) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, kind) and app.screen.focused is not None)
    await pilot.press("escape")
    await until(pilot, lambda: not isinstance(app.screen, kind))


async def _zoom(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    def count() -> int:
        return sum(pane.display for pane in (*app.query(Pane), app.query_one(AgentPane)))

    before = count()
    await pilot.press(key)
    await until(pilot, lambda: count() == 1)
    await pilot.press(key)
    await until(pilot, lambda: count() == before)


async def _pane_key(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    for number in (2, 1):
        await pilot.press(str(number))
        await until(pilot, lambda number=number: app.panes.layout.active == number)


async def _leave(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    before, dialogs = app.focused, len(app.screen_stack)
    await pilot.press(key)
    await until(pilot, lambda: len(app.screen_stack) < dialogs if dialogs > 1 else app.focused is not before)


async def _send(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(*"hello", key)
    await until(pilot, lambda: app.told == [cmd.SendText("hello")])


async def _new_line(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press("a", key, "b")
    await until(pilot, lambda: app.message.text == "a\nb" and app.message.size.height == 2)
    app.message.text = ""


async def _earlier(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    app.controller.typed.add("said before")
    await pilot.press(key)
    await until(pilot, lambda: app.message.text == "said before")
    app.message.text = ""


async def _next_match(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    view = app.query_one("#transcript-pane", Pane).view
    await pilot.press(*"question 3", key)
    await until(pilot, lambda: view.cursor is not None and view.turn_at(view.cursor) == 3)


async def _keep(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(*"done", key)
    await until(pilot, lambda: app.focused is app.query_one("#events-pane", Pane).view)


async def _saved(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    app.controller.queries.toggle("turn:3")
    field = app.focused
    assert isinstance(field, Input)
    await pilot.press(key)
    await until(pilot, lambda: field.value == "turn:3")
    app.controller.queries.toggle("turn:3")
    field.value = ""


async def _save(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(*"turn:4", key)
    await until(pilot, lambda: app.controller.queries.texts == ["turn:4"] and toasts(app))
    app.controller.queries.toggle("turn:4")


async def _send_edit(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    app.editor.instruct(f"Be brief, {len(app.editor.history.changes)}.")
    await pilot.press(key)
    await until(pilot, lambda: [told for told in app.told if isinstance(told, cmd.EditSession)])


async def _settings(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: app.focused is app.query_one(FieldTable))


async def _editor(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    opened: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        edited = "rtvoice_tui.ui.terminal.external_editor.edited"
        patch.setattr(edited, lambda app, text, ending: opened.append(text) or None)
        await pilot.press(key)
        await until(pilot, lambda: opened)


async def _known(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    field = app.query_one(ValueField)
    before = field.value
    await pilot.press(key)
    await until(pilot, lambda: field.value != before and field.value in app.query_one(KnownValues).values)


def _steps(sign: int) -> Effect:
    async def step(app: Cockpit, pilot: Pilot[None], key: str) -> None:
        field = app.query_one(ValueField)
        before = float(field.value)
        await pilot.press(key)
        await until(pilot, lambda: (float(field.value) - before) * sign > 0)

    return step


async def _accept(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: app.focused is app.query_one(FieldTable))


async def _quit(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    asked: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.quitting, "quit", lambda: asked.append(True))
        await pilot.press(key)
        await until(pilot, lambda: asked)


def _opens(kind: type) -> Effect:
    return lambda app, pilot, key: _screen(app, pilot, key, kind)


async def _help(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    before = isinstance(app.screen, HelpScreen)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, HelpScreen) is not before, "help opens, or closes")


async def _on_row(app: Cockpit, pilot: Pilot[None], path: str) -> FieldTable:
    table = app.query_one(FieldTable)
    app.pulse()
    table.move_cursor([row.path for row in table._rows].index(path))
    await pilot.pause(0)
    return table


async def _edit(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await _on_row(app, pilot, "voice")
    await pilot.press(key)
    await until(pilot, lambda: app.focused is app.query_one("#field-value"))


async def _next_value(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await _on_row(app, pilot, "voice")
    before = app.editor.draft.settings.voice
    await pilot.press(key)
    await until(pilot, lambda: app.editor.draft.settings.voice != before)
    app.editor.discard()


async def _drop(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await _next_value(app, pilot, "right")
    await pilot.press("right", key)
    await until(pilot, lambda: not app.editor.changed)


async def _switch(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    await _on_row(app, pilot, "tools.get_time")
    await pilot.press(key)
    await until(pilot, lambda: "tools" in app.editor.changed)
    app.editor.discard()


async def _undo(app: Cockpit, pilot: Pilot[None], key: str) -> None:
    pane = app.query_one(AgentPane)
    pane.show_message("something else", "dim")
    await pilot.press(key)
    await until(pilot, lambda: "no acknowledged change" in str(pane.last_line))


EFFECTS: dict[str, Effect] = {
    "edit": _edit,
    "next value": _next_value,
    "drop": _drop,
    "on/off": _switch,
    "undo": _undo,
    "interrupt": _interrupt,
    "mute": _mute,
    "answer": _talk,
    "hang up": _connect,
    "type": _type,
    "agent": _agent,
    "profiles": _opens(ProfilesScreen),
    "devices": _opens(DevicesScreen),
    "commands": _opens(CommandPalette),
    "help": _help,
    "quit": _quit,
    "zoom": _zoom,
    "pane": _pane_key,
    "panes": _leave,
    "close": _leave,
    "leave": _leave,
    "send": _send,
    "new line": _new_line,
    "earlier": _earlier,
    "next match": _next_match,
    "keep": _keep,
    "saved": _saved,
    "save": _save,
    "send edit": _send_edit,
    "settings": _settings,
    "editor": _editor,
    "accept": _accept,
    "known values": _known,
    "more": _steps(1),
    "less": _steps(-1),
}


async def back_to_the_panes(app: Cockpit, pilot: Pilot[None]) -> None:
    """No dialog, no open field, nothing typed."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
    for pane in (app.query_one(AgentPane), *app.query(Pane)):
        pane.close_field()
    for field in app.query(Input):
        field.value = ""
    for area in app.query(MessageArea):
        area.text = ""
    app.editor.discard()
    if app.panes.layout.active == 5:
        await app.panes.layout.toggle_agent()
    await app.panes.layout.go(1)
    app.told.clear()
    app.clear_notifications()
    await pilot.pause(0)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_key_that_the_footer_shows_does_what_it_says_wherever_the_focus_is(size: tuple[int, int]) -> None:
    app = Cockpit()
    async with opened(app, size) as pilot:
        footer = app.query_one(KeyRow)
        seen: set[tuple[Focus, str]] = set()
        for name, (go, kind) in PLACES.items():
            await back_to_the_panes(app, pilot)
            await go(app, pilot)
            app.pulse()
            shown = list(footer.keys)
            assert footer.words.split() == [word for key in shown for word in (key.shown, *key.label.split())]
            assert {key.shown for key in shown} <= {key.shown for key in footer_keys(kind, Now(live=True))}, name
            assert len(shown) >= 4, f"{name}: {shown}"
            focused = app.focused
            for key in shown:
                if size != SIZES[0] and (kind, key.shown) in seen:
                    continue  # pressed in every pane at the first size
                seen.add((kind, key.shown))
                if app.focused is not focused or app.told or len(app.screen_stack) > 1:
                    await back_to_the_panes(app, pilot)
                    await go(app, pilot)
                    focused = app.focused
                    app.told.clear()
                try:
                    await EFFECTS[key.label](app, pilot, key.press)
                except AssertionError as failure:
                    failure.add_note(f"{name} at {size}: '{key.shown} {key.label}'")
                    raise


async def test_a_label_says_what_the_key_does_now() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        footer = app.query_one(KeyRow)
        await until(pilot, lambda: (app.pulse(), "m mute" in footer.words and "answer" in footer.words)[1])
        await pilot.press("m")
        await until(pilot, lambda: (app.pulse(), "m unmute" in footer.words)[1])
        app.phase(Phase.OFFLINE)
        await until(pilot, lambda: (app.pulse(), "c connect" in footer.words)[1])
        assert "interrupt" not in footer.words, "there is nothing to interrupt"
        assert "answer" not in footer.words
        app.phase(Phase.LISTENING)
        app.store.record(TalkChanged(TalkMode.TOGGLE, False, 30.0), 100.0)
        await until(pilot, lambda: (app.pulse(), "␣ talk" in footer.words)[1])


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_footer_fits_and_always_has_help_and_the_way_out(size: tuple[int, int]) -> None:
    app = Cockpit()
    async with opened(app, size) as pilot:
        footer = app.query_one(KeyRow)
        for go, kind in PLACES.values():
            await back_to_the_panes(app, pilot)
            await go(app, pilot)
            app.pulse()
            assert cell_len(footer.words) <= size[0]
            labels = {key.label for key in footer.keys}
            assert "help" in labels
            assert labels & ({"quit"} if kind in (Focus.PANES, Focus.TABLE) else {"panes", "close", "leave"})


@pytest.mark.parametrize(
    "place",
    ["the message field", "the search", "the filter", "the instructions", "a value with known ones", "any other value"],
)
async def test_a_key_that_the_footer_does_not_show_is_only_text_in_a_field(place: str) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await PLACES[place][0](app, pilot)
        field = app.focused
        letters = [
            key for row in KEYS for key in row.names if len(shown_key(key)) == 1 and key.isalpha() and len(key) == 1
        ]
        await pilot.press(*letters)
        text = field.text if isinstance(field, TextArea) else field.value  # type: ignore[union-attr]
        assert "".join(letters) in text
        assert app.focused is field
        assert app.told == []


async def test_a_click_on_a_key_of_the_footer_presses_it() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        footer = app.query_one(KeyRow)
        app.pulse()

        async def click(label: str) -> None:
            await pilot.click(KeyRow, offset=(footer.words.index(label), 0))

        await click("interrupt")
        await until(pilot, lambda: app.told == [cmd.Interrupt()])
        await click("type")
        await until(pilot, lambda: app.composer.has_focus_within)
        await until(pilot, lambda: "send" in footer.words)
        await click("panes")
        await until(pilot, lambda: not app.composer.has_focus_within)
        await until(pilot, lambda: "type" in footer.words)
        await click("help")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


# --- the table


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_no_key_of_a_pane_is_one_of_the_app_s(chain: tuple[str, ...]) -> None:
    seen: dict[str, str] = {}
    for scope in ("app", *chain):
        for binding in bindings(scope):
            for key in binding.key.split(","):  # type: ignore[union-attr]
                assert seen.get(key) is None, f"{key} is {seen[key]} and {binding.id}"  # type: ignore[union-attr]
                seen[key] = binding.id or ""  # type: ignore[union-attr]


def test_only_keys_without_a_letter_act_inside_fields() -> None:
    assert all(len(name) > 1 and name != "space" for key in KEYS if key.anywhere for name in key.names)


@pytest.mark.parametrize("focus_kind", Focus)
def test_inside_a_field_the_footer_shows_no_letter(focus_kind: Focus) -> None:
    shown: list[FooterKey] = footer_keys(focus_kind)
    letters = [key for key in shown if len(key.press) == 1 and key.press.isalpha()]
    assert bool(letters) is (focus_kind in (Focus.PANES, Focus.TABLE))


# --- a call that asks, wherever the focus is


@pytest.mark.parametrize("place", PLACES)
async def test_a_call_is_approved_and_rejected_with_the_keys_that_its_row_shows(place: str) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await PLACES[place][0](app, pilot)
        app.told.clear()
        await ask(app, pilot)
        app.pulse()
        row = app.query_one(AskRow)
        words = "".join(text for text, _ in row._second)
        letters = PLACES[place][1] in (Focus.PANES, Focus.TABLE)
        assert ("a yes" in words, "A always" in words, "x no" in words) == (letters,) * 3
        assert ("F8 yes" in words, "F9 no" in words) == (not letters,) * 2
        await pilot.press("f8")
        await until(pilot, lambda: cmd.Decide("k", agree=True, always=False) in app.told)
        focused = app.focused
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, ReasonScreen))
        await pilot.press("f8", "f9")
        assert isinstance(app.screen, ReasonScreen), "it is answered already"
        await pilot.press("enter")
        await until(pilot, lambda: cmd.Decide("k", agree=False, reason="") in app.told)
        assert [told.agree for told in app.told if isinstance(told, cmd.Decide)] == [True, False]
        await until(pilot, lambda: app.focused is focused, "the focus is back where it was")


async def test_ctrl_c_says_how_the_app_ends() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: toasts(app) == ["q quits, F10 also while you type"])


async def test_the_palette_has_the_keys_beside_its_commands() -> None:
    app = Cockpit()
    async with opened(app):
        shown = {command.title: command.help for command in commands(app)}
    assert shown["Agent: interrupt"].endswith("(i F3)")
    assert shown["Session: disconnect"].endswith("(c F5)")
    assert shown["App: quit"].endswith("(q F10)")


def test_the_readme_names_every_key_of_the_table() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", text))
    words = {"␣": "space", "⏎": "enter", "bksp": "backspace", "esc": "escape", "↑": "up", "↓": "down"}
    words |= {"alt+⏎": "alt+enter"}
    words |= {f"^{letter}": f"ctrl+{letter}" for letter in "epz"}
    usual = {
        "up",
        "down",
        "page-up",
        "page-down",
        "top",
        "field-left",
        "field-right",
        "field-clear",
        "field-switch",
        "back",
    }
    wanted = {words.get(key.shown, key.shown) for key in KEYS if key.id not in usual | {"panes", "discard", "freeze"}}
    assert wanted - named == set()


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_pane_shows_its_keys_only_while_they_act(size: tuple[int, int]) -> None:
    app = Cockpit()
    async with opened(app, size) as pilot:
        for number in (2, 4, 1):
            await focus(pilot, number)
            await until(pilot, lambda number=number: _with_keys(app) == [number])
        await pilot.press("e")
        await until(pilot, lambda: _with_keys(app) == [5])
        await app.action_type()
        await until(pilot, lambda: not _with_keys(app))


async def test_a_dialog_does_not_dim_the_footer() -> None:
    app = Cockpit()
    async with opened(app, (80, 24)) as pilot:
        await _dialog(app, pilot)
        app.pulse()
        await until(pilot, lambda: bool(app.screen.query(KeyRow)))
        row = app.screen.query_one(KeyRow)
        assert row.words == app.screen_stack[0].query_one(KeyRow).words
        assert row.region.bottom == 24
        await pilot.click(KeyRow, offset=(2, 0))
        await until(pilot, lambda: len(app.screen_stack) == 1)


def _with_keys(app: Cockpit) -> list[int]:
    """The numbers of the panes that show keys in their lower borders."""
    panes: list[Pane | AgentPane] = [*app.query(Pane), app.query_one(AgentPane)]
    return [pane.number for pane in panes if pane.border_subtitle]
