"""What runs on the session's loop: carries bytes to the machine and executes its effects on the parts below.

The loop is not the screen's: a stalled terminal never delays sound. From other threads only `settings` and
`sound.apply_levels` may be used; `SessionWorker` brings everything else onto the loop.
"""

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.manual_runs import ManualRuns
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.engine.sound import SessionSound
from rtvoice_tui.engine.tool_servers import ToolServers
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.store import ProfileError
from rtvoice_tui.protocol.realtime import codec
from rtvoice_tui.protocol.realtime.client_events import ClientEvent, UpdateSession
from rtvoice_tui.protocol.realtime.dialects import Endpoint
from rtvoice_tui.protocol.realtime.server_events import UnknownEvent
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.redaction import FrameRedactor
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session import inputs, schema
from rtvoice_tui.session.facts import (
    CallChanged,
    CallState,
    Fact,
    Level,
    Notice,
    Phase,
    TurnStarted,
)
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.session.recap import Said
from rtvoice_tui.session.timers import Timer
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.wire_log import log_received, log_sent
from rtvoice_tui.tools.checker import Checker
from rtvoice_tui.tools.registry import Toolset
from rtvoice_tui.tools.toolbox import Toolbox
from rtvoice_tui.transport import liveness
from rtvoice_tui.transport.outgoing import OutgoingQueue

if TYPE_CHECKING:
    from rtvoice_tui.transport.websocket import Socket

TOOLS_READY_S = 1.5
"""How long a session waits for tools to say what they take; later ones are told to the running session."""

log = logging.getLogger(__name__)


