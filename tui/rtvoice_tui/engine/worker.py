"""The session as the screen holds it: a worker with a thread and a loop of its own, told what to do from any thread.

What a session needs is loaded on its thread (see `driver`), so that the first frame does not wait for it.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rtvoice_tui.audio.choice import Volumes
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.store.store import Store

if TYPE_CHECKING:
    from rtvoice_tui.engine.driver import SessionDriver
    from rtvoice_tui.session import commands as cmd
    from rtvoice_tui.session.recap import Said
    from rtvoice_tui.tools.registry import Toolset


class SessionWorker:
    """Runs one session after the other until stopped. What is asked before it runs is done when it does.

    Args:
        plan: what the session is made of.
        store: where everything that happens is remembered.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self.plan = plan
        self.driver: SessionDriver | None = None
        self._store = store
        self._t0 = time.perf_counter()
        self._lock = threading.Lock()
        self._early: list[Callable[[SessionDriver], None]] = []
        self._stopped = False
        self._use_volumes(plan.volumes)

    def post(self, command: "cmd.Command") -> None:
        """Hand the machine a command."""
        self._ask(lambda driver: driver.command(command))

    def edit(self, command: "cmd.EditSession", toolset: "Toolset", source: EndpointSource | None = None) -> None:
        """Change the running session; functions that an answer may still call stay in reach.

        Args:
            command: the change.
            toolset: the tools that run here from now on.
            source: where the next session connects, if that is another place.
        """
        self._ask(lambda driver: driver.edit(command, toolset, source))

    def reopen(self, plan: Plan, history: "Sequence[Said]" = (), connect: bool = True) -> None:
        """Leave the session for another one, which is given what was said.

        Args:
            plan: what the new session is made of.
            history: what the new session is to know of the old one.
            connect: whether to connect at once.
        """
        self.plan = plan
        self._use_volumes(plan.volumes)
        self._ask(lambda driver: driver.reopen(plan, history, connect))

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Run a tool by hand; the model knows nothing of it."""
        self._ask(lambda driver: driver.start_manual_run(name, arguments))

    def stop_manual_run(self, key: str) -> None:
        """End a run by hand."""
        self._ask(lambda driver: driver.stop_manual_run(key))

    def connect(self) -> None:
        """Connect, if not connected."""
        self._ask(lambda driver: driver.set_wanted(True))

    def disconnect(self) -> None:
        """End the session, if there is one."""
        self._ask(lambda driver: driver.set_wanted(False))

    def set_muted(self, muted: bool) -> None:
        """Send silence instead of the microphone."""
        self._store.audio.muted = muted
        if self.driver is not None:
            self.driver.sound.apply_levels()

    def set_agent_muted(self, muted: bool) -> None:
        """Let nobody hear the agent; it goes on speaking."""
        self._store.audio.agent_muted = muted
        if self.driver is not None:
            self.driver.sound.apply_levels()

    def set_gain(self, direction: str, db: float) -> None:
        """Make the microphone (``input``) or the agent (``output``) louder or softer."""
        audio = self._store.audio
        if direction == "input":
            audio.mic_gain_db = db
        else:
            audio.agent_gain_db = db
        if self.driver is not None:
            self.driver.sound.apply_levels()

    def _use_volumes(self, volumes: Volumes) -> None:
        self._store.audio.gate_db = volumes.gate_db
        self.set_gain("input", volumes.input_db)
        self.set_gain("output", volumes.output_db)

    def use_device(self, direction: str, name: str) -> None:
        """Change the microphone (``input``) or the speaker (``output``) while everything goes on.

        Nothing that was received is lost. A device that cannot be opened leaves the old one in use, and it is told why.

        Args:
            direction: which of both.
            name: of the device, or a part of it; empty for the system's default.
        """
        self._ask(lambda driver: driver.use_device(direction, name))

    def play_test_tone(self) -> None:
        """Let the speaker be heard for a second, unless something is being said."""
        self._ask(lambda driver: driver.sound.play_test_tone())

    def hear_myself(self, on: bool) -> None:
        """Let the microphone be heard at the speaker, for 30 s at most and while nothing is being said."""
        self._ask(lambda driver: driver.sound.hear_myself(on))

    def set_echo(self, mode: str, noise_suppression: bool) -> None:
        """Take echo out of the microphone (``auto``, ``on``, ``half-duplex``, ``off``) from now on."""
        self._ask(lambda driver: driver.set_echo(mode, noise_suppression))

    def rest(self, resting: Callable[[], None]) -> None:
        """Give the devices back until `wake`; ``resting`` is called on some thread when that is done."""
        self._ask(lambda driver: driver.sound.rest(resting))

    def wake(self) -> None:
        """Take the devices again."""
        self._ask(lambda driver: driver.sound.wake())

    def stop(self) -> None:
        """End everything; `run` returns soon after."""
        if not self._stopped:
            self._ask(lambda driver: driver.stop())
        self._stopped = True

    async def run(self) -> None:
        """Serve until stopped. Never raises: what goes wrong is told and logged."""
        from rtvoice_tui.engine.driver import SessionDriver

        driver = SessionDriver(self.plan, self._store, self._t0)
        with self._lock:
            self.driver = driver
            early, self._early = self._early, []
        for ask in early:
            driver.loop.call_soon(ask, driver)
        await driver.run()

    def _ask(self, ask: "Callable[[SessionDriver], None]") -> None:
        with self._lock:
            if self.driver is None:
                self._early.append(ask)
                return
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
        """Seconds on the clock that the store's times are of."""
        return time.perf_counter() - self._t0
