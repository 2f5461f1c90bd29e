"""Pane 1 as a conversation: turns, the word that is being spoken, and what nobody heard."""

import pytest
from still import pulse, screen_text, still_app
from textual.pilot import Pilot

from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    CutConfirmed,
    Level,
    Moment,
    Notice,
    Phase,
    PhaseChanged,
    Reached,
    ResponseCut,
    SpeechPlayed,
    TurnStarted,
    UserSaid,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import whole_word
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.panes.transcript_blocks import word_at

STORY = " ".join(f"word{number}" for number in range(400))


def view(pilot: Pilot[None]) -> TranscriptView:
    return pilot.app.query_one(TranscriptView)


def lines(pilot: Pilot[None]) -> list[str]:
    return ["".join(text for text, _ in view(pilot).pieces(n)).rstrip() for n in range(view(pilot).line_count)]


def inked(pilot: Pilot[None], ink: str) -> str:
    pieces = [piece for n in range(view(pilot).line_count) for piece in view(pilot).pieces(n)]
    return " ".join(text for text, name in pieces if name == ink and text)


def say(store: Store, turn: int, you: str, agent: str, at: float = 1.0) -> None:
    store.record(TurnStarted(turn), at)
    store.record(Reached(turn, Moment.SPEECH_STOPPED, at), at)
    store.record(UserSaid(turn, f"u{turn}", you, final=True), at)
    store.record(Reached(turn, Moment.FIRST_TEXT, at + 0.574), at + 0.574)
    store.record(Reached(turn, Moment.FIRST_AUDIO, at + 0.574), at + 0.574)
    store.record(AgentSaid(turn, f"a{turn}", agent, final=True), at + 0.574)


@pytest.fixture
def store():
    made = Store()
    made.record(PhaseChanged(Phase.LISTENING), 0.0)
    yield made
    made.events.close()


async def test_each_turn_has_a_blank_line_a_bar_and_a_heading_with_its_time_and_latency(store: Store):
    say(store, 1, "How far is the moon?", "Far away. ")
    call = {"call_id": "k", "item_id": "i", "name": "get_distance", "arguments": '{"of": "moon"}'}
    store.record(CallChanged(turn=1, key="k", state=CallState.OK, output="{}", **call), 2.0)
    say(store, 2, "And the sun?", "Further.", 61.0)
    async with still_app(store, size=(160, 40)) as pilot:
        await pulse(pilot)
        shown = lines(pilot)
    assert shown[:2] == ["▌ YOU  0:01", "▌ How far is the moon?"]
    assert shown[2:5] == ["", "▌ AGENT  0:01 · 574 ms", "▌ Far away."]
    assert shown[5].split() == ["fn", "get_distance(of=moon)", "✓", "ok"]
    assert shown[6:] == ["", "▌ YOU  1:01", "▌ And the sun?", "", "▌ AGENT  1:01 · 574 ms", "▌ Further."]


async def test_the_words_have_the_room_of_the_pane(store: Store):
    say(store, 1, "Hi", "x" * 500)
    async with still_app(store, size=(120, 40)) as pilot:
        await pulse(pilot)
        widest = max(len(line) for line in lines(pilot))
        assert widest == view(pilot).text_width


async def test_a_space_behind_the_last_word_makes_no_line_of_its_own(store: Store):
    async with still_app(store, size=(120, 40)) as pilot:
        await pulse(pilot)
        width = view(pilot).text_width - 2
        say(store, 1, "Hi", "x" * (width - 1) + ".  ")
        await pulse(pilot)
        assert lines(pilot)[-1].endswith("x.")


async def test_the_word_that_is_being_spoken_is_marked_and_stays_in_sight(store: Store):
    say(store, 1, "Tell me", STORY)
    async with still_app(store, size=(120, 40)) as pilot:
        await pulse(pilot)
        for share in (0.0, 0.25, 0.5, 0.9):
            store.record(SpeechPlayed("a1", int(20_000 * share), 20_000), 3.0)
            await pulse(pilot)
            (spoken,) = inked(pilot, "spoken").split()
            assert abs(int(spoken.removeprefix("word")) - share * 400) < 12
            assert spoken in screen_text(pilot), f"the word at {share} is in sight"
            assert view(pilot).follow
        store.record(SpeechPlayed("a1", 20_000, 20_000), 4.0)
        await pulse(pilot)
        assert inked(pilot, "spoken") == ""
        assert "word399" in screen_text(pilot), "then the end is shown"


async def test_a_word_that_moved_repaints_only_its_lines(store: Store):
    say(store, 1, "Tell me", STORY)
    async with still_app(store, size=(120, 40)) as pilot:
        store.record(SpeechPlayed("a1", 0, 20_000), 3.0)
        await pulse(pilot)
        store.record(SpeechPlayed("a1", 200, 20_000), 3.0)
        assert view(pilot).refresh_from_model()
        assert len(view(pilot).changed_lines() or range(99)) <= 2


