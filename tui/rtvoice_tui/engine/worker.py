"""The session as a worker with its own thread and event loop, controlled from any thread.

The modules that a session needs are imported on its thread (see `driver`), so that they do not delay the first frame.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.engine.taps import Taps
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.store.store import Store

if TYPE_CHECKING:
    from rtvoice_tui.engine.driver import SessionDriver
    from rtvoice_tui.engine.observers import Observer
    from rtvoice_tui.session import commands as cmd
    from rtvoice_tui.session.facts import Fact
    from rtvoice_tui.session.recap import HistoryMessage
    from rtvoice_tui.tools.registry import Toolset


class SessionWorker:
    """A `SessionHandle` that runs sessions, one after the other, until stopped.

    Requests made before `run` are queued and executed when it starts.

    Args:
        plan: the session plan.
        store: stores all facts and events.

    Attributes:
        observers: notified of everything that happens, on the session's thread; extend the list before `run`.
        taps: get the session's audio; extend its lists before `run`.
        at_end: called on the session's thread when everything has ended.
        driver: runs the sessions; ``None`` before `run`. Must be used on its loop.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan = plan
        self._requested_plan: Plan | None = None
        self.observers: list[Observer] = []
        self.taps = Taps()
        self.at_end: list[Callable[[], object]] = []
        self.driver: SessionDriver | None = None
        self._store = store
        self._t0 = time.perf_counter()
        self._lock = threading.Lock()
        self._pending_calls: list[Callable[[SessionDriver], object]] = []
        self._stopped = False
        self._ended = False
        self._audio = plan.audio_settings

    def post(self, command: "cmd.Command") -> None:
        """Queue a command for the machine."""
        self._ask(lambda driver: driver.command(command))

    def report(self, fact: "Fact") -> None:
        """Report a fact to the store and the observers, such as a notice.

        Written to the store directly if the session's thread has ended.
        """
        self._ask(lambda driver: driver.report(fact), lambda: self._store.record(fact, self.clock))

    def edit(self, command: "cmd.EditSession", toolset: "Toolset", source: EndpointSource | None = None) -> None:
        """Edit the session; functions that a running response may still call remain available.

        Args:
            command: the edit; its tools are those of the profile.
            toolset: the tools that run here.
            source: where the next session connects; ``None``: unchanged.
        """
        self._ask(lambda driver: driver.edit(command, toolset, source))

    def reopen(self, plan: Plan, history: "Sequence[HistoryMessage]" = (), connect: bool = True) -> None:
        """End the session and change to another plan. Both mute switches stay as they are.

        Args:
            plan: the new plan.
            history: the earlier conversation to pass to the new session.
            connect: whether to connect at once.
        """
        self._requested_plan = plan
        muted, agent_muted = self._audio.muted, self._audio.agent_muted
        self._audio = structs.replace(plan.audio_settings, muted=muted, agent_muted=agent_muted)

        def ask(driver: "SessionDriver") -> None:
            driver.reopen(plan, history, connect)
            if self._requested_plan is plan:
                self._requested_plan = None

        self._ask(ask)

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Start a manual run of a tool; ``arguments`` is JSON. The model is not informed."""
        self._ask(lambda driver: driver.start_manual_run(name, arguments))

    def stop_manual_run(self, key: str) -> None:
        """Stop a manual run; ``key``: key of its call."""
        self._ask(lambda driver: driver.stop_manual_run(key))

    def connect(self) -> None:
        """Connect, if not connected."""
        self._ask(lambda driver: driver.set_connected(True))

    def disconnect(self) -> None:
        """End the session, if there is one."""
        self._ask(lambda driver: driver.set_connected(False))

    def after_requests(self, done: Callable[[], None]) -> None:
        """Call a function once all requests made before were passed on, on the session's thread or on this one."""
        self._ask(lambda driver: done(), done)

    @property
    def audio_settings(self) -> AudioSettings:
        """The last requested mute, gain and noise gate settings."""
        return self._audio

    def set_audio(self, settings: AudioSettings) -> None:
        """Change the mute, gain and noise gate settings."""
        from rtvoice_tui.session.commands import SetAudio
        from rtvoice_tui.session.facts import AudioSet

        self._audio = settings
        self._ask(
            lambda driver: driver.command(SetAudio(settings)),
            lambda: self._store.record(AudioSet(settings), self.clock),
        )

    def play_test_tone(self) -> None:
        """Play a test tone of 1 s on the speaker; a warning is reported instead if the agent is speaking."""
        self._ask(lambda driver: driver.sound.play_test_tone())

    def monitor_microphone(self, on: bool) -> None:
        """Monitor the microphone on the speaker, for at most 30 s and only while the agent is silent."""
        self._ask(lambda driver: driver.sound.monitor_microphone(on))

    def release_devices(self, released: Callable[[], None]) -> None:
        """Close the devices until `reclaim_devices`; ``released`` is then called, on any thread."""
        self._ask(lambda driver: driver.sound.release_devices(released), released)

    def reclaim_devices(self) -> None:
        """Reopen the devices after `release_devices`."""
        self._ask(lambda driver: driver.sound.reclaim_devices())

    def stop(self) -> None:
        """Stop the session; `run` returns after its cleanup."""
        if not self._stopped:
            self._ask(lambda driver: driver.stop())
        self._stopped = True

    async def run(self) -> None:
        """Run sessions on the current loop until stopped. Never raises: errors are reported and logged."""
        from rtvoice_tui.engine.driver import SessionDriver

        driver = SessionDriver(self._plan, self._store, lambda: self.clock, self.observers, self.taps)
        with self._lock:
            self.driver = driver
            early, self._pending_calls = self._pending_calls, []
        for ask in early:
            driver.loop.call_soon(ask, driver)
        try:
            await driver.run()
        finally:
            with self._lock:
                self._ended = True
            for ended in self.at_end:
                ended()

    def _ask(self, ask: "Callable[[SessionDriver], object]", when_ended: Callable[[], object] = lambda: None) -> None:
        """Call a function with the driver on the session's loop, now or once it runs.

        Args:
            ask: the function.
            when_ended: called instead, on the calling thread, if the session's thread has ended.
        """
        with self._lock:
            if self.driver is None:
                self._pending_calls.append(ask)
                return
            ended = self._ended
        if ended:
            when_ended()
            return
        assert self.driver is not None
        with contextlib.suppress(RuntimeError):  # the loop may already be closed
            self.driver.loop.call_soon_threadsafe(ask, self.driver)

    @property
    def plan(self) -> Plan:
        """The session plan, with all changes of its devices and tools; a requested one before it is in use."""
        if self._requested_plan is not None:
            return self._requested_plan
        return self.driver.latest_plan if self.driver is not None else self._plan

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The current tools, those of tool servers included."""
        return self.driver.tools if self.driver is not None else self.plan.tools

    @property
    def settings(self) -> SessionSettings:
        """The settings of the current session, with all edits sent so far."""
        return self.driver.settings if self.driver is not None else self.plan.settings

    @property
    def clock(self) -> float:
        """Seconds since this worker was created: the clock of all times in the store."""
        return time.perf_counter() - self._t0
