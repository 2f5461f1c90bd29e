"""A conversation for tests: a session in some dialect that takes JSON events and shows what they led to.

Servers speak through the real codec, and what the machine sends is looked at as the JSON it becomes on the wire.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.protocol.realtime.codec import decode, encode
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session.commands import (
    ArgumentsChecked,
    Command,
    Decide,
    Flushed,
    Heard,
    Interrupt,
    MicFrame,
    SendResult,
    SendText,
    TimerFired,
    ToolFinished,
    UseTools,
)
from rtvoice_tui.session.facts import CallChanged, CallState, Fact, Notice, PhaseChanged, Reached
from rtvoice_tui.session.inputs import Closed, Connecting, Input, Opened, Received
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.session.schema import read
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE, TalkRules
from rtvoice_tui.session.timers import Timer

VAD = SessionSettings(turn_detection={"type": "server_vad"})
MANUAL = SessionSettings(turn_detection=None)
WEATHER = ToolSpec(name="get_weather", description="Weather.", parameters={"type": "object"})
CLOCK = ToolSpec(name="get_time", description="Time.", parameters={"type": "object"})
WEB_SEARCH = ToolSpec(name="web_search", hosted=True)

ITEM = "conversation.item.create"
ANSWER = "response.create"


def pcm(ms: float, rate: int = 24_000) -> bytes:
    """So many milliseconds of silence."""
    return bytes(int(ms * rate / 1000) * 2)


def sound(ms: float, rate: int = 24_000) -> str:
    """The same as it travels."""
    return base64.b64encode(pcm(ms, rate)).decode()


def function_call(call_id: str, name: str = "get_weather", arguments: str = "{}", item_id: str = "") -> dict[str, str]:
    """A finished call as an item of an answer."""
    item = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, "status": "completed"}
    return {**item, "id": item_id or f"item_{call_id}"}


def outputs(step: "Step") -> dict[str, str]:
    """The outputs that were sent, by call id, in the order in which they were."""
    items = [event["item"] for event in step.sent if event["type"] == ITEM]
    return {item["call_id"]: item["output"] for item in items if item["type"] == "function_call_output"}


def messages(step: "Step") -> list[str]:
    """The user messages that were sent."""
    items = [event["item"] for event in step.sent if event["type"] == ITEM]
    return [item["content"][0]["text"] for item in items if item["type"] == "message" and item["role"] == "user"]


def error_in(output: str) -> str:
    """The sentence of an output that is nothing but an error."""
    told = json.loads(output)
    assert list(told) == ["error"]
    return str(told["error"])


def states(step: "Step") -> dict[str, CallState]:
    """How each call stands in the end, by its key."""
    return {call.key: call.state for call in step.of(CallChanged)}


class Step:
    """What one event or command led to."""

    def __init__(self, effects: list[fx.Effect]) -> None:
        self.effects = effects

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Everything said to the server, as on the wire but without the event ids."""
        return [{k: v for k, v in event.items() if k != "event_id"} for event in self.sent_with_ids]

    @property
    def sent_with_ids(self) -> list[dict[str, Any]]:
        """Everything said to the server, as on the wire."""
        return [json.loads(encode(e.event)) for e in self.effects if isinstance(e, fx.Send)]

    @property
    def sent_types(self) -> list[str]:
        """The types of what was said."""
        return [event["type"] for event in self.sent]

    @property
    def facts(self) -> list[Fact]:
        """Everything told to those who remember."""
        return [e.fact for e in self.effects if isinstance(e, fx.Report)]

    @property
    def acts(self) -> list[str]:
        """What is done to the world, in order: wire types, and the lower-case names of other effects."""
        named = [e for e in self.effects if not isinstance(e, fx.Report | fx.Schedule)]
        return [e.event.wire_name if isinstance(e, fx.Send) else type(e).__name__.lower() for e in named]

    def of(self, kind: type[Any]) -> list[Any]:
        """The effects or facts of one kind."""
        return [e for e in (*self.effects, *self.facts) if isinstance(e, kind)]

    @property
    def timers(self) -> dict[Timer, float]:
        """What was scheduled, and after how many seconds."""
        return {e.timer: e.after_s for e in self.of(fx.Schedule)}

    @property
    def notices(self) -> list[str]:
        """The sentences put before the user."""
        return [notice.text for notice in self.of(Notice)]

    @property
    def moments(self) -> list[str]:
        """The points of a turn that were reached."""
        return [reached.moment.value for reached in self.of(Reached)]

    @property
    def phases(self) -> list[str]:
        """The state words that were told."""
        return [changed.phase.value for changed in self.of(PhaseChanged)]


