"""Text in any script and of many lines: typed or pasted, it is sent as it is, shown in its place, and copied again."""

from collections.abc import Sequence

from rich.cells import cell_len
from speaking import await_live, composer, go, quit_cleanly

from realtime_server import FakeServer, Session, in_thread, plain
from terminal import COMMAND, Terminal

SCRIPTS = "漢字かな交じり文 한국어 👩‍👩‍👧‍👦 👍🏽 🇩🇪 مرحبا بالعالم cafe\u0301"


async def _answers(session: Session) -> None:
    for count in (1, 2):
        await session.until(lambda count=count: session.count("response.create") == count)  # type: ignore[misc]
        await session.text(f"answer_{count}", f"answer {count}")


def test_text_in_any_script_and_many_lines_arrive_as_they_are_and_can_be_copied(environment: dict[str, str]) -> None:
    lines = [f"{number}: {SCRIPTS if number % 20 == 0 else 'word ' * 5}".rstrip() for number in range(1, 201)]
    with in_thread(plain(_answers)) as server:
        command = [COMMAND, "--provider", "generic", "--url", server.url, "--no-audio"]
        with Terminal(command, environment, 80, 24) as terminal:
            await_live(terminal)
            terminal.press("t").wait_for(lambda _: terminal.cursor[1] == 22, "the message field has the cursor")
            terminal.type(SCRIPTS).wait_for(lambda screen: "caf" in composer(screen))
            _assert_all_stands(terminal)
            terminal.press("enter").wait_for(lambda _: _sent(server) == [SCRIPTS], "what was typed has arrived")
            terminal.wait_for("answer 1")
            terminal.paste("\n".join(lines)).wait_for("200: 漢字")
            terminal.wait_for(lambda screen: "198: word" in screen and "190:" not in screen, "the field stays low")
            _assert_all_stands(terminal)
            assert _sent(server) == [SCRIPTS], "a line end in a pasted text sends nothing"
            terminal.press("enter")
            terminal.wait_for(lambda _: _sent(server)[1:] == ["\n".join(lines)], "the lines arrive as one message")
            go(terminal, "escape", "1 Transcript")
            terminal.press("G").wait_for("200: 漢字")
            _assert_all_stands(terminal)
            terminal.press(*"kkkk", "y").wait_for(
                lambda _: terminal.clipboard.endswith("\n".join(lines)), "it is copied"
            )
            terminal.press("g", "j", "y").wait_for(lambda _: terminal.clipboard.endswith(f"YOU: {SCRIPTS}"))
            _assert_all_stands(terminal)
            quit_cleanly(terminal)


def _sent(server: FakeServer) -> Sequence[str]:
    items = [event["item"] for event in server.received if event["type"] == "conversation.item.create"]
    return [part["text"] for item in items for part in item["content"]]


def _assert_all_stands(terminal: Terminal) -> None:
    """No line is longer than the terminal is wide, and the border of the pane is where it was."""
    rows = terminal.lines
    assert all(cell_len(row) <= 80 for row in rows)
    assert "[1 Talk]" in rows[2]
    assert rows[-1].startswith((" ⏎ send", " i interrupt"))
    assert all(row.endswith("│") for row in rows if row.startswith("│")), terminal.text
