"""A typed message that was sent and never acknowledged before the connection ended is named, and no other."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.bench import Bench, plan_for, running
from realtime_server import FakeServer, Session
from rtvoice_tui.session.commands import SendText
from rtvoice_tui.session.facts import Level, Phase

TEXT = "Book a table for [b]two[/b] «now»"
PERHAPS = "may not have arrived"
UNSENT = "before this was sent"
ENDS: dict[str, Callable[[Bench, Session], Any]] = {
    "breaks": lambda bench, session: session.drop(),
    "is closed by the server": lambda bench, session: session.close(1011, "tired"),
    "is ended by the user": lambda bench, session: bench.worker.disconnect(),
    "breaks the protocol": lambda bench, session: session.send_wire(b"\x83\x00"),
}


async def deaf(session: Session) -> None:
    """Open the session, and acknowledge nothing from then on."""
    await session.open()
    session.acknowledges = False


def item(text: str, role: str = "user") -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"id": "item_made_9", "type": "message", "role": role, "status": "completed", "content": content}


async def type_it(bench: Bench, server: FakeServer, text: str = TEXT) -> Session:
    """A message is typed, and has left."""
    await bench.until(lambda: bench.phase is Phase.LISTENING)
    session = server.session
    before = bench.names(sent=True).count("conversation.item.create")
    bench.worker.post(SendText(text))
    await bench.until(lambda: bench.names(sent=True).count("conversation.item.create") > before)
    await bench.until(lambda: session.count("conversation.item.create") > before)
    return session


async def offline(bench: Bench) -> None:
    await bench.until(lambda: bench.phase is Phase.OFFLINE and bench.store.session.reason)


def named(bench: Bench, words: str = PERHAPS) -> list[str]:
    """What is told of messages that may be lost."""
    return [notice.text for notice in bench.notices if words in notice.text]


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
@pytest.mark.parametrize("end", ENDS)
async def test_a_message_that_nobody_acknowledged_is_named_however_the_connection_ends(end: str, dialect: str):
    async with FakeServer(deaf, dialect=dialect) as server, running(plan_for(server)) as bench:
        session = await type_it(bench, server)
        done = ENDS[end](bench, session)
        if done is not None:
            await done
        await offline(bench)
        await bench.until(lambda: named(bench), f"the message is named in {bench.notices}")
        (sentence,) = named(bench)
        assert TEXT in sentence
        (notice,) = [notice for notice in bench.notices if notice.text == sentence]
        assert notice.level is Level.WARNING
        assert notice.remedy
        assert named(bench, UNSENT) == []


@pytest.mark.parametrize(
    "word",
    [
        {"type": "conversation.item.added", "item": item(TEXT)},
        {"type": "conversation.item.created", "item": item(TEXT)},
        {"type": "conversation.item.done", "item": item(TEXT)},
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}},
    ],
    ids=lambda word: word["type"],
)
async def test_a_message_that_the_server_acknowledged_is_not_named(word: dict[str, Any]):
    async with FakeServer(deaf, dialect="openai") as server, running(plan_for(server)) as bench:
        session = await type_it(bench, server)
        await session.send(word)
        await bench.until(lambda: word["type"] in bench.names(sent=False))
        session.drop()
        await offline(bench)
        assert named(bench) == []


async def test_a_message_that_the_server_refused_is_not_said_to_be_lost():
    async with FakeServer(deaf, dialect="openai") as server, running(plan_for(server)) as bench:
        session = await type_it(bench, server)
        create = await session.expect("conversation.item.create")
        error = {"type": "invalid_request_error", "code": "invalid_value", "message": "No.", "param": "item"}
        await session.send({"type": "error", "error": {**error, "event_id": create["event_id"]}})
        await bench.until(lambda: bench.notices)
        session.drop()
        await offline(bench)
        assert named(bench) == []


async def test_of_two_messages_only_the_one_without_an_answer_is_named():
    async with FakeServer(deaf, dialect="openai") as server, running(plan_for(server)) as bench:
        session = await type_it(bench, server, "The first.")
        await session.send({"type": "conversation.item.added", "item": item("The first.")})
        await session.send({"type": "conversation.item.done", "item": item("The first.")})
        await session.begin("resp_1")
        await session.end("resp_1")
        await bench.until(lambda: "response.done" in bench.names(sent=False))
        await type_it(bench, server, "The second.")
        session.drop()
        await offline(bench)
        await bench.until(lambda: named(bench), f"the message is named in {bench.notices}")
        (sentence,) = named(bench)
        assert "The second." in sentence


async def test_a_message_that_never_left_is_told_as_such_beside_one_that_left():
    async with FakeServer(deaf, dialect="openai") as server, running(plan_for(server)) as bench:
        session = await type_it(bench, server, "The first.")
        bench.worker.post(SendText("The second."))  # it waits for the first one's answer
        session.drop()
        await offline(bench)
        await bench.until(lambda: named(bench), f"the message is named in {bench.notices}")
        (lost,), (unsent,) = named(bench), named(bench, UNSENT)
        assert "The first." in lost
        assert "The second." in unsent


async def test_the_next_session_does_not_name_the_messages_of_the_last():
    async with FakeServer(deaf, dialect="openai") as server, running(plan_for(server)) as bench:
        session = await type_it(bench, server)
        session.drop()
        await offline(bench)
        await bench.until(lambda: len(named(bench)) == 1, f"the message is named in {bench.notices}")
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        server.session.drop()
        await offline(bench)
        assert len(named(bench)) == 1
