"""Files of other tools become recordings that show the conversation; what they do not say is told."""

import errno
import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recording.talk import STARTED, Talk, weather
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.conversation import Conversation, conversation
from rtvoice_tui.recording.findings.finding import findings
from rtvoice_tui.recording.importing import convert, frames, unpacked
from rtvoice_tui.recording.importing.opening import Opened, open_any

WORDS = [
    ("user", "What is the weather in Berlin?"),
    ("tool", "get_weather(city=Berlin)"),
    ("agent", "Eleven degrees and cloudy."),
    ("user", "And tomorrow?"),
    ("agent", "Tomorrow will be sunny with a light wind from the west."),
    ("user", "Thank you, that is enough."),
    ("agent", "You are welcome."),
]


def bare(talk: Talk) -> bytes:
    return "\n".join(json.dumps(event) for _, _, event in talk.frames).encode()


def array(talk: Talk) -> bytes:
    return json.dumps([event for _, _, event in talk.frames]).encode()


def lines(talk: Talk) -> bytes:
    return talk.lines().encode()


def lines_with_text(talk: Talk) -> bytes:
    """The event as text, times in ms, and a byte order mark."""
    wrapped = (
        {"timestamp": (STARTED + at) * 1000, "sender": "client" if up else "server", "data": json.dumps(event)}
        for at, up, event in talk.frames
    )
    return "\n".join(map(json.dumps, wrapped)).encode("utf-8-sig")


def har(talk: Talk) -> bytes:
    messages = [
        {"type": "send" if up else "receive", "time": STARTED + at, "opcode": 1, "data": json.dumps(event)}
        for at, up, event in talk.frames
    ]
    other = {"request": {"url": "wss://localhost/reload"}, "_webSocketMessages": [{"type": "receive", "data": "ping"}]}
    entry = {"request": {"url": "wss://api.openai.com/v1/realtime"}, "_webSocketMessages": messages}
    return json.dumps({"log": {"entries": [{"request": {"url": "https://x"}}, other, entry]}}).encode()


def flows(talk: Talk) -> bytes:
    messages = [[1, up, json.dumps(event).encode(), STARTED + at, False, False] for at, up, event in talk.frames]
    flow = {"version": 21, "request": {"host": "api.openai.com"}, "websocket": {"messages": messages, "closed": None}}
    return tnetstring({"request": {"host": "example.org"}, "websocket": None}) + tnetstring(flow)


def tnetstring(value: Any) -> bytes:
    match value:
        case None:
            body, tag = b"", b"~"
        case bool():
            body, tag = (b"true" if value else b"false"), b"!"
        case int():
            body, tag = str(value).encode(), b"#"
        case float():
            body, tag = repr(value).encode(), b"^"
        case bytes():
            body, tag = value, b","
        case str():
            body, tag = value.encode(), b";"
        case list():
            body, tag = b"".join(map(tnetstring, value)), b"]"
        case _:
            body, tag = b"".join(tnetstring(name) + tnetstring(inner) for name, inner in value.items()), b"}"
    return str(len(body)).encode() + b":" + body + tag


FORMATS: dict[str, tuple[Callable[[Talk], bytes], str, list[str]]] = {
    "bare events": (bare, "talk.jsonl", ["no times", "no directions"]),
    "an array": (array, "talk.json", ["no times", "no directions"]),
    "lines with time and direction": (lines, "talk.jsonl", []),
    "lines with text in them": (lines_with_text, "talk.log", []),
    "a HAR": (har, "page.har", []),
    "a HAR of another name": (har, "page.json", []),
    "flows of mitmproxy": (flows, "talk.flows", []),
}


def opened(path: Path) -> tuple[Opened, Conversation]:
    found = open_any(path.parent, str(path))
    return found, conversation(found.recording)


@pytest.mark.parametrize("name", FORMATS)
def test_the_conversation_is_found_and_what_is_missing_said(tmp_path: Path, name: str) -> None:
    make, file, missing = FORMATS[name]
    path = tmp_path / file
    path.write_bytes(make(weather()))
    found, said = opened(path)
    assert [(part.who, part.text) for part in said.parts] == WORDS
    assert said.problem == ""
    assert [part.output for part in said.parts if part.who == "tool"] == ['{"temperature_c": 11}']
    assert len(found.missing) == len(missing)
    assert all(words in sentence for words, sentence in zip(missing, found.missing, strict=True))
    assert findings(found.recording) == []
    found.close()
    assert not found.recording.folder.exists()


def test_times_directions_and_cuts_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "page.har"
    path.write_bytes(har(weather()))
    found, said = opened(path)
    assert found.recording.manifest.provider == "openai"
    assert found.recording.manifest.started.startswith("2023-11-14T22:13:20")
    asked = [part.at for part in said.parts if part.who == "user"]
    assert asked == pytest.approx([0.55, 3.87, 5.47], abs=0.05)
    cut = said.parts[4]
    assert (cut.heard_ms, cut.heard) == (600, "Tomorrow will")
    found.close()


