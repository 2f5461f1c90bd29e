"""A server may send anything: the session goes on, what was odd is counted, and no text commands the terminal."""

import asyncio
import json
import unicodedata

import pytest

from engine.bench import Bench, changed, plan_for, running, signal, with_tool
from realtime_server import FakeServer, Session
from rtvoice_tui.session.commands import EditSession, SendText
from rtvoice_tui.session.facts import CallState, Phase
from rtvoice_tui.store.plain import one_line, visible

NASTY = "[/b][red]\x1b[2J\x1b]0;owned\x07\x00\x7f\x9b31m\u202eevil\u2066\rgone"


async def goes_on(bench: Bench, server: FakeServer, strict: bool = True) -> None:
    """A typed message is still answered."""
    await bench.until(server.reached.is_set, "the script has done its worst")
    await bench.until(lambda: bench.phase not in (Phase.CONNECTING, Phase.CONFIGURING))
    bench.worker.post(SendText("Are you still there?"))
    await bench.until(lambda: "I am." in bench.words("AGENT"))
    assert bench.phase is not Phase.OFFLINE
    assert not [notice for notice in bench.notices if "internal error" in notice.text]
    assert not server.offences or not strict


def then_answers(hostile):
    """A script that does something hostile, and then what a typed message asks for."""

    async def script(session: Session) -> None:
        await session.open()
        await hostile(session)
        session.record.reached.set()
        await session.expect("response.create")
        await session.speak("resp_last", "item_last", signal(0.05), words="I am.")

    return script


def harmless(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in text) and "\u202e" not in text


ODD_FRAMES = [
    "",
    "not json",
    "{",
    "null",
    "17",
    '"session.updated"',
    "[]",
    '[{"type": "error"}]',
    "{}",
    '{"type": null}',
    '{"type": 5}',
    '{"type": ["error"]}',
    '{"type": ""}',
    '{"type": "error"',
    '{"type": "error"} {"type": "error"}',
    "[" * 100_000,
    '{"type": "session.created", "session": ' + '{"a":' * 100_000,
    '{"type": "response.done", "response": {"usage": {"input_tokens": 1' + "0" * 5_000 + "}}}",
    '{"type": "response.done", "response": {"usage": {"input_tokens": 1e400}}}',
    '{"type": "error", "error": {"message": "\\ud800"}}',
    "\x1b[2J\x00",
]


async def test_frames_that_are_no_events_are_counted_and_told_and_change_nothing():
    async def hostile(session: Session) -> None:
        for frame in ODD_FRAMES:
            await session.send_raw(frame)

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        assert bench.store.events.unreadable >= 14
        names = [bench.store.events.row(number).name for number in range(len(bench.store.events))]
        assert "(not an event)" in names
        assert "(no type)" in names


async def test_binary_frames_are_read_as_text_or_counted():
    async def hostile(session: Session) -> None:
        await session.send_bytes(b"\xff\xfe\x00\x01")
        await session.send_bytes(b'{"type": "made.up.event"}')
        await session.send_bytes(b"")

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        assert "made.up.event" in bench.names(sent=False)
        assert bench.store.events.unreadable == 2


async def test_unknown_events_are_kept_whole_and_shown_without_complaint():
    event = {"type": "avatar.blinked", "eyes": [1, 2], "note": "unheard of"}

    async def hostile(session: Session) -> None:
        await session.send(event)
        await session.send({"type": "ping"})

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        log = bench.store.events
        (row,) = [n for n in range(len(log)) if log.row(n).name == "avatar.blinked"]
        assert json.loads(log.text(row))["eyes"] == [1, 2]
        assert not log.row(row).error
        assert log.unreadable == 0
        assert not bench.notices


EVENT_TYPES = [
    "session.created",
    "session.updated",
    "conversation.created",
    "conversation.item.added",
    "conversation.item.created",
    "conversation.item.done",
    "conversation.item.retrieved",
    "conversation.item.truncated",
    "conversation.item.deleted",
    "input_audio_buffer.committed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.dtmf_event_received",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "conversation.item.input_audio_transcription.segment",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.created",
    "response.done",
    "rate_limits.updated",
    "output_audio_buffer.started",
    "mcp_list_tools.completed",
    "response.mcp_call_arguments.delta",
    "response.mcp_call.failed",
    "error",
]
FIELDS = (
    "event_id session item response item_id response_id call_id name arguments delta transcript text part error"
    " output_index content_index audio_end_ms rate_limits conversation previous_item_id"
).split()


