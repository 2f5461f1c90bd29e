"""A HAR that Chromium's DevTools saved of a page opens, and replays what the page saw.

The page speaks to `rtvoice-tui serve`. The HAR is built by DevTools itself, the frontend inside the browser, which
watches the page and writes what its Network panel saves.
"""

import asyncio
import base64
import datetime
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from browser import browser
from rtvoice_tui.recording.conversation import conversation
from rtvoice_tui.recording.importing.opening import open_any
from terminal import COMMAND, Terminal

PAGE = """<!doctype html><title>A page that asks</title><script>
const lines = [], wire = []
function ask(url, token, modality, questions) {
  return new Promise((done, failed) => {
    const socket = new WebSocket(url, ["realtime", `openai-insecure-api-key.${token}`])
    const send = event => { wire.push(["send", JSON.stringify(event)]); socket.send(JSON.stringify(event)) }
    const item = item => { send({type: "conversation.item.create", item}); send({type: "response.create"}) }
    const next = () => {
      const text = questions.shift()
      if (!text) return done()
      lines.push(["user", text])
      item({type: "message", role: "user", content: [{type: "input_text", text}]})
    }
    const answers = {
      "session.created": () => send({type: "session.update", session: {
        type: "realtime", output_modalities: [modality], tools: [{type: "function", name: "get_weather",
          description: "Weather of a city.", parameters: {type: "object", properties: {city: {type: "string"}},
          required: ["city"]}}]}}),
      "session.updated": next,
      "error": event => failed(new Error(event.error.message)),
      "response.output_text.done": event => lines.push(["agent", event.text]),
      "response.output_audio_transcript.done": event => lines.push(["agent", event.transcript]),
      "response.done": event => {
        const call = event.response.output.find(item => item.type === "function_call")
        if (!call) return next()
        lines.push(["tool", `${call.name}(city=${JSON.parse(call.arguments).city})`])
        item({type: "function_call_output", call_id: call.call_id, output: '{"temperature_c": 11}'})
      },
    }
    socket.onmessage = message => {
      wire.push(["receive", message.data])
      const event = JSON.parse(message.data)
      answers[event.type]?.(event)
    }
    socket.onclose = () => failed(new Error("the connection is closed"))
  })
}
</script>"""
SOUND = "response.output_audio.delta"

DEVTOOLS = "devtools://devtools/bundled"
READY = f"""Promise.all(["core/sdk", "core/common", "models/logs", "models/har"].map(name =>
  import(`{DEVTOOLS}/${{name}}/${{name.split("/")[1]}}.js`))).then(([sdk, common, logs, har]) => {{
    window.har = har, window.common = common
    window.requests = () => logs.NetworkLog.NetworkLog.instance().requests()
    window.target = sdk.TargetManager.TargetManager.instance().primaryPageTarget()
    return target !== null
  }}, () => false)"""
SAVED = """(async () => {
  const parts = []
  const file = {write: part => { parts.push(part) }}
  await har.Writer.Writer.write(file, requests(), {sanitize: true}, new common.Progress.Progress())
  return parts.join("")
})()"""


@asynccontextmanager
async def serving(environment: dict[str, str]) -> AsyncIterator[str]:
    """`rtvoice-tui serve`; its address. The token is the one in the environment."""
    command = [COMMAND, "serve", "--port", "0", "--token-env", "TOKEN"]
    server = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        async with asyncio.timeout(60):
            said = await server.stdout.readline()
        yield said.decode().removeprefix("listening on ").strip()
    finally:
        server.terminate()
        assert await server.wait() == 0


