"""The dialogs of devices, changes, tools and calls, and what each key that they show is to do."""

from collections.abc import Callable

from dialog_here import Dialog, Effect, Here, edits_outside, leaves, opens, returns
from keyed import focus
from recorded_sessions import record
from textual.widgets import Input, TextArea

from rtvoice_tui.media import AudioSettings
from rtvoice_tui.recording.findings.frames import Finding
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.ui.panes.calls import CallView
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.screens.findings import FindingList, FindingsScreen
from rtvoice_tui.ui.screens.history import HistoryScreen
from rtvoice_tui.ui.screens.manual_run import ManualRunScreen
from rtvoice_tui.ui.screens.result import ReasonScreen, ResultScreen
from rtvoice_tui.ui.screens.sessions import SessionList, SessionsScreen
from rtvoice_tui.ui.screens.tool import ToolScreen
from rtvoice_tui.ui.screens.written_event import WrittenEventScreen
from rtvoice_tui.ui.widgets.choice_field import ChoiceField
from rtvoice_tui.ui.widgets.device_list import DeviceList
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import screen_text

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
    await leaves(here, key)
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
    await leaves(here, key)
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


async def _sessions(here: Here) -> None:
    record("What is the weather?")
    here.app.talk.sessions()
    await here.on(SessionsScreen)
    listed = here.app.screen.query_one(SessionList)
    await here.until(lambda: listed.listed and " turn" in listed.copy_text(), "they are listed")


async def _replays(here: Here, key: str) -> None:
    """A headless app has no terminal to give away, which the line at the foot says."""
    said = here.app.screen.query_one("#session-said", FixedLine)
    await here.press(key)
    await here.until(lambda: "rtvoice-tui replay" in said.words)


def _asks_in(field: str) -> Effect:
    async def effect(here: Here, key: str) -> None:
        await here.press(key)
        await here.until(lambda: here.app.focused is here.app.screen.query_one(field))

    return effect


async def _warns_of_deleting(here: Here, key: str) -> None:
    said, listed = here.app.screen.query_one("#session-said", FixedLine), here.app.screen.query_one(SessionList)
    before = len(listed.listed)
    await here.press(key)
    await here.until(lambda: "once more deletes" in said.words)
    await here.press(key)
    await here.until(lambda: len(listed.listed) == before - 1)


async def _rescans(here: Here, key: str) -> None:
    listed = here.app.screen.query_one(SessionList)
    before = len(listed.listed)
    record("Another one")
    await here.press(key)
    await here.until(lambda: len(listed.listed) == before + 1)


async def _findings(here: Here) -> None:
    async def find() -> list[Finding]:
        return [Finding(1.0, "tool loop", "the agent called it again and again", "limit the calls")]

    here.app.controller.recordings.findings = find  # type: ignore[method-assign]
    here.app.events.findings()
    await here.on(FindingsScreen)
    await here.until(lambda: "tool loop" in here.app.screen.query_one(FindingList).copy_text())


async def _goes_to_the_events(here: Here, key: str) -> None:
    await here.press(key)
    await here.until(lambda: here.app.focused is here.app.query_one(EventsView))


async def _written(here: Here) -> None:
    here.app.events.write_event()
    await here.on(WrittenEventScreen)


async def _sends_the_event(here: Here, key: str) -> None:
    here.app.told.clear()
    await leaves(here, key)
    await here.until(lambda: [type(told) for told in here.app.told] == [cmd.SendEvent])


async def _other_template(here: Here, key: str) -> None:
    area = here.app.screen.query_one(TextArea)
    before = area.text
    await here.press(key)
    await here.until(lambda: area.text != before)


SESSION: dict[str, Dialog] = {
    "an event by hand": Dialog(
        _written,
        {"send": _sends_the_event, "template": _other_template, "editor": edits_outside, "cancel": leaves},
    ),
    "findings": Dialog(_findings, {"go there": _goes_to_the_events, "close": leaves}),
    "sessions": Dialog(
        _sessions,
        {
            "show": opens(DetailScreen),
            "replay": _replays,
            "search": _asks_in("#session-query"),
            "export": _asks_in("#session-file"),
            "delete": _warns_of_deleting,
            "rescan": _rescans,
            "close": leaves,
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
            "close": leaves,
        },
    ),
    "history": Dialog(
        _history,
        {"restore": _restores, "compare with the server": opens(DetailScreen), "close": leaves},
    ),
    "detail": Dialog(_detail, {"fold": _folds, "copy": _copies, "close": leaves}),
    "a tool": Dialog(
        _tool,
        {"apply": _applies, "remove": returns((None,)), "editor": edits_outside, "cancel": returns(None)},
    ),
    "a tool's kind": Dialog(
        _tool_kind,
        {
            "choose": _chooses,
            "apply": _applies,
            "remove": returns((None,)),
            "editor": edits_outside,
            "cancel": returns(None),
        },
    ),
    "a run by hand": Dialog(_run, {"run": _runs, "next tool": _next_tool, "next field": _next_field, "close": leaves}),
    "a result": Dialog(_result, {"send": _sends, "editor": edits_outside, "cancel": returns(None)}),
    "a reason": Dialog(_reason, {"reject": returns(""), "cancel": returns(None)}),
}

INNER: dict[str, Dialog] = {"a run's result": Dialog(_run_result, {})}
"""Other places inside of dialogs that may have the focus."""
