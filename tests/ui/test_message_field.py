"""The message field: several lines, messages typed earlier, and what happens to the view when one is sent."""

import json
import stat
from pathlib import Path

import pytest
from keyed import Cockpit, focus, opened, until
from textual import events
from textual.widgets import Input

from rtvoice_tui.controller.typed_history import KEPT, MAX_LENGTH, Recall, TypedHistory
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.writing import in_order
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.message_area import MOST_LINES
from screens import toasts

PASTED = "\n".join(f"line {number} 漢字 👩‍👩‍👧 مرحبا" for number in range(200))


pytestmark = pytest.mark.usefixtures("own_folders")


def written() -> list[str]:
    in_order(lambda: None).result(5)
    return [json.loads(line) for line in paths.typed_file().read_text().splitlines()]


async def test_a_paste_keeps_its_lines_and_the_field_grows_no_higher_than_it_may() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t")
        app.post_message(events.Paste(PASTED))
        await until(pilot, lambda: app.message.text == PASTED and app.message.size.height == MOST_LINES)
        await pilot.press("enter")
        await until(pilot, lambda: app.told == [cmd.SendText(PASTED)] and app.message.size.height == 1)


async def test_sending_returns_to_the_end_of_the_conversation_in_all_panes() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await focus(pilot, 1)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until(pilot, lambda: app.panes.shown_turn is not None)
        await pilot.press("t", *"hello", "enter")
        view = app.query_one(TranscriptView)
        await until(pilot, lambda: view.follow and view.cursor is None and app.panes.shown_turn is None)
        assert app.query_one(TimingView).turn == 0, "the last one"


async def test_a_message_that_cannot_be_sent_stays_in_the_field() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.phase(Phase.OFFLINE)
        await pilot.press("t", *"hello", "enter")
        await until(pilot, lambda: toasts(app))
        assert app.message.text == "hello"
        assert app.controller.typed.texts == []


async def test_the_arrows_move_within_several_lines_before_they_leave_them() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t", *"before", "enter", "a", "ctrl+j", "b", "up")
        await until(pilot, lambda: app.message.cursor_location[0] == 0)
        assert app.message.text == "a\nb"
        await pilot.press("up")
        await until(pilot, lambda: app.message.text == "before")
        await pilot.press("down")
        await until(pilot, lambda: app.message.text == "a\nb")


async def test_messages_of_an_earlier_run_are_found() -> None:
    for number in (1, 2):
        app = Cockpit()
        async with opened(app) as pilot:
            await pilot.press("t", *f"run {number}", "enter")
            await until(pilot, lambda app=app: app.told)
            written()
    assert written() == ["run 1", "run 2"]
    assert stat.S_IMODE(paths.typed_file().stat().st_mode) == 0o600


async def test_a_typed_message_is_not_lost_by_quitting_without_a_word() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t", *"do not forget", "escape", "q")
        await until(pilot, lambda: toasts(app) == ["typed and not sent: do not forget (F10 once more discards it)"])
        assert app.return_code is None
        await pilot.press("q")
        await until(pilot, lambda: "stop" in app.told)


async def test_characters_without_a_width_are_typed_in_every_field() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: app.composer.has_focus_within)
        for text in ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f467"):
            await pilot.press(*text)
            await until(pilot, lambda text=text: app.message.text == text)
            app.message.text = ""
        await pilot.press("escape", "1", "slash")
        field = app.query_one("#transcript-field", Input)
        await until(pilot, lambda: app.focused is field)
        await pilot.press(*"a\u200cb")
        await until(pilot, lambda: field.value == "a\u200cb")


async def test_a_click_on_the_hint_begins_to_type_and_what_was_typed_stays_in_sight() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.click("#message")
        await until(pilot, lambda: app.composer.has_focus_within)
        await pilot.press(*"half a", "escape")
        await until(pilot, lambda: not app.composer.has_focus_within)
        assert app.message.display
        assert app.message.text == "half a"


# --- the messages typed earlier


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "typed.jsonl"


def test_the_history_keeps_the_last_messages_and_none_twice_in_a_row(file: Path) -> None:
    history = TypedHistory(file)
    for number in range(KEPT + 10):
        history.add(f"m{number}")
        history.add(f"m{number}")
    history.add("x" * (MAX_LENGTH + 1))
    assert history.texts == [f"m{number}" for number in range(10, KEPT + 10)]
    in_order(lambda: None).result(5)
    assert TypedHistory(file).texts == history.texts


def test_two_apps_keep_the_messages_of_both(file: Path) -> None:
    one, other = TypedHistory(file), TypedHistory(file)
    for history, text in ((one, "a"), (other, "b"), (one, "c")):
        history.add(text)
    in_order(lambda: None).result(5)
    assert TypedHistory(file).texts == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "no json\n", '{"a": 1}\n', "[" * 100_000 + "\n", '"half', "\ud800", "\0\n"])
def test_a_file_that_is_broken_costs_only_its_broken_lines(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_bytes(text.encode("utf-8", "surrogatepass") + b'\n"kept"\n')
    assert TypedHistory(file).texts in (["kept"], [])
    TypedHistory(file).add("next")
    in_order(lambda: None).result(5)


def test_a_file_that_grew_too_long_is_shortened(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("".join(f'"m{number}"\n' for number in range(2 * KEPT + 1)))
    assert len(TypedHistory(file).texts) == KEPT
    in_order(lambda: None).result(5)
    assert len(file.read_text().splitlines()) == KEPT


def test_a_place_that_takes_no_file_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    history = TypedHistory(tmp_path / "state" / "typed.jsonl")
    history.add("hello")
    in_order(lambda: None).result(5)
    assert history.texts == ["hello"]


def test_recalling_goes_back_to_what_was_being_typed(file: Path) -> None:
    history = TypedHistory(file)
    recall = Recall(history)
    assert recall.earlier("draft") is None
    history.add("a")
    history.add("b")
    assert [recall.earlier("draft"), recall.earlier("b"), recall.earlier("a")] == ["b", "a", None]
    assert [recall.later("a"), recall.later("b"), recall.later("draft")] == ["b", "draft", None]


def test_a_text_typed_over_an_earlier_message_is_what_is_being_typed(file: Path) -> None:
    history = TypedHistory(file)
    history.add("a")
    history.add("b")
    recall = Recall(history)
    assert recall.earlier("") == "b"
    assert recall.later("b, but other") is None, "it stays"
    assert recall.earlier("b, but other") == "b"
    assert recall.later("b") == "b, but other"


def test_a_file_that_is_too_large_is_read_from_its_end_and_shortened(file: Path) -> None:
    file.parent.mkdir()
    line = json.dumps("x" * (MAX_LENGTH - 10)) + "\n"
    file.write_text(line * 230 + json.dumps("y" * 3_000_000) + "\n" + '"last"\n')
    texts = TypedHistory(file).texts
    assert texts[-1] == "last"
    assert all(len(text) <= MAX_LENGTH for text in texts)
    in_order(lambda: None).result(5)
    assert file.stat().st_size < 4_000_000
    assert TypedHistory(file).texts == texts