async def test_the_end_stays_in_sight_when_notices_take_lines(store: Store):
    say(store, 1, "Tell me", STORY)
    async with still_app(store, size=(120, 40)) as pilot:
        await pulse(pilot)
        assert "word399" in screen_text(pilot)
        for number in range(3):
            store.record(Notice(Level.ERROR, f"error {number}"), 59.0)
        await pulse(pilot)
        await pilot.pause(0.02)
        assert "error 2" in screen_text(pilot)
        assert "word399" in screen_text(pilot)


@pytest.fixture
def interrupted(store: Store) -> Store:
    say(store, 1, "Tell me", STORY)
    store.record(SpeechPlayed("a1", 4_000, 20_000), 3.0)
    store.record(ResponseCut(1, "a1", 5_000, 20_000, "truncated"), 3.5)
    store.record(CutConfirmed("a1"), 3.6)
    return store


async def test_what_nobody_heard_is_folded_into_one_dim_line_and_the_view_stays_at_the_cut(interrupted: Store):
    async with still_app(interrupted, size=(120, 40)) as pilot:
        await pulse(pilot)
        *_, last, cut = lines(pilot)
        assert cut.startswith("▌ ── cut: heard 5.0 of 20.0 s ✓ · ")
        assert cut.endswith("lines unheard ▸")
        assert abs(int(last.split()[-1].removeprefix("word")) - 100) < 12, "the words end where hearing ended"
        assert "── cut" in screen_text(pilot)
        assert inked(pilot, "unheard") == inked(pilot, "spoken") == ""
        assert view(pilot).pieces(view(pilot).line_count - 1)[-1][1] == "dim"


async def test_enter_on_the_cut_unfolds_and_folds_what_nobody_heard(interrupted: Store):
    async with still_app(interrupted, size=(120, 40)) as pilot:
        await pulse(pilot)
        folded = lines(pilot)
        await pilot.press("1", "up", "enter")
        await pulse(pilot)
        assert inked(pilot, "unheard").endswith("word399")
        unfolded = lines(pilot)
        hidden = int(folded[-1].split(" lines unheard")[0].split()[-1])
        assert len(unfolded) - len(folded) in (hidden, hidden - 1)  # a line may be heard in part
        assert unfolded[-1].endswith("▾")
        await pilot.press("enter")
        await pulse(pilot)
        assert lines(pilot) == folded


@pytest.mark.parametrize("heard_ms", [0, 1, 10_000, 20_000])
async def test_a_cut_anywhere_shows_what_was_heard(store: Store, heard_ms: int):
    say(store, 1, "Tell me", STORY)
    store.record(ResponseCut(1, "a1", heard_ms, 20_000, "truncated"), 3.5)
    async with still_app(store, size=(120, 40)) as pilot:
        await pulse(pilot)
        words = [word for line in lines(pilot) for word in line.split() if word.startswith("word")]
        assert words == STORY.split()[: len(words)]
        assert (len(words) == 0) is (heard_ms == 0)
        assert ("unheard" in lines(pilot)[-1]) is (heard_ms < 20_000)


async def test_the_copy_has_times_calls_and_cuts_and_the_unheard_only_where_it_is_shown(interrupted: Store):
    call = {"call_id": "k", "item_id": "i", "name": "find", "arguments": "{}"}
    interrupted.record(CallChanged(turn=1, key="k", state=CallState.FAILED, output="", **call), 4.0)
    async with still_app(interrupted, size=(120, 40)) as pilot:
        await pulse(pilot)
        text = view(pilot).copy_text()
        assert text.startswith("0:01  YOU: Tell me\n0:01  AGENT: word0 word1 ")
        assert "[cut: heard 5.0 of 20.0 s ✓]\n0:04  find() failed" in text
        assert "word399" not in text
        await pilot.press("1", "up", "up", "enter")
        await pulse(pilot)
        view(pilot).cursor = None
        assert "[not heard: word" in view(pilot).copy_text()
        assert "word399]" in view(pilot).copy_text()


async def test_a_space_behind_the_last_word_is_left_out(store: Store):
    store.record(TurnStarted(1), 1.0)
    store.record(AgentSaid(1, "a1", "Hello. ", final=True), 1.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert "".join(text for text, _ in view(pilot).pieces(1)) == "▌ Hello."


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("one two", 0, "one"),
        ("one two", 3, "two"),
        ("one two", 5, "two"),
        ("one", 99, "one"),
        ("", 0, ""),
        ("漢字漢字", 2, "漢字漢字"),
        (" a", 0, "a"),
        ("a  ", 2, ""),
    ],
)
def test_the_word_at_a_place(text: str, at: int, word: str):
    start, end = word_at(text, at)
    assert text[start:end].strip() == word


@pytest.mark.parametrize(
    ("text", "at", "end"), [("one two", 1, 3), ("one two", 3, 3), ("one", 3, 3), ("x" * 99, 5, 29)]
)
def test_a_cut_within_a_word_shows_the_word(text: str, at: int, end: int):
    assert whole_word(text, at) == end


async def test_a_search_finds_words_that_nobody_heard_and_unfolds_them(interrupted: Store):
    async with still_app(interrupted) as pilot:
        await pulse(pilot)
        assert not any("word390" in line for line in lines(pilot)), "they are folded"
        assert view(pilot).find("word390")
        await pulse(pilot)
        assert "word390" in lines(pilot)[view(pilot).cursor or 0]
