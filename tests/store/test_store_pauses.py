"""Tools and approvals within a turn, and statistics that belong to one agent."""

import pytest

from rtvoice_tui.protocol.usage import RateLimit, Usage
from rtvoice_tui.session.facts import (
    AgentIdentified,
    AgentSaid,
    CallChanged,
    CallState,
    Fact,
    LimitsReported,
    Moment,
    Reached,
    SessionOpened,
    SpeechNoticed,
    SpeechState,
    TurnStarted,
    UsageReported,
    UserSaid,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Speaker


@pytest.fixture
def store():
    made = Store()
    yield made
    made.events.close()


def call(state: CallState, key: str = "K", kind: str = "python", **fields: object) -> CallChanged:
    return CallChanged(1, key, key, "i", "get_weather", "{}", state, kind=kind, **fields)


def record(store: Store, *told: tuple[float, Fact]) -> None:
    for at, fact in told:
        store.record(fact, at)


BEGIN: list[tuple[float, Fact]] = [
    (0.0, TurnStarted(1)),
    (1.0, Reached(1, Moment.SPEECH_STOPPED)),
    (1.2, Reached(1, Moment.ANSWERING)),
]
END: list[tuple[float, Fact]] = [(9.0, Reached(1, Moment.FIRST_AUDIO)), (9.1, Reached(1, Moment.FIRST_HEARD))]

WAITS = {
    "a tool": ([(2.0, call(CallState.RUNNING)), (5.0, call(CallState.OK))], 8100, {"model": 4800, "tool": 3000}),
    "an approval": (
        [(2.0, call(CallState.ASKING)), (6.0, call(CallState.RUNNING)), (7.0, call(CallState.OK))],
        4100,
        {"model": 2800, "tool": 1000},
    ),
    "a result that the user types": (
        [(2.0, call(CallState.RUNNING, kind="ask")), (6.0, call(CallState.OK, kind="ask"))],
        4100,
        {"model": 3800},
    ),
    "two tools at once": (
        [
            (2.0, call(CallState.RUNNING)),
            (3.0, call(CallState.RUNNING, "L")),
            (4.0, call(CallState.OK)),
            (5.0, call(CallState.OK, "L")),
        ],
        8100,
        {"model": 4800, "tool": 3000},
    ),
    "a tool that fails": ([(2.0, call(CallState.RUNNING)), (5.0, call(CallState.FAILED))], 8100, {"tool": 3000}),
    "a rejected call": ([(2.0, call(CallState.ASKING)), (5.0, call(CallState.DENIED))], 5100, {"model": 4800}),
    "a call at the provider that asks": (
        [(2.0, call(CallState.ASKING, "hosted:K")), (5.0, call(CallState.HOSTED, "hosted:K"))],
        5100,
        {"model": 4800},
    ),
    "a manual run": ([(2.0, call(CallState.RUNNING, manual=True))], 8100, {"model": 7800}),
}


@pytest.mark.parametrize(("between", "waited", "stages"), WAITS.values(), ids=WAITS)
def test_tools_and_approvals_are_not_the_models_time(store, between, waited, stages):
    record(store, *BEGIN, *between, *END)
    timing = store.timings.of(1)
    assert timing.waited_ms == pytest.approx(waited)
    assert stages.items() <= {name: round(ms) for name, ms in timing.stages()}.items()
    assert sum(ms for _, ms in timing.stages()) == pytest.approx(timing.waited_ms)
    assert store.timings.percentile(0.5) == pytest.approx(waited)


def test_a_tool_that_runs_after_the_first_sound_delays_nothing(store):
    record(store, *BEGIN, *END, (10.0, call(CallState.RUNNING)), (20.0, call(CallState.OK)))
    assert store.timings.of(1).waited_ms == pytest.approx(8100)
    assert "tool" not in dict(store.timings.of(1).stages())


# --- one agent's statistics


def talked(store: Store, turn: int, wait: float) -> None:
    record(
        store,
        (turn, TurnStarted(turn)),
        (turn, SpeechNoticed(turn, SpeechState.ENDED, False, -30.0, True)),
        (turn, UserSaid(turn, f"u{turn}", "", final=True)),
        (turn, Reached(turn, Moment.SPEECH_STOPPED)),
        (turn + wait, Reached(turn, Moment.FIRST_HEARD)),
        (turn, UsageReported(turn, Usage(input_tokens=5, output_tokens=5))),
        (turn, LimitsReported((RateLimit(name="tokens"),))),
    )


def numbers(store: Store) -> tuple[object, ...]:
    return (
        store.timings.percentile(0.5) is not None,
        store.timings.worst() is not None,
        store.timings.last_answered() is not None,
        store.usage.answers,
        store.usage.limits != (),
        len(store.interruptions.judged),
    )


def test_the_numbers_of_one_agent_do_not_go_on_in_the_next(store):
    store.record(AgentIdentified("mine openai gpt"), 0.0)
    talked(store, 1, 0.5)
    assert numbers(store) == (True, True, True, 1, True, 1)
    store.record(AgentIdentified("other openai gpt"), 3.0)
    assert numbers(store) == (False, False, False, 0, False, 0)
    talked(store, 2, 0.2)
    assert store.timings.percentile(0.95) == pytest.approx(200)


def test_the_same_agent_connected_again_keeps_its_numbers_but_the_limits(store):
    store.record(AgentIdentified("mine"), 0.0)
    talked(store, 1, 0.5)
    store.record(AgentIdentified("mine"), 3.0)
    store.record(SessionOpened("s", {}), 3.0)
    assert numbers(store) == (True, True, True, 1, False, 1)


def test_a_turn_of_the_earlier_agent_that_is_heard_later_stays_out(store):
    store.record(AgentIdentified("mine"), 0.0)
    record(store, (1.0, TurnStarted(1)), (1.0, Reached(1, Moment.SPEECH_STOPPED)))
    store.record(AgentIdentified("other"), 2.0)
    store.record(Reached(1, Moment.FIRST_HEARD), 3.0)
    assert store.timings.percentile(0.5) is None
    assert store.timings.of(1).waited_ms == pytest.approx(2000)


def test_only_the_first_answer_of_a_turn_shows_its_wait(store):
    record(store, (1.0, AgentSaid(1, "a", "Let me look.")), (2.0, AgentSaid(1, "b", "It rains.")))
    first = store.transcript.first_answer(1)
    assert first is not None
    assert (first.text, first.speaker) == ("Let me look.", Speaker.AGENT)
