"""Functions of a file run in a process of their own, and whatever they do, the model gets an answer."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtvoice_tui.tools.runner import MAX_OUTPUT, Call, Outcome, Runner
from tools.toolbench import Bench, complaint, function, printed

FOLDER = Path(__file__).parent
SOURCE = (FOLDER / "functions.py").read_text(encoding="utf-8")
NAMES = re.findall(r"^(?:async )?def (\w+)", SOURCE, re.MULTILINE)


@pytest.fixture(scope="module")
def desk() -> Iterator[Bench]:
    """All functions of the file, in one process."""
    made = Bench(FOLDER)
    made.use(*(function(name, "functions.py", timeout_s=20) for name in NAMES))
    yield made
    asyncio.run(made.box.close())


# --- results


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("text", "[/b] fine, ещё\n"),
        ("object", '{"city": "Омск", "temperature": 4}'),
        ("nothing", "null"),
        ("number", "5"),
        ("truth", "true"),
        ("list", "[]"),
        ("dataclass", '{"city": "Omsk", "zip": 644}'),
        ("nested", '[{"place": {"city": "Omsk", "zip": 0}, "when": "2026-07-01"}]'),
        ("moment", '"2026-07-01T12:30:00"'),
        ("enum", '{"colour": "red"}'),
        ("uuid", '"00000000-0000-0000-0000-000000000001"'),
        ("decimal", '"1.50"'),
        ("numbered", '{"1": "one"}'),
        ("odd keys", '{"[1, 2]": 3}'),
        ("bytes", '"x"'),
        ("set", "[7]"),
        ("lone half", "a?b"),
    ],
)
async def test_text_stays_as_it_is_and_every_other_result_becomes_json(desk, kind, output):
    assert await desk.call("result", kind=kind) == Outcome(output, ok=True)


@pytest.mark.parametrize(
    ("kind", "word"), [("module", "no JSON (module)"), ("circular", "contains itself"), ("no words", "no words")]
)
async def test_a_result_that_cannot_become_json_is_told_as_a_failure(desk, kind, word):
    assert word in complaint(await desk.call("result", kind=kind))


async def test_a_coroutine_is_awaited(desk):
    assert await desk.call("later", city="Omsk") == Outcome("Omsk", ok=True)


async def test_a_result_of_exactly_the_limit_is_whole(desk):
    assert await desk.call("big", size=MAX_OUTPUT) == Outcome("x" * MAX_OUTPUT, ok=True)


@pytest.mark.parametrize("size", [MAX_OUTPUT + 1, 5_000_000])
async def test_a_huge_result_is_cut_and_both_sides_are_told(desk, size):
    outcome = await desk.call("big", size=size)
    assert outcome.ok
    kept, told = outcome.output.split("\n", 1)
    assert kept == "x" * MAX_OUTPUT
    assert str(size) in told
    assert str(size) in outcome.note


async def test_many_calls_run_side_by_side(desk):
    outputs = await asyncio.gather(*(desk.said("meets") for _ in range(8)))
    assert sorted(outputs) == [str(number) for number in range(8)]


async def test_a_files_state_is_kept_between_calls_and_shared_by_its_tools(desk):
    first = int(await desk.said("count"))
    assert int(await desk.said("count")) == first + 1
    assert int(await desk.said("counted")) == first + 1


# --- arguments


@pytest.mark.parametrize(
    ("name", "arguments", "output"),
    [
        ("weekday", {"day": "2026-07-01"}, "Wednesday"),
        ("place", {"where": {"city": "Omsk"}}, "Omsk-0-c-None-1"),
        ("place", {"where": {"city": "Ufa", "zip": 7}, "unit": "f", "note": None, "count": 3}, "Ufa-7-f-None-3"),
        ("place", {"where": {"city": "Ufa"}, "note": "x"}, "Ufa-0-c-x-1"),
        ("places", {"stops": [{"city": "Ufa"}, {"city": "Omsk"}]}, "Ufa+Omsk"),
        ("only_by_position", {"a": 1}, "[1, 2, 3]"),
        ("only_by_position", {"c": 9, "b": 8, "a": 7}, "[7, 8, 9]"),
        ("anything", {"first": "a", "x": 1, "y": [2]}, '{"first": "a", "rest": {"x": 1, "y": [2]}}'),
        ("untyped", {"value": {"a": 1}}, '["dict", {"a": 1}]'),
    ],
)
async def test_arguments_become_what_the_functions_hints_say(desk, name, arguments, output):
    assert await desk.said(name, **arguments) == output


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("weekday", {"day": "yesterday"}, ["arguments.day", "date"]),
        ("weekday", {}, ["'day'", "missing"]),
        ("weekday", {"day": "2026-07-01", "hour": 4}, ["no argument 'hour'"]),
        ("place", {"where": {"city": "Omsk"}, "unit": "k"}, ["arguments.unit", "'k'"]),
        ("place", {"where": {"city": "Omsk"}, "count": "3"}, ["arguments.count", "int", "str"]),
        ("place", {"where": {"zip": 5}}, ["arguments.where", "city"]),
        ("place", {"where": {"city": 5}}, ["arguments.where", "$.city"]),
        ("place", {"where": "Omsk"}, ["arguments.where", "object"]),
        ("places", {"stops": [{"city": "Ufa"}, {}]}, ["arguments.stops", "$[1]"]),
        ("only_by_position", {"b": 1}, ["'a'", "missing"]),
        ("anything", {"x": 1}, ["'first'", "missing"]),
    ],
)
async def test_an_argument_that_does_not_fit_is_named(desk, name, arguments, words):
    outcome = await desk.call(name, **arguments)
    sentence = complaint(outcome)
    assert all(word in sentence for word in words), sentence
    assert "python_host" not in outcome.note


# --- faults


async def test_an_error_is_a_sentence_for_the_model_and_a_traceback_of_the_own_file_for_the_user(desk):
    outcome = await desk.call("lost")
    assert complaint(outcome) == "lost failed: LookupError: no such station"
    assert "Traceback" not in outcome.output
    assert outcome.note.startswith("Traceback")
    assert "in inner" in outcome.note
    assert "in the second line" in outcome.note
    files = {line.split('"')[1] for line in outcome.note.splitlines() if line.startswith("  File ")}
    assert {file.rpartition("/")[2] for file in files} == {"functions.py"}


async def test_an_error_of_a_coroutine_has_a_traceback_of_the_own_file_too(desk):
    outcome = await desk.call("lost_later")
    assert complaint(outcome) == "lost_later failed: LookupError: no such station"
    assert "in lost_later" in outcome.note
    assert "python_host" not in outcome.note


async def test_the_cause_of_an_error_is_in_the_traceback(desk):
    note = (await desk.call("chained")).note
    assert "ZeroDivisionError" in note
    assert "sums are off" in note
    assert "python_host" not in note


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("silent", "ValueError"),
        ("end", "end the program (3)"),
        ("end_later", "end the program (3)"),
        ("interrupt", "KeyboardInterrupt"),
        ("base", "of the lowest kind"),
        ("exhausted", "StopIteration"),
        ("exhausted_later", "StopIteration"),
        ("own_timeout", "the station does not answer"),
        ("own_cancellation", "cancelled from within"),
        ("cancels_itself", "cancelled from within"),
        ("asks", "EOFError"),
    ],
)
async def test_whatever_a_function_raises_fails_that_call_alone(desk, name, word):
    visits = int(await desk.said("count"))
    assert word in complaint(await desk.call(name))
    assert int(await desk.said("count")) == visits + 1, "the process is another"


async def test_a_function_that_reads_stdin_finds_it_empty(desk):
    assert await desk.said("reads") == ""


# --- printing


async def test_what_a_call_prints_is_kept_for_it_even_when_others_print_at_the_same_time(desk):
    words = ["a", "b", "c", "d"]
    outcomes = await asyncio.gather(*(desk.call("speaks", word=word) for word in words))
    for word, outcome in zip(words, outcomes, strict=True):
        assert outcome.output == word
        assert printed(outcome) == "".join(f"{word} {part}\n" for part in range(50))


async def test_what_coroutines_print_in_turns_is_kept_apart(desk):
    outcomes = await asyncio.gather(desk.call("speaks_later", mine=0), desk.call("speaks_later", mine=1))
    assert [printed(outcome) for outcome in outcomes] == ["first 0\nsecond 0\n", "first 1\nsecond 1\n"]


async def test_of_a_flood_only_the_beginning_is_kept(desk):
    outcome = await desk.call("floods")
    assert outcome.output == "dry again"
    assert 60_000 <= len(printed(outcome)) <= 65_000
    assert set(printed(outcome)) <= {"y", "\n"}


async def test_what_was_printed_before_a_failure_is_told(desk):
    outcome = await desk.call("prints_and_fails")
    assert "not further" in complaint(outcome)
    assert printed(outcome) == "as far as here\n"


async def test_writing_past_print_does_not_disturb_the_answers(desk):
    outcome = await desk.call("prints_to_everything")
    assert outcome.output == "still understood"
    assert printed(outcome) == "to stdout\n"


# --- before it runs


async def test_a_preview_is_the_call_as_python_would_write_it(desk):
    assert desk.box.preview("later", '{"city": "Omsk \\"x\\""}') == "later(city='Omsk \"x\"')  in functions.py"


async def test_a_provider_s_own_tool_does_not_run_here():
    from rtvoice_tui.protocol.settings import ToolSpec

    assert "at the provider" in complaint(await Runner(ToolSpec(name="web_search")).run(Call("web_search", {})))
