"""Made-up results, and results that a user types."""

import asyncio
import datetime
import json
import random

import pytest

from rtvoice_tui.profiles.model import ASK_LIMIT_S, ToolEntry
from rtvoice_tui.profiles.runs import AskRun, MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools import mock
from rtvoice_tui.tools.ask import AskRunner
from rtvoice_tui.tools.mock import MockRunner
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call, Outcome
from tools.toolbench import bench, complaint

SPEC = ToolSpec(name="tool")


def mocked(result: object, seed: int = 0, **more: object) -> MockRunner:
    return MockRunner(SPEC, MockRun(result=result, **more), random.Random(seed))


@pytest.mark.parametrize(
    ("result", "arguments", "output"),
    [
        ("sunny", {}, "sunny"),
        ("sunny in {city}", {"city": "Омск"}, "sunny in Омск"),
        ("{city}: {days} days, {deep}", {"city": "Omsk", "days": 3, "deep": {"a": [1]}}, 'Omsk: 3 days, {"a": [1]}'),
        ("in {city}.", {}, "in ."),
        ("{city}", {"city": "Omsk"}, "Omsk"),
        ("{city}", {"city": {"name": "Omsk"}}, '{"name": "Omsk"}'),
        ("{city}", {"city": "{days}", "days": 3}, "{days}"),
        ("{city}", {}, ""),
        ('{"raw": 1} {}', {}, '{"raw": 1} {}'),
        ({"city": "{city}", "all": [{"days": "{days}"}, "x"]}, {"city": "Omsk", "days": 3}, None),
        ({"city": "{city}", "list": ["{city}", "y"], "keeps": 1}, {}, '{"list": ["y"], "keeps": 1}'),
        (["{days}", None, True], {"days": [1, 2]}, "[[1, 2], null, true]"),
        (5, {}, "5"),
        (None, {}, "null"),
        ({"day": datetime.date(2026, 7, 1)}, {}, '{"day": "2026-07-01"}'),
    ],
    ids=str,
)
async def test_a_result_is_filled_with_the_arguments_and_shown_before_it_is_given(result, arguments, output):
    output = '{"city": "Omsk", "all": [{"days": 3}, "x"]}' if output is None else output
    runner = mocked(result)
    assert await runner.run(Call("tool", arguments)) == Outcome(output, ok=True)
    assert runner.preview(Call("tool", arguments)) == output


async def test_a_huge_result_is_cut_like_any_other():
    outcome = await mocked("{text}!").run(Call("tool", {"text": "x" * MAX_OUTPUT}))
    assert outcome.output.startswith("x" * MAX_OUTPUT + "\n")
    assert str(MAX_OUTPUT + 1) in outcome.note


@pytest.mark.parametrize(("rate", "failures"), [(0.0, 0), (1.0, 200), (0.3, 57)])
async def test_a_share_of_the_calls_fails(rate, failures):
    runner = mocked("fine", seed=4, failure_rate=rate)
    numbers = random.Random(4)
    expected = [numbers.random() < rate for _ in range(200)]
    outcomes = [await runner.run(Call("tool", {})) for _ in range(200)]
    assert [not outcome.ok for outcome in outcomes] == expected
    assert sum(expected) == pytest.approx(failures, abs=15)
    assert all("told to" in complaint(outcome) for outcome in outcomes if not outcome.ok)


async def test_a_mock_takes_the_time_it_is_told_to(monkeypatch):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(mock.asyncio, "sleep", sleep)
    assert (await mocked("fine", delay_ms=1500).run(Call("tool", {}))).output == "fine"
    assert waited == [1.5]


async def test_a_mock_that_takes_longer_than_its_limit_is_given_up():
    async with bench() as desk:
        desk.use(ToolEntry(name="slow", run=MockRun(result="x", delay_ms=3_600_000), timeout_s=0.05))
        assert "0.05 s" in complaint(await desk.call("slow"))


async def test_a_question_waits_until_its_time_is_over():
    async with bench() as desk:
        desk.use(ToolEntry(name="who", run=AskRun(question="Who is it?"), timeout_s=0.05))
        assert desk.box.preview("who", "{}") == "Who is it?"
        assert "0.05 s" in complaint(await desk.call("who"))


async def test_a_question_waits_until_it_is_withdrawn():
    runner = AskRunner(SPEC, AskRun())
    call = asyncio.create_task(runner.run(Call("tool", {})))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not call.done()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_a_user_has_ten_minutes_unless_the_profile_says_otherwise():
    assert ToolEntry(name="who", run=AskRun()).limit_s == ASK_LIMIT_S == 600
    assert ToolEntry(name="who", run=AskRun(), timeout_s=5).limit_s == 5


async def test_an_untrusted_profile_may_mock_and_ask():
    async with bench() as desk:
        desk.use(ToolEntry(name="m", run=MockRun(result={"a": 1})), ToolEntry(name="a", run=AskRun()), trusted=False)
        assert desk.problems == []
        assert json.loads(await desk.said("m")) == {"a": 1}