@asynccontextmanager
async def page_served() -> AsyncIterator[str]:
    """The page on a server of its own; its address."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@dataclass
class Seen:
    """What a page saw, and what DevTools saved of it.

    Attributes:
        lines: who said what.
        sent: the messages that the page sent.
        received: those that it received.
        path: the HAR.
    """

    lines: list[list[str]]
    sent: list[str]
    received: list[str]
    path: Path

    @property
    def saved(self) -> tuple[list[str], list[str]]:
        """The sent and the received messages of the one WebSocket in the HAR."""
        entries: list[dict[str, Any]] = json.loads(self.path.read_text())["log"]["entries"]
        (socket,) = [entry for entry in entries if entry["_resourceType"] == "websocket"]
        sent, received = ([message["data"] for message in socket["_webSocketMessages"] if message["type"] == way]
                          for way in ("send", "receive"))  # fmt: skip
        return sent, received


async def conversed(folder: Path, environment: dict[str, str], modality: str, *questions: str) -> Seen:
    """Let a page ask the agent while DevTools watches, and save the HAR when DevTools has seen all messages."""
    token = "a-token-of-the-test"
    async with (
        serving(environment | {"TOKEN": token}) as agent,
        page_served() as url,
        browser(folder / "profile") as page,
        page.beside() as devtools,
    ):
        await devtools.open(f"{DEVTOOLS}/devtools_app.html?ws={page.address}")
        await devtools.until(READY)
        await devtools.value(f"target.pageAgent().invoke_navigate({{url: {json.dumps(url)}}}).then(() => true)")
        await page.until("typeof ask === 'function'")
        await page.value(f"ask(...{json.dumps([agent, token, modality, questions])})")
        lines, wire = await page.value("lines"), await page.value("wire")
        await devtools.until(f"requests().some(request => request.frames().length === {len(wire)})")
        (folder / "page.har").write_text(await devtools.value(SAVED))
    sent, received = ([data for kind, data in wire if kind == way] for way in ("send", "receive"))
    return Seen(lines, sent, received, folder / "page.har")


async def test_a_har_of_chromium_opens_and_replays_what_the_page_saw(
    environment: dict[str, str], tmp_path: Path
) -> None:
    began = datetime.datetime.now(datetime.UTC)
    seen = await conversed(tmp_path, environment, "text", "Hello.", "What is the weather in Berlin?", "Thank you.")
    assert [who for who, _ in seen.lines] == ["user", "agent", "user", "tool", "agent", "user", "agent"]
    assert seen.saved == (seen.sent, seen.received)

    opened = open_any(tmp_path, str(seen.path))
    try:
        said = conversation(opened.recording)
        assert [[part.who, part.text] for part in said.parts] == seen.lines
        assert (opened.missing, said.problem) == (["the file holds no sound"], "")
        assert len(list(opened.recording.wire())) == len(seen.sent) + len(seen.received)
    finally:
        opened.close()
    after = datetime.datetime.fromisoformat(opened.recording.manifest.started) - began
    assert abs(after.total_seconds()) < 300

    with Terminal([COMMAND, "replay", seen.path, "--no-audio"], environment, columns=160) as terminal:
        terminal.wait_for("REPLAY")
        screen = terminal.press("z", ".").wait_for(seen.lines[-1][1])
        places = [screen.find(words) for _, words in seen.lines]
        assert -1 not in places
        assert places == sorted(places)
        assert terminal.quit() == 0


@pytest.mark.speech
async def test_the_sound_that_the_page_received_is_replayed_to_the_sample(
    environment: dict[str, str], tmp_path: Path
) -> None:
    seen = await conversed(tmp_path, environment, "audio", "Thank you.")
    events = map(json.loads, seen.received)
    heard = b"".join(base64.b64decode(event["delta"]) for event in events if event["type"] == SOUND)
    assert len(heard) > 24_000
    assert seen.saved == (seen.sent, seen.received)

    opened = open_any(tmp_path, str(seen.path))
    try:
        said = conversation(opened.recording)
        frames = [line for line in opened.recording.wire() if line.speech is not None]
        assert [[part.who, part.text] for part in said.parts] == seen.lines
        assert b"".join(opened.recording.speech(line.speech) for line in frames) == heard
        assert opened.missing == []
    finally:
        opened.close()
