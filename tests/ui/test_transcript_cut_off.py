"""On the screen an answer that a lost connection cut off has no cursor any more, and a line that says so."""

from collections.abc import Callable

import pytest
from still import pulse, screen_text, still_app

from rtvoice_tui.store.store import Store
from session.conversation import Conversation


def words(c: Conversation, kind: str, text: str, **fields: object) -> None:
    c.server(f"{kind}.delta", item_id="X", content_index=0, delta=text, **fields)


def agent(c: Conversation, text: str) -> None:
    c.begin()
    if text:
        words(c, "response.output_text", text, response_id="R1", output_index=0)


def user(c: Conversation, text: str) -> None:
    c.speech("X")
    if text:
        words(c, "conversation.item.input_audio_transcription", text)


@pytest.mark.parametrize("says", [agent, user])
@pytest.mark.parametrize("text", ["It was a dark", "ещё 漢字 and so on " * 20, ""], ids=["words", "many", "none"])
async def test_a_line_that_grew_when_the_connection_was_lost_is_shown_as_cut_off(
    says: Callable[[Conversation, str], None], text: str
):
    store, c = Store(), Conversation()
    try:
        says(c, text)
        async with still_app(store) as pilot:
            for fact in c.all().facts:
                store.record(fact, 1.0)
            await pulse(pilot)
            for fact in c.close().facts:
                store.record(fact, 2.0)
            await pulse(pilot)
            shown = screen_text(pilot)
    finally:
        store.events.close()
    transcript = shown.partition("3 Timing")[0]
    assert "cut off" in transcript
    assert "(listening)" not in transcript
    assert f"{text.strip()[-4:]}…" not in transcript


@pytest.mark.parametrize(("kind", "outcome"), [("audio_transcript", "not spoken yet"), ("text", "not written to its")])
async def test_an_answer_that_is_interrupted_before_its_first_sound_says_so_without_seconds(kind: str, outcome: str):
    store, c = Store(), Conversation()
    try:
        c.begin()
        words(c, f"response.output_{kind}", "It was a dark", response_id="R1", output_index=0)
        c.interrupt()
        for fact in c.all().facts:
            store.record(fact, 1.0)
        async with still_app(store) as pilot:
            await pulse(pilot)
            shown = screen_text(pilot)
    finally:
        store.events.close()
    assert f"cut: {outcome}" in shown
    assert "0.0 s" not in shown.partition("3 Timing")[0].partition("cut:")[2]
