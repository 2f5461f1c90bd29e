"""Pane 2: the events of a response or of an utterance are one line with count and duration, which unfolds in place."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from keyed import until
from still import pulse, screen_text, still_app
from textual.pilot import Pilot

from rtvoice_tui.engine.observers import EventLogObserver, FrameReceived, FrameSent
from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent, CreateResponse
from rtvoice_tui.protocol.realtime.codec import decode, encode
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.screens.detail import DetailScreen
from screens import toasts

WIDE = (168, 40)
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


class Talk:
    """A conversation on the wire."""

    def __init__(self) -> None:
        self.store = Store()
        self.now = 1.0
        self._observe = EventLogObserver(self.store.events, RealtimeWire(), lambda fact: None)

    def server(self, kind: str, after: float = 0.1, **fields: Any) -> None:
        """An event of the server, some seconds after the last one."""
        self.now += after
        frame = json.dumps({"type": kind, **fields})
        self._observe(FrameReceived(frame, decode(frame)), self.now)

    def client(self, event: ClientEvent) -> None:
        self._observe(FrameSent(event, encode(event)), self.now)

    def ask(self, number: int, words: str = "What is the weather?") -> None:
        """An utterance of five events in 0.4 s."""
        item = f"U{number}"
        for kind in ("speech_started", "speech_stopped", "committed"):
            self.server(f"input_audio_buffer.{kind}", item_id=item)
        self.server("conversation.item.added", item={"id": item, "type": "message", "role": "user"})
        self.server(TRANSCRIBED, item_id=item, transcript=words)

    def begin(self, number: int, deltas: int = 3) -> None:
        """A response of three events and its deltas, which goes on."""
        about = {"response_id": f"R{number}", "item_id": f"A{number}"}
        self.server("response.created", response={"id": f"R{number}"})
        self.server("response.output_item.added", response_id=f"R{number}", item={"id": f"A{number}"})
        self.server("response.content_part.added", **about)
        for _ in range(deltas):
            self.server("response.output_text.delta", **about, delta="word ")

    def answer(self, number: int, status: str = "completed", **details: Any) -> None:
        """A response of seven events in 0.6 s."""
        self.begin(number)
        self.server("response.done", response={"id": f"R{number}", "status": status, **details})

    def call(self, number: int, *names: str) -> None:
        """A response that calls functions."""
        self.server("response.created", response={"id": f"R{number}"})
        for name in names:
            item = {"id": f"F{name}{number}", "type": "function_call", "name": name, "call_id": f"C{name}{number}"}
            self.server("response.output_item.added", response_id=f"R{number}", item=item)
            self.server("response.output_item.done", response_id=f"R{number}", item=item)
        self.server("response.done", response={"id": f"R{number}", "status": "completed"})


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.store.events.close()


def view_of(pilot: Pilot[None]) -> EventsView:
    return pilot.app.query_one(EventsView)


def shown(pilot: Pilot[None]) -> list[str]:
    """All lines without time, gap and runs of blanks."""
    view = view_of(pilot)
    lines = ("".join(text for text, _ in view.pieces(line))[15:] for line in range(view.line_count))
    return [" ".join(line.split()) for line in lines]


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.query_one("#events-pane", Pane).border_title)


# --- what a line says


async def test_a_response_and_an_utterance_are_a_line_each_with_count_and_duration(talk: Talk):
    talk.ask(1)
    talk.client(CreateResponse(event_id="e1"))
    talk.answer(1)
    async with still_app(talk.store, WIDE) as pilot:
        await pulse(pilot)
        assert shown(pilot) == [
            "▸ your speech What is the weather? 5 400 ms",
            "↑ response.create",
            "▸ response 1 7 600 ms",
        ]
        assert "0:01.10" in screen_text(pilot), "the time of the first event"
        assert "folded" in title(pilot)


async def test_a_response_names_the_functions_it_called(talk: Talk):
    talk.call(1, "get_weather", "get_time")
    async with still_app(talk.store, WIDE) as pilot:
        await pulse(pilot)
        assert shown(pilot) == ["▸ response 1 get_weather get_time 6 500 ms"]


async def test_a_response_says_how_many_seconds_of_audio_it_has(talk: Talk):
    talk.begin(1)
    talk.server("response.output_audio.delta", response_id="R1", item_id="A1", delta="AAAA" * 16_000)
    talk.server("response.done", response={"id": "R1", "status": "completed"})
    async with still_app(talk.store, WIDE) as pilot:
        await pulse(pilot)
        assert shown(pilot) == ["▸ response 1 audio 1.0 s 8 700 ms"]


async def test_where_the_seconds_of_audio_have_no_room_they_are_left_out_whole(talk: Talk):
    talk.begin(1)
    talk.server("response.output_audio.delta", response_id="R1", item_id="A1", delta="AAAA" * 16_000)
    talk.server("response.done", response={"id": "R1", "status": "cancelled"})
    async with still_app(talk.store) as pilot:
        await pulse(pilot)
        assert shown(pilot) == ["▸ response 1 cancelled 8 700 ms"]


@pytest.mark.parametrize(
    ("status", "details", "words", "ink"),
    [
        ("failed", {"error": {"code": "rate_limit_exceeded"}}, "✗ response 1 failed rate_limit_exceeded", "error"),
        ("incomplete", {"reason": "max_output_tokens"}, "✗ response 1 incomplete max_output_tokens", "error"),
        ("cancelled", {"reason": "turn_detected"}, "response 1 cancelled turn_detected", "warn"),
        ("cancelled", {}, "response 1 cancelled", "warn"),
    ],
)
async def test_a_response_that_did_not_complete_says_so_in_a_word_and_a_colour(
    talk: Talk, status: str, details: dict[str, Any], words: str, ink: str
):
    talk.answer(1, status, status_details=details)
    talk.server("conversation.item.done", item={"id": "A1", "type": "message", "role": "assistant"})
    async with still_app(talk.store, WIDE) as pilot:
        await pulse(pilot)
        assert shown(pilot) == [f"▸ {words} 8 700 ms"]
        assert {text.strip(): ink for text, ink in view_of(pilot).pieces(0)}[status] == ink


async def test_an_error_has_a_line_of_its_own_though_it_is_about_a_folded_utterance(talk: Talk):
    talk.ask(1)
    failed = "conversation.item.input_audio_transcription.failed"
    talk.server(failed, item_id="U1", error={"code": "too_short"})
    async with still_app(talk.store) as pilot:
        await pulse(pilot)
        assert shown(pilot)[1] == "↓ ✗ transcription.failed too_short"


async def test_words_of_a_transcript_are_no_markup_and_have_no_control_characters(talk: Talk):
    talk.ask(1, "[red]x[/] \x1b[31m\x07漢字")
    async with still_app(talk.store, WIDE) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
        assert "[red]x[/]" in text
        assert not [c for c in text if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0)]


@pytest.mark.drawn
async def test_a_running_response_is_repainted_with_its_count_and_nothing_else_is(talk: Talk):
    talk.answer(1)
    talk.begin(2)
    async with still_app(talk.store) as pilot:
        await pulse(pilot)
        view = view_of(pilot)
        assert shown(pilot)[1] == "▸ response 2 … 6 500 ms"
        talk.server("response.output_text.delta", response_id="R2", item_id="A2", delta="word")
        assert view.changed_lines() == [1]
        talk.server("response.done", response={"id": "R2", "status": "completed"})
        assert view.changed_lines() == [1]
        view.sync(with_counters=False)
        assert view.changed_lines() == [1], "counters are not painted with every pulse"
        view.sync()
        await until(pilot, lambda: view.changed_lines() == [], "it is painted")
        assert "▸ response 2   " in screen_text(pilot)
        assert shown(pilot)[1] == "▸ response 2 8 700 ms"


async def test_sound_of_the_microphone_is_one_line_until_something_else_begins(talk: Talk):
    talk.client(AppendInput(event_id="e1", audio=bytes(24_000)))
    talk.ask(1)
    for _ in range(3):
        talk.client(AppendInput(event_id="e1", audio=bytes(24_000)))
        talk.server("conversation.item.done", item={"id": "U1", "type": "message", "role": "user"})
    async with still_app(talk.store) as pilot:
        await pulse(pilot)
        assert [line for line in shown(pilot) if "microphone" in line] == [
            "▸ microphone audio 0.5 s 1 0 ms",
            "▸ microphone audio 1.5 s 3 200 ms",
        ]


# --- folding and unfolding


async def test_enter_unfolds_a_response_in_place_and_folds_it_again(talk: Talk):
    talk.ask(1)
    talk.answer(1)
    talk.ask(2)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "down", "enter")
        await pulse(pilot)
        assert shown(pilot)[1:7] == [
            "▾ response 1 7 600 ms",
            "↓ response.created",
            "↓ response.output_item.added",
            "↓ response.content_part.added",
            "↓ response.output_text.delta ×3",
            "↓ response.done completed",
        ]
        assert "".join(text for text, _ in view_of(pilot).pieces(2))[15:].startswith("  ↓"), "indented"
        assert len(shown(pilot)) == 8
        assert view_of(pilot).cursor == 1
        await pilot.press("enter")
        assert len(shown(pilot)) == 3


async def test_enter_on_an_event_in_a_group_opens_its_json(talk: Talk):
    talk.answer(1)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "enter", "down", "enter")
        await pilot.pause(0)
        assert isinstance(pilot.app.screen, DetailScreen)
        assert "response.created · event 1 · received" in screen_text(pilot)


async def test_left_on_an_event_folds_its_group_and_the_cursor_goes_to_its_line(talk: Talk):
    talk.ask(1)
    talk.answer(1)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "down", "right", "down", "down", "left")
        assert (len(shown(pilot)), view_of(pilot).cursor) == (2, 1)
        await pilot.press("left", "right", "right")
        assert (len(shown(pilot)), view_of(pilot).cursor) == (7, 1)


async def test_a_double_click_unfolds_a_group_and_a_click_only_selects_it(talk: Talk):
    talk.ask(1)
    talk.answer(1)
    async with still_app(talk.store) as pilot:
        await pulse(pilot)
        await pilot.click(EventsView, offset=(20, 1))
        assert (len(shown(pilot)), view_of(pilot).cursor) == (2, 1)
        await pilot.click(EventsView, offset=(20, 0), times=2)
        assert (len(shown(pilot)), view_of(pilot).cursor) == (7, 0)


async def test_a_group_that_is_unfolded_at_the_lower_edge_is_brought_into_sight(talk: Talk):
    for number in range(60):
        talk.answer(number)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "up", "enter")
        await pulse(pilot)
        view = view_of(pilot)
        lines = [view.render_line(y).text[15:].split()[:2] for y in range(view.size.height)]
        assert lines[-6:] == [
            ["▾", "response"],
            ["↓", "response.created"],
            ["↓", "response.output_item.added"],
            ["↓", "response.content_part.added"],
            ["↓", "response.output_text.delta"],
            ["↓", "response.done"],
        ]
        assert "frozen" in title(pilot)


async def test_l_shows_every_event_on_its_line_and_the_choice_and_the_cursor_stay(talk: Talk):
    talk.ask(1)
    talk.answer(1)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "down", "l")
        await pulse(pilot)
        assert len(shown(pilot)) == 10
        assert shown(pilot)[5] == "↓ response.created"
        assert view_of(pilot).cursor == 5
        assert "flat" in title(pilot)
        await pilot.press("f", *"done", "enter", "escape")
        talk.answer(2)
        await pulse(pilot)
        assert len(shown(pilot)) == 15
        await pilot.press("l")
        await pulse(pilot)
        assert len(shown(pilot)) == 3
        assert "folded" in title(pilot)


async def test_l_says_that_a_filter_shows_single_events(talk: Talk):
    talk.answer(1)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "f", *"done", "enter", "l")
        assert toasts(pilot.app) == ["a filter shows single events: esc ends it"]


async def test_the_cursor_stays_on_its_event_while_an_unfolded_group_above_grows(talk: Talk):
    talk.begin(1)
    talk.ask(1)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "enter", "end", "up")
        view = view_of(pilot)
        view.move_cursor(5)
        assert shown(pilot)[5].startswith("▸ your speech")
        talk.server("response.done", response={"id": "R1", "status": "completed"})
        await pulse(pilot)
        assert shown(pilot)[5] == "↓ response.done completed"
        assert view.cursor == 6
        assert shown(pilot)[6].startswith("▸ your speech")


async def test_what_is_read_does_not_move_while_an_unfolded_group_above_it_grows(talk: Talk):
    talk.begin(1)
    for number in range(60):
        talk.ask(number)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "enter", "pagedown", "pagedown", "pagedown")
        await pulse(pilot)
        view = view_of(pilot)
        top = int(view.scroll_offset.y)
        assert top > 6
        before = view.render_line(0).text
        for kind in ("text.done", "item.done"):
            talk.server(f"response.output_{kind}", response_id="R1", item_id="A1", item={"id": "A1"})
        await pulse(pilot)
        assert int(view.scroll_offset.y) == top + 2
        assert view.render_line(0).text == before
        assert view.new_below == 0, "the new ones are above"
        talk.ask(60)
        await pulse(pilot)
        assert view.new_below == 1


async def test_unfolding_makes_nothing_new_below_and_events_inside_a_folded_group_neither(talk: Talk):
    for number in range(60):
        talk.answer(number)
    talk.begin(60)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "up", "up", "enter")
        await pulse(pilot)
        talk.server("response.done", response={"id": "R60", "status": "completed"})
        await pulse(pilot)
        assert "frozen" in title(pilot)
        talk.ask(1)
        await pulse(pilot)
        assert "1 new below" in title(pilot)
        await pilot.press("l")
        await pulse(pilot)
        assert "5 new below" in title(pilot)
        await pilot.press("l")
        await pulse(pilot)
        assert "1 new below" in title(pilot)


async def test_the_end_is_followed_while_groups_begin_and_grow(talk: Talk):
    async with still_app(talk.store) as pilot:
        view = view_of(pilot)
        for number in range(60):
            talk.begin(number)
            await pulse(pilot)
            assert view.follow
            assert view.scroll_offset.y == view.max_scroll_y
        assert "▸ response 60" in screen_text(pilot)


# --- filter, search, copies, causes, turns


async def test_a_filter_looks_into_folded_groups_and_shows_single_events(talk: Talk):
    talk.answer(1)
    talk.answer(2)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "f", *"content_part", "enter")
        await pulse(pilot)
        assert shown(pilot) == ["↓ response.content_part.added"] * 2
        assert "2 of 10" in title(pilot)
        await pilot.press("g", "enter")
        await pilot.pause(0)
        assert isinstance(pilot.app.screen, DetailScreen)
        await pilot.press("escape", "escape")
        await pulse(pilot)
        assert len(shown(pilot)) == 2


async def test_a_search_unfolds_the_group_in_which_it_finds_something(talk: Talk):
    talk.ask(1)
    talk.answer(1)
    talk.answer(2)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "slash", *"content_part", "enter")
        await pulse(pilot)
        view = view_of(pilot)
        assert view.cursor == 4
        assert shown(pilot)[4] == "↓ response.content_part.added"
        assert "find: content_part · 1 of 2" in title(pilot)
        await pilot.press("enter")
        await pulse(pilot)
        assert "2 of 2" in title(pilot)
        assert shown(pilot)[view.cursor] == "↓ response.content_part.added"
        assert len(shown(pilot)) == 13, "both are unfolded"
        await pilot.press("enter")
        await pulse(pilot)
        assert "1 of 2" in title(pilot)


async def test_a_search_finds_the_name_of_a_group(talk: Talk):
    talk.ask(1)
    talk.answer(1)
    talk.answer(2)
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "slash", *'"response 2"', "enter")
        await pulse(pilot)
        assert view_of(pilot).cursor == 2
        assert len(shown(pilot)) == 3
        await pilot.press(*["backspace"] * 12, *"nowhere", "enter")
        await pulse(pilot)
        assert "no match" in title(pilot)


async def test_y_copies_all_events_of_the_group_under_the_cursor(talk: Talk):
    talk.answer(1)
    talk.client(CreateResponse(event_id="e1"))
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "y")
        copied = [json.loads(line)["type"] for line in pilot.app.clipboard.split("\n")]
        assert copied == [
            "response.created", "response.output_item.added", "response.content_part.added",
            *["response.output_text.delta"] * 3, "response.done",
        ]  # fmt: skip
        await pilot.press("right", "down", "y")
        assert json.loads(pilot.app.clipboard)["type"] == "response.created"


async def test_b_goes_from_an_error_to_its_cause_and_back_past_unfolded_groups(talk: Talk):
    talk.client(CreateResponse(event_id="e-7"))
    talk.answer(1)
    talk.server("error", error={"code": "invalid", "event_id": "e-7"})
    async with still_app(talk.store) as pilot:
        await pilot.press("2", "g", "down", "right")
        view = view_of(pilot)
        view.move_cursor(7)
        await pilot.press("b")
        assert view.cursor == 0
        await pilot.press("down", "left", "up", "b")
        assert view.cursor == 2, "the error is nearer now"
        assert shown(pilot)[2].startswith("↓ ✗ error")


async def test_a_turn_is_shown_from_its_first_line_and_no_group_of_the_turn_before(talk: Talk):
    talk.store.events.set_turn(1)
    talk.begin(1)
    talk.store.events.set_turn(2)
    talk.server("response.done", response={"id": "R1", "status": "cancelled"})
    talk.ask(2)
    async with still_app(talk.store) as pilot:
        await pulse(pilot)
        view = view_of(pilot)
        view.show_turn(2)
        assert view.cursor == 1
        assert view.turn_at(1) == 2
        view.show_turn(1)
        assert view.cursor == 0


async def test_without_unicode_folds_are_marked_with_signs_that_every_terminal_has(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RTVOICE_ASCII", "1")
    talk.answer(1)
    talk.answer(2)
    async with still_app(talk.store, size=(80, 24)) as pilot:
        await pilot.press("2", "g", "enter")
        await pulse(pilot)
        text = screen_text(pilot)
    assert "v response 1" in text
    assert "> response 2" in text
    assert "▸" not in text
    assert "▾" not in text
