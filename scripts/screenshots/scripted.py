"""A conversation told event by event, fed through the real codec, machine and store, with no server and no clock."""

import base64
import dataclasses
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.controller.planner import Options, make_plan
from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.engine.observers import EventLogObserver, FrameReceived, FrameSent, Stepped
from rtvoice_tui.media import AudioSettings, Level
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.protocol.realtime.codec import decode, encode
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.session.inputs import Connecting, Opened, Received
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.store.store import Store

BYTES_PER_MS = 48
SPEECH = b"\x00\x08\x00\xf8"
"""Two samples of the agent's speech, at -24 dBFS: equal ones would be reported as silence."""


@dataclass
class Script:
    """Plays both sides; times are seconds since the app was opened."""

    profile_name: str = "yandex"
    store: Store = field(default_factory=Store)
    now: float = 0.0
    tools: tuple[ToolEntry, ...] = ()
    previews: dict[str, str] = field(default_factory=dict)
    start_manual_run: Callable[[str, str], None] = lambda name, arguments: None

    def __post_init__(self) -> None:
        self.profile = load_profile(self.profile_name)
        if self.tools:
            self.profile = replace(self.profile, tools=list(self.tools))
        ids = itertools.count(1)
        self.machine = SessionMachine(
            self.profile.dialect, self.profile.session, self.profile.tool_specs, lambda prefix: f"{prefix}-{next(ids)}"
        )
        self.log = EventLogObserver(self.store.events, RealtimeWire(), lambda fact: None)
        self.played: dict[str, float] = {}
        self.audio = AudioSettings()

    def at(self, seconds: float) -> "Script":
        self.now = seconds
        return self

    def server(self, kind: str, **fields: Any) -> None:
        text = json.dumps({"type": kind, "event_id": f"event_{self.store.events.events}", **fields})
        self.frame(text)

    def frame(self, text: str) -> None:
        """A frame of the server."""
        decoded = decode(text)
        effects = self.machine.step(Received(decoded.event), self.now)
        self.log(Stepped(Received(decoded.event), tuple(effects)), self.now)
        self.log(FrameReceived(text, decoded), self.now)
        self.do(effects)

    def speech(self, response_id: str, item_id: str, ms: int, pieces: int) -> None:
        """Speech of the agent, which the log never keeps."""
        for _ in range(pieces):
            size = ms * BYTES_PER_MS // pieces // 2 * 2
            event = {"type": "response.output_audio.delta", "response_id": response_id, "item_id": item_id}
            delta = base64.b64encode((SPEECH * size)[:size]).decode()
            self.frame(json.dumps({**event, "content_index": 1, "delta": delta}))
            self.now += 0.004

    def microphone(self, ms: int) -> None:
        for _ in range(ms // 20):
            self.do(self.machine.step(cmd.MicFrame(bytes(960)), self.now))
            self.now += 0.02

    def heard(self, item_id: str, ms: float, drained: bool = False) -> None:
        self.played[item_id] = ms
        self.do(self.machine.step(cmd.Heard({item_id: ms}, {item_id: self.now}, drained), self.now))

    def command(self, command: cmd.Command) -> None:
        self.do(self.machine.step(command, self.now))

    def do(self, effects: list[fx.Effect]) -> None:
        for effect in effects:
            self._carry_out(effect)
        if any(isinstance(effect, fx.Flush) for effect in effects):
            self.now += 0.03
            self.command(cmd.Flushed(dict(self.played)))

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Send():
                self.log(FrameSent(effect.event, encode(effect.event)), self.now)
            case fx.Report():
                fact = effect.fact
                if isinstance(fact, CallChanged) and fact.state is CallState.ASKING:
                    fact = replace(fact, preview=self.previews.get(fact.name, ""))
                self.store.record(fact, self.now)

    def mute(self) -> None:
        """The user mutes the microphone."""
        self.audio = AudioSettings(muted=True)

    def session(self) -> IdleSession:
        """A session that opens nothing, with the script's clock; commands go to the machine."""
        plan = make_plan(self.profile, Options(no_audio=True, no_connect=True), {})
        plan = dataclasses.replace(plan, audio_settings=self.audio)
        return IdleSession(plan, self.store, lambda: self.now, self._asked)

    def _asked(self, asked: object) -> None:
        if isinstance(asked, tuple) and asked[0] == "manual run":
            self.start_manual_run(*asked[1:])
        elif not isinstance(asked, str | tuple):
            self.command(asked)  # type: ignore[arg-type]


def in_force(script: Script, voice: str, threshold: float, instructions: str = "") -> dict[str, Any]:
    """The session as the server repeats it."""
    settings = script.profile.session
    detection = {**(settings.turn_detection or {}), "threshold": threshold, "idle_timeout_ms": None}
    return {
        "id": "b7f21c09e2d4",
        "instructions": instructions or settings.instructions,
        "output_modalities": ["text", "audio"],
        "max_output_tokens": "inf",
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": None}, "turn_detection": detection, "languages": None},
            "output": {"format": {"type": "audio/pcm", "rate": None}, "voice": voice, "speed": None, "role": None},
        },
        "tools": [{"type": "function", "name": tool.name, "description": tool.description}
                  for tool in script.profile.tool_specs if tool.name != "file_search"],
    }  # fmt: skip


