"""A key that a server repeats piece by piece is blotted as well, before its last piece has come."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from echoes import kept, leaks, readings, streamed
from engine.bench import Bench, plan_for, running
from realtime_server import FakeServer, Session

KEY = "sk-canary/7f3a19c2d4e8b605"
SPLITS = {
    "one character at a time": [*KEY],
    "two at a time": [KEY[at : at + 2] for at in range(0, len(KEY), 2)],
    "in three pieces": [KEY[:5], KEY[5:20], KEY[20:]],
    "empty pieces between": [piece for c in KEY for piece in (c, "")],
}
SPLITS |= {f"after {at}": [KEY[:at], KEY[at:]] for at in range(1, len(KEY))}

KINDS = {
    "response.output_text.delta": ("response.output_text.done", "text"),
    "response.output_audio_transcript.delta": ("response.output_audio_transcript.done", "transcript"),
    "conversation.item.input_audio_transcription.delta": (
        "conversation.item.input_audio_transcription.completed",
        "transcript",
    ),
}
BLOTTED = r"before (s|sk|sk-)?\[key\] after"
"""Three characters of a key may have been shown before it is known to be one: every word that begins so would wait."""

SHOWN = 6
"""So many characters of a key nobody may have seen while the rest is on its way."""

Escape = Callable[[str], str]


def dumped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" for c in text)


class Speech:
    """Says a text in pieces, of one kind of event, as one item after the other."""

    def __init__(self, session: Session, kind: str, escape: Escape = dumped) -> None:
        self._session, self._kind, self._escape = session, kind, escape
        self._number = 0

    async def begins(self) -> str:
        """A new item; its id."""
        self._number += 1
        item = f"item_{self._number}_"
        if self._kind.startswith("response."):
            added = {"id": item, "type": "message", "role": "assistant", "content": []}
            await self.send("response.created", response={"id": f"resp_{item}", "status": "in_progress", "output": []})
            await self.send("response.output_item.added", response_id=f"resp_{item}", output_index=0, item=added)
        return item

    async def says(self, item: str, *pieces: str) -> None:
        for piece in pieces:
            place = {"type": self._kind, "response_id": f"resp_{item}", "item_id": item, "content_index": 0}
            await self._session.send_raw(json.dumps(place)[:-1] + f', "delta": "{self._escape(piece)}"}}')

    async def ends(self, item: str, text: str) -> None:
        kind, name = KINDS[self._kind]
        await self.send(kind, response_id=f"resp_{item}", item_id=item, content_index=0, **{name: text})
        if self._kind.startswith("response."):
            await self.breaks_off(item, "completed")

    async def breaks_off(self, item: str, status: str = "incomplete") -> None:
        await self.send("response.done", response={"id": f"resp_{item}", "status": status, "output": []})

    async def send(self, kind: str, **fields: Any) -> None:
        await self._session.send({"type": kind, **fields})


async def read(bench: Bench, mark: str = "the.end") -> None:
    await bench.until(lambda: mark in bench.names(sent=False), f"{mark} was read")


def entry(bench: Bench, item: str) -> str:
    """What the transcript has of an item."""
    return next((entry.text for entry in bench.store.transcript.entries if entry.key == item), "")


def glimpses(bench: Bench) -> list[str]:
    """The texts in which a good part of a key can be read."""
    wanted = [KEY[at : at + SHOWN] for at in range(len(KEY) - SHOWN + 1)]
    texts = [*kept(bench), *(streamed(bench, f"item_{number}_") for number in range(1, 60))]
    return [text for text in texts if any(part in reading for reading in readings(text) for part in wanted)]


def server_for(script: Callable[[Session], Any]) -> FakeServer:
    return FakeServer(script, dialect="openai", key=KEY)


@pytest.mark.parametrize("ends", [True, False], ids=["with the whole text", "broken off"])
@pytest.mark.parametrize("escape", [dumped, escaped], ids=["plain", "escaped"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_in_pieces_is_blotted_wherever_it_is_split(kind: str, escape: Escape, ends: bool) -> None:
    async def script(session: Session) -> None:
        await session.open()
        speech = Speech(session, kind, escape)
        for pieces in SPLITS.values():
            item = await speech.begins()
            await speech.says(item, "before ", *pieces, " after")
            if ends:
                await speech.ends(item, f"before {KEY} after")
            elif kind.startswith("response."):
                await speech.breaks_off(item)
        await speech.send("the.end")

    async with server_for(script) as server, running(plan_for(server)) as bench:
        await read(bench)
        assert leaks(kept(bench), KEY) == []
        for number, case in enumerate(SPLITS, 1):
            shown = entry(bench, f"item_{number}_")
            assert re.fullmatch(BLOTTED, shown), f"{case}: {shown}"
            assert not ends or shown == "before [key] after", case
            told = streamed(bench, f"item_{number}_")
            assert (told[:7], told[-6:]) == ("before ", " after"), case
        assert glimpses(bench) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 4, len(KEY) - 1])
async def test_while_the_rest_of_a_key_is_on_its_way_its_beginning_is_not_shown(kind: str, size: int) -> None:
    async def script(session: Session) -> None:
        await session.open()
        speech = Speech(session, kind)
        item = await speech.begins()
        beginning = KEY[:-1]
        await speech.says(item, "before ", *(beginning[at : at + size] for at in range(0, len(beginning), size)))
        await speech.send("half.way")
        await server.reached.wait()
        await speech.says(item, KEY[-1], " after")
        await speech.ends(item, f"before {KEY} after")
        await speech.send("the.end")

    async with server_for(script) as server, running(plan_for(server)) as bench:
        await read(bench, "half.way")
        assert entry(bench, "item_1_").startswith("before")
        assert glimpses(bench) == []
        server.reached.set()
        await read(bench)
        assert entry(bench, "item_1_") == "before [key] after"
        assert glimpses(bench) == []


TEXTS: dict[str, tuple[Sequence[str], str]] = {
    "what only begins like a key": (["I like sk", "-canary", " birds"], "I like sk-canary birds"),
    "the beginning of a key at the end": (["so it ends: ", KEY[:4]], f"so it ends: {KEY[:4]}"),
    "a key after a false beginning": (["sk-", KEY, "!"], "sk-[key]!"),
    "a false beginning in pieces": ([*"sk-ca", *KEY, "!"], "sk-ca[key]!"),
    "two keys": ([*KEY, *KEY], "[key][key]"),
    "two keys, split in the middle": ([KEY[:9], f"{KEY[9:]} and {KEY[:3]}", KEY[3:]], "[key] and [key]"),
    "a key and its beginning": ([KEY, KEY[:5], "."], f"[key]{KEY[:5]}."),
    "a whole key in one piece": ([f"a {KEY} b"], "a [key] b"),
    "letters that only look alike": ([*KEY.upper()], KEY.upper()),
    "a key with a blank inside": ([KEY[:9], " ", KEY[9:]], f"{KEY[:9]} {KEY[9:]}"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_no_letter_that_belongs_to_no_key_is_lost(kind: str) -> None:
    async def script(session: Session) -> None:
        await session.open()
        speech = Speech(session, kind)
        for pieces, _ in TEXTS.values():
            item = await speech.begins()
            await speech.says(item, *pieces)
            await speech.ends(item, "".join(pieces))
        await speech.send("the.end")

    async with server_for(script) as server, running(plan_for(server)) as bench:
        await read(bench)
        assert leaks(kept(bench), KEY) == []
        for number, (case, (_, shown)) in enumerate(TEXTS.items(), 1):
            assert entry(bench, f"item_{number}_") == shown, case
            assert KEY not in streamed(bench, f"item_{number}_"), case


async def test_pieces_of_two_items_between_each_other_are_put_together_by_item() -> None:
    async def script(session: Session) -> None:
        await session.open()
        one, two = (Speech(session, kind) for kind in [*KINDS][1:])
        first, second = await one.begins(), "item_u_"
        for c in KEY:
            await one.says(first, c)
            await two.says(second, c)
        await one.says(first, " one")
        await two.says(second, " two")
        await two.ends(second, f"{KEY} two")
        await one.ends(first, f"{KEY} one")
        await one.send("the.end")

    async with server_for(script) as server, running(plan_for(server)) as bench:
        await read(bench)
        assert leaks(kept(bench), KEY) == []
        assert (entry(bench, "item_1_"), entry(bench, "item_u_")) == ("[key] one", "[key] two")
        assert KEY not in streamed(bench, "item_1_")
        assert KEY not in streamed(bench, "item_u_")


@pytest.mark.parametrize("split", ["one character at a time", "in three pieces", "after 13"])
async def test_arguments_of_a_call_that_come_in_pieces_hold_no_key(split: str) -> None:
    async def script(session: Session) -> None:
        await session.open()
        call = {"id": "item_c_", "type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": ""}
        place = {"response_id": "resp_1", "output_index": 0}
        about = {**place, "item_id": "item_c_", "call_id": "call_1"}
        await session.begin("resp_1")
        await session.send({"type": "response.output_item.added", **place, "item": call})
        for piece in ('{"city": "a ', *SPLITS[split], ' b"}'):
            await session.send({"type": "response.function_call_arguments.delta", **about, "delta": piece})
        await session.send({"type": "the.end"})
        await server.reached.wait()
        whole = {"arguments": f'{{"city": "a {KEY} b"}}'}
        await session.send({"type": "response.function_call_arguments.done", **about, **whole})
        await session.end("resp_1", output=[call | whole])
        await session.send({"type": "all.over"})

    async with server_for(script) as server, running(plan_for(server)) as bench:
        await read(bench)
        assert leaks(kept(bench), KEY) == []
        assert KEY not in streamed(bench, "item_c_")
        begun = bench.store.calls.records[0].call.arguments
        assert re.fullmatch(r'\{"city": "a (s|sk|sk-)?\[key\] b"\}', begun), begun
        server.reached.set()
        await read(bench, "all.over")
        assert leaks(kept(bench), KEY) == []
        assert bench.store.calls.records[0].call.arguments == '{"city": "a [key] b"}'
