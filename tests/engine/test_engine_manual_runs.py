"""Tools that the user runs by hand: checked, told as they go, and stopped."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from engine.bench import until
from rtvoice_tui.engine.manual_runs import ManualRuns
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import HostedRun, MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.tools.checker import Checker
from tools.toolbench import Bench, Steered, bench

WEATHER = ToolEntry(
    name="weather",
    run=MockRun(result="{city} is fine"),
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
ENTRIES = [WEATHER, ToolEntry(name="fails", run=MockRun(failure_rate=1)), ToolEntry(name="far", run=HostedRun())]


class Hand:
    """ManualRuns, and what they told."""

    def __init__(self, desk: Bench) -> None:
        self.desk = desk
        self.told: list[CallChanged] = []
        self.trials = ManualRuns(desk.box, self.told.append, Checker())

    @property
    def states(self) -> list[CallState]:
        return [call.state for call in self.told]

    async def ends(self) -> None:
        await until(lambda: not self.trials._running, f"{self.told}")


@contextlib.asynccontextmanager
async def hand(*entries: ToolEntry) -> AsyncIterator[Hand]:
    async with bench() as desk:
        desk.use(*entries)
        yield Hand(desk)


async def test_a_run_by_hand_is_told_from_its_beginning_to_its_result():
    async with hand(*ENTRIES) as by:
        by.trials.start("weather", ' {"city": "Omsk"}\n', 3)
        await by.ends()
    assert by.states == [CallState.RUNNING, CallState.OK]
    for call in by.told:
        assert (call.turn, call.call_id, call.item_id, call.name) == (3, "", "", "weather")
        assert (call.arguments, call.kind, call.manual, call.checked) == ('{"city": "Omsk"}', "mock", True, True)
    assert by.told[-1].output == "Omsk is fine"
    assert by.told[0].key == by.told[1].key


async def test_no_arguments_are_an_empty_object():
    async with hand(*ENTRIES) as by:
        by.trials.start("fails", "  ", 0)
        await by.ends()
    assert by.told[0].arguments == "{}"


async def test_a_failure_is_told_with_what_the_model_would_get_and_what_the_user_sees():
    async with hand(*ENTRIES) as by:
        by.trials.start("fails", "{}", 0)
        await by.ends()
    assert by.states == [CallState.RUNNING, CallState.FAILED]
    assert "told to" in by.told[-1].output
    assert by.told[-1].note


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("weather", "{}", ["arguments", "'city'"]),
        ("weather", '{"city": 5}', ["arguments.city", "5"]),
        ("weather", "{", ["not JSON"]),
        ("weather", "[]", ["not a JSON object"]),
        ("weather", '{"city": NaN}', ["NaN"]),
        ("nothing", "{}", ["nothing", "does not run here"]),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_their_path_and_nothing_runs(name, arguments, words):
    async with hand(*ENTRIES) as by:
        by.trials.start(name, arguments, 0)
        assert by.states == [CallState.FAILED]
        assert by.trials._running == {}
    (call,) = by.told
    assert call.checked is False
    assert call.arguments == arguments
    assert all(word in call.note for word in words), call.note


async def test_a_tool_of_the_provider_says_where_it_runs():
    async with hand(*ENTRIES) as by:
        by.trials.start("far", "{}", 0)
        await by.ends()
    assert by.states[-1] is CallState.FAILED
    assert "at the provider" in by.told[-1].note


@pytest.mark.parametrize("begun", [True, False], ids=["while it runs", "before it runs"])
@pytest.mark.parametrize("everything", [True, False], ids=["all", "one"])
async def test_a_run_that_is_stopped_says_so_and_ends_what_it_ran(begun, everything):
    tool = Steered(ToolSpec(name="tool"))
    async with bench() as desk:
        desk.use_runners(tool=tool)
        by = Hand(desk)
        by.trials.start("tool", "{}", 0)
        if begun:
            await until(tool.begun.is_set)
        if everything:
            by.trials.stop_all()
        else:
            by.trials.stop(by.told[0].key)
        await by.ends()
        assert by.states == [CallState.RUNNING, CallState.CANCELLED]
        assert by.told[-1].note == "you stopped it"
        await until(lambda: tool.cancelled == len(tool.calls))


async def test_one_of_several_is_stopped_and_the_others_go_on():
    tool = Steered(ToolSpec(name="tool"))
    async with bench() as desk:
        desk.use_runners(tool=tool)
        by = Hand(desk)
        for _ in range(2):
            by.trials.start("tool", "{}", 0)
        await until(lambda: len(tool.calls) == 2)
        first, second = (call.key for call in by.told)
        assert first != second
        by.trials.stop(first)
        by.trials.stop("by-hand-99")
        await until(lambda: tool.cancelled)
        tool.release.set()
        await by.ends()
    ends = {call.key: call.state for call in by.told}
    assert ends == {first: CallState.CANCELLED, second: CallState.OK}


async def test_a_tool_that_raises_ends_its_run_as_failed():
    tool = Steered(ToolSpec(name="tool"), RuntimeError("broken inside"))
    tool.release.set()
    async with bench() as desk:
        desk.use_runners(tool=tool)
        by = Hand(desk)
        by.trials.start("tool", "{}", 0)
        await by.ends()
        await asyncio.sleep(0)
    assert by.states == [CallState.RUNNING, CallState.FAILED]
    assert "broken inside" in by.told[-1].note