@pytest.mark.parametrize(
    "value",
    [None, 5, -1.5, "text", [], {}, [None], {"id": None, "type": 7, "content": 3}, True, "missing"],
    ids=[
        "null",
        "a number",
        "a fraction",
        "text",
        "a list",
        "an object",
        "a list of null",
        "odd object",
        "true",
        "none",
    ],
)
async def test_events_whose_fields_are_missing_or_of_a_wrong_kind_are_survived(value):
    async def hostile(session: Session) -> None:
        for kind in EVENT_TYPES:
            fields = {} if value == "missing" else dict.fromkeys(FIELDS, value)
            await session.send_raw(json.dumps({**fields, "type": kind}))

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server, strict=False)
        assert bench.names(sent=False).count("error") >= 1


async def test_speech_of_an_odd_number_of_bytes_and_broken_base64_do_not_end_the_session():
    place = {"response_id": "resp_1", "item_id": "item_a1", "output_index": 0, "content_index": 1}

    async def hostile(session: Session) -> None:
        await session.begin("resp_1")
        await session.audio("resp_1", "item_a1", bytes(4_801))
        for delta in ("", "A", "AA", "AAA=", "!!!!", "\n", "AAAA", "é"):
            await session.send({"type": "response.output_audio.delta", **place, "delta": delta})
        await session.send({"type": "response.output_audio.done", **place})
        await session.end("resp_1")

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        assert bench.store.events.unreadable >= 1


async def test_answers_that_nobody_announced_or_that_end_twice_are_survived():
    async def hostile(session: Session) -> None:
        await session.late_deltas("resp_ghost", "item_ghost", signal(0.02))
        await session.send({"type": "response.output_audio.done", "item_id": "item_never"})
        for _ in range(3):
            await session.end("resp_ghost")
        await session.end("")

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)


async def test_no_text_of_a_server_reaches_the_transcript_unescaped():
    async def hostile(session: Session) -> None:
        await session.speech_started("item_u1")
        await session.speech_ended("item_u1", NASTY)
        failed = "conversation.item.input_audio_transcription.failed"
        await session.speech_started("item_u2")
        await session.send({"type": failed, "item_id": "item_u2", "error": {"message": NASTY, "code": NASTY}})
        await session.speak("resp_1", "item_a1", signal(0.05), words=NASTY)
        await session.call("resp_2", [("call_1", NASTY, json.dumps({NASTY: NASTY}))])
        await session.expect("response.create")
        await session.begin("resp_3")
        await session.end("resp_3")

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        entries = bench.store.transcript.entries
        assert len(entries) == 6
        for entry in entries:
            assert harmless(entry.text), entry
            assert harmless(entry.note), entry
        assert sum("[/b][red]␛[2J" in entry.text for entry in entries) >= 2
        assert "not recognised: [/b]" in entries[1].note


async def test_errors_names_and_results_are_harmless_once_made_visible():
    def echo(city: str) -> str:
        return NASTY

    async def hostile(session: Session) -> None:
        await session.send({"type": NASTY, "session_id": NASTY})
        error = {"type": NASTY, "code": NASTY, "message": NASTY, "param": NASTY, "event_id": NASTY}
        await session.send({"type": "error", "error": error})
        await session.call("resp_1", [("call_1", "get_weather", '{"city": "Omsk"}')])
        await session.expect("response.create")
        await session.begin("resp_2")
        done = {"id": "resp_2", "status": "failed", "status_details": {"reason": NASTY, "error": {"message": NASTY}}}
        session.state.active = ""
        await session.send({"type": "response.done", "response": done})

    async with (
        FakeServer(then_answers(hostile)) as server,
        running(with_tool(plan_for(server), "get_weather", echo)) as bench,
    ):
        await goes_on(bench, server)
        await bench.until(lambda: len(bench.notices) == 2)
        log = bench.store.events
        (record,) = bench.store.calls.records
        assert record.call.state is CallState.OK
        (output,) = [e for e in server.sent("conversation.item.create") if "output" in e["item"]]
        assert output["item"]["output"] == NASTY, "the model gets what the function said"
        shown = [record.call.output, record.call.arguments, *(notice.text for notice in bench.notices)]
        shown += [log.row(number).name for number in range(len(log))]
        shown += [text for number in range(len(log)) for text in log.texts(number)]
        assert any("\x1b" in text for text in shown)
        for text in shown:
            assert harmless(visible(text))
            assert harmless(one_line(text))


