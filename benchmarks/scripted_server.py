"""A Realtime server for the benchmarks of the screen, in a process of its own.

``idle`` accepts the session and says nothing; ``talk`` speaks without end, at the pace of speech; ``events`` waits for
a typed message and then sends N small events a second for S seconds; ``turns`` holds a conversation of N turns as fast
as the client follows and then sends M pieces of one answer, and prints a line after every thousand turns, after all of
them, and after the pieces.
"""

import asyncio
import base64
import json
import math
import struct
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests"), str(ROOT / "tui")]
from realtime_server import Event, Session, plain

RATE = 24_000


_REQUESTS: asyncio.Queue[Event] = asyncio.Queue()


def _note(event: Event) -> None:
    if event["type"] == "response.create":
        _REQUESTS.put_nowait(event)


async def _asked() -> None:
    """Wait until the client asks for a response, so that it has followed all that was said before."""
    await _REQUESTS.get()


async def idle(session: Session) -> None:
    """Nothing happens."""
    await asyncio.Event().wait()


async def talk(session: Session) -> None:
    """Speech and words, as a voice agent sends them, for as long as somebody listens."""
    await _asked()
    block = _tone(0.2)
    for number in range(10_000):
        response, item = f"resp_{number}", f"item_{number}"
        message = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        await session.say("response.created", response={"id": response, "status": "in_progress", "output": []})
        await session.say("response.output_item.added", response_id=response, output_index=0, item=message)
        place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        started = time.perf_counter()
        for part in range(60):
            await session.say("response.output_audio_transcript.delta", **place, delta=f"word {part} of many, ")
            await session.say("response.output_audio.delta", **place, delta=block)
            await asyncio.sleep(max(0.0, started + (part - 1) * 0.2 - time.perf_counter()))
        await session.say("response.output_audio.done", **place)
        await session.say("response.done", response={"id": response, "status": "completed", "output": []})


async def flood(session: Session, rate: int, seconds: float) -> None:
    """Small events that are not folded, at a constant rate."""
    await _asked()
    started, sent = time.perf_counter(), 0
    while sent < rate * seconds:
        due = min(int(rate * seconds), int((time.perf_counter() - started) * rate))
        while sent < due:
            await session.say("bench.event", number=sent)
            sent += 1
        await asyncio.sleep(0.005)
    await session.say("bench.finished", number=sent, seconds=round(time.perf_counter() - started, 2))


async def turns(session: Session, count: int, pieces: int) -> None:
    """A conversation without pauses."""
    print("turns 0", flush=True)
    for number in range(1, count + 1):
        await _question(session, number)
        await _call(session, number)
        await _asked()
        await _answer(
            session, number, interrupted=number % 7 == 0 and number < count
        )  # the last one leaves nobody speaking
        if number % 1_000 == 0:
            print(f"turns {number}", flush=True)
    await _response(session, "long")
    for piece in range(pieces):
        await _words(session, "long", f"piece {piece}, ")
    await _call(session, count + 1)
    await _asked()
    print(f"pieces {pieces}", flush=True)


async def _question(session: Session, number: int) -> None:
    item = f"user_{number}"
    await session.say("input_audio_buffer.speech_started", item_id=item, audio_start_ms=number * 10)
    await session.say("input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=number * 10 + 5)
    await session.say("input_audio_buffer.committed", item_id=item, previous_item_id=None)
    place = {"item_id": item, "content_index": 0}
    await session.say("conversation.item.input_audio_transcription.delta", **place, delta="What is")
    asked = f"What is the weather in town {number}?"
    await session.say("conversation.item.input_audio_transcription.completed", **place, transcript=asked)


async def _call(session: Session, number: int) -> None:
    response, item = f"call_resp_{number}", f"call_item_{number}"
    call = {"id": item, "type": "function_call", "call_id": f"call_{number}", "name": "get_weather"}
    place = {"response_id": response, "item_id": item, "call_id": call["call_id"], "output_index": 0}
    arguments = json.dumps({"city": f"town {number}"})
    await session.say("response.created", response={"id": response, "status": "in_progress", "output": []})
    await session.say("response.output_item.added", response_id=response, output_index=0, item=call)
    await session.say("response.function_call_arguments.delta", **place, delta=arguments)
    await session.say("response.function_call_arguments.done", **place, name=call["name"], arguments=arguments)
    await _done(session, response, "completed", {**call, "arguments": arguments, "status": "completed"})


async def _answer(session: Session, number: int, interrupted: bool) -> None:
    await _response(session, str(number))
    for word in range(4):
        await _words(session, str(number), f"word {word} of answer {number}, ")
    if interrupted:
        await session.say("input_audio_buffer.speech_started", item_id=f"cut_{number}", audio_start_ms=number * 10 + 8)
    item = {"id": f"item_{number}", "type": "message", "role": "assistant", "status": "completed", "content": []}
    await _done(session, f"resp_{number}", "cancelled" if interrupted else "completed", item)


async def _response(session: Session, name: str) -> None:
    item = {"id": f"item_{name}", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    await session.say("response.created", response={"id": f"resp_{name}", "status": "in_progress", "output": []})
    await session.say("response.output_item.added", response_id=f"resp_{name}", output_index=0, item=item)


async def _words(session: Session, name: str, words: str) -> None:
    place = {"response_id": f"resp_{name}", "item_id": f"item_{name}", "output_index": 0, "content_index": 0}
    await session.say("response.output_text.delta", **place, delta=words)


async def _done(session: Session, response: str, status: str, item: dict[str, Any]) -> None:
    usage = {"total_tokens": 40, "input_tokens": 30, "output_tokens": 10}
    await session.say("response.output_item.done", response_id=response, output_index=0, item=item)
    done = {"id": response, "status": status, "output": [item], "usage": usage}
    await session.say("response.done", response=done)


def _tone(seconds: float) -> str:
    count = int(seconds * RATE)
    samples = (int(9000 * math.sin(i * 0.06) * (0.3 + 0.7 * abs(math.sin(i * 0.0007)))) for i in range(count))
    return base64.b64encode(struct.pack(f"<{count}h", *samples)).decode()


async def main(name: str, *arguments: str) -> None:
    async def play(session: Session) -> None:
        if name == "events":
            await flood(session, int(arguments[0]), float(arguments[1]))
        elif name == "turns":
            await turns(session, int(arguments[0]), int(arguments[1]))
        else:
            await {"idle": idle, "talk": talk}[name](session)

    async with plain(play, on_event=_note) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
