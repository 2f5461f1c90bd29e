"""The device screen: what is shown of both devices and of the list, and what each of its keys asks of the session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from keyed import until
from still import NOW, screen_text
from textual import events
from textual.pilot import Pilot

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.controller.planner import Options, Planner, make_plan
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import AudioSettings, DeviceState
from rtvoice_tui.profiles.model import LOUDEST_DB, QUIETEST_DB, AudioPreferences, Profile
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.session.commands import SetEcho, UseDevice
from rtvoice_tui.store import levels
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.widgets.device_list import DeviceList
from screens import toasts

HEADSET = DeviceInfo("USB Headset", "ALSA", 1, 2, 48_000, 9.0, 12.0, default_input=True)
WEBCAM = DeviceInfo("Webcam", "ALSA", 1, 0, 44_100, 8.0)
HDMI = DeviceInfo("HDMI", "ALSA", 0, 8, 48_000, 0.0, 6.0, default_output=True)
HOSTILE = DeviceInfo("[/b] [red]\x1b[31m 漢字\u202e" * 9, "Windows DirectSound and more", 1, 0, 8_000)


class Asked:
    """Notes what is asked of the session."""

    def __init__(self, store: Store) -> None:
        self.told: list[object] = []
        self._store = store

    def __call__(self, asked: object) -> None:
        match asked:
            case UseDevice():
                self.told.append(("use", str(asked.direction), asked.name))
            case SetEcho():
                self.told.append(("echo", asked.mode, asked.noise_suppression))
            case ("hear myself", bool(on)):
                self._store.audio.trying = "microphone" if on else ""
                self.told.append(asked)
            case "tone":
                self.told.append(asked)


class System:
    """The devices of a machine, which come and go."""

    def __init__(self) -> None:
        self.devices = [HEADSET, WEBCAM, HDMI]
        self.problem: AudioError | None = None
        self.looks = 0

    def look(self) -> list[DeviceInfo]:
        self.looks += 1
        if self.problem is not None:
            raise self.problem
        return list(self.devices)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> System:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    system = System()
    monkeypatch.setattr("rtvoice_tui.audio.backends.listing.list_in_subprocess", system.look)
    return system


def headset() -> Store:
    store = Store()
    store.audio.input = DeviceView("USB Headset", "headset", "ALSA", 48_000, True, 10, 20, DeviceState.OPEN)
    store.audio.output = DeviceView("USB Headset", "", "ALSA", 48_000, False, 20, 40, DeviceState.OPEN, steps=2)
    return store


@asynccontextmanager
async def devices(
    store: Store, size: tuple[int, int] = (100, 30), options: Options | None = None, no_audio: bool = False
) -> AsyncIterator[tuple[Pilot[None], Asked]]:
    options = options or Options()
    profile = load_profile("local")
    asked = Asked(store)
    plan = make_plan(profile, Options(no_audio=no_audio, no_connect=True), {})
    session = IdleSession(plan, store, lambda: NOW, asked)
    editor = AgentEditor("local", profile, "" if options.override else profile_text("local"))
    app = RtvoiceApp(session, store, editor, Planner(options))
    async with app.run_test(size=size) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen))
        await until(pilot, lambda: lists(pilot)[0].line_count > 1 or "cannot" in said(pilot), "the list was read")
        yield pilot, asked


def lists(pilot: Pilot[None]) -> list[DeviceList]:
    return list(pilot.app.screen.query(DeviceList))


def said(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one("#device-words").words  # type: ignore[attr-defined]


def lines_of(view: DeviceList) -> list[str]:
    return [" ".join("".join(text for text, _ in view.pieces(line)).split()) for line in range(view.line_count)]


async def test_both_lists_tell_rates_latencies_and_what_is_in_use(system: System) -> None:
    store = headset()
    system.devices.append(HOSTILE)
    async with devices(store) as (pilot, _):
        inputs, outputs = lists(pilot)
        assert lines_of(inputs)[:3] == [
            "System default",
            "● USB Headset ALSA 48 kHz 9 ms in use default",
            "Webcam ALSA 44.1 kHz 8 ms",
        ]
        assert "DirectSoun 8 kHz" in lines_of(inputs)[3].replace("…", "n")
        assert lines_of(outputs) == [
            "System default wanted",
            "● USB Headset ALSA 48 kHz 12 ms in use",
            "HDMI ALSA 48 kHz 6 ms default",
        ]
        text = screen_text(pilot)
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_screen_tells_how_each_device_does_and_what_mends_it(size: tuple[int, int], system: System) -> None:
    store = headset()
    view, audio = store.audio.input, store.audio
    view.state, view.sentence, view.remedy = DeviceState.SILENT, "It gives nothing but zeros.", "Open its switch."
    audio.underruns, audio.jitter_buffer_ms, audio.jitter_buffer_bounds_ms = 3, 60.0, (20.0, 200.0)
    audio.echo, audio.echo_db = "cancelling", 27.0
    store.speaker.update(levels.Level(-20, -12), 60.0)
    async with devices(store, size) as (pilot, _):
        screen = pilot.app.screen
        assert isinstance(screen, DevicesScreen)
        screen.sync()
        await pilot.pause(0)
        text = screen_text(pilot)
        for words in ("SILENT", "48 kHz converted", "10 ms blocks", "It gives nothing but zeros.", "Open its switch."):
            assert words in text
        for words in ("-20 dB", "pk -12", "under 3", "pre 60 (20–200)", "auto: cancelling, 27 dB less"):
            assert words in text
        for key in ("⏎ choose", "+ - volume", "m M mute", "t tone", "l hear myself", "e echo", "r refresh", "esc"):
            assert key in text
        audio.input = DeviceView(wanted="jabra")
        audio.output = DeviceView("HDMI", "headset", state=DeviceState.OPEN)
        audio.problem, audio.remedy = "this machine has no microphone", "type instead of talking"
        screen.sync()
        for words in ("none    jabra", "this machine has no microphone", "type instead", "'headset' is not there, so"):
            await until(pilot, lambda words=words: words in screen_text(pilot), words)


async def test_a_device_is_chosen_live_and_kept_in_the_profile(system: System) -> None:
    async with devices(headset(), options=Options(output_device="old")) as (pilot, session):
        app = pilot.app
        assert isinstance(app, RtvoiceApp)
        await pilot.press("tab", "down", "down", "enter")
        await until(pilot, lambda: session.told)
        assert session.told == [("use", "output", "HDMI")]
        await until(pilot, lambda: "OUT: asked for HDMI, kept in local.toml" in said(pilot))
        assert load_profile("local").audio.output_device == "HDMI"
        plan, _ = app.controller.edits.planner.plan(app.controller.edits.edited_profile, None)
        assert plan.audio.output_device == "HDMI", "the command line's device holds no more"
        await pilot.press("home", "enter")
        await until(pilot, lambda: len(session.told) == 2)
        assert session.told[1] == ("use", "output", "")
        await until(pilot, lambda: load_profile("local").audio.output_device == "")


async def test_where_the_command_line_overrides_the_profile_a_choice_is_used_and_not_saved(system: System) -> None:
    async with devices(headset(), options=Options(provider="openai")) as (pilot, session):
        await pilot.press("down", "enter")
        await until(pilot, lambda: session.told)
        assert session.told == [("use", "input", "Webcam")]
        await until(pilot, lambda: "not saved" in said(pilot))
        assert not profile_path("local").exists()


async def test_volume_is_of_the_focused_side_and_has_bounds(system: System) -> None:
    store = headset()
    async with devices(store) as (pilot, _):
        await pilot.press("+", "plus", "minus", "plus")
        await until(pilot, lambda: store.audio_settings.mic_gain_db == 4.0)
        await pilot.press("tab", "minus")
        await until(pilot, lambda: store.audio_settings.agent_gain_db == -2.0)
        assert store.audio_settings.mic_gain_db == 4.0
        pilot.app.session.set_audio(AudioSettings(mic_gain_db=4.0, agent_gain_db=QUIETEST_DB))
        await pilot.press("minus")
        await until(pilot, lambda: f"{QUIETEST_DB:+.0f} dB, the least" in said(pilot))
        assert store.audio_settings.agent_gain_db == QUIETEST_DB
        pilot.app.session.set_audio(AudioSettings(mic_gain_db=4.0, agent_gain_db=LOUDEST_DB))
        await pilot.press("plus")
        await until(pilot, lambda: f"{LOUDEST_DB:+.0f} dB, the most" in said(pilot))
        assert store.audio_settings.agent_gain_db == LOUDEST_DB


async def test_a_volume_is_kept_when_it_stands_or_when_the_screen_is_left(system: System) -> None:
    store = headset()
    async with devices(store) as (pilot, _):
        await pilot.press("plus", "plus")
        await until(pilot, lambda: "volume +4 dB, kept in local.toml" in said(pilot))
        assert load_profile("local").audio.input_gain_db == 4.0
        await pilot.press("tab", "minus", "escape")
        await until(pilot, lambda: load_profile("local").audio.output_gain_db == -2.0)
        assert load_profile("local").audio.input_gain_db == 4.0


def test_volumes_and_gate_of_the_profile_hold_from_the_start(system: System) -> None:
    kept = AudioPreferences(input_gain_db=4.0, output_gain_db=-2.0, gate_db=-43.0)
    session = SessionWorker(make_plan(Profile(audio=kept), Options(no_audio=True), {}), Store())
    assert session.audio_settings == AudioSettings(mic_gain_db=4.0, agent_gain_db=-2.0, gate_db=-43.0)


async def test_only_the_last_way_of_talking_is_told_and_nothing_lies_over_the_devices(system: System) -> None:
    async with devices(Store()) as (pilot, _):
        await pilot.press("escape", "T", "T", "T")
        await until(pilot, lambda: [note[:4] for note in toasts(pilot.app)] == ["push"])
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, DevicesScreen))
        assert toasts(pilot.app) == []


async def test_the_way_of_talking_and_the_gate_are_kept(system: System) -> None:
    async with devices(Store()) as (pilot, _):
        await pilot.press("escape", "T")
        await until(pilot, lambda: load_profile("local").audio.talk == "toggle")
        app = pilot.app
        assert isinstance(app, RtvoiceApp)
        app.talk.set_gate(-43.0)
        await until(pilot, lambda: load_profile("local").audio.gate_db == -43.0)
        app.talk.set_gate(None)
        await until(pilot, lambda: load_profile("local").audio.gate_db is None)
        assert "gate_db" not in profile_text("local")
        notes = toasts(app)
        assert any("kept in local.toml" in note for note in notes)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_gate_is_seen_and_set_by_its_keys_and_kept(size: tuple[int, int], system: System) -> None:
    store = headset()
    audio = store.audio
    async with devices(store, size) as (pilot, _):
        pilot.app.session.set_audio(AudioSettings(gate_db=-12.0))  # type: ignore[attr-defined]
        audio.gate_open = False
        await until(pilot, lambda: "GATE at -12 dBFS, shut: silence is sent" in screen_text(pilot))
        assert "[ ] gate level" in screen_text(pilot)
        audio.gate_open = True
        await until(pilot, lambda: "GATE at -12 dBFS, open" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "no gate; kept in local.toml" in said(pilot))
        assert store.audio_settings.gate_db is None
        await until(pilot, lambda: "GATE none: all of the microphone is sent" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: load_profile("local").audio.gate_db == -12.0, "back to the last one")
        await pilot.press("tab", "[", "[", "]")
        await until(pilot, lambda: load_profile("local").audio.gate_db == -15.0)
        await pilot.press("]", "]", "]")
        await until(pilot, lambda: load_profile("local").audio.gate_db == -10.0, "a profile takes no more")
        await until(pilot, lambda: "a gate at -10 dBFS, kept in local.toml" in said(pilot))


async def test_enter_uses_the_device_that_was_chosen_when_it_was_pressed(system: System) -> None:
    async with devices(headset()) as (pilot, session):
        for key in ("down", "down", "enter", "up"):
            pilot.app.post_message(events.Key(key, None))
        await until(pilot, lambda: session.told)
        assert session.told == [("use", "input", WEBCAM.name)]


async def test_a_tone_is_played_and_hearing_oneself_ends_with_the_screen(system: System) -> None:
    store = headset()
    async with devices(store) as (pilot, session):
        await pilot.press("t", "l")
        await until(pilot, lambda: session.told == ["tone", ("hear myself", True)])
        await until(pilot, lambda: "you hear yourself" in screen_text(pilot))
        store.audio.trying = ""
        await until(pilot, lambda: "you hear yourself" not in screen_text(pilot), "it ended by itself")
        await pilot.press("l")
        await until(pilot, lambda: session.told[2:] == [("hear myself", True)], "the key begins it anew")
        await pilot.press("M")
        await until(pilot, lambda: store.audio_settings.agent_muted)
        await pilot.press("t")
        await until(pilot, lambda: "M opens it" in said(pilot), "a muted speaker is said to be muted")
        await pilot.press("m")
        await until(pilot, lambda: store.audio_settings.muted)
        await pilot.press("escape")
        await until(pilot, lambda: session.told[3:] == [("hear myself", False)])


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_without_audio_the_screen_says_why_and_tries_nothing(size: tuple[int, int], system: System) -> None:
    store = Store()
    store.audio.output = DeviceView("silent", state=DeviceState.OPEN)
    async with devices(store, size, no_audio=True) as (pilot, session):
        await until(pilot, lambda: screen_text(pilot).count("started with --no-audio") == 2)
        assert "OUT  none    silent: nothing is heard" in screen_text(pilot)
        assert "OPEN" not in screen_text(pilot)
        await pilot.press("t")
        await until(pilot, lambda: "there is no speaker: started with --no-audio" in said(pilot))
        await pilot.press("l")
        await until(pilot, lambda: "there is no microphone: started with --no-audio" in said(pilot))
        assert session.told == []


async def test_devices_that_are_gone_are_not_tried(system: System) -> None:
    store = headset()
    store.audio.output = DeviceView("", "headset", state=DeviceState.GONE, sentence="the headset is gone")
    async with devices(store) as (pilot, session):
        for key in "tl":
            await pilot.press(key)
            await until(pilot, lambda: "there is no speaker: choose one with enter" in said(pilot))
        assert session.told == []


async def test_no_echo_control_is_nothing_on_a_headset_and_a_risk_on_a_loudspeaker(system: System) -> None:
    store = headset()
    async with devices(store, (80, 24)) as (pilot, _):
        await until(pilot, lambda: "ECHO auto: nothing is done" in screen_text(pilot))
        store.audio.output.name = "HDMI"
        await until(pilot, lambda: "ECHO auto: off, the agent may hear itself" in screen_text(pilot))
        await pilot.press("e", "e", "e")
        await until(pilot, lambda: "ECHO off: the agent may hear itself" in screen_text(pilot))


async def test_in_ascii_the_keys_of_dialogs_are_ascii(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTVOICE_ASCII", "1")
    async with devices(headset()) as (pilot, _):
        assert "< choose" in screen_text(pilot)
        assert "⏎" not in screen_text(pilot)


async def test_a_default_that_has_no_name_in_the_list_is_in_use_as_the_systems_default(system: System) -> None:
    system.devices = [replace(HEADSET, host_api="miniaudio PulseAudio", input_latency_ms=0.0)]
    store = Store()
    store.audio.input = DeviceView("default", "", "miniaudio PulseAudio", 24_000, False, 10, 20, DeviceState.OPEN)
    async with devices(store) as (pilot, _):
        await until(pilot, lambda: lists(pilot)[0].line_count == 2)
        assert lines_of(lists(pilot)[0]) == [
            "● System default in use",
            "USB Headset miniaudio… 48 kHz default",
        ]


async def test_what_stands_in_for_a_missing_device_is_not_the_systems_default(system: System) -> None:
    store = Store()
    store.audio.output = DeviceView("silent", "", state=DeviceState.NONE)
    async with devices(store) as (pilot, _):
        await until(pilot, lambda: lists(pilot)[1].line_count == 3)
        assert lines_of(lists(pilot)[1])[0] == "System default wanted"


async def test_echo_and_noise_are_set_live_and_kept(system: System) -> None:
    async with devices(headset()) as (pilot, session):
        await pilot.press("e", "e")
        await until(pilot, lambda: "echo: half-duplex, kept in local.toml" in said(pilot))
        assert session.told == [("echo", "half-duplex", False)], "on the way nothing else was in force"
        await pilot.press("n")
        await until(pilot, lambda: session.told[1:] == [("echo", "half-duplex", True)])
        await until(pilot, lambda: load_profile("local").audio.noise_suppression)
        assert load_profile("local").audio.echo == "half-duplex"
        await pilot.press("e", "e", "n")
        await until(pilot, lambda: session.told[-1] == ("echo", "auto", False))


async def test_an_echo_mode_that_was_just_chosen_is_in_force_when_the_screen_closes(system: System) -> None:
    async with devices(headset()) as (pilot, session):
        await pilot.press("e", "escape")
        await until(pilot, lambda: session.told == [("echo", "on", False)])
        await until(pilot, lambda: load_profile("local").audio.echo == "on")


async def test_the_list_is_read_again_and_the_cursor_stays_with_its_device(system: System) -> None:
    async with devices(headset()) as (pilot, _):
        inputs, _ = lists(pilot)
        await pilot.press("down")
        await until(pilot, lambda: inputs.chosen == "Webcam")
        system.devices.insert(0, replace(HEADSET, name="Another"))
        await pilot.press("r")
        await until(pilot, lambda: inputs.line_count == 4)
        assert inputs.chosen == "Webcam"
        system.devices.remove(WEBCAM)
        await until(pilot, lambda: inputs.line_count == 3, "it is read again without a key")
        assert inputs.chosen == "USB Headset"


async def test_a_machine_without_sound_says_what_mends_it_and_the_screen_stays(system: System) -> None:
    system.problem = AudioError("the devices cannot be listed", "install libportaudio2")
    async with devices(headset()) as (pilot, session):
        await until(pilot, lambda: "cannot be listed — install libportaudio2" in said(pilot))
        assert lines_of(lists(pilot)[0]) == ["System default"]
        system.problem = None
        await pilot.press("r")
        await until(pilot, lambda: lists(pilot)[0].line_count == 3)
        assert "3 devices" in said(pilot)
        assert session.told == []
