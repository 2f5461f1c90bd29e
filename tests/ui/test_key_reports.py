"""Reports of keys with event types become what Textual has always read, and releases are told apart."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual import events
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._parser import Parser
from textual._xterm_parser import XTermParser
from textual.message import Message

from kitty import EVENTS, PRESS, RELEASE, REPEAT, report
from rtvoice_tui.ui.bindings import KEYS
from rtvoice_tui.ui.terminal.key_events import KeyboardModes, KeyReleased, RepeatedKey
from rtvoice_tui.ui.terminal.key_release import KeyReleaseParser

BOUND = [name for key in KEYS for name in key.keys.split(",")]
CAPS_LOCK, NUM_LOCK = 64, 128


def read(*parts: str) -> list[tuple[str, ...]]:
    """What our parser tells about input that comes in these parts."""
    return told(KeyReleaseParser(), parts)


def as_before(*parts: str) -> list[tuple[str, ...]]:
    """What Textual's own parser tells."""
    return told(XTermParser(), parts)


def told(parser: Parser[Message], parts: Iterable[str]) -> list[tuple[str, ...]]:
    messages = [message for part in parts for message in parser.feed(part)]
    if parser._timeout_time is not None:  # nothing more comes
        parser._timeout_time = 0.0
        messages += parser.tick()
    return [_line(message) for message in messages]


def _line(message: Message) -> tuple[str, ...]:
    match message:
        case events.Key():
            return "key", message.key, repr(message.character)
        case KeyReleased():
            return "released", message.key
        case KeyboardModes():
            return "modes", str(message.modes)
        case events.Paste():
            return "paste", message.text
        case events.MouseEvent():
            return type(message).__name__, f"{message.screen_x} {message.screen_y} {message.button}"
        case events.CursorPosition():
            return "cursor", f"{message.x} {message.y}"
        case events.Resize():
            return "resize", f"{message.size} {message.pixel_size}"
    return (type(message).__name__,)


@pytest.mark.parametrize("name", [*BOUND, "é", "ж", "Ж", "日", "ctrl+c", "ctrl+space", "shift+tab", "ctrl+home"])
def test_every_key_of_the_table_is_the_same_key_with_its_repeats_and_is_released(name: str) -> None:
    base = name.rpartition("+")[2].lower()
    for locks in (0, CAPS_LOCK, NUM_LOCK):
        pressed, repeated, released = (report(name, event, locks=locks) for event in (PRESS, REPEAT, RELEASE))
        before = as_before(report(name, modes=~EVENTS, locks=locks))
        assert before[0][:2] == ("key", name)
        assert read(pressed, repeated, repeated) == before * 3
        assert read(released) == [("released", base)]


@pytest.mark.parametrize("modifiers", [1, 2, 3, 5, 9, 129])
def test_every_functional_key_in_every_form(modifiers: int) -> None:
    for code, name in FUNCTIONAL_KEYS.items():
        number, final = code[:-1], code[-1]
        plain = f"\x1b[{number}{final}" if modifiers == 1 else f"\x1b[{number};{modifiers}{final}"
        before = [_line(key) for key in XTermParser()._sequence_to_key_events(plain)]
        assert before[0][1].endswith(name)
        for event in ("1", "2", ""):
            assert read(f"\x1b[{number};{modifiers}:{event}{final}") == before, (code, event)
        assert read(f"\x1b[{number};{modifiers}:3{final}") == [("released", name)], code


@pytest.mark.parametrize(
    ("sequence", "becomes"),
    [
        ("\x1b[97:65;2:1;65u", [("key", "A", "'A'")]),
        ("\x1b[97:65:97;2:2;65u", [("key", "A", "'A'")]),
        ("\x1b[99::99;5u", [("key", "ctrl+c", "None")]),
        ("\x1b[1078::59;1:1;1078u", [("key", "ж", "'ж'")]),
        ("\x1b[97;1:2;97:769u", [("key", "a", "'a'"), ("key", "combining_acute_accent", "'\u0301'")]),
        ("\x1b[32;2:3u", [("released", "space")]),
        ("\x1b[57441;2:3u", [("released", "left_shift")]),
        ("\x1b[?27u", [("modes", "27")]),
        ("\x1b[?0u", [("modes", "0")]),
        ("\x1b[32;1:4u", []),
        ("\x1b[32;1:99999999u", []),
        ("\x1b[1:2:3:4;5:3:2u", []),
        ("\x1b[99999999;1:3u", []),
        ("\x1b[99999999999999999999u", []),
        ("\x1b[97;1:2;99999999u", []),
        ("\x1b[200~[32;1:3u\x1b[201~x", [("paste", "[32;1:3u"), ("key", "x", "'x'")]),
    ],
)
def test_what_the_protocol_also_allows_and_what_it_does_not(sequence: str, becomes: list[tuple[str, ...]]) -> None:
    assert read(sequence) == becomes


def test_only_repeats_are_marked_as_repeats() -> None:
    keys = list(KeyReleaseParser().feed("".join(report("space", event) for event in (PRESS, REPEAT, RELEASE))))
    assert [type(key) for key in keys] == [events.Key, RepeatedKey, KeyReleased]
    assert keys[1].handler_name == "on_key"


def test_sequences_may_be_split_anywhere_and_lag_where_escape_is_a_key_of_its_own() -> None:
    text = "\x1b[?25u" + "".join(report(k, e) for k in ("space", "f4", "A", "delete") for e in (PRESS, REPEAT, RELEASE))
    whole = read(text)
    for at in range(1, len(text)):
        assert read(text[:at], text[at:]) == whole
    parser = KeyReleaseParser()
    assert told(parser, ["\x1b[?25u"]) == [("modes", "25")]
    assert [parser.read1(0.1).timeout, parser.read1().timeout] == [0.5, None]
    assert KeyReleaseParser().read1(0.1).timeout == 0.1


_PIECES = st.one_of(
    st.text(max_size=4),
    st.text("\x1b[0123456789;:?<u~ABRSMIO\r\t ", max_size=12),
    st.sampled_from(["\x1b[A", "\x1bOS", "\x1b[200~", "\x1b[201~", "\x1b[<0;3;4M", "\x1b[97;2;65u", "\x1b[I", "\x1bx"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=6))
@example(["\x1b[1;5R", "\x1b[?2026;2$y", "\x1b[48;24;80;480;800t"])
def test_everything_else_passes_unchanged_and_nothing_ends_the_reading(parts: list[str]) -> None:
    parts = [part for part in parts if part]
    mine = read(*parts)
    try:
        before = as_before(*parts)
    except (ValueError, OverflowError):
        return  # Textual's own parser fails here, ours has not
    if not re.search(r"\x1b\[(\?[0-9]+u|[0-9:;]*:[0-9:;]*[u~A-FHPQRS]|27;[23];13~)|\x1b[\r\n]", "".join(parts)):
        assert mine == before


@pytest.mark.parametrize("sequence", ["\x1b\r", "\x1b\n", "\x1b[27;3;13~", "\x1b[27;2;13~", "\x1b[13;3u"])
def test_alt_enter_of_any_terminal_begins_a_line_and_loses_no_key_behind_it(sequence: str) -> None:
    keys = [event.key for event in KeyReleaseParser(False).feed(f"a{sequence}bc") if isinstance(event, events.Key)]
    assert keys == ["a", "alt+enter", "b", "c"]
