"""What a head holds of a session: everything that may be asked of it, from any thread, and its clock."""

from collections.abc import Callable, Sequence
from typing import Protocol

from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.commands import Command, EditSession
from rtvoice_tui.session.facts import Fact
from rtvoice_tui.session.recap import Said
from rtvoice_tui.tools.registry import Toolset


class SessionHandle(Protocol):
    """A session as heads, screenshots and tests hold it. Everything may be called from any thread."""

    @property
    def plan(self) -> Plan:
        """What the session is made of."""

    @property
    def clock(self) -> float:
        """Seconds since the app started: the clock of all times in the store."""

    @property
    def settings(self) -> SessionSettings:
        """The wanted configuration, with all changes made so far."""

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered now, with those that servers brought."""

    @property
    def audio_settings(self) -> AudioSettings:
        """Mute, gain and gate as they were asked for last."""

    async def run(self) -> None:
        """Serve until stopped. Never raises."""

    def stop(self) -> None:
        """End everything; `run` returns soon after."""

    def post(self, command: Command) -> None:
        """Hand the machine a command."""

    def report(self, fact: Fact) -> None:
        """Have a fact remembered, such as a notice."""

    def set_audio(self, settings: AudioSettings) -> None:
        """Mute, gain and gate from now on."""

    def edit(self, command: EditSession, toolset: Toolset, source: EndpointSource | None = None) -> None:
        """Change the running session."""

    def reopen(self, plan: Plan, history: Sequence[Said] = (), connect: bool = True) -> None:
        """Leave the session for another one, which is told what was said."""

    def connect(self) -> None:
        """Connect, if not connected."""

    def disconnect(self) -> None:
        """End the session, if there is one."""

    def start_manual_run(self, name: str, arguments: str) -> None:
        """Run a tool by hand; the model is not told."""

    def stop_manual_run(self, key: str) -> None:
        """End a manual run."""

    def play_test_tone(self) -> None:
        """Play a tone of a second on the speaker, unless the agent speaks."""

    def hear_myself(self, on: bool) -> None:
        """Play the microphone on the speaker, for 30 s at most and while the agent is silent."""

    def release_devices(self, released: Callable[[], None]) -> None:
        """Give the devices back until `reclaim_devices`; ``released`` is called on some thread when that is done."""

    def reclaim_devices(self) -> None:
        """Open the devices again."""