def _objection(check: fx.CheckArguments) -> str:
    """What the process that checks arguments would say."""
    try:
        read(check.arguments, check.parameters)
    except ArgumentsRefused as refused:
        return str(refused)
    return ""


class Conversation:
    """One machine, and everything it ever did.

    Args:
        dialect: name of the provider.
        settings: the wanted configuration.
        tools: the wanted tools.
        ready: whether the session is already open and configured.
        talk: how turns are taken.

    Attributes:
        journal: every input with its time.
        effects: what each of them led to.
    """

    def __init__(
        self,
        dialect: str = "openai",
        settings: SessionSettings = VAD,
        tools: Iterable[ToolSpec] = (WEATHER, CLOCK),
        ready: bool = True,
        talk: TalkRules = OPEN_MICROPHONE,
    ) -> None:
        self.now = 0.0
        self.steps: list[Step] = []
        self.journal: list[tuple[Input, float]] = []
        self.effects: list[list[fx.Effect]] = []
        self.dialect = DIALECTS[dialect]
        self._made_of = (self.dialect, settings, tuple(tools))
        self._talk = talk
        self.machine = self._new_machine()
        if ready:
            self.open()

    def _new_machine(self) -> SessionMachine:
        ids: Counter[str] = Counter()

        def new_id(prefix: str) -> str:
            ids[prefix] += 1
            return f"{prefix}{ids[prefix]}"

        return SessionMachine(*self._made_of, new_id, talk=self._talk)

    def _happens(self, happened: Input) -> list[fx.Effect]:
        self.journal.append((happened, self.now))
        self.effects.append(self.machine.step(happened, self.now))
        return self.effects[-1]

    def replayed(self, journal: Iterable[tuple[Input, float]]) -> list[list[fx.Effect]]:
        """What a fresh machine makes of a journal, step by step."""
        machine = self._new_machine()
        return [machine.step(happened, at) for happened, at in journal]

    def _step(self, effects: list[fx.Effect]) -> Step:
        self.now += 0.01
        for check in [effect for effect in effects if isinstance(effect, fx.CheckArguments)]:
            checked = ArgumentsChecked(check.call_id, _objection(check), check.check)
            effects = [*effects, *self._happens(checked)]
        self.steps.append(Step(effects))
        return self.steps[-1]

    # --- life

    def open(self) -> Step:
        """The socket comes up and the server accepts the configuration."""
        self.connect()
        self.server("session.created", session={"id": "sess"})
        return self.server("session.updated", session={"id": "sess"})

    def connect(self) -> Step:
        """The socket comes up."""
        self._happens(Connecting())
        return self._step(self._happens(Opened()))

    def close(self) -> Step:
        """The socket is gone."""
        return self._step(self._happens(Closed()))

    # --- what happens

    def server(self, event_type: str, /, **fields: Any) -> Step:
        """The server says something."""
        event = decode(json.dumps({"type": event_type, "event_id": "s", **fields})).event
        return self._step(self._happens(Received(event)))

    def do(self, command: Command) -> Step:
        """A user or a device wants something."""
        return self._step(self._happens(command))

    def all(self, *steps: Step) -> Step:
        """Several steps as one; without any, the whole conversation."""
        return Step([effect for step in (steps or self.steps) for effect in step.effects])

    def interrupt(self) -> Step:
        return self.do(Interrupt())

    def type(self, text: str = "Hello") -> Step:
        return self.do(SendText(text))

    def mic(self, ms: float, rate: int = 24_000, level_db: float | None = None) -> Step:
        return self.do(MicFrame(pcm(ms, rate), level_db))

    def heard(self, drained: bool = False, **played_ms: float) -> Step:
        return self.do(Heard(played_ms, {}, drained))

    def flushed(self, **played_ms: float) -> Step:
        return self.do(Flushed(played_ms))

    def tool_done(self, call_id: str, output: str = '{"ok":true}', ok: bool = True) -> Step:
        return self.do(ToolFinished(call_id, output, ok))

    def decide(self, key: str, agree: bool = True, always: bool = False, reason: str = "") -> Step:
        """The user agrees to a call, or does not, or stops it."""
        return self.do(Decide(key, agree, always, reason))

    def send_result(self, key: str, output: str, name: str = "") -> Step:
        """The user gives a result of their own."""
        return self.do(SendResult(key, output, name))

    def use_tools(self, *tools: ToolSpec) -> Step:
        """The tools are others now."""
        return self.do(UseTools(tools))

    def timer(self, timer: Timer) -> Step:
        """A scheduled moment comes."""
        return self.do(TimerFired(timer))

    def error(self, code: str, event_id: str | None = None, **fields: Any) -> Step:
        details = {"type": "invalid_request_error", "code": code, "message": f"refused: {code}", **fields}
        return self.server("error", error={**details, "event_id": event_id})

    # --- stretches of a conversation

    def begin(self, response_id: str = "R1") -> Step:
        """An answer begins."""
        return self.server("response.created", response={"id": response_id, "status": "in_progress"})

    def audio(
        self, item_id: str = "A", ms: float = 1000, response_id: str | None = "R1", content_index: int = 0
    ) -> Step:
        """So much of an answer's sound arrives."""
        return self.server(
            "response.output_audio.delta",
            response_id=response_id,
            item_id=item_id,
            output_index=0,
            content_index=content_index,
            delta=sound(ms),
        )

    def end(self, response_id: str | None = "R1", status: str = "completed", **fields: Any) -> Step:
        """An answer ends."""
        return self.server("response.done", response={"id": response_id, "status": status, **fields})

    def cancelled(self, response_id: str = "R1", reason: str = "client_cancelled") -> Step:
        """An answer ends because somebody cancelled it."""
        return self.end(response_id, "cancelled", status_details={"type": "cancelled", "reason": reason})

    def speaking(self, item_id: str = "A", ms: float = 1000, response_id: str = "R1") -> "Conversation":
        """An answer runs and has sent so much sound."""
        self.begin(response_id)
        self.audio(item_id, ms, response_id)
        return self

    def speech(self, item_id: str = "U") -> Step:
        """The server hears the user."""
        return self.server("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=0)

    def user_turn(self, item_id: str = "U") -> Step:
        """The user says something and stops."""
        return self.all(
            self.speech(item_id),
            self.server("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=900),
            self.server("input_audio_buffer.committed", item_id=item_id),
        )

    def words(self, text: str, item_id: str = "U") -> Step:
        """The words of the user are recognised."""
        name = "conversation.item.input_audio_transcription.completed"
        return self.server(name, item_id=item_id, content_index=0, transcript=text)

    def calls(self, *items: dict[str, str], response_id: str = "R1", status: str = "completed") -> Step:
        """An answer that consists of function calls, with every event that shows them."""
        steps = [self.begin(response_id)]
        for index, item in enumerate(items):
            where = {"response_id": response_id, "output_index": index}
            begun = {**item, "arguments": "", "status": "in_progress"}
            flat = {"item_id": item["id"], "call_id": item["call_id"]}
            done = {"name": item["name"], "arguments": item["arguments"]}
            steps += [
                self.server("response.output_item.added", **where, item=begun),
                self.server("response.function_call_arguments.delta", **where, **flat, delta=item["arguments"]),
                self.server("response.function_call_arguments.done", **where, **flat, **done),
                self.server("response.output_item.done", **where, item=item),
            ]
        steps.append(self.end(response_id, status, output=list(items)))
        return self.all(*steps)

    def last_id(self, event_type: str) -> str:
        """The id of the last event of a type that was sent."""
        return [event["event_id"] for event in self.all().sent_with_ids if event["type"] == event_type][-1]
