"""Runs sessions, one after the other, on the session's event loop: plans, connections, steps of the machine.

This loop is not the UI's, so a stalled terminal never delays audio. Other threads may read only `settings` and `tools`;
`SessionWorker` runs everything else on the loop.
"""

import asyncio
import contextlib
import itertools
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.connection import Connection
from rtvoice_tui.engine.execute import Executor
from rtvoice_tui.engine.family import make_machine, make_wire
from rtvoice_tui.engine.observers import EventLogObserver, MachineMade, Observed, Observer, Stepped, store_observer
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.engine.sound import SessionSound
from rtvoice_tui.engine.taps import Taps
from rtvoice_tui.engine.tools import SessionTools
from rtvoice_tui.errors import ConnectionFailed, ProfileError
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.protocol.wire import WireEvent
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session import inputs
from rtvoice_tui.session.facts import AgentIdentified, Fact, Level, Notice, Phase
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.session.timers import Timer
from rtvoice_tui.store.store import Store
from rtvoice_tui.tools.registry import Toolset

log = logging.getLogger(__name__)


_CARRIED_OVER = (cmd.SetTalkMode, cmd.SetAudio, cmd.UseDevice, cmd.SetEcho)
"""Commands whose settings carry over: they are repeated for a session that is about to replace this one."""

_DEVICE_COMMANDS = (cmd.UseDevice, cmd.SetEcho)
"""Those of them that act on devices: not executed now, because the devices are about to be replaced."""


@dataclass
class _PlanChange:
    """A pending change to another session plan.

    Attributes:
        plan: the new plan.
        history: the earlier conversation to pass on.
        connect: whether to connect at once.
        wants: requests made meanwhile; executed once the new machine exists.
    """

    plan: Plan
    history: tuple[HistoryMessage, ...]
    connect: bool
    wants: list[Callable[[], None]] = field(default_factory=list)


