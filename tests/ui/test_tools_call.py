"""What is said about one call: as lines, in three views, however long, deep or hostile it is."""

import json
import unicodedata
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from rtvoice_tui.protocol.realtime.client_events import CreateItem
from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState
from rtvoice_tui.session.realtime.calls.receipts import sent_event
from rtvoice_tui.store.calls import CallHistory, CallRecord
from rtvoice_tui.ui.panes.call_text import FOLDED, MAX_STREAMING, MAX_TEXT, MAX_TREE, View, as_json, call_lines

CALL = CallChanged(3, "k", "call_1", "item_1", "book", '{"people": 4}', CallState.OK, kind="command")
HOSTILE = "\\[/b] [/b] [red]x[/red] \x1b[31m\x07\x9b2J {0} 漢字\u202e👍\ud800 %s \x00\r\n\u2066z"
WIDTHS = (30, 54, 76)


def record_of(call: CallChanged, at: float = 1.0) -> CallRecord:
    history = CallHistory()
    history.changed(call, at)
    return history.records[0]


def text_of(call: CallChanged | CallRecord, view: View = View.TREE, width: int = 76, now: float = 2.0) -> str:
    record = call if isinstance(call, CallRecord) else record_of(call)
    return "\n".join("".join(text for text, _ in pieces) for pieces in call_lines(record, view, width, now))


def with_arguments(value: Any, **more: Any) -> CallChanged:
    return replace(CALL, arguments=value if isinstance(value, str) else json.dumps(value), **more)


def words(text: str) -> list[str]:
    return text.split()


# --- the tree


def test_arguments_are_a_tree_of_names_and_values():
    value = {
        "city": "Zürich 漢字 👍",
        "days": 3,
        "rate": 0.5,
        "exact": None,
        "round": True,
        "empty": {},
        "none": [],
        "blank": "",
        "": "no name",
        "stops": ["Bern", {"name": "Thun", "platforms": [1, 2]}],
    }
    lines = text_of(with_arguments(value)).splitlines()
    assert lines[0].startswith("arguments")
    assert [line.split(maxsplit=1) for line in lines[1:14]] == [
        ["city", "Zürich 漢字 👍"],
        ["days", "3"],
        ["rate", "0.5"],
        ["exact", "null"],
        ["round", "true"],
        ["empty", "{}"],
        ["none", "[]"],
        ["blank", '""'],
        ['""', "no name"],
        ["stops", "2 entries"],
        ["[0]", "Bern"],
        ["[1]", "2 keys"],
        ["name", "Thun"],
    ]
    assert lines[11].index("[0]") > lines[10].index("stops"), "what is inside stands further right"
    assert lines[13].index("name") > lines[12].index("[1]")


@pytest.mark.parametrize(
    ("arguments", "shown"), [("{}", "(none)"), ("[]", "(none)"), ("", "(none)"), ("5", "5"), ('"a b"', "a b")]
)
def test_arguments_that_are_no_tree_are_shown_too(arguments: str, shown: str):
    assert text_of(replace(CALL, arguments=arguments)).splitlines()[1].strip() == shown


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name", ["n" * 90, "漢" * 40, "a long name of words " * 4, "short"], ids=["long", "wide", "words", "short"]
)
def test_a_value_is_shown_whole_however_long_or_wide_its_name_is(width: int, name: str):
    value = " ".join(f"w{i}漢字" for i in range(30))
    record = record_of(with_arguments({"deep": {"down": {name: value}}}))
    lines = call_lines(record, View.TREE, width, 2.0)
    assert all(cell_len("".join(text for text, _ in pieces)) <= width for pieces in lines)
    plain = "".join(text for pieces in lines for text, ink in pieces if ink == "plain")
    assert "".join(words(plain)).startswith("".join(words(value)))


@pytest.mark.parametrize("view", [View.TREE, View.JSON])
@pytest.mark.parametrize("depth", [30, 450, 900, 970, 5000])
def test_a_value_of_any_depth_is_shown_and_copied(view: View, depth: int):
    arguments = '{"a":' * depth + "1" + "}" * depth
    record = record_of(with_arguments(arguments, output=arguments))
    lines = call_lines(record, view, 76, 2.0)
    assert len(lines) > 10
    assert "depth" not in as_json(record)
    assert as_json(record).count("a") > depth


def test_a_very_wide_value_ends_with_a_word_about_the_rest():
    lines = text_of(with_arguments({"list": [{"x": i} for i in range(2000)]})).splitlines()
    assert len(lines) < MAX_TREE + 10
    assert sum("l shows all" in line for line in lines) == 1
    wide = json.dumps([0] * 3000)
    assert sum("l shows all" in line for line in text_of(with_arguments(wide)).splitlines()) == 1


# --- views and parts


