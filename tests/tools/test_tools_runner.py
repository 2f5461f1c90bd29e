"""A function runs beside the session, and whatever it does, the model gets an answer."""

import asyncio
import json
import threading
import time

import pytest

from rtvoice_tui.tools import runner
from rtvoice_tui.tools.registry import Tool
from rtvoice_tui.tools.runner import MAX_OUTPUT, Outcome


async def call(function, arguments: str = "{}", timeout_s: float = 10.0) -> Outcome:
    return await runner.run({"tool": Tool("tool", function, timeout_s)}, "tool", arguments)


def complaint(outcome: Outcome) -> str:
    """What the model is told about a failure."""
    assert not outcome.ok
    assert outcome.note
    said = json.loads(outcome.output)
    assert list(said) == ["error"]
    return said["error"]


async def test_a_result_that_is_an_object_becomes_json():
    def tool(city: str) -> dict[str, object]:
        return {"city": city, "temperature": 4}

    outcome = await call(tool, '{"city": "Omsk"}')
    assert outcome == Outcome('{"city": "Omsk", "temperature": 4}', ok=True)


async def test_a_result_that_is_text_stays_as_it_is():
    assert await call(lambda: "[/b] fine, ещё\n") == Outcome("[/b] fine, ещё\n", ok=True)


@pytest.mark.parametrize("result", [None, 5, True, [], {"when": threading}], ids=repr)
async def test_other_results_become_text(result):
    outcome = await call(lambda: result)
    assert outcome.ok
    json.loads(outcome.output)


async def test_a_coroutine_is_awaited():
    async def tool(city: str) -> str:
        await asyncio.sleep(0)
        return city

    assert await call(tool, '{"city": "Omsk"}') == Outcome("Omsk", ok=True)


async def test_a_plain_function_runs_in_a_thread_of_its_own_while_the_loop_goes_on():
    answered = threading.Event()

    def tool() -> str:
        assert answered.wait(10)
        return threading.current_thread().name

    running = asyncio.create_task(call(tool))
    await asyncio.sleep(0)
    answered.set()
    assert (await running).output == "tool-tool"


async def test_an_unknown_function_is_told_as_one():
    assert "nothing" in complaint(await runner.run({}, "nothing", "{}"))


async def test_a_function_that_takes_too_long_is_given_up_with_its_limit_named():
    release = threading.Event()
    outcome = await call(release.wait, timeout_s=0.05)
    release.set()
    assert "0.05 s" in complaint(outcome)


async def test_a_coroutine_that_takes_too_long_is_cancelled():
    cancelled = []

    async def tool() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    assert "0.05 s" in complaint(await call(tool, timeout_s=0.05))
    assert cancelled == [True]


async def test_a_result_that_comes_after_the_limit_is_forgotten():
    release = threading.Event()

    def tool() -> str:
        release.wait(10)
        return "late"

    outcome = await call(tool, timeout_s=0.01)
    release.set()
    while any(thread.name == "tool-tool" for thread in threading.enumerate()):  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    await asyncio.sleep(0)
    assert not outcome.ok


async def test_a_crash_is_told_to_the_model_in_a_sentence_and_to_the_person_with_its_traceback():
    def tool() -> None:
        raise LookupError("no such station")

    outcome = await call(tool)
    assert complaint(outcome) == "tool failed: LookupError: no such station"
    assert "Traceback" in outcome.note
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("arguments", ['{"town": "Omsk"}', "{}", '{"city": "Omsk", "more": 1}'])
async def test_wrong_names_of_arguments_are_told(arguments):
    def tool(city: str) -> str:
        return city

    assert "TypeError" in complaint(await call(tool, arguments))


@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", "5", '"x"', '{"": 1}', "[" * 100_000])
async def test_arguments_that_are_no_object_are_told(arguments):
    def tool(city: str) -> str:
        return city

    assert complaint(await call(tool, arguments))


async def test_a_function_that_ends_the_program_does_not():
    def tool() -> None:
        raise SystemExit(3)

    assert "end the program" in complaint(await call(tool))


async def test_a_coroutine_that_ends_the_program_does_not():
    async def tool() -> None:
        raise SystemExit(3)

    try:
        outcome = await call(tool)
    except SystemExit:
        pytest.fail("the session's loop would have ended")
    assert "end the program" in complaint(outcome)


async def test_a_timeout_of_the_functions_own_is_told_with_its_words():
    def tool() -> None:
        raise TimeoutError("the station does not answer")

    assert "the station does not answer" in complaint(await call(tool))


async def test_a_function_that_lets_a_stop_iteration_escape_fails_at_once():
    def tool() -> object:
        return next(iter(()))

    assert "StopIteration" in complaint(await call(tool, timeout_s=1.0))


async def test_a_coroutine_whose_own_subtask_was_cancelled_has_failed():
    async def tool() -> None:
        task = asyncio.ensure_future(asyncio.sleep(3_600))
        task.cancel()
        await task

    try:
        outcome = await call(tool)
    except asyncio.CancelledError:
        pytest.fail("the call would never be answered")
    assert complaint(outcome)


async def test_being_cancelled_from_outside_ends_a_call():
    begun = asyncio.Event()

    async def tool() -> None:
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(call(tool))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_huge_result_is_cut_and_both_sides_are_told():
    outcome = await call(lambda: "x" * (MAX_OUTPUT + 1))
    assert outcome.ok
    assert outcome.output.startswith("x" * MAX_OUTPUT)
    assert len(outcome.output) < MAX_OUTPUT + 100
    assert str(MAX_OUTPUT + 1) in outcome.output
    assert str(MAX_OUTPUT + 1) in outcome.note


async def test_a_result_of_exactly_the_limit_is_whole():
    assert await call(lambda: "x" * MAX_OUTPUT) == Outcome("x" * MAX_OUTPUT, ok=True)


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no words")


def circular() -> object:
    circle: list[object] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize("result", [{(1, 2): 3}, circular(), [Unprintable()]], ids=["odd keys", "circular", "no str"])
async def test_a_result_that_cannot_become_json_is_told_as_a_failure(result):
    try:
        outcome = await call(lambda: result)
    except Exception as error:
        pytest.fail(f"run raised {error!r}, so the call would never be answered")
    assert outcome.output


async def test_many_calls_run_side_by_side():
    barrier = threading.Barrier(8, timeout=10)

    def tool() -> int:
        return barrier.wait()

    outcomes = await asyncio.gather(*(call(tool) for _ in range(8)))
    assert sorted(outcome.output for outcome in outcomes) == [str(number) for number in range(8)]


async def test_a_stuck_thread_does_not_keep_the_loop_from_closing():
    release = threading.Event()

    def serve() -> None:
        asyncio.run(call(release.wait, timeout_s=0.01))

    thread = threading.Thread(target=serve)
    thread.start()
    deadline = time.monotonic() + 10
    while thread.is_alive() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    assert not thread.is_alive()
    release.set()
