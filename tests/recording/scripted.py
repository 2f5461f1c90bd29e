"""A session without engine, as fast as its machine: the observers see what they see of a real one."""

import base64
import itertools
import json
from collections.abc import Sequence
from typing import Any

from rtvoice_tui.engine.observers import FrameReceived, FrameSent, MachineMade, Observed, Observer, Stepped
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session.commands import Heard, MicFrame, SendText
from rtvoice_tui.session.inputs import Closed, Connecting, Input, Opened, Received, Started
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE

VAD = SessionSettings(instructions="Be brief.", turn_detection={"type": "server_vad"})
FRAME_S = 0.02


def sound(number: int, seconds: float = 0.1, rate: int = 24_000) -> bytes:
    """Sound that tells its number."""
    return (number % 30_000 + 1).to_bytes(2, "little") * int(seconds * rate)


class Scripted:
    """A session.

    Args:
        observers: see everything.
        settings: settings of the first machine.
        tools: its tools.
        profile: name of the profile.
        dialect: name of the dialect.

    Attributes:
        at: time of the last thing that happened.
        sent: sound that was sent, in order.
        received: sound that was received, in order.
    """

    def __init__(
        self,
        observers: Sequence[Observer],
        settings: SessionSettings = VAD,
        tools: tuple[ToolSpec, ...] = (),
        profile: str = "mine",
        dialect: str = "openai",
    ) -> None:
        self.at = 0.0
        self.sent = bytearray()
        self.received = bytearray()
        self._observers = observers
        self._wire = RealtimeWire()
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._machine: SessionMachine | None = None
        self.make(settings, tools, profile, dialect)

    def make(
        self,
        settings: SessionSettings = VAD,
        tools: tuple[ToolSpec, ...] = (),
        profile: str = "mine",
        dialect: str = "openai",
    ) -> None:
        """Go on with a new machine."""
        turn = self._machine.turn if self._machine is not None else 0
        rules = (OPEN_MICROPHONE, AudioSettings(), 20)
        self._machine = SessionMachine(DIALECTS[dialect], settings, tools, self._new_id, turn, *rules)
        self._observe(MachineMade(dialect, settings, tools, *rules, turn, profile, "server model"))
        self.step(Started())

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._ids)}"

    # --- what happens

    def step(self, happened: Input, *after: Observed) -> None:
        """An input."""
        assert self._machine is not None
        effects = tuple(self._machine.step(happened, self.at))
        self._observe(Stepped(happened, effects))
        for observed in after:
            self._observe(observed)
        for effect in effects:
            if isinstance(effect, fx.Send):
                self.sent += self._wire.input_audio(effect.event)
                self._observe(FrameSent(effect.event, self._wire.encode(effect.event)))

    def server(self, kind: str, **fields: Any) -> None:
        """A frame of the server."""
        self.frame(json.dumps({"type": kind, "event_id": f"event_{next(self._numbers)}", **fields}))

    def frame(self, text: str) -> None:
        """A frame of the server, as text."""
        decoded = self._wire.decode(text)
        self.received += self._wire.speech(decoded.event)
        if decoded.known:
            self.step(Received(decoded.event), FrameReceived(text, decoded))
        else:
            self._observe(FrameReceived(text, decoded))

    def _observe(self, observed: Observed) -> None:
        for observer in self._observers:
            observer(observed, self.at)

    # --- a conversation

    def open(self) -> None:
        """Connect, and be configured."""
        self.step(Connecting())
        self.step(Opened())
        self.server("session.created", session={"id": "sess_1"})
        self.server("session.updated", session={"id": "sess_1"})

    def close(self, reason: str = "disconnected") -> None:
        """End the connection."""
        self.step(Closed(reason, "press c to connect"))

    def listen(self, seconds: float) -> None:
        """The microphone hears something."""
        for _ in range(int(seconds / FRAME_S)):
            self.at += FRAME_S
            self.step(MicFrame(sound(next(self._numbers), FRAME_S), -20.0))

    def ask(self, words: str = "What is new?") -> None:
        """The user types."""
        self.step(SendText(words))

    def turn(self, number: int, words: str = "Hello.", answer: str = "Good day.", seconds: float = 0.3) -> None:
        """A spoken turn with a spoken answer."""
        user, item, response = f"item_u{number}", f"item_a{number}", f"resp_{number}"
        self.server("input_audio_buffer.speech_started", item_id=user, audio_start_ms=0)
        self.listen(0.2)
        self.server("input_audio_buffer.speech_stopped", item_id=user, audio_end_ms=200)
        self.server("input_audio_buffer.committed", item_id=user, previous_item_id=None)
        message = {"id": user, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
        self.server("conversation.item.added", item=message)
        transcribed = "conversation.item.input_audio_transcription.completed"
        self.server(transcribed, item_id=user, content_index=0, transcript=words)
        self.answer(response, item, answer, seconds)

    def answer(self, response: str, item: str, words: str, seconds: float, sizes: Sequence[int] = (4_800,)) -> None:
        """A spoken answer, received in pieces and heard."""
        self.server("response.created", response={"id": response, "status": "in_progress", "output": []})
        added = {"id": item, "type": "message", "role": "assistant", "content": []}
        self.server("response.output_item.added", response_id=response, output_index=0, item=added)
        place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        pcm, cut, size = sound(next(self._numbers), seconds), 0, itertools.cycle(sizes)
        self.server("response.output_audio_transcript.delta", **place, delta=words)
        while cut < len(pcm):
            piece = pcm[cut : cut + next(size)]
            self.server("response.output_audio.delta", **place, delta=base64.b64encode(piece).decode())
            cut += len(piece)
            self.at += 0.01
            self.step(Heard({item: cut / 48}, {item: self.at}, False))
        self.server("response.output_audio.done", **place)
        self.server("response.output_item.done", response_id=response, output_index=0, item=added)
        self.server("response.done", response={"id": response, "status": "completed", "output": []})
        self.step(Heard({item: len(pcm) / 48}, {}, True))
