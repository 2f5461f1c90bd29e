"""A session that lasts keeps no more, and does no more for a turn, than one that has just begun to last."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from growth import grown, lengths, lines_run
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.commands import EditSession, TimerFired
from rtvoice_tui.session.timers import SpeechTranscriptLate
from session import mcp_provider
from session.conversation import VAD, Conversation, function_call

ASKS = ToolSpec(name="get_weather", description="Weather.", parameters={"type": "object"}, asks=True)
FULL, MORE = 1_400, 400
"""By then everything that is bounded is full, and so many turns more must not make it any fuller."""

Turn = Callable[[Conversation, int], None]


def spoken(c: Conversation, n: int) -> None:
    """A question and an answer that is heard to its end."""
    c.user_turn(f"u{n}")
    c.server("conversation.item.input_audio_transcription.delta", item_id=f"u{n}", content_index=0, delta="What")
    c.words("What is the weather?", f"u{n}")
    c.begin(f"R{n}")
    place = {"response_id": f"R{n}", "item_id": f"a{n}", "output_index": 0, "content_index": 0}
    c.server("response.output_audio_transcript.delta", **place, delta="It rains.")
    c.audio(f"a{n}", 100, f"R{n}")
    c.end(f"R{n}")
    c.heard(drained=True, **{f"a{n}": 100.0})
    c.do(TimerFired(SpeechTranscriptLate(n)))


def interrupted(c: Conversation, n: int) -> None:
    """An answer that the user cuts short."""
    c.begin(f"R{n}")
    c.audio(f"a{n}", 1_000, f"R{n}")
    c.interrupt()
    c.flushed(**{f"a{n}": 200.0})
    c.end(f"R{n}", "cancelled")


def called(c: Conversation, n: int) -> None:
    """A call that is run, and the answer that takes its output in, after the user said something."""
    c.user_turn(f"U{n}")
    c.calls(function_call(f"c{n}", arguments=f'{{"n": {n}}}'), response_id=f"F{n}")
    c.tool_done(f"c{n}", '{"rain": true}')
    c.begin(f"R{n}")
    c.end(f"R{n}")


def agreed(c: Conversation, n: int) -> None:
    """A call that the user is asked about."""
    c.calls(function_call(f"c{n}"), response_id=f"F{n}")
    c.decide(f"c{n}", agree=n % 2 == 0)
    c.tool_done(f"c{n}")
    c.begin(f"R{n}")
    c.end(f"R{n}")


def hosted(c: Conversation, n: int) -> None:
    """A call that the provider makes itself, after it has asked."""
    mcp_provider.ask(c, f"Q{n}")
    c.decide(f"hosted:Q{n}")
    c.server("conversation.item.added", item=mcp_provider.mcp_call(f"M{n}", approval_request_id=f"Q{n}"))
    mcp_provider.finish(c, f"M{n}", approval_request_id=f"Q{n}")


def listed(c: Conversation, n: int) -> None:
    """The provider lists the tools of its server once more."""
    item = {"type": "mcp_list_tools", "id": f"L{n}", "server_label": "docs", "tools": [{"name": "search"}]}
    c.server("conversation.item.added", item=item)
    c.server("mcp_list_tools.completed", item_id=f"L{n}")


def late(c: Conversation, n: int) -> None:
    """An answer of which some is told once more after its end."""
    spoken(c, n)
    place = {"response_id": f"R{n}", "item_id": f"a{n}", "output_index": 0, "content_index": 0}
    item = {"id": f"a{n}", "type": "message", "role": "assistant", "status": "completed", "content": []}
    c.server("response.output_item.done", response_id=f"R{n}", output_index=0, item=item)
    c.server("response.output_audio_transcript.done", **place, transcript="It rains.")


def edited(c: Conversation, n: int) -> None:
    """A change of the instructions."""
    settings = VAD.__class__(turn_detection=VAD.turn_detection, instructions=f"Be brief. {n}")
    c.do(EditSession(settings, (mcp_provider.DOCS, ASKS), f"change-{n}"))
    c.server("session.updated", session={"id": "sess"})


def typed(c: Conversation, n: int) -> None:
    """A typed question."""
    c.type(f"question {n}")
    c.begin(f"R{n}")
    c.end(f"R{n}")


KINDS = [spoken, interrupted, called, agreed, hosted, listed, late, edited, typed]


def talking(kind: Turn) -> Conversation:
    tools = [mcp_provider.WEATHER if kind is called else ASKS, mcp_provider.DOCS]
    return Conversation(tools=tools)


def turns(c: Conversation, kind: Turn, first: int, count: int) -> None:
    for n in range(first, first + count):
        kind(c, n)
        c.steps.clear()


@dataclass
class Lasted:
    """By how many entries a long session grew at its end, and lines that one more turn ran before and after that."""

    grown: dict[str, int]
    early: int
    late: int


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def lasted(request: pytest.FixtureRequest) -> Lasted:
    kind: Turn = request.param
    c = talking(kind)
    turns(c, kind, 1, FULL)
    early = lines_run(lambda: kind(c, 1 + FULL))
    before = lengths({"session": c.machine})
    turns(c, kind, 2 + FULL, MORE - 1)
    late = lines_run(lambda: kind(c, 1 + FULL + MORE))
    return Lasted(grown(before, lengths({"session": c.machine})), early, late)


def test_what_a_session_keeps_stops_growing(lasted):
    assert lasted.grown == {}


def test_one_more_piece_of_a_long_answer_copies_nothing_of_it():
    c = Conversation()
    c.begin("R1")
    place = {"response_id": "R1", "item_id": "a1", "output_index": 0, "content_index": 0}

    def piece() -> None:
        c.server("response.output_text.delta", **place, delta="and another few words, ")
        c.steps.clear()

    for _ in range(20_000):
        piece()
    tracemalloc.start()
    piece()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    piece()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - before < 20_000, "the answer so far has 460 000 characters"


def test_one_more_turn_costs_a_session_the_same_whenever_it_comes(lasted):
    assert lasted.late == lasted.early
