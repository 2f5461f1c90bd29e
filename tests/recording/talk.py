"""A conversation as frames with times, made without a server: for what reads recordings."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.bench import signal
from rtvoice_tui.recording.importing.convert import convert
from rtvoice_tui.recording.importing.frames import Found, Frame
from rtvoice_tui.recording.reader import Recording

Event = dict[str, Any]
STARTED = 1_700_000_000.0
"""Wall clock of the first frame."""


@dataclass
class Talk:
    """Collects frames; ``now``: time of the next one, in seconds."""

    now: float = 0.0
    frames: list[tuple[float, bool, Event]] = field(default_factory=list)
    _responses: int = 0

    def down(self, kind: str, **fields: Any) -> None:
        """The server sends an event."""
        self.frames.append((self.now, False, {"type": kind, **fields}))

    def up(self, kind: str, **fields: Any) -> None:
        """The client sends an event."""
        self.frames.append((self.now, True, {"type": kind, **fields}))

    def after(self, seconds: float) -> "Talk":
        """Let time pass."""
        self.now += seconds
        return self

    def opened(self) -> "Talk":
        """A session begins."""
        session = {"id": "sess_1", "model": "talker", "tools": [{"type": "function", "name": "get_weather"}]}
        self.down("session.created", session=session)
        self.up("session.update", session={"type": "realtime"}, event_id="e-1")
        self.after(0.05).down("session.updated", session=session)
        return self

    def asks(self, words: str, seconds: float = 1.0) -> "Talk":
        """The user says something, with sound."""
        item = f"item_u{len(self.frames)}"
        self.down("input_audio_buffer.speech_started", item_id=item, audio_start_ms=0)
        pcm = signal(seconds, seed=len(self.frames))
        for first in range(0, len(pcm), 4_800):
            audio = base64.b64encode(pcm[first : first + 4_800]).decode()
            self.after(0.1).up("input_audio_buffer.append", audio=audio)
        self.down("input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=int(seconds * 1000))
        self.down("input_audio_buffer.committed", item_id=item)
        name = "conversation.item.input_audio_transcription.completed"
        self.after(0.2).down(name, item_id=item, content_index=0, transcript=words)
        return self

    def answers(self, words: str, seconds: float = 1.0, status: str = "completed", heard: bool = True) -> "Talk":
        """The agent answers; ``heard``: time passes until it was heard."""
        self._responses += 1
        response, item = f"resp_{self._responses}", f"item_a{self._responses}"
        place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        message = {"id": item, "type": "message", "role": "assistant", "content": []}
        self.down("response.created", response={"id": response, "status": "in_progress", "output": []})
        self.down("response.output_item.added", response_id=response, output_index=0, item=message)
        pcm = signal(seconds, seed=100 + self._responses)
        pieces = words.split(" ")
        for number, first in enumerate(range(0, len(pcm), 9_600)):
            delta = base64.b64encode(pcm[first : first + 9_600]).decode()
            self.after(0.02).down("response.output_audio.delta", **place, delta=delta)
            if number < len(pieces):
                self.down("response.output_audio_transcript.delta", **place, delta=pieces[number] + " ")
        rest = " ".join(pieces[len(pcm) // 9_600 :])
        if rest:
            self.down("response.output_audio_transcript.delta", **place, delta=rest)
        self.down("response.output_audio_transcript.done", **place, transcript=words)
        self.down("response.done", response={"id": response, "status": status, "output": []})
        return self.after(seconds + 0.5 if heard else 0.5)

    def calls(self, name: str, arguments: str, output: str) -> "Talk":
        """The agent calls a function, which the client answers."""
        self._responses += 1
        response, call = f"resp_{self._responses}", f"call_{self._responses}"
        item = {"id": f"item_c{call}", "type": "function_call", "name": name, "call_id": call, "arguments": arguments}
        self.down("response.created", response={"id": response, "status": "in_progress", "output": []})
        self.down("response.output_item.added", response_id=response, output_index=0, item=item)
        done = {"response_id": response, "item_id": item["id"], "output_index": 0, "call_id": call, "name": name}
        self.down("response.function_call_arguments.done", **done, arguments=arguments)
        self.down("response.output_item.done", response_id=response, output_index=0, item=item)
        self.down("response.done", response={"id": response, "status": "completed", "output": [item]})
        result = {"type": "function_call_output", "call_id": call, "output": output}
        self.after(0.1).up("conversation.item.create", item=result)
        self.up("response.create")
        return self

    @property
    def last_item(self) -> str:
        """Id of the item of the last answer."""
        return f"item_a{self._responses}"

    @property
    def found(self) -> Found:
        """The frames as an importer finds them."""
        return Found([Frame(event, STARTED + at, up) for at, up, event in self.frames], "api.openai.com")

    def lines(self) -> str:
        """The frames as JSON lines with time and direction."""
        wrapped = (
            {"time": STARTED + at, "dir": "up" if up else "down", "event": event} for at, up, event in self.frames
        )
        return "\n".join(map(json.dumps, wrapped))


def weather() -> Talk:
    """Two turns: one with a call, and one whose answer is interrupted by a third."""
    talk = Talk().opened().after(0.5).asks("What is the weather in Berlin?")
    talk.calls("get_weather", '{"city": "Berlin"}', '{"temperature_c": 11}').after(0.2)
    talk.answers("Eleven degrees and cloudy.", 1.2).asks("And tomorrow?", 0.6)
    talk.answers("Tomorrow will be sunny with a light wind from the west.", 3.0, heard=False)
    talk.down("input_audio_buffer.speech_started", item_id="item_u9", audio_start_ms=9_000)
    talk.up("conversation.item.truncate", item_id="item_a3", content_index=0, audio_end_ms=600)
    talk.down("conversation.item.truncated", item_id="item_a3", content_index=0, audio_end_ms=600)
    talk.after(0.6).down("input_audio_buffer.speech_stopped", item_id="item_u9", audio_end_ms=9_600)
    name = "conversation.item.input_audio_transcription.completed"
    talk.after(0.1).down(name, item_id="item_u9", content_index=0, transcript="Thank you, that is enough.")
    return talk.answers("You are welcome.", 0.8)


def recorded_talk(folder: Path, talk: Talk | None = None) -> Recording:
    """A recording of a conversation."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = convert((talk or weather()).found, folder, "talk")
    assert missing == [], missing
    return Recording(folder)
