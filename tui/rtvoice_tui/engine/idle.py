"""A session handle without a running session, over a given store and clock. For screenshots, replays and tests."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.commands import Command, EditSession
from rtvoice_tui.session.facts import AudioSet, Fact
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.store.store import Store
from rtvoice_tui.tools.registry import Toolset


class IdleSession:
    """A `SessionHandle` that passes requests to ``asked`` instead of carrying them out.

    Args:
        plan: the session plan.
        store: gets reported facts and audio settings.
        clock: returns seconds on the store's clock.
        asked: called with each command, and with the name and arguments of every other request.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        clock: Callable[[], float],
        asked: Callable[[object], None] = lambda asked: None,
    ) -> None:
        self.plan = plan
        self.settings: SessionSettings = plan.settings
        self.audio_settings: AudioSettings = plan.audio_settings
        self._store = store
        self._clock = clock
        self._asked = asked
        store.record(AudioSet(plan.audio_settings), clock())

    @property
    def clock(self) -> float:
        """Seconds on the store's clock."""
        return self._clock()

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools of the plan."""
        return self.plan.tools

    async def run(self) -> None:
        """Return at once."""

    def stop(self) -> None:
        """Note it."""
        self._asked("stop")

    def post(self, command: Command) -> None:
        """Pass a command to ``asked``."""
        self._asked(command)

    def report(self, fact: Fact) -> None:
        """Write a fact into the store."""
        self._store.record(fact, self.clock)

    def set_audio(self, settings: AudioSettings) -> None:
        """Store the mute, gain and noise gate settings."""
        self.audio_settings = settings
        self.report(AudioSet(settings))

    def edit(self, command: EditSession, toolset: Toolset, source: EndpointSource | None = None) -> None:
        """Pass an edit to ``asked``; ``toolset`` and ``source`` are ignored."""
        self._asked(command)

    def reopen(self, plan: Plan, history: Sequence[HistoryMessage] = (), connect: bool = True) -> None:
        """Change to another plan, keeping both mute switches, and pass the request to ``asked``."""
        self.plan = plan
        muted, agent_muted = self.audio_settings.muted, self.audio_settings.agent_muted
        self.set_audio(replace(plan.audio_settings, muted=muted, agent_muted=agent_muted))
        self._asked(("reopen", plan, tuple(history), connect))

    def connect(self) -> None:
        """Note it."""
        self._asked("connect")

    def disconnect(self) -> None:
        """Note it."""
        self._asked("disconnect")

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Note it."""
        self._asked(("manual run", name, arguments))

    def stop_manual_run(self, key: str) -> None:
        """Note it."""
        self._asked(("stop manual run", key))

    def after_requests(self, done: Callable[[], None]) -> None:
        """Call it at once: requests are passed on when they are made."""
        done()

    def play_test_tone(self) -> None:
        """Note it."""
        self._asked("tone")

    def monitor_microphone(self, on: bool) -> None:
        """Note it."""
        self._asked(("hear myself", on))

    def release_devices(self, released: Callable[[], None]) -> None:
        """There are none."""
        released()

    def reclaim_devices(self) -> None:
        """There are none."""
