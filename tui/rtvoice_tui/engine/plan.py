"""The plan of a session: everything that is needed to start it."""

from dataclasses import dataclass
from typing import Protocol

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.media import DEFAULT_AUDIO_SETTINGS, AudioSettings
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE, TalkRules
from rtvoice_tui.tools.registry import Toolset


class EndpointSource(Protocol):
    """Provides the endpoint to connect to; for the local agent, starts it first."""

    @property
    def identity(self) -> str:
        """Which server and model answer: statistics are kept apart by it. Contains no secret."""

    async def endpoint(self) -> Endpoint:
        """The address and headers; called for every connection.

        Raises:
            ProfileError: the address or key is missing or may not be used, or the local agent does not start.
        """

    async def close(self) -> None:
        """Stop what `endpoint` started."""


@dataclass(frozen=True)
class Plan:
    """Everything that is needed to start a session.

    Attributes:
        dialect: the provider's dialect.
        settings: the session settings.
        tools: the tools of the profile.
        toolset: the implementations of those that run here.
        source: provides the endpoint.
        audio: devices and echo control.
        talk: talk mode and its limits.
        audio_settings: initial mute, gain and noise gate settings.
        calls_in_a_row: number of calls after which the next one needs approval, unless the user said something.
        profile: name of the profile, for the statistics.
        heartbeat: seconds between pings; 0 for none.
        connect: whether to connect at once.
    """

    dialect: Dialect
    settings: SessionSettings
    tools: tuple[ToolSpec, ...]
    toolset: Toolset
    source: EndpointSource
    audio: AudioChoice
    talk: TalkRules = OPEN_MICROPHONE
    audio_settings: AudioSettings = DEFAULT_AUDIO_SETTINGS
    calls_in_a_row: int = 20
    profile: str = ""
    heartbeat: float = 20.0
    connect: bool = True
