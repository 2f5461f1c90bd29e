from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rtvoice_tui.ui.wrapping import GrowingLines, wrapped

TEXT = st.text(alphabet=st.sampled_from("ab cd  \nßйé漢字👍\u0301"), max_size=200)


@given(pieces=st.lists(TEXT, max_size=12), width=st.integers(2, 30))
def test_text_that_grows_wraps_like_text_that_came_at_once(pieces: list[str], width: int):
    growing = GrowingLines(width)
    for piece in pieces:
        growing.append(piece)
    assert growing.lines == GrowingLines.of("".join(pieces), width).lines


@given(text=TEXT, width=st.integers(2, 30))
def test_no_line_is_wider_than_asked_and_no_letter_is_lost(text: str, width: int):
    lines = GrowingLines.of(text, width).lines
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(text=TEXT, width=st.integers(2, 30))
def test_each_line_knows_where_in_the_text_it_begins(text: str, width: int):
    wrapped = GrowingLines.of(text, width)
    for start, line in zip(wrapped.starts, wrapped.lines, strict=True):
        assert text[start : start + len(line)] == line


def test_words_are_kept_whole_where_they_fit():
    assert GrowingLines.of("the quick brown fox", 10).lines == ["the quick", "brown fox"]


def test_a_megabyte_without_a_space_is_cut_into_lines():
    lines = GrowingLines.of("x" * 1_000_000, 50).lines
    assert len(lines) == 20_000
    assert set(map(len, lines)) == {50}


@given(parts=st.lists(st.tuples(TEXT, st.sampled_from(["plain", "warn"])), max_size=5), width=st.integers(9, 30))
def test_an_entry_in_several_lines_keeps_its_letters_their_inks_and_its_indent(
    parts: list[tuple[str, str]], width: int
):
    lines = wrapped(parts, width, 4)

    assert [text[:4] for text, _ in (line[0] for line in lines[1:])] == ["    "] * (len(lines) - 1)
    letters = [(letter, ink) for line in lines for text, ink in line for letter in "".join(text.split())]
    assert letters == [(letter, ink) for text, ink in parts for letter in "".join(text.split())]
    if len(lines) > 1:
        assert all(cell_len("".join(text for text, _ in line)) <= width for line in lines)


def test_an_entry_stays_one_line_where_it_fits_and_where_there_is_no_room_for_more():
    entry = [("0:01  ", "dim"), ("the device is gone", "error")]
    assert wrapped(entry, 40, 7) == [entry]
    assert wrapped(entry, 12, 7) == [entry]
    assert wrapped(entry, 16, 6) == [
        [("0:01  ", "dim"), ("the device", "error")],
        [("      ", "plain"), ("is gone", "error")],
    ]