def test_the_json_view_is_indented_and_the_wire_view_says_what_was_sent():
    history = CallHistory()
    history.changed(CALL, 1.0)
    item = {"type": "function_call_output", "call_id": "call_1", "output": "done"}
    assert text_of(history.records[0], View.WIRE) == "nothing was sent for this call"
    history.reached(CallReached("k", CallMoment.SENT, sent_event(CreateItem(event_id="e-7", item=item))), 1.5)
    assert '  "people": 4' in text_of(history.records[0], View.JSON)
    wire = text_of(history.records[0], View.WIRE).splitlines()
    assert wire[0] == "↑ conversation.item.create"
    assert "e-7" in wire[1]
    assert "done" in "".join(wire)


@pytest.mark.parametrize(
    ("checked", "mark"), [(None, ""), (True, "✓ fit the schema"), (False, "✗ do not fit")], ids=str
)
def test_a_mark_says_whether_the_arguments_fit_the_schema(checked: bool | None, mark: str):
    assert text_of(replace(CALL, checked=checked)).splitlines()[0].removeprefix("arguments").strip() == mark


def test_a_result_is_told_from_an_error():
    assert "result" in words(text_of(replace(CALL, output='{"seat": 5}')))
    for state in (CallState.FAILED, CallState.DENIED):
        text = text_of(replace(CALL, state=state, output='{"error": "full"}'))
        assert "error to the model" in text
        assert "result" not in words(text)


def test_an_error_comes_before_the_arguments_so_that_a_small_pane_shows_it():
    call = replace(with_arguments({str(i): i for i in range(50)}), output='{"error": "full"}')
    assert text_of(call).index("arguments") < text_of(call).index("full")
    for state in (CallState.FAILED, CallState.DENIED):
        lines = text_of(replace(call, state=state)).splitlines()
        assert lines[:2] == ["error to the model", "  error  full"]
        assert "arguments" in lines


def test_what_ran_is_shown_by_name_and_a_result_is_not_said_twice():
    details = (("command", "book 4"), ("exit code", "exit code 2"), ("stdout", "seat 5\n"), ("stderr", "full\nbye"))
    failed = replace(CALL, state=CallState.FAILED, output="seat 5", details=details)
    lines = text_of(failed).splitlines()
    assert "command  book 4" in lines
    assert "exit code  exit code 2" in lines
    assert lines[lines.index("stderr") + 1 :][:2] == ["  full", "  bye"]
    assert sum("seat 5" in line for line in lines) == 1
    request = replace(CALL, details=(("request", "GET https://h/"), ("status", "200"), ("printed", "a\nb")))
    for line in ("request  GET https://h/", "status  200", "printed", "  a", "  b"):
        assert line in text_of(request).splitlines()


def test_a_traceback_keeps_its_lines_and_is_for_the_user_alone():
    trace = 'Traceback (most recent call last):\n  File "tools.py", line 3, in book\n    raise ValueError("full")\n'
    record = record_of(replace(CALL, state=CallState.FAILED, output='{"error": "book failed"}', note=trace))
    lines = text_of(record).splitlines()
    at = lines.index("note")
    assert lines[at + 1 : at + 4] == ["  " + line for line in trace.strip().splitlines()]
    inks = {ink for pieces in call_lines(record, View.TREE, 76, 2.0) for text, ink in pieces if "tools.py" in text}
    assert inks == {"error"}


def test_a_refusal_shows_its_reason_and_a_result_that_was_not_sent_says_so():
    denied = replace(CALL, state=CallState.DENIED, output='{"error": "denied: too many"}', note="no more than 3")
    assert "note  no more than 3" in text_of(denied)
    kept = replace(CALL, state=CallState.CANCELLED, output="seat 5", note="you interrupted: kept, not sent")
    assert "result" in words(text_of(kept))
    assert "note  you interrupted: kept, not sent" in text_of(kept)
    assert "note" not in text_of(replace(CALL, output="seat 5 is yours", note="seat 5")), "said already"


def test_a_call_that_runs_at_the_provider_says_that_nothing_is_answered():
    assert "runs at the provider" in text_of(replace(CALL, state=CallState.HOSTED, kind="hosted"))


def test_a_call_that_waits_begins_with_what_it_would_run_or_what_you_are_asked():
    waiting = replace(CALL, state=CallState.ASKING, preview="book --people 4")
    assert text_of(waiting).splitlines()[0] == "waits for you; it would run  book --people 4"
    question = replace(CALL, state=CallState.RUNNING, kind="ask", preview="How many?")
    assert text_of(question).splitlines()[0] == "you are asked  How many?"
    assert text_of(replace(CALL, state=CallState.RUNNING, preview="x")).splitlines()[0] == "runs  x"


def test_the_timing_says_when_each_point_was_reached_and_goes_on_while_it_runs():
    history = CallHistory()
    for state, at in ((CallState.STREAMING, 1.0), (CallState.ASKING, 1.2), (CallState.RUNNING, 3.0)):
        history.changed(replace(CALL, state=state), at)
    record = history.records[0]
    assert "started +2000 ms  now +2500 ms" in text_of(record, now=3.5)
    assert "now +12.0 s" in text_of(record, now=13.0)
    history.reached(CallReached("k", CallMoment.ARGUMENTS), 1.1)
    history.changed(CALL, 3.25)
    history.reached(CallReached("k", CallMoment.SENT), 3.3)
    history.reached(CallReached("k", CallMoment.ANSWERED), 3.5)
    timing = text_of(record, width=100, now=99.0).splitlines()[-1]
    points = "arguments +100 ms  started +2000 ms  finished +2250 ms  sent +2300 ms  answer begun +2500 ms"
    assert timing.removeprefix("timing").strip() == points


