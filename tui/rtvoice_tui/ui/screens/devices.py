"""The devices screen: status, selection and tests of microphone and speaker. The session goes on meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer

from rtvoice_tui.audio.mic.echo_mode import is_headset
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.media import Direction
from rtvoice_tui.profiles.model import (
    HIGHEST_GATE_DB,
    LOUDEST_DB,
    LOWEST_GATE_DB,
    QUIETEST_DB,
)
from rtvoice_tui.session.commands import SetEcho, UseDevice
from rtvoice_tui.store.audio import AudioStatus
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.own_keys import advice
from rtvoice_tui.ui.sizes import TALL, WIDE
from rtvoice_tui.ui.widgets.device_lines import INPUT, OUTPUT, DeviceLines, Side
from rtvoice_tui.ui.widgets.device_list import DeviceList
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.key_block import KeyBlock
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.meters import GATES

if TYPE_CHECKING:
    from rtvoice_tui.audio.backends.base import DeviceInfo

LOOK_EVERY_S = 2.0
PULSE_HZ = 15
KEEP_AFTER_S = 0.6
"""A volume or gate is kept when it has stood so long: its key is held down."""

STEP_DB = 2.0
ECHO_MODES = ("auto", "on", "half-duplex", "off")

GATE_STEP_DB = 3.0

_FIXED_ROWS = 20
"""Rows of the screen outside the lists, sentences with remedies included."""

_KEYS = (
    ("⏎", "choose"), ("tab", "other list"), ("+ -", "volume"), ("m M", "mute"), ("t", "tone"), ("l", "hear myself"),
    ("e", "echo"), ("n", "noise"), ("g", "gate"), ("[ ]", "gate level"), ("r", "refresh"),
    ("d q esc", "close"),
)  # fmt: skip


class DevicesScreen(ModalScreen[None]):
    """Status, selection and tests of both devices. Refreshes the device lists every two seconds.

    Args:
        controller: the session and its devices.
        list_devices: returns all present devices; may block, and raises `AudioError`. Called on a worker thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,d,q", "dismiss", "Close", show=False),
        Binding("plus,equals_sign", f"volume({STEP_DB})", "Louder", show=False),
        Binding("minus", f"volume(-{STEP_DB})", "Softer", show=False),
        Binding("t", "tone", "Test tone", show=False),
        Binding("l", "hear_myself", "Hear myself", show=False),
        Binding("m", "app.mute", "Mute the microphone", show=False),
        Binding("M", "app.mute_agent", "Mute the agent", show=False),
        Binding("e", "echo", "What is done against echo", show=False),
        Binding("n", "noise", "Noise suppression", show=False),
        Binding("g", "gate", "The microphone's gate", show=False),
        Binding("left_square_bracket", f"gate_moved(-{GATE_STEP_DB})", "Lower gate", show=False),
        Binding("right_square_bracket", f"gate_moved({GATE_STEP_DB})", "Higher gate", show=False),
        Binding("r", "refresh_lists", "Refresh", show=False),
    ]

    class Found(Message):
        """The devices were listed."""

        def __init__(self, devices: "list[DeviceInfo]", problem: str = "") -> None:
            super().__init__()
            self.devices = devices
            self.problem = problem

    def __init__(self, controller: Controller, list_devices: "Callable[[], list[DeviceInfo]]") -> None:
        super().__init__()
        self._store = controller.store
        self._session = controller.session
        self._talk = controller.talk
        self._edits = controller.edits
        self._list_devices = list_devices
        self._listing = False
        self._asked = False
        self._problem = ""
        self._keeping: Timer | None = None
        self._set_words = ""
        self._unkept: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        """Create the device lines, echo and gate lines, both lists, the outcome line and the keys."""
        with Vertical(classes="dialog devices") as dialog:
            dialog.border_title = "Devices"
            yield DeviceLines(self._store, INPUT, lambda: self._talk.no_devices)
            yield DeviceLines(self._store, OUTPUT, lambda: self._talk.no_devices)
            yield FixedLine(id="echo")
            yield FixedLine(id="gate")
            for side in (INPUT, OUTPUT):
                yield FixedLine(id=f"{side.direction}-heading")
                yield DeviceList(side, self._store.audio)
            yield FixedLine(id="device-words")
            yield KeyBlock(_KEYS)

    def on_mount(self) -> None:
        """List the devices now and every two seconds."""
        self.query_one("#inputs").focus()
        self._say("listing the devices ...", "dim")
        self.action_refresh_lists()
        self.set_interval(LOOK_EVERY_S, self.list_devices)
        self.set_interval(1 / PULSE_HZ, self.sync)
        self.call_after_refresh(self.sync)

    def on_resize(self, event: events.Resize) -> None:
        """Use the whole screen in a small terminal."""
        self.set_class(event.size.width < WIDE or event.size.height < TALL, "-narrow")
        self._fit()

    def _fit(self) -> None:
        """Give each list a row per device if there is room; otherwise both share the rows."""
        room = (self.size.height - _FIXED_ROWS) // 2
        for devices in self.query(DeviceList):
            narrow = self.has_class("-narrow")
            devices.styles.height = "1fr" if narrow else max(3, min(room, devices.line_count + 1))

    def on_unmount(self) -> None:
        """Stop the microphone monitor, and save settings that are not saved yet."""
        self._keep_what_stands()
        if self._hears_myself:
            self._session.monitor_microphone(False)

    def sync(self) -> None:
        """Update all lines and lists from the store."""
        now = self._session.clock
        for lines in self.query(DeviceLines):
            lines.sync(now)
        for devices in self.query(DeviceList):
            devices.sync()
            here = devices.has_focus
            mark, ink = ("›", "key") if here else (" ", "dim")
            heading = self.query_one(f"#{devices.side.direction}-heading", FixedLine)
            heading.write([(f"{mark} {devices.side.plural}", ink)])
        self.query_one("#echo", FixedLine).write(self._about_echo())
        self.query_one("#gate", FixedLine).write(gate_pieces(self._store))

    def _about_echo(self) -> list[Piece]:
        kept, audio = self._edits.editor.profile.audio, self._store.audio
        noise = "on" if kept.noise_suppression else "off"
        sentence = echo_sentence(audio)
        if not sentence.startswith(f"{kept.echo}:"):
            sentence = f"{kept.echo}: {sentence.replace('off:', 'off,')}"
        pieces: list[Piece] = [("ECHO ", "title"), (sentence, "plain"),
                               (f"   noise suppression {noise}", "dim")]  # fmt: skip
        if audio.trying:
            words = "you hear yourself" if self._hears_myself else "a tone sounds"
            pieces.append((f"   {words}", "warn"))
        return pieces

    # --- the lists

    def action_refresh_lists(self) -> None:
        """Refresh the lists because the user asked."""
        self._asked = True
        self.list_devices()

    @work(thread=True, group="devices", exit_on_error=False, description="device list")
    def list_devices(self) -> None:
        """Refresh the lists, unless a refresh is running."""
        if self._listing:
            return
        self._listing = True
        try:
            self.post_message(self.Found(self._list_devices()))
        except Exception as error:  # whatever a sound system may do, the screen stays
            sentence = getattr(error, "sentence", "") or f"the devices cannot be listed: {error}"
            remedy = getattr(error, "remedy", "")
            self.post_message(self.Found([], advice(sentence, remedy)))
        finally:
            self._listing = False

    def on_devices_screen_found(self, message: Found) -> None:
        """Show the listed devices, or why they could not be listed."""
        for devices in self.query(DeviceList):
            devices.listed(message.devices)
        self._fit()
        if message.problem and (self._asked or message.problem != self._problem):
            self._say(message.problem, "error")
        elif self._asked or self._problem:
            self._say(f"{len(message.devices)} devices" if not message.problem else message.problem, "dim")
        self._problem, self._asked = message.problem, False

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Switch to the chosen device, and keep it in the profile."""
        message.stop()
        devices = message.view
        assert isinstance(devices, DeviceList)
        name, direction = message.name, devices.side.direction
        self._session.post(UseDevice(Direction(direction), name))
        saving = self._talk.keep_audio(**{f"{direction}_device": name})
        self._say_kept(f"{devices.side.title}: asked for {name or 'the system default'}", saving, "plain")

    # --- everything else

    @property
    def _hears_myself(self) -> bool:
        """Whether the microphone monitor is on; it may switch itself off, so the store is asked."""
        return self._store.audio.trying == "microphone"

    @property
    def _side(self) -> Side:
        return OUTPUT if self.query_one("#outputs").has_focus else INPUT

    def action_volume(self, step: float) -> None:
        """Change the volume of the focused direction by ``step`` dB."""
        side = self._side
        gain = min(LOUDEST_DB, max(QUIETEST_DB, side.gain_db(self._session.audio_settings) + step))
        bound = {LOUDEST_DB: ", the most", QUIETEST_DB: ", the least"}.get(gain, "")
        self._session.set_audio(side.with_gain(self._session.audio_settings, gain))
        self._say(f"{side.title}: volume {gain:+.0f} dB{bound}", "plain")
        self._keep_later(f"{side.direction}_gain_db", gain)

    def _keep_later(self, key: str, value: Any) -> None:
        """Save a setting once no key has changed it for `KEEP_AFTER_S`: values on the way are not saved."""
        self._unkept[key] = value
        self._set_words = self.query_one("#device-words", FixedLine).words
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(KEEP_AFTER_S, self._keys_rest)

    def _keys_rest(self) -> None:
        saving = self._keep_what_stands()
        if saving is not None and self.query_one("#device-words", FixedLine).words == self._set_words:
            self._say_kept(self._set_words, saving, "ok")

    def _keep_what_stands(self) -> asyncio.Future[str] | None:
        chosen, self._unkept = self._unkept, {}
        saving = self._talk.keep_audio(**chosen) if chosen else None
        if "echo" in chosen:
            self._session.post(SetEcho(chosen["echo"], self._edits.editor.profile.audio.noise_suppression))
        return saving

    def action_tone(self) -> None:
        """Play the test tone."""
        if self._lacks(OUTPUT):
            return
        if self._store.audio_settings.agent_muted:
            self._say("the speaker is muted here: M opens it", "warn")
            return
        self._session.play_test_tone()
        self._say(f"a tone on {self._store.audio.output.name or 'the speaker'}", "plain")

    def action_hear_myself(self) -> None:
        """Switch the microphone monitor on or off."""
        wanted = not self._hears_myself
        if wanted and self._lacks(INPUT, OUTPUT):
            return
        self._session.monitor_microphone(wanted)
        words = "you hear your microphone now: use headphones, l ends it" if wanted else "no more of you"
        self._say(words, "plain")

    def _lacks(self, *sides: Side) -> bool:
        """Whether a device is absent; shows a sentence about it."""
        lacking = next((side for side in sides if side.view(self._store.audio).absent), None)
        if lacking is not None:
            why = self._talk.no_devices
            self._say(f"there is no {lacking.part}: {why or 'choose one with enter'}", "warn")
        return lacking is not None

    def action_echo(self) -> None:
        """Use the next echo mode."""
        now = self._unkept.get("echo", self._edits.editor.profile.audio.echo)
        mode = ECHO_MODES[(ECHO_MODES.index(now) + 1) % len(ECHO_MODES)]
        self._say(f"echo: {mode}", "plain")
        self._keep_later("echo", mode)

    def action_gate(self) -> None:
        """Switch the noise gate off, or on at its last threshold."""
        self._unkept.pop("gate_db", None)
        gate = self._talk.likely_gate_db if self._session.audio_settings.gate_db is None else None
        saving = self._talk.use_gate(gate)

        async def told() -> None:
            self._say(await saving, "ok")

        self.run_worker(told(), description="keeping the gate")

    def action_gate_moved(self, step: float) -> None:
        """Move the noise gate by ``step`` dB."""
        settings = self._session.audio_settings
        gate = settings.gate_db
        moved = self._talk.likely_gate_db if gate is None else gate + step
        gate = min(HIGHEST_GATE_DB, max(LOWEST_GATE_DB, moved))
        self._session.set_audio(replace(settings, gate_db=gate))
        self._say(f"a gate at {gate:.0f} dBFS", "plain")
        self._keep_later("gate_db", gate)

    def action_noise(self) -> None:
        """Switch noise suppression on or off."""
        noise = not self._edits.editor.profile.audio.noise_suppression
        saving = self._talk.keep_audio(noise_suppression=noise)
        self._session.post(SetEcho(self._edits.editor.profile.audio.echo, noise))
        self._say_kept(f"noise suppression {'on' if noise else 'off'}", saving, "ok")

    def _say_kept(self, words: str, saving: asyncio.Future[str], ink: str) -> None:
        """Show the words at once, and once it is saved, where, unless other words are shown by then."""
        self._say(words, ink)
        line = self.query_one("#device-words", FixedLine)
        said = line.words

        async def told() -> None:
            kept = await saving
            if line.words == said:
                self._say(f"{words}, {kept}", ink)

        self.run_worker(told(), description="keeping the audio settings")

    def _say(self, words: str, ink: str) -> None:
        for line in self.query("#device-words").results(FixedLine):  # none: a save that ended after the screen
            line.write([(one_line(words, 300), ink)])


def echo_sentence(audio: AudioStatus) -> str:
    """The current echo handling, in words."""
    heard = not (audio.input.absent or audio.output.absent or is_headset(audio.output.name))
    less = f", {audio.echo_db:.0f} dB less" if audio.echo_db is not None else ""
    return {
        "off": "off: the agent may hear itself" if heard else "nothing is done",
        "converging": "learning the room",
        "no echo": "no echo is heard",
        "cancelling": f"cancelling{less}",
        "gate": f"a gate by loudness, {'open' if audio.gate_open else 'shut'}{less}",
        "half-duplex": f"one at a time, microphone {'open' if audio.gate_open else 'shut'}",
    }.get(audio.echo, audio.echo)


def gate_pieces(store: Store) -> list[Piece]:
    """The noise gate's threshold, and whether it is open."""
    audio, gate_db = store.audio, store.audio_settings.gate_db
    if gate_db is None:
        return [("GATE ", "title"), ("none: all of the microphone is sent", "plain")]
    pieces: list[Piece] = [("GATE ", "title"), (f"at {gate_db:.0f} dBFS", "plain")]
    if audio.gate_open:
        pieces.append((", open", "plain"))
    elif audio.echo not in GATES:  # else it may be the echo's that is shut
        pieces.append((", shut: silence is sent", "warn"))
    return pieces