@pytest.mark.parametrize("form", [har, lines])
def test_an_answer_that_a_key_cut_ends_where_its_client_truncated_it(
    tmp_path: Path, form: Callable[[Talk], bytes]
) -> None:
    talk = (
        Talk().opened().asks("Tell me a story.").answers("Once upon a time there was a lighthouse.", 20.0, heard=False)
    )
    talk.after(1.0).up("conversation.item.truncate", item_id=talk.last_item, content_index=0, audio_end_ms=1_200)
    talk.after(5.0).asks("Thank you.").answers("You are welcome.", 0.3)
    path = tmp_path / f"page.{'har' if form is har else 'jsonl'}"
    path.write_bytes(form(talk))
    found, said = opened(path)
    story = next(part for part in said.parts if part.who == "agent")
    assert (story.heard_ms, story.received_ms) == (1_200, 20_000)
    assert said.summary.length_s == pytest.approx(talk.now, abs=1.0)
    found.close()


@pytest.mark.parametrize("form", [har, lines, bare])
@pytest.mark.parametrize("opening", ["nothing", "created"])
def test_what_was_typed_is_there_although_the_file_holds_no_settings(
    tmp_path: Path, form: Callable[[Talk], bytes], opening: str
) -> None:
    talk = Talk()
    if opening == "created":
        talk.down("session.created", session={"id": "sess_1"})
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Book a table for four."}]}
    talk.after(1.0).up("conversation.item.create", item=item)
    talk.up("response.create")
    talk.after(0.1).down("conversation.item.added", item=item | {"id": "item_1", "status": "completed"})
    talk.answers("Done, table for four.", 0.3)
    path = tmp_path / f"page.{'har' if form is har else 'jsonl'}"
    path.write_bytes(form(talk))
    found, said = opened(path)
    assert [(part.who, part.text) for part in said.parts] == [
        ("user", "Book a table for four."),
        ("agent", "Done, table for four."),
    ]
    assert said.summary.errors == 0
    found.close()


def test_lines_that_are_no_events_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b'not json\n{"a": 1}\n' + lines(weather()) + b"\n[]\n" + b'{"type": "ses')
    found, said = opened(path)
    assert [(part.who, part.text) for part in said.parts] == WORDS
    assert found.missing == ["4 lines are no events and were left out"]
    found.close()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", b"", "no Realtime event"),
        ("a.jsonl", b"hello\nworld", "no Realtime event"),
        ("a.har", b"{}", "no HAR"),
        ("a.har", b'{"log": {"entries": []}}', "no WebSocket"),
        ("a.har", b'{"log": {"entries": [{"request": {"url": "ws://x"}, "_webSocketMessages": [1, {}, null]}]}}', "no"),
        ("a.flows", b"12:abc", "no flow dump"),
        ("a.flows", b"999999999999:x,", "no flow dump"),
        ("a.flows", b"\xff\xfe\x00", "no flow dump"),
        ("a.jsonl", b"[" * 100_000, "no Realtime event"),
    ],
)
def test_a_file_that_is_none_is_a_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=sentence):
        open_any(tmp_path, str(tmp_path / name))


def test_hostile_events_are_data(tmp_path: Path) -> None:
    events = [
        {
            "type": "session.created",
            "session": {"audio": {"output": {"format": {"rate": -1}}}, "tools": [1, {"name": 2}]},
        },
        {"type": "response.output_audio.delta", "delta": "!", "item_id": "\x1b[2J", "response_id": None},
        {"type": "input_audio_buffer.append", "audio": 7},
        {"type": "conversation.item.create", "item": "x"},
        {"type": "response.done", "response": []},
        {"type": "a." + "b" * 10_000},
    ]
    path = tmp_path / "../evil.jsonl"
    path.write_text("\n".join(map(json.dumps, events)))
    found, said = opened(path)
    assert said.parts == ()
    assert [path for path in found.recording.folder.parent.iterdir() if path.is_dir()] == [found.recording.folder]
    found.close()


LEFT = """
import os, sys
from pathlib import Path
from rtvoice_tui.recording.importing.opening import open_any
opened = open_any(Path("nowhere"), sys.argv[1])
print(opened.recording.folder.parent, flush=True)
if sys.argv[2] == "killed":
    os._exit(0)
sys.stdin.read()
opened.close()
"""


def test_what_a_killed_app_left_of_an_opened_file_is_removed_and_what_another_uses_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(unpacked, "_NEW_S", 0.0)
    path = tmp_path / "talk.jsonl"
    path.write_bytes(lines(weather()))
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def started(how: str) -> "tuple[subprocess.Popen[str], Path]":
        command = [sys.executable, "-c", LEFT, str(path), how]
        process = subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, text=True)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    used, of_used = started("used")
    killed, of_killed = started("killed")
    killed.communicate()
    assert of_killed.exists()
    own = open_any(tmp_path, str(path))
    assert not of_killed.exists()
    assert of_used.exists()
    own.close()
    used.communicate()
    assert list(place.iterdir()) == []


