"""What a session is made of, before anything is opened or connected."""

from dataclasses import dataclass
from typing import Protocol

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.media import AS_IT_IS, AudioSettings
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE, TalkRules
from rtvoice_tui.tools.registry import Toolset


class EndpointSource(Protocol):
    """Says where to connect; for the local agent that means starting it first."""

    async def endpoint(self) -> Endpoint:
        """Address and headers, asked for at every connect."""

    async def close(self) -> None:
        """Release what `endpoint` started."""


@dataclass(frozen=True)
class Plan:
    """What a session is made of.

    Attributes:
        dialect: the provider's way of speaking.
        settings: how the agent behaves.
        tools: what the profile says of its tools.
        toolset: those that run here.
        source: where to connect.
        audio: which devices to use.
        talk: how turns are taken.
        audio_settings: gain and gate to start with.
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
    audio_settings: AudioSettings = AS_IT_IS
    heartbeat: float = 20.0
    connect: bool = True
