from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rtvoice_tui.ui.wrapping import GrowingLines

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
