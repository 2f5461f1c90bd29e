"""Whatever text comes from outside is shown and never obeyed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvoice_tui.store.plain import one_line, visible

DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "".join(chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)])
ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from(CONTROLS + DIRECTIONS + "\ud800\udfff\ufeff\u2028")))


def commands(text: str) -> list[str]:
    """Characters that a terminal would act on."""
    return [c for c in text if (unicodedata.category(c) in ("Cc", "Cs") and c != "\n") or c in DIRECTIONS]


@given(ANY_TEXT)
def test_no_control_character_survives_except_the_line_feed(text):
    assert commands(visible(text)) == []


@given(ANY_TEXT)
def test_visible_text_can_be_written_to_any_terminal(text):
    visible(text).encode("utf-8")


@given(ANY_TEXT)
def test_making_visible_twice_is_making_visible_once(text):
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_readable_text_stays_as_it_is(text):
    assert visible(text) == text


@given(ANY_TEXT)
def test_no_character_vanishes_except_before_a_line_feed(text):
    assert len(visible(text)) == len(text.replace("\r\n", "\n"))


@given(ANY_TEXT, st.integers(1, 50))
def test_one_line_is_one_harmless_line_within_its_limit(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert commands(line) == []
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x07", "␇"),
        ("\x00", "␀"),
        ("\x7f", "␡"),
        ("\x9b31m", "\ufffd31m"),
        ("a\tb", "a b"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a␍b"),
        ("\u202eevil", "\ufffdevil"),
        ("\udce9", "\ufffd"),
        ("[/b][link=x]", "[/b][link=x]"),
        ("👩‍🚀 ещё ñ 東京", "👩‍🚀 ещё ñ 東京"),
    ],
)
def test_what_becomes_of_each_kind_of_character(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("  a\n\n b\t c ", 400, "a b c"),
        ("abcdef", 4, "abc…"),
        ("abcd", 4, "abcd"),
        ("", 4, ""),
        ("\x1b\x1b\x1b\x1b\x1b", 3, "␛␛…"),
    ],
)
def test_what_becomes_of_a_line(text, limit, line):
    assert one_line(text, limit) == line