def test_a_line_that_is_too_long_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_LINE", 10_000)
    path = tmp_path / "talk.jsonl"
    long = json.dumps({"type": "conversation.item.create", "item": "x" * 10_000})
    path.write_text(f'{{"type": "session.created"}}\r\n{long}\r\n   \r\n{{"type": "session.updated"}}\n')
    found, _ = opened(path)
    assert "1 line is no event and was left out" in found.missing
    assert len(list(found.recording.wire())) == 2
    found.close()


def test_a_text_with_a_line_separator_of_unicode_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text('{"type": "error", "error": {"message": "one\u2028line"}}\n', encoding="utf-8")
    found, _ = opened(path)
    assert len(list(found.recording.wire())) == 1
    found.close()


def test_a_folder_that_is_just_being_made_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("without-lock", "not-held-yet"):
        (tmp_path / f"{unpacked.PREFIX}{name}").mkdir()
    (tmp_path / f"{unpacked.PREFIX}not-held-yet" / "in-use").touch()
    unpacked.UnpackedFolder().close()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"6:0:~-4:]", b"0:~-4:", b"3:+1:~,", b"9999999999:x,", b"5:0:~9:]", b"4:0:~]" * 3])
def test_lengths_of_a_flow_dump_that_cannot_be_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "page.flow"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        open_any(tmp_path, str(path))


def test_deep_lists_of_a_flow_dump_take_no_copy_for_each_level(tmp_path: Path) -> None:
    body = b"x" * 1_000_000
    data = b"%d:%s," % (len(body), body)
    for _ in range(200):
        data = b"%d:%s]" % (len(data), data)
    path = tmp_path / "page.flow"
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(RecordingError, match="no WebSocket"):
        open_any(tmp_path, str(path))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("content", [5, None, ["x"], [["x"]], [{"text": 7}], "absent"])
def test_a_message_whose_content_is_of_another_form_is_no_message(tmp_path: Path, content: object) -> None:
    item = {"type": "message", "role": "user"} | ({} if content == "absent" else {"content": content})
    talk = Talk().opened()
    talk.up("conversation.item.create", item=item)
    talk.answers("Yes.", 0.2)
    path = tmp_path / "page.jsonl"
    path.write_bytes(lines(talk))
    found, said = opened(path)
    assert said.parts[-1].text == "Yes."
    found.close()


def test_without_room_for_temporary_files_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "page.jsonl"
    path.write_bytes(lines(weather()))
    monkeypatch.setattr(convert._Writer, "_append", full)
    with pytest.raises(RecordingError, match="No space left on device") as raised:
        open_any(tmp_path, str(path))
    assert "TMPDIR" in raised.value.remedy


def test_a_model_with_an_endless_name_does_not_spoil_the_manifest(tmp_path: Path) -> None:
    talk = Talk()
    talk.down("session.created", session={"model": "m" * 3_000_000})
    path = tmp_path / "page.jsonl"
    path.write_bytes(lines(talk))
    found, _ = opened(path)
    assert len(found.recording.manifest.identity) < 300
    found.close()


def test_after_a_message_that_nobody_answered_the_conversation_goes_on(tmp_path: Path) -> None:
    talk = Talk().opened()
    for words, answer in (("first", "one"), ("second", ""), ("third", "three"), ("fourth", "four")):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
        talk.after(10.0).up("conversation.item.create", item=item)
        talk.up("response.create")
        if answer:
            place = {"response_id": f"r-{answer}", "item_id": f"i-{answer}", "content_index": 0, "output_index": 0}
            talk.after(1.0).down("response.created", response={"id": f"r-{answer}", "status": "in_progress"})
            talk.down("response.output_text.delta", **place, delta=answer)
            talk.down("response.done", response={"id": f"r-{answer}", "status": "completed", "output": []})
    path = tmp_path / "gap.jsonl"
    path.write_bytes(lines(talk))
    found, said = opened(path)
    parts = [(part.who, part.text, round(part.at)) for part in said.parts]
    assert parts == [
        ("user", "first", 10), ("agent", "one", 11), ("user", "second", 21), ("user", "third", 31),
        ("agent", "three", 32), ("user", "fourth", 42), ("agent", "four", 43),
    ]  # fmt: skip
    found.close()


@pytest.mark.parametrize("model", ["talker-2", ""])
@pytest.mark.parametrize("form", [har, lines])
def test_the_model_is_that_of_the_file(tmp_path: Path, form: Callable[[Talk], bytes], model: str) -> None:
    talk = Talk()
    talk.down("session.created", session={"id": "s", "model": model})
    path = tmp_path / f"page.{'har' if form is har else 'jsonl'}"
    path.write_bytes(form(talk))
    found, _ = opened(path)
    assert found.recording.manifest.model == model
    found.close()
