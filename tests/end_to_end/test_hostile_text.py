"""Text from a server that wants to break the screen: it is shown as it is, and keys still act."""

import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from speaking import go, quit_cleanly

from realtime_server import FakeServer, Session, in_thread, plain
from terminal import COMMAND, Terminal

WIDE = "漢字かな交じり文"
COMBINING = "cafe\u0301 Ze\u0308bra"


async def _evil(session: Session) -> None:
    await session.user_said("item_markup", "[/b] [red]x[/red] [link='a'] [@click=app.quit]z[/]")
    await session.text("escapes", "\x1b[31mRED\x1b[2J\x1b]0;title\x07 \x9b5m bell\x07\x00 ", "end\r\n\x1b[?1049l")
    await session.user_said("item_wide", f"{WIDE} {COMBINING} \u202egnirts\u202c \ufeff\u200f")
    await session.text("wide", *(WIDE * 8))
    await session.text("flags", "flags 🇩🇪🇫🇷 family 👩‍👩‍👧‍👦 hand 👍🏽 ok")
    await session.text("marks", "zalgo" + "\u0301" * 3000 + " over")
    await session.say("[red]type[/red]\x1b[2J", text="[/b]")
    await session.say("error", error={"type": "x", "code": "[/b]", "message": "[red]bad\x1b[2J[/red] \u202emirror"})
    for text in ("not json [/b]", "[]", "null", "17", '"[/b]"', '{"type": 5}', "{}", '{"type": "response.done"}'):
        await session.send_raw(text)
    call = {"id": "item_c", "type": "function_call", "call_id": "call_1", "name": "[b]evil[/b]\x1b[2J"}
    await session.say("response.created", response={"id": "resp_c", "status": "in_progress", "output": []})
    await session.say("response.output_item.added", response_id="resp_c", output_index=0, item=call)
    place = {"response_id": "resp_c", "item_id": "item_c", "call_id": "call_1", "output_index": 0}
    await session.say("response.function_call_arguments.delta", **place, delta='{"[/b]": "\x1b[2J')
    await session.say("response.function_call_arguments.done", **place, arguments='{"[/b]": "[red]"}')
    await session.say("response.done", response={"id": "resp_c", "status": "completed", "output": []})
    await session.text("last", "the [end] of it all")


async def _one_long_line(session: Session) -> None:
    await session.text("long", "x" * 1_000_000, " and " + "long words " * 20_000, "finally")
    await session.user_said("item_said", "y" * 1_000_000)
    await session.text("last", "after the long line")


def _terminal(server: FakeServer, environment: dict[str, str]) -> Terminal:
    return Terminal([COMMAND, "--provider", "generic", "--url", server.url, "--no-audio"], environment)


@pytest.fixture
def evil(environment: dict[str, str]) -> Iterator[Terminal]:
    with in_thread(plain(_evil)) as server, _terminal(server, environment) as terminal:
        terminal.wait_for("the [end] of it all")
        yield terminal


def test_markup_escapes_and_wide_characters_are_shown_literally_and_keys_still_act(evil: Terminal) -> None:
    evil.press("z").wait_gone("2 Events")
    evil.press("g").wait_for("[/b] [red]x[/red] [link='a'] [@click=app.quit]z[/]")
    evil.wait_for("␛[31mRED␛[2J␛]0;title␇")
    evil.wait_for("bell␇␀ end")
    evil.wait_for(lambda screen: WIDE in screen.replace(" ", ""))
    screen = evil.wait_for(lambda screen: "cafe\u0301 Ze\u0308bra" in screen or "café Zëbra" in screen)
    assert not {"\u202e", "\u202c", "\ufeff", "\u200f"} & set(screen)
    _assert_borders_stand(screen)
    evil.press("escape").wait_for("2 Events")
    go(evil, "4", "4 Tools")
    evil.press("z").wait_gone("2 Events")
    evil.wait_for("[b]evil[/b]␛[2J")
    evil.wait_for(lambda screen: re.search(r"\[/b\] +\[red\]", screen))
    _assert_borders_stand(evil.text)
    evil.press("escape").wait_for("2 Events")
    go(evil, "6", "6 Log")
    evil.press("z").wait_gone("2 Events")
    evil.wait_for("[red]bad␛[2J[/red] �mirror")
    evil.press("escape").wait_for("2 Events")
    quit_cleanly(evil)


def test_events_with_evil_names_are_listed_filtered_and_opened(evil: Terminal) -> None:
    go(evil, "2", "2 Events")
    evil.press("f").wait_for("words to show")
    typed = r"\[red\]type(?!\[/red\])"
    evil.type("[red]type").wait_for(lambda screen: re.search(typed, screen), "the words stand in the field")
    evil.wait_for("[red]type[/red]␛[2J")
    evil.press("enter").wait_for("t type", "the field is closed")
    evil.wait_for("filter: [red]type")
    evil.press("enter").wait_for('"text": "[/b]"')
    evil.wait_for(lambda screen: re.search(r"\[red\]type\[/red\]␛\[2J · event \d+ · received", screen))
    _assert_dialog_stands(evil.wait_for("esc close"))
    evil.press("escape").wait_gone("esc close")
    go(evil, "1", "1 Transcript")
    quit_cleanly(evil)


def test_lines_of_a_megabyte_are_shown_and_keys_still_act(environment: dict[str, str]) -> None:
    with in_thread(plain(_one_long_line)) as server, _terminal(server, environment) as terminal:
        terminal.wait_for("after the long line")
        terminal.press("g").wait_for("xxxxxxxxxxxxxxxxxxxxxxxx")
        terminal.press("G").wait_for("after the long line")
        terminal.resize(80, 24).wait_for("[1 Talk]")
        terminal.press("2").wait_for("2 Events")
        quit_cleanly(terminal)


def _assert_dialog_stands(screen: str) -> None:
    """Every row of the dialog ends where its corners are."""
    rows = screen.splitlines()
    top, end = (next(number for number, row in enumerate(rows) if corner in row) for corner in "╮╯")
    right = cell_len(rows[top].partition("╮")[0])
    places = [cell_len(row[: row.rindex("│")]) for row in rows[top + 1 : end]]
    assert places == [right] * (end - top - 1), screen


def _assert_borders_stand(screen: str) -> None:
    """Every row of a pane still ends with its border: nothing moved it."""
    rows = [row for row in screen.splitlines() if row.startswith("│")]
    assert rows
    assert all(row.endswith("│") for row in rows), "\n".join(rows)
