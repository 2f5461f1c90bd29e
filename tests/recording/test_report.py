"""The HTML report opens in a browser, plays and seeks, loads nothing, and no text in it is more than text."""

import json
import re
from pathlib import Path

from browser import browser
from recording.talk import Talk, recorded_talk, weather
from rtvoice_tui.recording.conversation import conversation
from rtvoice_tui.recording.export.files import write
from rtvoice_tui.recording.export.har import har
from rtvoice_tui.recording.export.otel import otlp
from rtvoice_tui.recording.export.report import html
from rtvoice_tui.recording.importing.opening import open_any

EVIL = '</script><script>document.title="evil"</script><img src=x onerror=\'document.title="evil"\'> \x1b[2J &amp; "'


START, END = "startTimeUnixNano", "endTimeUnixNano"


def evil() -> Talk:
    """A conversation in which everything is meant to be obeyed."""
    talk = Talk().opened().asks(EVIL)
    return talk.calls(EVIL, json.dumps({"a": EVIL}), EVIL).answers(EVIL, 1.0)


async def test_a_browser_plays_it_and_goes_where_is_clicked(tmp_path: Path) -> None:
    talk = weather()
    talk.up("conversation.item.truncate", item_id=talk.last_item, content_index=0, audio_end_ms=99_999)
    recording = recorded_talk(tmp_path / "talk", talk)
    write(recording, "html", tmp_path / "talk.html")
    async with browser(tmp_path / "profile") as page:
        await page.open((tmp_path / "talk.html").as_uri())
        await page.until("audio.readyState >= 1 && audio.duration > 6")
        assert await page.value("parts.length") == len(conversation(recording).parts)
        assert await page.value("document.querySelectorAll('ul.findings li').length") == 1
        await page.value("[...document.querySelectorAll('.part.user button.at')][1].click()")
        await page.until("!audio.paused && audio.currentTime > 3.9")
        await page.value("audio.pause()")
        box = "canvas.getBoundingClientRect()"
        at = await page.value(f"[{box}.left + {box}.width / 2, {box}.top + 10]")
        for kind in ("mousePressed", "mouseReleased"):
            await page.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", clickCount=1)
        await page.until("Math.abs(audio.currentTime - audio.duration / 2) < 0.2")
        assert await page.value("document.querySelectorAll('.part.now').length") == 1
        assert page.told == []


async def test_text_of_others_is_text(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk", evil())
    (tmp_path / "evil.html").write_text(html(recording))
    async with browser(tmp_path / "profile") as page:
        await page.open((tmp_path / "evil.html").as_uri())
        assert "evil" not in await page.value("document.title")
        assert await page.value("document.querySelectorAll('img').length") == 0
        assert await page.value("document.scripts.length") == 2
        assert "onerror" in await page.value("document.body.innerText")
        assert page.told == []


def test_it_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = html(recorded_talk(tmp_path / "talk"))
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "default-src 'none'" in text
    assert "http" not in text.replace('http-equiv="', "")


def test_a_har_has_all_frames_with_their_sound_and_opens_again(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk")
    path = tmp_path / "talk.har"
    path.write_bytes(b"".join(har(recording)))
    messages = json.loads(path.read_text())["log"]["entries"][0]["_webSocketMessages"]
    assert len(messages) == len(weather().frames)
    sent = [json.loads(message["data"]) for message in messages if message["type"] == "send"]
    original = [event for _, up, event in weather().frames if up]
    assert [event.get("audio") for event in sent] == [event.get("audio") for event in original]
    opened = open_any(tmp_path, str(path))
    said, before = conversation(opened.recording), conversation(recording)
    assert [(part.who, part.text, part.heard) for part in said.parts] == [
        (p.who, p.text, p.heard) for p in before.parts
    ]
    opened.close()


def test_spans_nest_and_hold_what_the_conventions_name(tmp_path: Path) -> None:
    whole = json.loads(otlp(recorded_talk(tmp_path / "talk")))
    spans = whole["resourceSpans"][0]["scopeSpans"][0]["spans"]
    names = [span["name"].split(" ")[0] for span in spans]
    assert names == ["invoke_agent", "chat", "execute_tool", "chat", "chat"]
    by_id = {span["spanId"]: span for span in spans}
    assert len(by_id) == len(spans)
    for span in spans[1:]:
        parent = by_id[span["parentSpanId"]]
        times = [int(each[name]) for each, name in ((parent, START), (span, START), (span, END), (parent, END))]
        assert times == sorted(times), span["name"]
    tool = {pair["key"]: pair["value"]["stringValue"] for pair in spans[2]["attributes"]}
    assert tool["gen_ai.tool.name"] == "get_weather"
    assert tool["gen_ai.operation.name"] == "execute_tool"
    asked = {pair["key"]: pair["value"] for pair in spans[1]["attributes"]}
    assert "What is the weather in Berlin?" in asked["gen_ai.input.messages"]["stringValue"]


def test_a_turn_ends_with_its_answer_and_not_with_the_next_turn(tmp_path: Path) -> None:
    talk = Talk().opened().asks("One?").answers("Yes.", 0.3).after(30.0).asks("Two?").answers("No.", 0.3)
    root, first, second = json.loads(otlp(recorded_talk(tmp_path / "talk", talk)))["resourceSpans"][0]["scopeSpans"][0][
        "spans"
    ]
    assert first["name"] == second["name"] == "chat talker"
    assert int(second[START]) - int(first[END]) > 25e9
    assert int(root[END]) - int(second[END]) < 2e9
