"""As little as can be called a cockpit of a voice session: the reference of `cpu.py`.

    python bare_cockpit.py URL MICROPHONE SPEAKER

Plain loops send a WAV file as the microphone, 20 ms at a time, and write what the agent says into another. A Textual
app shows the levels of both, the text of the answer and the number of events, 15 times a second. Enter says "go".
"""

import asyncio
import base64
import json
import sys
import threading
import time
import wave

import aiohttp
import numpy as np
from textual.app import App, ComposeResult
from textual.widgets import Log, Static

BLOCK, RATE = 480, 24_000


class Session:
    """The wire and both files, on a thread of its own."""

    def __init__(self, url: str, microphone: str, speaker: str) -> None:
        self.levels = [0, 0]
        self.events, self.text = 0, ""
        self._url, self._microphone, self._speaker = url, microphone, speaker
        self._heard = bytearray()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True).start()

    def go(self) -> None:
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]}
        for event in ({"type": "conversation.item.create", "item": said}, {"type": "response.create"}):
            asyncio.run_coroutine_threadsafe(self._socket.send_str(json.dumps(event)), self._loop)

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as http, http.ws_connect(self._url, max_msg_size=0) as self._socket:
            await self._socket.send_str(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            threading.Thread(target=self._sound, daemon=True).start()
            async for message in self._socket:
                event = json.loads(message.data)
                self.events += 1
                if event["type"] == "response.output_audio.delta":
                    self._heard += base64.b64decode(event["delta"])
                elif event["type"] == "response.output_audio_transcript.delta":
                    self.text += event["delta"]

    def _sound(self) -> None:
        """Both files at the pace of their sound."""
        with wave.open(self._microphone) as spoken, wave.open(self._speaker, "wb") as heard:
            heard.setparams((1, 2, RATE, 0, "NONE", ""))
            due = time.monotonic()
            while True:
                block = spoken.readframes(BLOCK) or bytes(2 * BLOCK)
                played = bytes(self._heard[: 2 * BLOCK]).ljust(2 * BLOCK, b"\0")
                del self._heard[: 2 * BLOCK]
                heard.writeframesraw(played)
                self.levels = [int(np.abs(np.frombuffer(pcm, np.int16)).max()) for pcm in (block, played)]
                event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(block).decode()}
                self._loop.call_soon_threadsafe(self._send, json.dumps(event))
                due += BLOCK / RATE
                time.sleep(max(0.0, due - time.monotonic()))

    def _send(self, text: str) -> None:
        self._sending = asyncio.ensure_future(self._socket.send_str(text))


class Cockpit(App[None]):
    """Levels, events and text."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._shown = session, 0

    def compose(self) -> ComposeResult:
        yield Static("bare is here", id="header")
        yield Log()

    def on_mount(self) -> None:
        self.set_interval(1 / 15, self._draw)

    def key_enter(self) -> None:
        self._session.go()

    def _draw(self) -> None:
        microphone, speaker = (f"{'#' * (level * 20 // 32_768):<20}" for level in self._session.levels)
        line = f"microphone {microphone} speaker {speaker} {self._session.events} events {time.strftime('%X')}"
        self.query_one("#header", Static).update(line)
        text = self._session.text
        if len(text) > self._shown:
            self.query_one(Log).write(text[self._shown :])
            self._shown = len(text)


if __name__ == "__main__":
    Cockpit(Session(*sys.argv[1:])).run()
