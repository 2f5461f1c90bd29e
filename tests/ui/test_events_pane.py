"""Pane 2: a filter and a search are always in sight, with hits and total; an event is read in colour, folded, whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from still import pulse, screen_text, still_app
from textual.pilot import Pilot

from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.widgets.json_view import JsonView, change_pieces, closings, json_pieces

ERROR = {
    "type": "error",
    "error": {
        "code": "invalid_value",
        "message": 'Invalid value. Supported combinations are: ["text"] and ["audio"]. '
        + "See the documentation. " * 3,
        "param": "session.output_modalities",
        "tries": 3,
        "fatal": False,
        "cause": None,
    },
}


@pytest.fixture
def store():
    made = Store()
    for number in range(40):
        made.events.append(number / 10, False, "response.created", {"type": "response.created", "n": number})
    made.events.append(5.0, False, "error", ERROR, error=True)
    yield made
    made.events.close()


def title(pilot: Pilot[None], number: int = 2) -> str:
    return str(next(pane for pane in pilot.app.query(Pane) if pane.number == number).border_title)


async def test_the_filter_stays_in_sight_with_hits_and_total(store: Store):
    async with still_app(store) as pilot:
        await pilot.press("2", "f", *"error", "enter")
        await pulse(pilot)
        assert title(pilot).startswith("2 Events · filter: error · 1 of ")


async def test_a_filter_that_nothing_passes_says_so_and_esc_shows_all_again(store: Store):
    async with still_app(store) as pilot:
        await pilot.press("2", "f", *"nonsense", "enter")
        await pulse(pilot)
        assert "filter: nonsense · no match" in title(pilot)
        assert "no event has: nonsense   esc shows all" in screen_text(pilot)
        await pilot.press("escape")
        await pulse(pilot)
        assert "filter" not in title(pilot)
        assert not pilot.app.query_one(EventsView).filtered
        await pilot.press("f")
        await pulse(pilot)
        assert pilot.app.query_one("#events-field").value == ""  # type: ignore[attr-defined]


async def test_words_of_a_filter_are_no_markup(store: Store):
    async with still_app(store) as pilot:
        await pilot.press("2", "f")
        pilot.app.query_one("#events-field").value = "[red]x[/]"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await pulse(pilot)
        assert "filter: [red]x[/] · no match" in screen_text(pilot)


async def test_a_search_shows_which_match_it_is_and_no_match_says_so(store: Store):
    async with still_app(store) as pilot:
        await pilot.press("2", "slash", *"created", "enter", "enter")
        await pulse(pilot)
        assert "find: created · 2 of 40" in title(pilot)
        await pilot.press(*["backspace"] * 7, *"gone", "enter")
        await pulse(pilot)
        assert "find: gone · no match" in title(pilot)
        await pilot.press("escape", "escape")
        await pulse(pilot)
        assert "find" not in title(pilot)


async def test_a_match_on_the_line_of_the_cursor_keeps_its_colours(store: Store):
    async with still_app(store) as pilot:
        await pilot.press("2", "slash", *"created", "enter")
        await pulse(pilot)
        view = pilot.app.query_one(EventsView)
        assert view.cursor is not None
        strip = view.render_line(view.cursor - int(view.scroll_offset.y))
        (match,) = (segment for segment in strip if segment.text == "created")
        other = next(segment for segment in strip if "response" in segment.text)
        assert match.style is not None
        assert other.style is not None
        assert match.style.bgcolor != other.style.bgcolor
        assert match.style.color != other.style.color


# --- one event


async def open_last(pilot: Pilot[None]) -> JsonView:
    await pilot.press("2", "G", "enter")
    for _ in range(50):
        if isinstance(pilot.app.screen, DetailScreen) and pilot.app.screen.query(JsonView):
            break
        await pilot.pause(0.01)
    view = pilot.app.screen.query_one(JsonView)
    await pilot.pause(0)
    view.refresh_from_model()
    return view


def shown(view: JsonView) -> list[str]:
    return ["".join(text for text, _ in view.pieces(n)) for n in range(view.line_count)]


@pytest.mark.parametrize("size", [(120, 40), (60, 20)])
async def test_a_long_value_is_wrapped_and_nothing_of_it_is_cut(store: Store, size: tuple[int, int]):
    async with still_app(store, size=size) as pilot:
        view = await open_last(pilot)
        lines = shown(view)
        assert all(len(line) <= view.text_width for line in lines)
        assert "".join("".join(lines).split()) == "".join(json.dumps(ERROR).split())


async def test_names_texts_numbers_and_words_have_their_own_inks(store: Store):
    async with still_app(store) as pilot:
        view = await open_last(pilot)
        inks = {text.strip('", '): ink for n in range(view.line_count) for text, ink in view.pieces(n)}
        wanted = {"code": "json-name", "invalid_value": "json-text", "3": "json-number", "false": "json-word"}
        assert {text: inks[text] for text in wanted} == wanted


async def test_enter_folds_an_object_and_the_copy_has_all_of_it(store: Store):
    async with still_app(store) as pilot:
        view = await open_last(pilot)
        before = shown(view)
        await pilot.press("g", "down", "down", "enter")
        await pilot.pause(0)
        assert shown(view)[2] == '  "error": { … 6 lines … }'
        assert len(shown(view)) < len(before)
        assert json.loads(view.copy_text()) == ERROR
        await pilot.press("enter")
        await pilot.pause(0)
        assert shown(view) == before


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab{}[]",: \\\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a{["', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=VALUES)
def test_the_pieces_of_any_json_are_its_text_and_every_part_is_closed(value: object):
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    assert ["".join(text for text, _ in json_pieces(line)) for line in lines] == lines
    found = closings(lines)
    for opened, closed in found.items():
        part = [
            lines[opened].strip().rpartition(" ")[2],
            *lines[opened + 1 : closed],
            lines[closed].strip().rstrip(","),
        ]
        json.loads("\n".join(part))
    assert len(found) == sum(line.rstrip().endswith(("{", "[")) for line in lines)


async def test_what_a_filter_hides_is_what_the_lines_say_and_not_the_whole_names_on_the_wire(store: Store):
    transcript = '{"type": "response.output_audio_transcript.delta", "delta": "Eleven"}'
    store.events.append(1.0, False, "response.output_audio_transcript.delta", transcript, fold_key="a")
    audio = {"type": "response.output_audio.delta"}
    store.events.append(1.1, False, "response.output_audio.delta", audio, fold_key="a", audio_bytes=960)
    async with still_app(store) as pilot:
        view = pilot.app.query_one(EventsView)
        view.set_filter("delta -audio")
        await pulse(pilot)
        assert [view.row_at(line).name for line in range(view.line_count)] == ["response.output_audio_transcript.delta"]
        view.set_filter("output_audio_transcript")
        await pulse(pilot)
        assert view.line_count == 1, "the whole name is found as well"


async def test_a_search_finds_what_a_filter_finds_also_what_pieces_say_together(store: Store):
    for piece in ("light", "house ", "keeper"):
        text = json.dumps({"type": "response.output_text.delta", "delta": piece})
        store.events.append(9.0, False, "response.output_text.delta", text, fold_key="said")
    store.events.append(9.5, False, "response.done", '{"type": "response.done", "nowhere_else": 1}')
    async with still_app(store) as pilot:
        view = pilot.app.query_one(EventsView)
        for words, name in (("lighthouse", "response.output_text.delta"), ("nowhere_else", "response.done")):
            await pilot.press("escape", "2", "/", *words, "enter")
            await pulse(pilot)
            assert view.cursor is not None
            assert view.row_at(view.cursor).name == name
            assert "no match" not in screen_text(pilot)


async def test_a_query_that_cannot_be_understood_says_why_and_esc_shows_all(store: Store):
    async with still_app(store) as pilot:
        count = pilot.app.query_one(EventsView).line_count
        await pilot.press("2", "f", *"dir:left", "enter")
        await pulse(pilot)
        assert "dir: is up or down" in screen_text(pilot)
        assert pilot.app.query_one(EventsView).line_count == 0
        await pilot.press("escape")
        await pulse(pilot)
        assert pilot.app.query_one(EventsView).line_count == count > 0


def test_a_comparison_colours_what_one_side_alone_has_and_does_not_fold() -> None:
    assert change_pieces('- "a": 1') == [('- "a": 1', "error")]
    assert change_pieces('+ "a": 2') == [('+ "a": 2', "ok")]
    assert change_pieces('  "a": 3') == json_pieces('  "a": 3')
    lines = ["  {", "-   {", "+   [", "  }"]
    assert not JsonView(lines, changes=True).folds
    assert JsonView(["{", '  "a": 1', "}"]).folds