async def test_a_result_that_is_not_text_for_a_socket_is_answered_all_the_same():
    """File names that are no UTF-8 come as lone surrogates."""

    def names(city: str) -> str:
        return "caf\udce9.txt"

    async def hostile(session: Session) -> None:
        await session.call("resp_1", [("call_1", "get_weather", '{"city": "Omsk"}')])
        await session.expect("conversation.item.create")
        await session.expect("response.create")
        await session.begin("resp_2")
        await session.end("resp_2")

    async with (
        FakeServer(then_answers(hostile)) as server,
        running(with_tool(plan_for(server), "get_weather", names)) as bench,
    ):
        await bench.until(lambda: bench.store.calls.records)
        await bench.until(lambda: server.sent("conversation.item.create"), "the call is answered")
        await goes_on(bench, server)


async def test_typed_text_that_is_no_unicode_does_not_silence_the_session():
    async def nothing(session: Session) -> None:
        await session.expect("response.create")
        await session.begin("resp_1")
        await session.end("resp_1")

    async with FakeServer(then_answers(nothing)) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendText("caf\udce9"))
        await bench.until(lambda: server.sent("conversation.item.create"), "the message is sent")
        await goes_on(bench, server)


@pytest.mark.parametrize("result", [{(1, 2): "tuple key"}, "circular", object], ids=["odd keys", "circular", "a class"])
async def test_a_result_that_is_no_json_is_answered_all_the_same(result):
    def tool(city: str) -> object:
        if result == "circular":
            circle: list[object] = []
            circle.append(circle)
            return circle
        return result

    async def hostile(session: Session) -> None:
        await session.call("resp_1", [("call_1", "get_weather", '{"city": "Omsk"}')])
        await session.expect("conversation.item.create")
        await session.expect("response.create")
        await session.begin("resp_2")
        await session.end("resp_2")

    async with (
        FakeServer(then_answers(hostile)) as server,
        running(with_tool(plan_for(server), "get_weather", tool)) as bench,
    ):
        await bench.until(lambda: server.sent("conversation.item.create"), "the call is answered")
        await goes_on(bench, server)


@pytest.mark.parametrize(
    "arguments",
    ["", "null", "[]", '"x"', "{", '{"city": 5}', "{}", '{"town": "Omsk"}', "5" * 5_000],
    ids=lambda text: repr(text[:20]),
)
async def test_arguments_that_do_not_fit_are_answered_with_what_is_wrong(arguments):
    async def hostile(session: Session) -> None:
        await session.call("resp_1", [("call_1", "get_weather", arguments)])
        create = await session.expect("conversation.item.create")
        assert "error" in json.loads(create["item"]["output"])
        await session.expect("response.create")
        await session.begin("resp_2")
        await session.end("resp_2")

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        (record,) = bench.store.calls.records
        assert record.call.state is CallState.FAILED
        assert record.call.note


async def test_a_call_whose_item_id_changes_on_the_way_is_run_and_answered_once():
    runs = []

    def weather(city: str) -> str:
        runs.append(city)
        return "fine"

    async def hostile(session: Session) -> None:
        await session.begin("resp_1")
        session.state.calls.add("call_1")
        call = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Omsk"}'}
        place = {"response_id": "resp_1", "output_index": 0}
        await session.send({"type": "response.output_item.added", **place, "item": {**call, "id": "item_1"}})
        await session.send({"type": "response.output_item.done", **place, "item": {**call, "id": "item_2"}})
        await session.end("resp_1", output=[{**call, "id": "item_3"}])
        await session.expect("response.create")
        await session.begin("resp_2")
        await session.end("resp_2")

    async with (
        FakeServer(then_answers(hostile)) as server,
        running(with_tool(plan_for(server), "get_weather", weather)) as bench,
    ):
        await goes_on(bench, server)
        assert runs == ["Omsk"]
        assert server.session.outputs == {"call_1": 1}
        assert len(bench.store.calls.records) == 1


async def test_a_flood_of_events_leaves_room_for_a_typed_message():
    async def hostile(session: Session) -> None:
        for number in range(5_000):
            await session.send({"type": f"flood.{number % 7}", "number": number})

    async with FakeServer(then_answers(hostile)) as server, running(plan_for(server)) as bench:
        await goes_on(bench, server)
        assert bench.store.events.events > 5_000


async def test_an_edit_with_text_that_is_no_unicode_does_not_silence_the_session():
    async def nothing(session: Session) -> None:
        await asyncio.sleep(0)

    async with FakeServer(then_answers(nothing)) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        plan = bench.worker.plan
        bench.worker.post(EditSession(changed(plan.settings, instructions="caf\udce9"), plan.tools))
        await bench.until(lambda: len(server.sent("session.update")) == 2, "the edit is sent")
        await goes_on(bench, server)