# --- while it streams


def test_arguments_that_are_not_whole_yet_are_shown_as_they_come():
    assert '  {"ci' in text_of(with_arguments('{"ci', state=CallState.STREAMING)).splitlines()
    assert words(text_of(with_arguments("", state=CallState.STREAMING))) == ["arguments"]


def test_of_a_long_stream_the_end_is_shown_and_how_much_came_before():
    text = "".join(f"{i:07d} " for i in range(125_000))
    record = record_of(with_arguments(text, state=CallState.STREAMING))
    lines = call_lines(record, View.TREE, 76, 2.0)
    shown = "\n".join("".join(text for text, _ in pieces) for pieces in lines)
    assert "0124999" in shown
    assert f"{len(text) - MAX_STREAMING} characters before" in shown
    assert len(lines) < MAX_STREAMING / 10, "work is bounded by what is shown, not by what came"


@pytest.mark.parametrize("state", [CallState.STREAMING, CallState.FAILED])
@pytest.mark.parametrize("view", list(View))
def test_a_megabyte_in_every_field_makes_few_lines(state: CallState, view: View):
    text = "x" * 1_000_000
    call = replace(CALL, arguments=text, output=text + "y", note=text + "z", details=(("stderr", text),), state=state)
    record = record_of(call)
    lines = call_lines(record, view, 54, 2.0)
    assert len(lines) < 5 * (MAX_TEXT / 50 + 10)
    if view is not View.WIRE and state is not CallState.STREAMING:
        assert any("l shows all" in text for pieces in lines for text, _ in pieces)
    assert len(as_json(record)) > 4_000_000


# --- hostile text


def harmless(text: str) -> bool:
    return all(sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs") for sign in text) and not any(
        sign in text for sign in "\u202e\u2066\u200f\ufeff"
    )


@pytest.mark.parametrize("state", list(CallState))
@pytest.mark.parametrize("view", list(View))
def test_hostile_text_in_every_field_is_shown_and_harmless(state: CallState, view: View):
    value = {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}
    for arguments in (json.dumps(value), json.dumps(value, ensure_ascii=False), HOSTILE):
        call = CallChanged(
            1, HOSTILE, HOSTILE, HOSTILE, HOSTILE, arguments, state, arguments, HOSTILE * 2, kind=HOSTILE,
            details=((HOSTILE, HOSTILE * 3), ("stderr", HOSTILE)), preview=HOSTILE,
        )  # fmt: skip
        record = record_of(call)
        record.sent.append(sent_event(CreateItem(event_id="e", item={"output": HOSTILE})))
        text = text_of(record, view)
        assert harmless(text)
        assert "[red]x[/red]" in text, "markup is text"


@pytest.mark.parametrize(
    "text",
    [HOSTILE, json.dumps({HOSTILE: HOSTILE}), json.dumps([HOSTILE], ensure_ascii=False)],
    ids=["text", "object", "list"],
)
def test_a_call_is_copied_as_json_that_a_terminal_can_be_given(text: str):
    record = record_of(replace(CALL, arguments=text, output=text, note=HOSTILE, details=((HOSTILE, HOSTILE),)))
    copied = as_json(record)
    copied.encode("utf-8")
    fields = json.loads(copied)
    assert (fields["name"], fields["call_id"], fields["turn"], fields["state"]) == ("book", "call_1", 3, "ok")
    assert fields["note"] == HOSTILE
    assert fields["details"] == {HOSTILE: HOSTILE}
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    assert fields["arguments"] == fields["output"] == value


def test_a_line_of_a_hundred_kilobytes_is_cut_to_what_is_laid_out():
    record = record_of(replace(CALL, output="漢" * 100_000))
    lines = call_lines(record, View.TREE, 54, 2.0)
    assert len(lines) < MAX_TEXT / 20
    assert all(cell_len("".join(text for text, _ in pieces)) <= 54 for pieces in lines)
    assert "80 000 more characters" in text_of(record)


def test_a_long_text_in_a_value_is_folded_and_what_comes_after_it_is_in_sight():
    body = "The train leaves at noon. " * 8_000
    shown = text_of(replace(CALL, output=json.dumps({"body": body, "status": 200}))).splitlines()
    assert any(line.split() == ["status", "200"] for line in shown)
    assert sum("The train leaves" in line for line in shown) <= FOLDED
    (left,) = [line for line in shown if "more characters: l shows all" in line]
    assert 199_000 < int(left.split("…")[1].split("more")[0].replace(" ", "")) < len(body)


def test_a_text_of_many_short_lines_that_is_not_long_is_not_folded():
    text = "\n".join(f"line {number}" for number in range(3 * FOLDED))
    shown = text_of(replace(CALL, output=json.dumps({"body": text})))
    assert f"line {3 * FOLDED - 1}" in shown
    assert "shows all" not in shown