class SessionDriver:
    """Runs sessions, one after the other, until stopped. Must be created on the loop that it runs on.

    Args:
        plan: the session plan.
        store: stores all facts and events.
        clock: returns seconds, on the clock of all times in the store.
        observers: notified of everything that happens, after the store and the event log.
        taps: get the session's audio.

    Attributes:
        plan: the current plan.
        loop: the session's event loop.
        now: the clock.
        connection: the current connection, or ``None``.
        sound: the session's devices.
    """

    def __init__(
        self, plan: Plan, store: Store, clock: Callable[[], float], observers: Sequence[Observer], taps: Taps
    ) -> None:
        self.plan = plan
        self.loop = asyncio.get_running_loop()
        self.now = clock
        self._ids = itertools.count(1)
        self._main: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._plan_lock = asyncio.Lock()  # held to open devices, change the plan or start a session
        if plan.connect:
            self._wanted.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversation: asyncio.Task[None] | None = None
        self.connection: Connection | None = None
        self._dropped = 0
        self._changes: deque[_PlanChange] = deque()
        self._taps = taps
        self._tools = SessionTools(self)
        self._tools.use_plan(plan)
        self.sound = SessionSound(self, store, taps)
        self._executor = Executor(self._send, self.sound, self._tools, self._timer_fired)
        self._wire = make_wire(plan)
        event_log = EventLogObserver(store.events, self._wire, self.report)
        self._observers: list[Observer] = [store_observer(store), event_log, *observers]
        self._failed_observers: list[Observer] = []
        self._inputs: deque[tuple[inputs.Input, tuple[Observed, ...]]] = deque()
        self._stepping = False
        self._make_machine(0, plan.audio_settings)

    def _make_machine(self, turn: int, audio: AudioSettings) -> None:
        """Create the machine of the current plan; ``turn``: number of the last turn before it."""
        plan = self.plan
        self._machine = make_machine(plan, self._new_id, turn, audio)
        made = (plan.dialect.name, plan.settings, plan.tools, plan.talk, audio, plan.calls_in_a_row, turn)
        self.observe(MachineMade(*made, plan.profile, plan.source.identity))
        self.step(inputs.Started())

    async def run(self) -> None:
        """Run until stopped. Never raises: errors are reported and logged."""
        self._main = asyncio.current_task()
        try:
            await asyncio.sleep(0)  # run the calls queued before the start first
            async with self._plan_lock:
                await self.sound.open(*_sound(self.plan))
            while True:
                await self._wanted.wait()
                async with self._plan_lock:
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
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._tools.close()
        await self.sound.close()
        await self.plan.source.close()

    def stop(self) -> None:
        """Stop `run`; it ends the session and closes devices, tools and source."""
        if self._main is not None:
            self._main.cancel()

    # --- requests

    def set_connected(self, wanted: bool) -> None:
        """Connect, or disconnect."""
        if self._changes:
            self._changes[-1].connect = wanted
        ending = self._conversation is None or self._conversation.cancelling() or self._conversation.done()
        if not wanted:
            self._wanted.clear()
            if self._conversation is not None:
                self._conversation.cancel()
        elif ending or self._machine.phase is Phase.OFFLINE:
            self._wanted.set()

    def edit(self, command: cmd.EditSession, toolset: Toolset, source: EndpointSource | None = None) -> None:
        """Edit the session; functions that a running response may still call remain available.

        Args:
            command: the edit; its tools are those of the profile.
            toolset: the tools that run here.
            source: where the next session connects; ``None``: unchanged.
        """
        if self._changes:
            self._changes[-1].wants.append(lambda: self._edit(command, toolset, source))
            self._edit(command, toolset, None)  # the new source belongs to the pending plan only
        else:
            self._edit(command, toolset, source)

    def _edit(self, command: cmd.EditSession, toolset: Toolset, source: EndpointSource | None) -> None:
        self.plan = replace(self.plan, toolset=toolset, tools=command.tools, source=source or self.plan.source)
        self._tools.use(toolset, command.tools)
        self.command(cmd.EditSession(command.settings, self._tools.specs, command.edit_id))

    def reopen(self, plan: Plan, history: Sequence[HistoryMessage], connect: bool) -> None:
        """End the session and change to another plan.

        Args:
            plan: the new plan.
            history: the earlier conversation to pass to the new session.
            connect: whether to connect at once.
        """
        self._wanted.clear()
        change = _PlanChange(plan, tuple(history), connect)
        self._changes.append(change)
        self.spawn(self._change(change))

    async def _change(self, change: "_PlanChange") -> None:
        async with self._plan_lock:
            self._wanted.clear()
            await self._replace_plan(change)
            if change.connect:
                self._wanted.set()

    async def _replace_plan(self, change: "_PlanChange") -> None:
        if self._conversation is not None:
            self._conversation.cancel()
            await asyncio.wait({self._conversation})
        old, plan = self.plan, change.plan
        self.plan = plan
        self._tools.use_plan(plan)
        self._executor.forget_timers()
        audio = self._machine.audio
        audio = structs.replace(plan.audio_settings, muted=audio.muted, agent_muted=audio.agent_muted)
        self._make_machine(self._machine.turn, audio)
        self._changes.remove(change)
        for want in change.wants:
            want()
        if _sound(self.plan) != _sound(old):
            await self.sound.reopen(*_sound(self.plan))
        if plan.source is not old.source:
            await old.source.close()
        self._identify()
        self.command(cmd.SetHistory(change.history))

    def _identify(self) -> None:
        """Report which agent is used from now on."""
        self.report(AgentIdentified(f"{self.plan.profile} {self.plan.source.identity}"))

    @property
    def latest_plan(self) -> Plan:
        """The current plan, or the one that a pending change leads to. May be read from any thread."""
        changes = self._changes
        return changes[-1].plan if changes else self.plan

    def keep_audio(self, **changes: Any) -> None:
        """Store changed fields of `AudioChoice` (devices, echo control) in the plan, for its later sessions."""
        self.plan = replace(self.plan, audio=replace(self.plan.audio, **changes))

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Start a manual run of a tool; ``arguments`` is JSON. The model is not informed."""
        self._tools.start_manual_run(name, arguments, self._machine.turn)

    def stop_manual_run(self, key: str) -> None:
        """Stop a manual run; ``key``: key of its call."""
        self._tools.stop_manual_run(key)

    # --- one session: connect to close

    async def _session(self) -> None:
        self._identify()
        self.step(inputs.Connecting())
        connection = self.connection = Connection(self, self._wire, self._dropped, self._taps)
        reason, remedy, wanted = "disconnected", "press c to connect", True
        try:
            endpoint = await self.plan.source.endpoint()
            await self._tools.open()
            reason, remedy = await connection.run(endpoint, self.plan.heartbeat or None, self._server_spoke)
            wanted = False
        except (ConnectionFailed, ProfileError) as error:
            reason, remedy, wanted = error.sentence, error.remedy, False
        except Exception as error:
            log.exception("the session failed")
            reason, remedy = f"internal error: {type(error).__name__}: {error}", "see the log file, then press c"
            wanted = False
        finally:
            self.connection, self._dropped = None, connection.dropped
            unsent, words = connection.outgoing.unsent_ids(), connection.outgoing.unsent_texts()
            reason = connection.redacted(reason)
            self.step(inputs.Closed(reason, remedy, wanted, tuple(unsent), tuple(words)))

    def _server_spoke(self) -> None:
        if self._machine.ready:
            self.sound.session_ready()

    # --- the machine

    def command(self, command: cmd.Command) -> None:
        """Step the machine with a command; settings made while a plan change is pending are repeated after it."""
        if self._changes and isinstance(command, _CARRIED_OVER):
            self._changes[-1].wants.append(lambda: self.step(command))
            if isinstance(command, _DEVICE_COMMANDS):
                return
        self.step(command)

    def report(self, fact: Fact) -> None:
        """Report a fact that does not come from the machine."""
        self.step(inputs.Observed(fact))

    def step(self, happened: inputs.Input, *after_step: Observed) -> None:
        """Step the machine, notify the observers, then carry out the effects.

        Not reentrant: an input that arrives while effects are carried out is queued until they are done.

        Args:
            happened: the input.
            after_step: more for the observers after this step, such as the received frame.
        """
        self._inputs.append((happened, after_step))
        if self._stepping:
            return
        self._stepping = True
        fault: Exception | None = None
        while self._inputs:
            try:
                self._process(*self._inputs.popleft())
            except Exception as error:  # process the queued inputs before raising it
                fault = fault or error
        self._stepping = False
        if fault is not None:
            raise fault

    def _process(self, happened: inputs.Input, after_step: tuple[Observed, ...]) -> None:
        at = self.now()
        effects = self._machine.step(happened, at)
        for observed in (Stepped(happened, tuple(effects)), *after_step):
            self._notify(observed, at)
        self._executor.carry_out(effects)

    def observe(self, observed: Observed) -> None:
        """Notify all observers."""
        self._notify(observed, self.now())

    def _notify(self, observed: Observed, at: float) -> None:
        for observer in self._observers:
            try:
                observer(observed, at)
            except Exception as error:
                self._observer_failed(observer, error)

    def _observer_failed(self, observer: Observer, error: Exception) -> None:
        """Log and warn once per observer; a failing observer must not end the session."""
        if observer not in self._failed_observers:
            self._failed_observers.append(observer)
            log.error("an observer failed", exc_info=error)
            self.warn(f"internal error: {type(error).__name__}: {error}", "see the log file")

    def _timer_fired(self, timer: Timer) -> None:
        self.command(cmd.TimerFired(timer))

    def _send(self, event: WireEvent) -> None:
        if self.connection is not None:
            self.connection.send(event)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._ids)}"

    # --- services for the parts

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the session's loop; may be used from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop may already be closed
            self.loop.call_soon_threadsafe(function, *arguments)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task of the session; an exception in it is logged and reported."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the session failed", exc_info=error)
            self.warn(f"internal error: {type(error).__name__}: {error}", "see the log file, then start again")

    def warn(self, sentence: str, remedy: str = "") -> None:
        """Report a warning."""
        self.report(Notice(Level.WARNING, sentence, remedy))

    @property
    def ready(self) -> bool:
        """Whether microphone frames are wanted: the session is ready."""
        return self._machine.ready

    @property
    def due(self) -> bool:
        """Whether a reply of the server is pending."""
        return self._machine.due

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The current tools, those of tool servers included. May be read from any thread."""
        return self._tools.specs

    @property
    def settings(self) -> SessionSettings:
        """The settings of the current session, with all edits sent so far. May be read from any thread."""
        return self._machine.settings


def _sound(plan: Plan) -> tuple[AudioChoice, int, int]:
    """The devices of a plan, and its input and output rates in Hz."""
    settings, fixed = plan.settings, plan.dialect.fixed_rate
    return plan.audio, fixed or settings.input_rate, fixed or settings.output_rate