class SessionDriver:
    """Runs one session after the other until stopped. Made on the loop it runs on.

    Args:
        plan: what the session is made of.
        store: where everything that happens is remembered.
        t0: zero of the store's clock, as `time.perf_counter` counts.
    """

    def __init__(self, plan: Plan, store: Store, t0: float) -> None:
        self.plan = plan
        self.loop = asyncio.get_running_loop()
        self._store = store
        self._t0 = t0
        self._ids = itertools.count(1)
        self._machine = SessionMachine(plan.dialect, plan.settings, plan.tools, self._new_id, talk=plan.talk)
        self._main: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._changing = asyncio.Lock()  # one at a time opens devices, takes over, or begins a session
        if plan.connect:
            self._wanted.set()
        self._outgoing: OutgoingQueue | None = None
        self._dropped_before = 0
        self._texts_lost = False
        self._toolbox = Toolbox(lambda: self.call(self._tools_changed))
        self._toolbox.use(plan.toolset, plan.tools)
        self._tool_servers = ToolServers(store.calls, self._tell, self.warn)
        self._checker = Checker()
        self._manual_runs = ManualRuns(self._toolbox, self._tell, self._checker)
        self._tools: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversation: asyncio.Task[None] | None = None
        self._sound = SessionSound(self, store, t0)
        store.take(self._machine.talk, self.now())
        self._endpoint = Endpoint("")
        self._redactor = FrameRedactor()

    async def run(self) -> None:
        """Serve until stopped. Never raises: what goes wrong is told and logged."""
        self._main = asyncio.current_task()
        try:
            await asyncio.sleep(0)  # what was asked before comes first
            async with self._changing:
                await self._sound.open(*_sound(self.plan))
            while True:
                await self._wanted.wait()
                async with self._changing:
                    if not self._wanted.is_set():
                        continue
                    self._wanted.clear()
                    conversation = self._conversation = self.spawn(self._session())
                await asyncio.wait({conversation})
                self._conversation = None
        except asyncio.CancelledError:
            pass
        except Exception as error:
            log.exception("the session's worker failed")
            self.warn(f"internal error: {type(error).__name__}: {error}", "see the log file, then start again")
        finally:
            await self._shut_down()

    async def _shut_down(self) -> None:
        tasks = [*self._tasks, *self._tools.values()]
        for task in tasks:
            task.cancel()
        self._manual_runs.stop_all()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._checker.close()
        await self._toolbox.close()
        await self._sound.close()
        await self.plan.source.close()

    def edit(self, command: cmd.EditSession, toolset: Toolset, source: EndpointSource | None = None) -> None:
        """Change the running session; functions that an answer may still call stay in reach."""
        self.plan = replace(self.plan, toolset=toolset, tools=command.tools, source=source or self.plan.source)
        self._toolbox.use(toolset, command.tools)
        self.command(cmd.EditSession(command.settings, self._toolbox.specs, command.edit_id))

    def reopen(self, plan: Plan, history: Sequence[Said], connect: bool) -> None:
        """Leave the session for one that is made of something else."""
        self._wanted.clear()
        self.spawn(self._change(plan, history, connect))

    async def _change(self, plan: Plan, history: Sequence[Said], connect: bool) -> None:
        async with self._changing:
            self._wanted.clear()
            await self._take_over(plan, history)
            if connect:
                self._wanted.set()

    async def _take_over(self, plan: Plan, history: Sequence[Said]) -> None:
        if self._conversation is not None:
            self._conversation.cancel()
            await asyncio.wait({self._conversation})
        old, self.plan = self.plan, plan
        self._toolbox.use(plan.toolset, plan.tools)
        turn = self._machine.turn
        self._machine = SessionMachine(plan.dialect, plan.settings, plan.tools, self._new_id, turn, plan.talk)
        self._store.take(self._machine.talk, self.now())
        if _sound(plan) != _sound(old):
            await self._sound.reopen(*_sound(plan))
        if plan.source is not old.source:
            await old.source.close()
        self.command(cmd.Recall(tuple(history)))

    def stop(self) -> None:
        """End everything."""
        if self._main is not None:
            self._main.cancel()

    @property
    def sound(self) -> SessionSound:
        """The devices."""
        return self._sound

    def use_device(self, direction: str, name: str) -> None:
        """Change to another device while everything goes on; the next session keeps it."""
        audio = self.plan.audio
        mic = direction == "input"
        audio = replace(audio, input_device=name) if mic else replace(audio, output_device=name)
        self.plan = replace(self.plan, audio=audio)
        self._sound.use_device(direction, name)

    def set_echo(self, mode: str, noise_suppression: bool) -> None:
        """Take echo out of the microphone in another way from now on, also in later sessions of this plan."""
        audio = replace(self.plan.audio, echo=mode, noise_suppression=noise_suppression)
        self.plan = replace(self.plan, audio=audio)
        self._sound.set_echo(mode, noise_suppression)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """From a device's thread onto the loop."""
        with contextlib.suppress(RuntimeError):  # the loop may end between any look at it and the call
            self.loop.call_soon_threadsafe(function, *arguments)

    # --- one session, from connect to close

    async def _session(self) -> None:
        from rtvoice_tui.transport.websocket import ConnectionFailed, connect

        self._step(inputs.Connecting())
        self._store.session.reason = self._store.session.remedy = ""
        outgoing = self._outgoing = OutgoingQueue()
        self._dropped_before = self._store.audio.dropped
        try:
            endpoint = self._endpoint = await self.plan.source.endpoint()
            self._redactor = FrameRedactor((endpoint.secret, *endpoint.secrets))
            await self._open_tools()
            async with connect(endpoint, self.plan.heartbeat or None) as socket:
                self._step(inputs.Opened())
                sender = self.spawn(self._send_all(socket, outgoing))
                watcher = self.spawn(self._watch_silence(socket))
                try:
                    await self._receive_all(socket)
                finally:
                    sender.cancel()
                    watcher.cancel()
                self._ended(socket.closed.sentence, socket.closed.remedy)
        except (ConnectionFailed, ProfileError) as error:
            self._ended(error.sentence, error.remedy)
        except asyncio.CancelledError:
            self._store.session.reason, self._store.session.remedy = "disconnected", "press c to connect"
            raise
        except Exception as error:
            log.exception("the session failed")
            self._ended(f"internal error: {type(error).__name__}: {error}", "see the log file, then press c")
        finally:
            self._outgoing = None
            for words in outgoing.unsent_words():
                self.warn(f"the connection ended before this was sent: {words}", "press c, then send it again")
            self._step(inputs.Closed(tuple(outgoing.unsent_ids())))

    def _ended(self, sentence: str, remedy: str) -> None:
        sentence = self._endpoint.without_secret(sentence)
        self._store.session.reason, self._store.session.remedy = sentence, remedy
        self._store.take(Notice(Level.ERROR, sentence, remedy), self.now())

    async def _open_tools(self) -> None:
        """Tools that tell themselves what they take may do so before the session is configured, if they are quick."""
        self._toolbox.open()
        await asyncio.gather(asyncio.to_thread(schema.prepare), self._toolbox.ready(TOOLS_READY_S))
        self._tools_changed()

    def _tools_changed(self) -> None:
        self._tool_servers.take(self._toolbox.statuses)
        self.command(cmd.UseTools(self._toolbox.specs))

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Run a tool by hand; the model knows nothing of it."""
        self._toolbox.open()
        self._manual_runs.begin(name, arguments, self._machine.turn)

    def stop_manual_run(self, key: str) -> None:
        """End a run by hand."""
        self._manual_runs.stop(key)

    async def _receive_all(self, socket: "Socket") -> None:
        async for frame in socket:
            self._received(self._redactor.redacted(frame))
            if self._machine.hears:
                self._sound.begin()

    async def _watch_silence(self, socket: "Socket") -> None:
        """Notice a server that is gone, while it owes an answer."""
        silence = liveness.Liveness(pongs=self.plan.heartbeat > 0)
        socket.heard = lambda: silence.heard(self.now())
        while True:
            await asyncio.sleep(liveness.SILENCE_S / liveness.LOOKS)
            told = f"{liveness.SILENCE_S:g} s"
            match silence.look(self._machine.due, self.now()):
                case liveness.Verdict.PING:
                    await socket.ping()
                case liveness.Verdict.TELL:
                    self.warn(f"no word from the server for {told}", "wait, or press c twice to connect again")
                case liveness.Verdict.GIVE_UP:
                    await socket.give_up(
                        f"no answer from the server for {told}: it is gone", "press c to connect again"
                    )
                    return

    def _received(self, frame: str) -> None:
        now = self.now()
        decoded = codec.decode(frame)
        event = decoded.event
        effects = [] if isinstance(event, UnknownEvent) else self._machine.step(inputs.Received(event), now)
        for effect in effects:
            if isinstance(effect, fx.Report) and isinstance(effect.fact, TurnStarted):
                self._store.events.begin_turn(effect.fact.turn)  # the event that begins a turn belongs to it
        log_received(self._store.events, now, frame, decoded)
        self._tell_lost_texts()
        if decoded.problem:
            self._store.take(Notice(Level.WARNING, f"{decoded.wire_name}: {decoded.problem}"), now)
        self._do(effects, now)

    async def _send_all(self, socket: "Socket", outgoing: OutgoingQueue) -> None:
        while True:
            event = await outgoing.next()
            text = codec.encode(event)
            try:
                await socket.send(codec.encode(filled) if (filled := self._with_keys(event)) else text)
            except ConnectionError:
                return
            outgoing.sent(event)
            log_sent(self._store.events, self.now(), event, text)
            self._tell_lost_texts()

    def _tell_lost_texts(self) -> None:
        """A disk that is full is told once; rows of events go on without their texts."""
        if self._store.events.texts_lost and not self._texts_lost:
            self._texts_lost = True
            sentence = f"the texts of events cannot be kept any more: {self._store.events.texts_lost}"
            self.warn(sentence, "make room in the folder for temporary files, then start again")

    def _with_keys(self, event: ClientEvent) -> ClientEvent | None:
        """An update whose hosted servers need a key, with the key: only the wire ever sees it."""
        if not isinstance(event, UpdateSession):
            return None
        filled, keys, problems = secrets.with_authorizations(event.session, self._toolbox.specs, os.environ)
        for problem in problems:
            self.warn(problem, "press p, then T, or use an encrypted address")
        if filled is None:
            return None
        self._endpoint = self._endpoint.with_secrets(keys)
        self._redactor.also(keys)
        return structs.replace(event, session=filled)

    def set_wanted(self, wanted: bool) -> None:
        """Have a session, or none."""
        ending = self._conversation is None or self._conversation.cancelling() or self._conversation.done()
        if not wanted:
            self._wanted.clear()
            if self._conversation is not None:
                self._conversation.cancel()
        elif ending or self._machine.phase is Phase.OFFLINE:
            self._wanted.set()

    # --- effects

    def command(self, command: cmd.Command) -> None:
        """Hand the machine a command."""
        self._step(command)

    def _step(self, happened: inputs.Input) -> None:
        at = self.now()
        self._do(self._machine.step(happened, at), at)

    def _do(self, effects: list[fx.Effect], at: float) -> None:
        for effect in effects:
            match effect:
                case fx.Send():
                    self._queue(effect.event)
                case fx.Play() | fx.EndPlay() | fx.Flush() | fx.Duck():
                    self._sound.do(effect)
                case fx.CheckArguments():
                    self.spawn(self._check(effect))
                case fx.RunTool():
                    self._tools[effect.call_id] = asyncio.create_task(self._run_tool(effect))
                case fx.StopTool():
                    if task := self._tools.pop(effect.call_id, None):
                        task.cancel()
                case fx.Schedule():
                    self.loop.call_later(effect.after_s, self._time_is_up, self._machine, effect.timer)
                case fx.Report():
                    self._tell(effect.fact, at)

    def _time_is_up(self, machine: SessionMachine, timer: Timer) -> None:
        if machine is self._machine:  # a session's timers are equal to those of the one before
            self.command(cmd.TimerFired(timer))

    def _tell(self, fact: Fact, at: float | None = None) -> None:
        if isinstance(fact, CallChanged) and fact.state in (CallState.ASKING, CallState.RUNNING) and not fact.preview:
            fact = structs.replace(fact, preview=self._toolbox.preview(fact.name, fact.arguments))
        self._store.take(fact, self.now() if at is None else at)

    def _queue(self, event: ClientEvent) -> None:
        if self._outgoing is not None:
            self._outgoing.put(event)
            self._store.audio.dropped = self._dropped_before + self._outgoing.dropped

    async def _check(self, effect: fx.CheckArguments) -> None:
        problem = await self._checker.arguments(effect.arguments, effect.parameters)
        self.command(cmd.ArgumentsChecked(effect.call_id, problem, effect.check))

    async def _run_tool(self, effect: fx.RunTool) -> None:
        outcome = await self._toolbox.run(effect.name, effect.arguments, effect.call_id)
        self._tools.pop(effect.call_id, None)
        self.command(cmd.ToolFinished(effect.call_id, outcome.output, outcome.ok, outcome.note, outcome.details))

    # --- small things

    @property
    def hears(self) -> bool:
        """Whether the microphone's frames are wanted."""
        return self._machine.hears

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run beside the session; a fault is told."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended_task)
        return task

    def _ended_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the session failed", exc_info=error)
            self.warn(f"internal error: {type(error).__name__}: {error}", "see the log file, then start again")

    def warn(self, sentence: str, remedy: str = "") -> None:
        """Report the person what is wrong."""
        self._store.take(Notice(Level.WARNING, sentence, remedy), self.now())

    def inform(self, sentence: str) -> None:
        """Report the person what is well again."""
        self._store.take(Notice(Level.INFO, sentence), self.now())

    def now(self) -> float:
        """Seconds of the store's clock."""
        return time.perf_counter() - self._t0

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._ids)}"

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered now, with those that servers brought."""
        return self._toolbox.specs

    @property
    def settings(self) -> SessionSettings:
        """The wanted configuration, with all changes made so far."""
        return self._machine.settings


def _sound(plan: Plan) -> tuple[AudioChoice, int, int]:
    """The devices of a plan, and both rates in Hz."""
    settings, fixed = plan.settings, plan.dialect.fixed_rate
    return plan.audio, fixed or settings.input_rate, fixed or settings.output_rate
