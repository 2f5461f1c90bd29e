"""The interface to a session for heads (cockpit, CLI commands): commands, state and clock, from any thread."""

from collections.abc import Callable, Sequence
from typing import Protocol

from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.commands import Command, EditSession
from rtvoice_tui.session.facts import Fact
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.tools.registry import Toolset


class SessionHandle(Protocol):
    """Interface to a session for heads, screenshots and tests. Callable from any thread, except `run`."""

    @property
    def plan(self) -> Plan:
        """The session plan."""

    @property
    def clock(self) -> float:
        """Seconds since the session was created: the clock of all times in the store."""

    @property
    def settings(self) -> SessionSettings:
        """The settings of the current session, with all edits sent so far."""

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The current tools, those of tool servers included."""

    @property
    def audio_settings(self) -> AudioSettings:
        """The last requested mute, gain and noise gate settings."""

    async def run(self) -> None:
        """Run sessions until stopped. Never raises."""

    def stop(self) -> None:
        """Stop the session; `run` returns after its cleanup."""

    def post(self, command: Command) -> None:
        """Queue a command for the machine."""

    def report(self, fact: Fact) -> None:
        """Report a fact to the store and the observers, such as a notice."""

    def set_audio(self, settings: AudioSettings) -> None:
        """Change the mute, gain and noise gate settings."""

    def edit(self, command: EditSession, toolset: Toolset, source: EndpointSource | None = None) -> None:
        """Edit the session: settings and tools; ``source``: where the next session connects, if that changes."""

    def reopen(self, plan: Plan, history: Sequence[HistoryMessage] = (), connect: bool = True) -> None:
        """End the session and change to another plan; ``history`` is passed to the new session."""

    def connect(self) -> None:
        """Connect, if not connected."""

    def disconnect(self) -> None:
        """End the session, if there is one."""

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Start a manual run of a tool; ``arguments`` is JSON. The model is not informed."""

    def stop_manual_run(self, key: str) -> None:
        """Stop a manual run; ``key``: key of its call."""

    def after_requests(self, done: Callable[[], None]) -> None:
        """Call a function once all requests made before were passed on, on the session's thread or on this one."""

    def play_test_tone(self) -> None:
        """Play a test tone of 1 s on the speaker; a warning is reported instead if the agent is speaking."""

    def monitor_microphone(self, on: bool) -> None:
        """Monitor the microphone on the speaker, for at most 30 s and only while the agent is silent."""

    def release_devices(self, released: Callable[[], None]) -> None:
        """Close the devices until `reclaim_devices`; ``released`` is then called, on any thread."""

    def reclaim_devices(self) -> None:
        """Reopen the devices after `release_devices`."""