def conversation() -> Script:
    """Weather, an interruption, and a third question that is being answered."""
    s = Script()
    s.store.audio.input.name, s.store.audio.output.name = "USB microphone", "Headphones"
    s.do(s.machine.step(Connecting(), s.now))
    s.do(s.at(0.8).machine.step(Opened(), 0.8))
    s.at(0.9).server("session.created", session={"id": "b7f21c09e2d4", "type": "realtime"})
    s.at(1.1).server("session.updated", session=in_force(s, voice="dasha", threshold=0.5))
    s.microphone(1500)
    question(s, "U1", "What will the weather be in Berlin?", 1700)
    s.server("response.created", response={"id": "R1"})
    call = {"id": "F1", "type": "function_call", "name": "get_weather", "call_id": "call_1"}
    s.server("response.output_item.added", response_id="R1", item=call)
    for piece in ('{"ci', 'ty": "Ber', 'lin"}'):
        s.now += 0.02
        s.server(
            "response.function_call_arguments.delta", response_id="R1", item_id="F1", call_id="call_1", delta=piece
        )
    whole = {**call, "arguments": '{"city": "Berlin"}', "status": "completed"}
    s.server("response.output_item.done", response_id="R1", item=whole)
    usage = {"input_tokens": 812, "output_tokens": 31, "total_tokens": 843}
    s.server("response.done", response={"id": "R1", "status": "completed", "output": [whole], "usage": usage})
    s.now += 0.212
    weather = {"city": "Berlin", "temperature_c": 11, "condition": "cloudy", "advice": "Take along a light jacket."}
    s.command(cmd.ToolFinished("call_1", json.dumps(weather), True))
    words = "Eleven degrees and cloudy, with a light wind from the west. Take along a light jacket."
    _answer(s, "R2", "A1", words, 4600, (907, 58))
    s.heard("A1", 4600, drained=True)
    s.microphone(2100)
    question(s, "U2", "And how do I get from the airport to the centre?", 2300)
    words = (
        "There are three ways. The express train leaves every fifteen minutes and takes twenty-three minutes to the"
        " main station. The bus is slower but stops more often, and a taxi costs about fifty euros."
    )
    _answer(s, "R3", "A2", words, 11_200, (1106, 71))
    s.heard("A2", 5350)
    s.microphone(900)
    s.server("input_audio_buffer.speech_started", audio_start_ms=21_000, item_id="U3")
    s.server("response.done", response={"id": "R3", "status": "cancelled"})
    s.now += 0.04
    s.server("conversation.item.truncated", item_id="A2", content_index=1, audio_end_ms=5350)
    s.microphone(1500)
    _end_of_question(s, "U3", "The train is fine. When does the next one leave?")
    s.server("response.created", response={"id": "R4"})
    s.now += 0.31
    for word in "The next express train leaves at twelve past".split():
        s.server("response.output_text.delta", response_id="R4", item_id="A3", content_index=0, delta=f"{word} ")
        s.now += 0.01
    s.speech("R4", "A3", 3200, 16)
    s.heard("A3", 840)
    s.microphone(400)
    levels(s, -44, -17)
    s.store.audio.buffered_ms = 2360
    return s


_LOUDNESS = (0, -4, -12, -3, 0, -7, -22, -9, -1, -5, -14, -2)
"""Speech in steps of a tenth of a second, in dB."""


def levels(s: Script, mic_db: float, speaker_db: float) -> None:
    """The meters of the last three seconds; noise below -40 dBFS stays as it is, everything else is speech."""
    for step in range(30, -1, -1):
        for meter, db in ((s.store.mic, mic_db), (s.store.speaker, speaker_db)):
            rms = db + (_LOUDNESS[step % len(_LOUDNESS)] if db > -40 else step % 3 - 1)
            meter.update(Level(max(-60.0, rms), max(-60.0, rms + 9)), s.now - step / 10)


def question(s: Script, item_id: str, text: str, ms: int) -> None:
    s.server("input_audio_buffer.speech_started", audio_start_ms=int(s.now * 1000), item_id=item_id)
    s.microphone(ms)
    _end_of_question(s, item_id, text)


def _end_of_question(s: Script, item_id: str, text: str) -> None:
    s.server("input_audio_buffer.speech_stopped", audio_end_ms=int(s.now * 1000), item_id=item_id)
    s.server("input_audio_buffer.committed", item_id=item_id)
    s.now += 0.12
    s.server("conversation.item.input_audio_transcription.completed", item_id=item_id, transcript=text)
    s.server("conversation.item.created", item={"id": item_id, "type": "message", "role": "user"})


def _answer(s: Script, response_id: str, item_id: str, words: str, ms: int, tokens: tuple[int, int]) -> None:
    s.now += 0.08
    s.server("response.created", response={"id": response_id})
    item = {"id": item_id, "type": "message", "role": "assistant"}
    s.server("response.output_item.added", response_id=response_id, item=item)
    s.now += 0.21
    about = {"response_id": response_id, "item_id": item_id}
    for word in words.split(" "):
        s.server("response.output_text.delta", **about, content_index=0, delta=f"{word} ")
    s.now += 0.09
    s.speech(response_id, item_id, ms, ms // 120)
    s.now += 0.03
    s.heard(item_id, 20)
    s.microphone(ms // 2)
    s.server("response.output_text.done", **about, content_index=0, text=words)
    s.server("response.output_audio.done", **about, content_index=1)
    s.server("response.output_item.done", response_id=response_id, item=item)
    if response_id != "R3":
        usage = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
        s.server("response.done", response={"id": response_id, "status": "completed", "usage": usage})
