"""Every way a connection fails is one sentence with a remedy, tells no secret, and can be tried again."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from engine.bench import Bench, Source, changed, plan_for, profile_for, running, signal
from realtime_server import FakeServer, Session
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.commands import SendText
from rtvoice_tui.session.facts import Level, Phase
from rtvoice_tui.store.plain import visible
from rtvoice_tui.transport import websocket


async def just_open(session: Session) -> None:
    await session.open()


def told(bench: Bench) -> tuple[str, str]:
    """The sentence and the remedy with which a session ended, which are also the newest notice."""
    session, notice = bench.store.session, bench.notices[-1]
    assert notice.level is Level.ERROR
    assert (notice.text, notice.remedy) == (session.reason, session.remedy)
    assert session.reason
    assert session.remedy
    assert "\n" not in session.reason
    assert "Traceback" not in session.reason
    assert "internal error" not in session.reason
    return session.reason, session.remedy


def everything_told(bench: Bench) -> str:
    """All that a screen, a log or a debugger could show of a session."""
    log = bench.store.events
    texts = [text for number in range(len(log)) for text in log.texts(number)]
    endpoint = Endpoint("wss://x", {"Authorization": "Api-Key hidden"})
    shown = [bench.notices, bench.worker.plan, bench.worker, bench.store.session, bench.store.edits, endpoint]
    return "\n".join([*texts, *map(repr, shown)])


async def offline(bench: Bench) -> None:
    await bench.until(lambda: bench.notices and bench.phase is Phase.OFFLINE)


async def works_again(bench: Bench, server: FakeServer) -> None:
    """After a failure `connect` begins a new session in which the conversation goes on."""
    server.refuse = 0
    before = len(server.sessions)
    bench.worker.connect()
    await bench.until(lambda: bench.phase is Phase.LISTENING)
    assert len(server.sessions) == before + 1
    assert bench.store.session.reason == ""
    bench.worker.post(SendText("Are you there?"))
    await bench.until(lambda: server.session.count("response.create") == 1)
    assert server.key not in everything_told(bench)


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "key"), (403, "key"), (404, "model"), (429, "quota"), (500, "refused"), (400, "accept"), (302, "refused")],
)
async def test_a_refused_upgrade_says_why_and_what_to_do(status, word):
    async with FakeServer(just_open) as server:
        server.refuse = status
        async with running(plan_for(server)) as bench:
            await offline(bench)
            sentence, _ = told(bench)
            assert word in sentence
            assert f"HTTP {status}" in sentence
            assert "127.0.0.1" in sentence
            await works_again(bench, server)


async def test_a_wrong_key_is_refused_as_one():
    async with FakeServer(just_open) as server:
        profile = profile_for(server)
        environ = {"YANDEX_CLOUD_API_KEY": "wrong-key-9876", "YANDEX_CLOUD_FOLDER_ID": "b1gfolder"}
        async with running(plan_for(server, source=Source(profile, environ))) as bench:
            await offline(bench)
            assert "key" in told(bench)[0]
            assert "wrong-key-9876" not in everything_told(bench)


async def test_without_a_key_nothing_is_tried_and_the_variable_is_named():
    async with FakeServer(just_open) as server:
        profile = changed(profile_for(server), api_key_env="MY_KEY")
        async with running(plan_for(server, source=Source(profile, {"YANDEX_CLOUD_FOLDER_ID": "b1g"}))) as bench:
            await offline(bench)
            sentence, remedy = told(bench)
            assert "key" in sentence
            assert "MY_KEY" in remedy
            assert server.upgrades == []


async def test_a_short_model_name_is_refused_by_the_server_and_told():
    async with FakeServer(just_open) as server:
        profile = changed(profile_for(server), url=f"{server.url}?model=speech-realtime-250923")
        async with running(plan_for(server, source=Source(profile, plan_for(server).source.environ))) as bench:
            await offline(bench)
            assert "1008: Invalid model URI" in told(bench)[0]
            assert "model" in told(bench)[1]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ws://127.0.0.1:1/v1/realtime", "cannot be reached"),
        ("ws://no-such-host.invalid/v1/realtime", "no-such-host.invalid"),
        ("ws://[::1", ""),
        ("ws://127.0.0.1:99999/", ""),
        ("ftp://127.0.0.1/", "address"),
        ("not an address", "address"),
        ("ws://" + "a" * 300 + ".invalid/", ""),
        ("ws://exa mple/", ""),
    ],
    ids=["no server", "no host", "open bracket", "no port", "no WebSocket", "no address", "a long label", "a space"],
)
async def test_an_address_that_leads_nowhere_is_told(url, word):
    async with FakeServer(just_open) as server:
        good = plan_for(server)
        bad = Source(changed(profile_for(server), url=url), good.source.environ)
        async with running(replace(good, source=bad)) as bench:
            await offline(bench)
            assert word in told(bench)[0]
            bad.profile = good.source.profile
            await works_again(bench, server)


@contextlib.asynccontextmanager
async def plain_tcp(handler):
    """A TCP server that knows no WebSocket; yields its address."""
    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        await handler(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()


async def say_nothing(reader, writer):
    await reader.read(65_536)


async def hang_up(reader, writer):
    await reader.read(65_536)
    writer.close()


async def speak_another_protocol(reader, writer):
    await reader.read(65_536)
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


async def speak_http(reader, writer):
    await reader.read(65_536)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    await writer.drain()


@pytest.mark.parametrize("handler", [say_nothing, hang_up, speak_another_protocol, speak_http])
async def test_a_server_that_is_none_is_told(handler, monkeypatch):
    monkeypatch.setattr(websocket, "CONNECT_S", 0.3 if handler is say_nothing else 10)
    async with plain_tcp(handler) as url, FakeServer(just_open) as server:
        good = plan_for(server)
        bad = Source(changed(profile_for(server), url=url), good.source.environ)
        async with running(replace(good, source=bad)) as bench:
            await offline(bench)
            assert "127.0.0.1" in told(bench)[0]
            if handler is say_nothing:
                assert "does not answer" in told(bench)[0]
            monkeypatch.setattr(websocket, "CONNECT_S", 10)
            bad.profile = good.source.profile
            await works_again(bench, server)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (1000, "ended"),
        (1001, "ended"),
        (1008, "refuses"),
        (1011, "failed"),
        (1012, "restarts"),
        (1013, "busy"),
        (4000, "closed"),
        (4321, "closed"),
    ],
)
async def test_a_closed_connection_is_told_with_code_and_reason(code, word):
    async def script(session: Session) -> None:
        await session.open()
        if session is server.sessions[0]:
            await session.close(code, "because it is late")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await offline(bench)
        sentence, _ = told(bench)
        assert word in sentence
        assert str(code) in sentence
        assert "because it is late" in sentence
        await works_again(bench, server)


async def test_a_connection_that_breaks_is_told_as_lost():
    async def script(session: Session) -> None:
        await session.open()
        if session is server.sessions[0]:
            session.drop()

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await offline(bench)
        assert "lost (1006" in told(bench)[0]
        await works_again(bench, server)


async def test_a_connection_that_ends_without_a_goodbye_is_told_as_lost():
    async def script(session: Session) -> None:
        await session.open()
        if session is server.sessions[0]:
            session.hang_up()

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await offline(bench)
        assert "lost (1006" in told(bench)[0]


async def test_a_close_without_a_code_is_told_as_one():
    async def script(session: Session) -> None:
        await session.open()
        await session.send_wire(b"\x88\x00")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await offline(bench)
        assert "without a reason (1005" in told(bench)[0]


@pytest.mark.parametrize(
    "frame",
    [b"\x83\x00", b"\x81\x02\xff\xfe", b"\x88\x01\x00", b"\xc1\x01a", b"\x88\x04\x03\xe8\xff\xfe"],
    ids=["unknown opcode", "not UTF-8", "half a code", "compressed", "reason not UTF-8"],
)
async def test_a_frame_that_breaks_the_protocol_ends_the_session_with_a_sentence(frame):
    async def script(session: Session) -> None:
        await session.open()
        if session is server.sessions[0]:
            await session.send_wire(frame)

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await offline(bench)
        told(bench)
        await works_again(bench, server)


async def test_a_drop_in_the_middle_of_an_answer_silences_the_speaker():
    async def script(session: Session) -> None:
        await session.open()
        if session is server.sessions[0]:
            await session.begin("resp_1")
            await session.audio("resp_1", "item_a1", signal(20))
            await go_on.wait()
            session.drop()

    go_on = asyncio.Event()
    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.store.speaker.peak_db > -60)
        go_on.set()
        await offline(bench)
        await bench.until(lambda: bench.store.audio.buffered_ms == 0)
        await works_again(bench, server)


async def test_a_reason_with_escape_codes_is_harmless_on_a_screen():
    async def script(session: Session) -> None:
        await session.open()
        await session.close(4001, "\x1b[2J[/b]gone")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await offline(bench)
        sentence, _ = told(bench)
        assert "\x1b" not in visible(sentence)
        assert "[/b]gone" in sentence


async def test_a_key_with_a_line_feed_inside_is_refused_without_being_told():
    async with FakeServer(just_open) as server:
        plan = plan_for(server)
        plan.source.environ["YANDEX_CLOUD_API_KEY"] = "secret\nX-Evil: 1"
        async with running(plan) as bench:
            await offline(bench)
            assert "secret" not in told(bench)[0]


async def test_a_password_in_the_address_is_not_told():
    async with FakeServer(just_open) as server:
        server.refuse = 403
        good = plan_for(server)
        profile = changed(profile_for(server), url=server.url.replace("ws://", "ws://user:geheim@"))
        async with running(replace(good, source=Source(profile, good.source.environ))) as bench:
            await offline(bench)
            assert "geheim" not in told(bench)[0]


async def test_a_key_in_the_address_is_not_told():
    async with plain_tcp(speak_another_protocol) as url, FakeServer(just_open) as server:
        good = plan_for(server)
        profile = changed(profile_for(server), url=f"{url}?key=geheim")
        async with running(replace(good, source=Source(profile, good.source.environ))) as bench:
            await offline(bench)
            assert "geheim" not in told(bench)[0]


async def test_disconnecting_ends_the_session_quietly_and_connecting_begins_a_new_one():
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.disconnect()
        await bench.until(lambda: bench.phase is Phase.OFFLINE)
        assert bench.store.session.reason == "disconnected"
        assert bench.notices == []
        await works_again(bench, server)


async def test_disconnecting_and_connecting_at_once_ends_in_a_new_session():
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.disconnect()
        bench.worker.connect()
        await bench.until(lambda: len(server.sessions) == 2)
        await bench.until(lambda: bench.phase is Phase.LISTENING)


async def test_connecting_twice_connects_once():
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        bench.worker.connect()
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.connect()
        bench.worker.post(SendText("Hello."))
        await bench.until(lambda: server.received and server.session.count("response.create") == 1)
        bench.worker.disconnect()
        await bench.until(lambda: bench.phase is Phase.OFFLINE)
        assert len(server.sessions) == 1


async def test_a_session_that_is_not_wanted_at_the_start_begins_when_asked_for():
    async with FakeServer(just_open) as server, running(plan_for(server, connect=False)) as bench:
        await bench.until(lambda: bench.store.audio.output_name)
        assert server.upgrades == []
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.LISTENING)


async def test_a_source_that_fails_is_told_with_its_own_words():
    class Broken(Source):
        async def endpoint(self) -> Endpoint:
            raise ProfileError("the local agent does not start", "see the log file")

    async with FakeServer(just_open) as server:
        plan = plan_for(server)
        async with running(replace(plan, source=Broken(plan.source.profile, {}))) as bench:
            await offline(bench)
            assert told(bench) == ("the local agent does not start", "see the log file")


async def test_a_session_that_is_never_confirmed_hears_after_a_while_and_says_so(monkeypatch):
    monkeypatch.setattr("rtvoice_tui.session.realtime.edits.UNANSWERED_S", 0.05)

    async def script(session: Session) -> None:
        session.state.confirms = False
        await session.open()

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        (notice,) = bench.notices
        assert notice.level is Level.WARNING
        assert "not confirmed" in notice.text


async def test_a_server_that_does_not_greet_is_configured_all_the_same(monkeypatch):
    monkeypatch.setattr("rtvoice_tui.session.realtime.configuration.GREETING_S", 0.05)

    async def script(session: Session) -> None:
        await session.expect("session.update")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert "not greeted" in bench.notices[0].text
        assert not server.offences


async def test_the_greeting_timer_of_an_ended_session_does_not_touch_the_next(monkeypatch):
    timers = []
    monkeypatch.setattr("rtvoice_tui.session.realtime.configuration.GREETING_S", 3600.0)

    async def script(session: Session) -> None:
        await asyncio.Event().wait()

    async with FakeServer(script) as server, running(plan_for(server, connect=False)) as bench:
        await bench.until(lambda: bench.store.audio.output_name)
        loop = bench.worker.driver.loop
        later = loop.call_later

        def remember(delay, function, *arguments, **rest):
            if delay == 3600.0:
                timers.append((function, arguments))
            return later(delay, function, *arguments, **rest)

        monkeypatch.setattr(loop, "call_later", remember)
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.CONFIGURING)
        bench.worker.disconnect()
        await bench.until(lambda: bench.phase is Phase.OFFLINE)
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.CONFIGURING and len(timers) == 2)
        function, arguments = timers[0]
        function(*arguments)
        await bench.until(lambda: len(server.sessions) == 2)
        assert bench.notices == []
