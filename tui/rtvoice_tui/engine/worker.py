"""The session as a worker with a thread and a loop of its own, told what to do from any thread.

What a session needs is loaded on its thread (see `driver`), so that the first frame does not wait for it.
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
    from rtvoice_tui.session.recap import Said
    from rtvoice_tui.tools.registry import Toolset


class SessionWorker:
    """A `SessionHandle` that runs one session after the other until stopped.

    What is asked before it runs is done when it does.

    Args:
        plan: what the session is made of.
        store: where everything that happens is remembered.

    Attributes:
        observers: told of everything that happens, on the session's thread; to be extended before it runs.
        taps: who wants the sound itself; to be extended before it runs.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self.plan = plan
        self.observers: list[Observer] = []
        self.taps = Taps()
        self.driver: SessionDriver | None = None
        self._store = store
        self._t0 = time.perf_counter()
        self._lock = threading.Lock()
        self._early: list[Callable[[SessionDriver], object]] = []
        self._stopped = False
        self._ended = False
        self._audio = plan.audio_settings

    def post(self, command: "cmd.Command") -> None:
        """Hand the machine a command."""
        self._ask(lambda driver: driver.command(command))

    def report(self, fact: "Fact") -> None:
        """Have a fact remembered, such as a notice."""
        self._ask(lambda driver: driver.report(fact), lambda: self._store.record(fact, self.clock))

    def edit(self, command: "cmd.EditSession", toolset: "Toolset", source: EndpointSource | None = None) -> None:
        """Change the running session; functions that a response may still call stay in reach.

        Args:
            command: the change.
            toolset: the tools that run here from now on.
            source: where the next session connects, if that is another place.
        """
        self._ask(lambda driver: driver.edit(command, toolset, source))

    def reopen(self, plan: Plan, history: "Sequence[Said]" = (), connect: bool = True) -> None:
        """Leave the session for another one, which is told what was said.

        Args:
            plan: what the new session is made of.
            history: what the new session is to know of the old one.
            connect: whether to connect at once.
        """
        self.plan = plan
        muted, agent_muted = self._audio.muted, self._audio.agent_muted
        self._audio = structs.replace(plan.audio_settings, muted=muted, agent_muted=agent_muted)
        self._ask(lambda driver: driver.reopen(plan, history, connect))

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Run a tool by hand; the model is not told."""
        self._ask(lambda driver: driver.start_manual_run(name, arguments))

    def stop_manual_run(self, key: str) -> None:
        """End a manual run."""
        self._ask(lambda driver: driver.stop_manual_run(key))

    def connect(self) -> None:
        """Connect, if not connected."""
        self._ask(lambda driver: driver.set_wanted(True))

    def disconnect(self) -> None:
        """End the session, if there is one."""
        self._ask(lambda driver: driver.set_wanted(False))

    @property
    def audio_settings(self) -> AudioSettings:
        """Mute, gain and gate as they were asked for last."""
        return self._audio

    def set_audio(self, settings: AudioSettings) -> None:
        """Mute, gain and gate from now on."""
        from rtvoice_tui.session.commands import SetAudio
        from rtvoice_tui.session.facts import AudioSet

        self._audio = settings
        self._ask(
            lambda driver: driver.command(SetAudio(settings)),
            lambda: self._store.record(AudioSet(settings), self.clock),
        )

    def play_test_tone(self) -> None:
        """Play a tone of a second on the speaker, unless the agent speaks."""
        self._ask(lambda driver: driver.sound.play_test_tone())

    def hear_myself(self, on: bool) -> None:
        """Play the microphone on the speaker, for 30 s at most and while the agent is silent."""
        self._ask(lambda driver: driver.sound.hear_myself(on))

    def release_devices(self, released: Callable[[], None]) -> None:
        """Give the devices back until `reclaim_devices`; ``released`` is called on some thread when that is done."""
        self._ask(lambda driver: driver.sound.release_devices(released), released)

    def reclaim_devices(self) -> None:
        """Open the devices again."""
        self._ask(lambda driver: driver.sound.reclaim_devices())

    def stop(self) -> None:
        """End everything; `run` returns soon after."""
        if not self._stopped:
            self._ask(lambda driver: driver.stop())
        self._stopped = True

    async def run(self) -> None:
        """Serve until stopped. Never raises: what goes wrong is reported and logged."""
        from rtvoice_tui.engine.driver import SessionDriver

        driver = SessionDriver(self.plan, self._store, lambda: self.clock, self.observers, self.taps)
        with self._lock:
            self.driver = driver
            early, self._early = self._early, []
        for ask in early:
            driver.loop.call_soon(ask, driver)
        try:
            await driver.run()
        finally:
            with self._lock:
                self._ended = True

    def _ask(self, ask: "Callable[[SessionDriver], object]", when_ended: Callable[[], object] = lambda: None) -> None:
        """Have something done on the session's loop, now or when it runs.

        Args:
            ask: what.
            when_ended: done at once, on this thread, if the session's thread has ended and writes nothing any more.
        """
        with self._lock:
            if self.driver is None:
                self._early.append(ask)
                return
            ended = self._ended
        if ended:
            when_ended()
            return
        assert self.driver is not None
        with contextlib.suppress(RuntimeError):  # the loop may end between any look at it and the call
            self.driver.loop.call_soon_threadsafe(ask, self.driver)

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered now, with those that servers brought."""
        return self.driver.tools if self.driver is not None else self.plan.tools

    @property
    def settings(self) -> SessionSettings:
        """The wanted configuration, with all changes made so far."""
        return self.driver.settings if self.driver is not None else self.plan.settings

    @property
    def clock(self) -> float:
        """Seconds since the app started: the clock of all times in the store."""
        return time.perf_counter() - self._t0
