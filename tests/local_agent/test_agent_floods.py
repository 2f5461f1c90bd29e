"""One client that floods the agent or makes it think hard holds up no other, and leaves no memory behind."""

import asyncio
import base64
import json

import pytest
from agent_support import BY_HAND, message, served, until

MIB = 1024 * 1024
SUM = "What is twelve times seven?"

ITEM = {**message("x" * 200_000), "id": "large"}
FLOODS = {
    "answers": {"type": "response.create", "response": {"output_modalities": ["text"]}},
    "items": {"type": "conversation.item.create", "item": message("Hi " * 200)},
    "large items back": {"type": "conversation.item.retrieve", "item_id": "large"},
    "sessions": {"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 20_000}},
    "errors": {"type": "conversation.item.truncate", "item_id": "y" * 5000, "content_index": 0, "audio_end_ms": 1},
    "sound": {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(4800)).decode()},
}


@pytest.mark.parametrize("event", FLOODS.values(), ids=FLOODS)
async def test_a_client_that_floods_and_does_not_read_holds_up_nobody_else(event):
    frame = json.dumps(event)
    async with served() as server, server.client() as other, server.client() as flooding:
        await flooding.send("session.update", session={"type": "realtime", **BY_HAND})
        await flooding.send("conversation.item.create", item=ITEM)
        await flooding.until("conversation.item.done")
        await other.says(SUM)
        before = server.resident_mb

        sent = seen = 0

        async def flood():
            nonlocal sent
            for _ in range(25_000):
                await flooding.socket.send_str(frame)
                sent += 1

        async with asyncio.TaskGroup() as group:
            sending = group.create_task(flood())
            while seen == 0 or seen < sent:  # until all is sent, or nothing more is taken
                seen = sent
                for _ in range(10):
                    assert (await other.says(SUM)) == "12 times 7 is 84."
                    assert server.resident_mb < before + 80
            sending.cancel()
            flooding.vanish()


SLOW_TO_THINK = {
    "one long number": "1" * 20_000,
    "a very long number": "1" * 500_000,
    "a long sum": "1" + "+1" * 100_000,
    "words": " ".join(f"word{number}" for number in range(25_000)),
    "number words": "one hundred and twenty thousand " * 20_000,
    "one word": "x" * 1_000_000,
}


@pytest.mark.parametrize("text", SLOW_TO_THINK.values(), ids=SLOW_TO_THINK)
async def test_a_text_that_is_hard_to_think_about_holds_up_nobody_else(text):
    tool = {"type": "function", "name": "get_weather", "description": "Get a brief weather report for a city."}
    async with served() as server, server.client() as other, server.client() as asking:
        await other.says(SUM)
        await asking.send("session.update", session={"type": "realtime", "tools": [tool]})
        await asking.send("conversation.item.create", item=message(text))
        await asking.until("conversation.item.done")
        await asking.send("response.create")
        await asking.until("response.created")

        assert (await other.says(SUM, limit=10)) == "12 times 7 is 84."
        done = (await asking.until("response.done", limit=30))[-1]["response"]
        assert done["status"] == "completed", done["status_details"]


# --- memory


async def fill(talker):
    """Hold as much as one client may."""
    await talker.send("session.update", session={"type": "realtime", "instructions": "x" * 900_000, **BY_HAND})
    await talker.until("session.updated")
    sound = base64.b64encode(bytes(4_800_000)).decode()
    for _ in range(6):
        await talker.send("input_audio_buffer.append", audio=sound)
    for _ in range(3):
        await talker.send("conversation.item.create", item=message("x" * 10 * MIB))
        for _ in range(2):
            await talker.socket.receive(8)  # added and done
    await talker.answers('{"type": "response.cancel"}')


async def test_what_a_client_held_is_given_back_when_it_has_gone():
    async with served() as server:
        async with server.client() as talker:
            await talker.says(SUM)
        before = server.resident_mb
        for number in range(6):
            async with server.client() as talker:
                await fill(talker)
                assert server.resident_mb > before + 30, "it holds something"
                if number % 2:
                    talker.vanish()
            await until(
                lambda: server.resident_mb < before + 15, f"{before:.0f} MB again, not {server.resident_mb:.0f}"
            )

        async with server.client() as talker:
            assert (await talker.says(SUM)).startswith("12 times 7 is 84.")
