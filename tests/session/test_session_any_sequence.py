"""Whatever a server and a user do, in any order: the promises that must never break."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.protocol.realtime.codec import decode
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.realtime.server_events import EVENT_CLASSES, OutputAudioDelta
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.effects import Duck, Flush, Report, RunTool, StopTool
from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState, Level, Notice, ResponseCut
from rtvoice_tui.session.inputs import Observed
from rtvoice_tui.session.realtime.responses.heard_ledger import Cut
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from rtvoice_tui.session.timers import CancelLate, ResponseLate
from session.conversation import CLOCK, MANUAL, VAD, WEATHER, Conversation, Step, sound
from session.remembered import remembered

PAY = ToolSpec(name="pay", parameters={"type": "object"}, asks=True, filler="Wait.", filler_after_s=1)
ORDER = ToolSpec(name="order", parameters={"type": "object", "required": ["what"]}, asks=True)
SLOW = replace(CLOCK, filler="One moment.", filler_after_s=1)
DOCS = ToolSpec(name="docs", hosted=True, server={"server_url": "https://docs.example/mcp"}, asks=True)
ALL_TOOLS = (WEATHER, SLOW, PAY, ORDER, DOCS)
TOOLS = st.sampled_from([ALL_TOOLS, ALL_TOOLS, (WEATHER, CLOCK), (), (WEATHER, replace(PAY, description="Pay all."))])

RESPONSES = st.sampled_from(["R1", "R2", "R3", "", None])
ITEMS = st.sampled_from(["A", "B", "U", "item_K1", "", None])
CALL_IDS = st.sampled_from(["K1", "K1", "K2", ""])
STATUS = st.sampled_from(["completed", "completed", "cancelled", "failed", "incomplete", None])
CALL_ITEMS = st.fixed_dictionaries(
    {
        "type": st.just("function_call"),
        "id": st.sampled_from(["item_K1", "item_K2", None]),
        "call_id": CALL_IDS,
        "name": st.sampled_from(["get_weather", "get_time", "pay", "pay", "order", "web_search", "nonsense", None]),
        "arguments": st.sampled_from(["{}", "{}", '{"what":"tea"}', "", " ", "[]", "{", None]),
    }
)
MCP_ITEMS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["mcp_approval_request", "mcp_call", "mcp_list_tools"]),
        "id": st.sampled_from(["M1", "M1", "M2", "K1", None]),
        "server_label": st.sampled_from(["docs", None]),
        "name": st.sampled_from(["search", "pay"]),
        "approval_request_id": st.sampled_from(["M1", "M2", None]),
        "output": st.sampled_from(["found", None, None]),
        "error": st.sampled_from([{"type": "http_error", "message": "no"}, None, None]),
    }
)
OUTPUT = CALL_ITEMS | CALL_ITEMS | MCP_ITEMS | st.fixed_dictionaries({"type": st.just("message"), "id": ITEMS})
ERROR = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["conversation_already_has_active_response", "invalid_value", "session_expired", None]),
        "event_id": st.sampled_from(["e1", "e2", "e3", "e4", "e5", None]),
        "param": st.sampled_from(["session.audio", None]),
        "message": st.just("no"),
    }
)


def event(wire_name: str, /, **fields: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.just(wire_name), st.fixed_dictionaries(fields))


METADATA = st.sampled_from([{"rtvoice": "filler"}, {"rtvoice": "filler"}, {}, None])
PLACE = {"response_id": RESPONSES, "item_id": ITEMS, "content_index": st.integers(0, 2)}
ITEM_EVENTS = ["response.output_item.added", "response.output_item.done", "conversation.item.created"]
MCP_EVENTS = [
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "mcp_list_tools.in_progress",
    "mcp_list_tools.failed",
]
LIKELY = st.one_of(
    event("session.created", session=st.just({"id": "s"})),
    event("session.updated", session=st.sampled_from([{}, {"instructions": None}, {"voice": 5, "tools": [None]}])),
    event("response.created", response=st.fixed_dictionaries({"id": RESPONSES})),
    event("response.created", response=st.fixed_dictionaries({"id": RESPONSES, "metadata": METADATA})),
    event(
        "response.done",
        response=st.fixed_dictionaries({"id": RESPONSES, "status": STATUS, "output": st.lists(OUTPUT, max_size=3)}),
    ),
    event(
        "response.output_audio.delta",
        **PLACE,
        delta=st.sampled_from([sound(ms) for ms in (0, 0.1, 20, 1000)] + ["AAA="]),
    ),
    event("response.output_audio.done", **PLACE),
    event("response.output_text.delta", **PLACE, delta=st.sampled_from(["", "word"])),
    event("response.output_audio_transcript.done", **PLACE, transcript=st.sampled_from(["", "word", None])),
    event(
        "response.function_call_arguments.done",
        **PLACE,
        call_id=CALL_IDS,
        name=st.just("get_time"),
        arguments=st.just("{}"),
    ),
    event("response.function_call_arguments.delta", **PLACE, call_id=CALL_IDS, delta=st.just("{")),
    *(event(name, response_id=RESPONSES, item=OUTPUT) for name in ITEM_EVENTS),
    *(event(name, item_id=st.sampled_from(["M1", "M2", None])) for name in MCP_EVENTS),
    event("response.mcp_call_arguments.delta", item_id=st.just("M1"), delta=st.just("{")),
    event("response.mcp_call_arguments.done", item_id=st.just("M1"), arguments=st.just("{}")),
    event("input_audio_buffer.speech_started", item_id=ITEMS),
    event("input_audio_buffer.speech_stopped", item_id=ITEMS),
    event("input_audio_buffer.committed", item_id=ITEMS),
    event("conversation.item.input_audio_transcription.completed", item_id=ITEMS, transcript=st.just("words")),
    event("error", error=ERROR),
)
JUNK = st.sampled_from([None, 5, "x", [], {}, [None], {"id": 5}, True])
MANGLED = st.tuples(
    st.sampled_from(sorted(EVENT_CLASSES)),
    st.dictionaries(st.sampled_from(["response", "item", "item_id", "response_id", "delta", "error", "session"]), JUNK),
)
PLAYED = st.dictionaries(st.sampled_from(["A", "B", "U", "", "ghost"]), st.sampled_from([0.0, 0.3, 19.0, 1000.0, 1e9]))
KEYS = st.sampled_from(["K1", "K1", "K2", "M1", "M2", "item_K1", "ghost", ""])
COMMANDS = st.one_of(
    st.builds(cmd.Interrupt),
    st.builds(cmd.SendText, st.sampled_from(["hi", ""])),
    st.builds(cmd.TalkStart),
    st.builds(cmd.TalkEnd),
    st.builds(cmd.SetTalkMode, st.sampled_from(TalkMode)),
    st.builds(cmd.CommitTurn),
    st.builds(cmd.LocalSpeech, st.booleans()),
    st.builds(cmd.MicFrame, st.sampled_from([bytes(960), bytes(9600), b"\0"])),
    st.builds(cmd.Heard, PLAYED, st.just({}), st.booleans()),
    st.builds(cmd.Flushed, PLAYED),
    st.builds(cmd.ToolFinished, CALL_IDS, st.just("out"), st.booleans()),
    st.builds(
        cmd.EditSession,
        st.sampled_from([VAD, MANUAL, SessionSettings(instructions="x", role="y"), SessionSettings(voice="marin")]),
        TOOLS,
    ),
    st.builds(cmd.UseTools, TOOLS),
    st.builds(cmd.Decide, KEYS, st.booleans(), st.booleans(), st.sampled_from(["", "no"])),
    st.builds(cmd.Decide, st.sampled_from(["K1", "K2", "M1"]), st.just(True)),
    st.builds(cmd.SendResult, KEYS, st.just("mine"), st.just("by hand")),
    st.builds(
        cmd.SetHistory, st.sampled_from([(), (HistoryMessage(False, "Hello"), HistoryMessage(True, "Good day"))])
    ),
    st.builds(cmd.SetAudio, st.builds(AudioSettings, st.booleans(), st.booleans())),
    st.builds(cmd.UseDevice, st.sampled_from(Direction), st.sampled_from(["", "Webcam"])),
    st.builds(cmd.SetEcho, st.sampled_from(["auto", "off"]), st.booleans()),
    st.builds(cmd.CallPreviewed, KEYS, st.sampled_from(["", "weather Omsk"])),
    st.builds(Observed, st.builds(Notice, st.sampled_from(Level), st.just("a device is gone"))),
    st.just("a timer"),
    st.sampled_from(["close", "open"]),
)


def _answer_with_calls(calls: list[dict[str, Any]]) -> list[Any]:
    response = {"id": "R7", "status": "completed", "output": calls}
    return [("response.created", {"response": {"id": "R7"}}), ("response.done", {"response": response})]


def _aside(heard_ms: float) -> list[Any]:
    return [
        ("response.created", {"response": {"id": "F", "metadata": {"rtvoice": "filler"}}}),
        ("response.output_audio.delta", {"response_id": "F", "item_id": "out_of_band", "delta": sound(1000)}),
        cmd.Interrupt(),
        cmd.Flushed({"out_of_band": heard_ms}),
        ("response.done", {"response": {"id": "F", "status": "cancelled"}}),
    ]


def _question(decision: cmd.Decide) -> list[Any]:
    item = {"type": "mcp_approval_request", "id": "M1", "server_label": "docs", "name": "search"}
    return [("conversation.item.created", {"item": item}), decision]


RUNNABLE = st.fixed_dictionaries(
    {
        "type": st.just("function_call"),
        "call_id": st.sampled_from(["K1", "K2", "K3"]),
        "name": st.sampled_from(["get_weather", "pay", "pay", "order"]),
        "arguments": st.sampled_from(["{}", '{"what":"tea"}']),
    }
)
DECISIONS = st.builds(cmd.Decide, st.sampled_from(["K1", "K2", "K3", "M1"]), st.booleans(), st.booleans())
SCENES = st.one_of(
    st.lists(RUNNABLE, min_size=1, max_size=3).map(_answer_with_calls),
    st.sampled_from([0.0, 300.0]).map(_aside),
    DECISIONS.map(_question),
    DECISIONS.map(lambda decision: [decision]),
    (LIKELY | COMMANDS | MANGLED).map(lambda happening: [happening]),
)
HAPPENINGS = st.lists(SCENES, min_size=1, max_size=25).map(lambda scenes: [one for scene in scenes for one in scene])


class Agreements:
    """What the user agreed to, as one who only watches the commands and the facts knows it."""

    def __init__(self) -> None:
        self.new_session()

    def new_session(self) -> None:
        self.calls: set[str] = set()
        self.tools: dict[str, ToolSpec] = {}
        self.ended: set[str] = set()
        self.asking: dict[str, CallChanged] = {}

    def before(self, what: Any, known: dict[str, ToolSpec]) -> None:
        """The user decides: it counts for a call that asks at this moment, and with ``always`` for its tool."""
        call = self.asking.get(what.key) if isinstance(what, cmd.Decide) and what.agree else None
        if call is None:
            return
        self.calls.add(call.call_id)
        if what.always and call.name in known:
            self.tools[call.name] = known[call.name]

    def tell(self, call: CallChanged) -> None:
        self.asking.pop(call.key, None)
        if call.state is CallState.ASKING:
            self.asking[call.key] = call

    def cover(self, call_id: str, spec: ToolSpec | None) -> bool:
        return spec is not None and (not spec.asks or call_id in self.calls or self.tools.get(spec.name) == spec)


class Promises:
    """Watches a conversation from outside, with its own books."""

    def __init__(self, dialect: str, manual: bool) -> None:
        self.c = Conversation(dialect, MANUAL if manual else VAD, ALL_TOOLS, talk=TalkRules(interrupts=manual))
        self.ducked = False
        self.known_before: dict[str, ToolSpec] = {}
        self.timers: list[Any] = []
        self.agreed = Agreements()
        self.new_session()
        self.received: dict[str, int] = {}
        self.flushed = True

    def new_session(self) -> None:
        self.request = self.running = ""
        self.answered: set[str] = set()
        self.approved: set[str] = set()
        self.ran: set[str] = set()
        self.moments: set[tuple[str, CallMoment]] = set()
        self.agreed.new_session()

    @property
    def known(self) -> dict[str, ToolSpec]:
        """What the machine itself believes that it may run: the promise is about who must agree, not about which."""
        return dict(self.c.machine._tools.calls.approvals.known)

    def happen(self, what: Any, pick: int) -> None:
        self.known_before = self.known
        if what == "close":
            step = self.c.close()
            assert not self.ducked or step.of(Duck), "the next conversation would be a quiet one"
            self.request = self.running = ""
        elif what == "open":
            self.happen("close", pick)
            self.new_session()
            step = self.c.open()
        elif what == "a timer":
            if not self.timers:
                return
            timer = self.timers.pop(pick % len(self.timers))
            self.request = "" if timer == ResponseLate(self.request) else self.request
            if isinstance(timer, CancelLate) and self.running in (timer.response_id, "?"):
                self.running = ""  # a server that never confirms a cancellation does not block the session
            step = self.c.do(cmd.TimerFired(timer))
        elif isinstance(what, tuple):
            self.before(*what)
            step = self.c.server(what[0], **what[1])
        else:
            self.agreed.before(what, self.known)
            step = self.c.do(what)
        self.check(step)

    def replays(self) -> bool:
        """Whether a fresh machine and a fresh store make the same of all that happened."""
        journal, effects = self.c.journal, self.c.replayed(self.c.journal)
        return effects == self.c.effects and remembered(journal, effects) == remembered(journal, self.c.effects)

    def before(self, name: str, fields: dict[str, Any]) -> None:
        """Note what the server says before the machine answers it."""
        read = decode(json.dumps({"type": name, **fields})).event
        if isinstance(read, OutputAudioDelta):
            self.received[read.item_id] = self.received.get(read.item_id, 0) + len(read.delta)
        elif name == "response.created":
            self.request, self.running = "", read.response.id or "?"
        elif name == "response.done" and (not read.response.id or self.running in (read.response.id, "?")):
            self.running = ""
        elif name == "error":
            unnamed = not read.error.event_id and not read.error.param  # it may be about nothing but the request
            if unnamed or read.error.event_id == self.request:
                self.request = ""

    def check(self, step: Step) -> None:
        self.timers += step.timers
        silenced = False
        for effect in step.effects:
            if isinstance(effect, Flush):
                silenced = True
            elif isinstance(effect, Duck):
                assert effect.lowered is not self.ducked, "lowered twice, or raised twice"
                self.ducked = effect.lowered
            elif isinstance(effect, RunTool):
                self.check_run(effect)
            elif isinstance(effect, StopTool):
                assert effect.call_id in self.ran, "stopped what never ran"
            elif isinstance(effect, Report):
                self.check_fact(effect.fact)
        acts = step.acts
        if silenced and "response.cancel" in acts:
            assert acts.index("flush") < acts.index("response.cancel"), "cancelled before it was silent"
        for sent in step.sent_with_ids:
            assert sent["event_id"]
            self.check_sent(sent)
        for cut in step.of(ResponseCut):
            if cut.outcome == Cut.OUT_OF_BAND:
                named = [sent.get("item_id") for sent in step.sent]
                assert cut.item_id not in named, "the server was told of what it does not know"

    def check_run(self, run: RunTool) -> None:
        assert run.call_id, "a call that nobody could answer ran"
        assert run.call_id not in self.ran, "a call ran twice"
        self.ran.add(run.call_id)
        assert isinstance(json.loads(run.arguments), dict)
        spec = self.known.get(run.name) or self.known_before.get(run.name)  # the step may have been its tool's last one
        assert self.agreed.cover(run.call_id, spec), "nobody agreed to it"

    def check_fact(self, fact: Any) -> None:
        if isinstance(fact, CallChanged):
            self.agreed.tell(fact)
        elif isinstance(fact, CallReached) and fact.moment is CallMoment.ARGUMENTS:
            assert (fact.key, fact.moment) not in self.moments, "its arguments were complete twice"
            self.moments.add((fact.key, fact.moment))

    def check_sent(self, sent: dict[str, Any]) -> None:
        match sent["type"]:
            case "response.create":
                assert not self.request, "two requests in flight"
                assert not self.running, "asked while an answer runs"
                self.request = sent["event_id"]
                if "response" in sent:
                    assert self.c.dialect.out_of_band
            case "conversation.item.truncate":
                assert 0 < sent["audio_end_ms"] <= self.received[sent["item_id"]] * 500 / 24_000
            case "conversation.item.create" if sent["item"]["type"] == "function_call_output":
                call_id = sent["item"]["call_id"]
                assert call_id, "an output for no call"
                assert call_id not in self.answered, "answered twice"
                self.answered.add(call_id)
            case "conversation.item.create" if sent["item"]["type"] == "mcp_approval_response":
                request = sent["item"]["approval_request_id"]
                assert request, "an answer to no question"
                assert request not in self.approved, "a question was answered twice"
                self.approved.add(request)
            case "input_audio_buffer.append" | "input_audio_buffer.commit":
                assert self.c.machine.ready


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(DIALECTS)),
    st.booleans(),
    st.lists(st.tuples(HAPPENINGS.map(tuple), st.integers(0, 5)), min_size=1, max_size=2),
)
@example(
    "openai", False, [((cmd.SendText("hi"), ("response.created", {"response": {"id": "R1"}}), cmd.Interrupt()), 0)]
)
@example("azure", False, [((("response.created", {"response": {"id": "R1"}}), cmd.SendText("hi"), "a timer"), 0)])
def test_no_sequence_of_events_and_commands_breaks_a_promise(dialect, manual, stretches):
    promises = Promises(dialect, manual)
    for happenings, pick in stretches:
        for what in happenings:
            promises.happen(what, pick)
    assert promises.replays(), "a fresh machine makes the same of it"


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["openai", "yandex"]),
    st.lists(LIKELY | COMMANDS | MANGLED, max_size=30),
)
def test_after_any_sequence_a_new_connection_works_as_the_first_one_did(dialect, happenings):
    promises = Promises(dialect, manual=False)
    for what in happenings:
        promises.happen(what, 0)
    c = promises.c
    c.close()
    opened = c.open()
    assert c.machine.ready
    assert opened.of(RunTool) == []
    assert opened.phases[-1] == ("listening" if c.machine.talk.mode is TalkMode.OPEN else "ready")
    assert c.type("Hello").sent_types == ["conversation.item.create", "response.create"]
    c.begin("fresh")
    assert c.audio("fresh item", 100, "fresh").acts == ["play"]
