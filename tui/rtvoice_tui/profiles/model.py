"""The schema of a profile, validated when it is read."""

from typing import Annotated, Any, Literal

import msgspec

from rtvoice_tui.profiles.runs import AskRun, HostedRun, PythonRun, ToolRun
from rtvoice_tui.profiles.variables import VARIABLE_PATTERN
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

Policy = Literal["default", "auto", "ask", "off"]
"""Calls of a tool run at once (``auto``) or after approval (``ask``), or the tool is not offered (``off``).

``default`` uses the profile's ``tool_policy``.
"""

DefaultPolicy = Literal["auto", "ask", "off"]
"""The profile's policy for tools that do not set their own."""

DEFAULT_LIMIT_S = 10.0
ASK_LIMIT_S = 600.0
"""Default timeout in seconds for results that the user types; `DEFAULT_LIMIT_S` is the one for all other tools."""


class Filler(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filler speech for slow calls: the agent says ``say`` after ``after_ms`` milliseconds."""

    say: Annotated[str, msgspec.Meta(min_length=1)]
    after_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 1500


class ToolEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[tools]]`` table.

    Attributes:
        name: the name under which the model calls it; for an MCP server the prefix of its tools' names.
        description: the description that the model gets; empty: the docstring of a Python function.
        parameters: JSON Schema of the arguments; empty: derived from the signature of a Python function.
        run: how it is run.
        policy: whether calls run at once or after approval, or the tool is off.
        timeout_s: timeout of a call in seconds; ``None``: the default of its kind.
        filler: what the agent says during a slow call; ``None``: nothing.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    run: ToolRun = PythonRun()
    policy: Policy = "default"
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None
    filler: Filler | None = None

    @property
    def limit_s(self) -> float:
        """Timeout of a call in seconds."""
        usual = ASK_LIMIT_S if isinstance(self.run, AskRun) else DEFAULT_LIMIT_S
        return self.timeout_s if self.timeout_s is not None else usual

    def spec(self, default_policy: str = "auto") -> ToolSpec:
        """Return the specification of the tool for a session.

        Args:
            default_policy: the profile's ``tool_policy``.
        """
        hosted = self.run if isinstance(self.run, HostedRun) else None
        policy = default_policy if self.policy == "default" else self.policy
        return ToolSpec(
            name=self.name,
            description=self.description,
            parameters=self.parameters,
            hosted=hosted is not None,
            index_id=hosted.index_id if hosted else "",
            server=_hosted_server(hosted) if hosted and hosted.server_url else {},
            kind=self.run.kind,
            asks=policy == "ask",
            filler=self.filler.say if self.filler else "",
            filler_after_s=self.filler.after_ms / 1000 if self.filler else 0.0,
        )


def _hosted_server(run: HostedRun) -> dict[str, Any]:
    """Return the wire object of a hosted MCP server; the token's variable is replaced only when it is sent."""
    server: dict[str, Any] = {"server_url": run.server_url}
    if run.authorization:
        server["authorization"] = run.authorization
    if run.allowed_tools:
        server["allowed_tools"] = run.allowed_tools
    return server


QUIETEST_DB, LOUDEST_DB = -40.0, 12.0
LOWEST_GATE_DB, HIGHEST_GATE_DB = -60.0, -10.0
GainDb = Annotated[float, msgspec.Meta(ge=QUIETEST_DB, le=LOUDEST_DB)]
GateDb = Annotated[float, msgspec.Meta(ge=LOWEST_GATE_DB, le=HIGHEST_GATE_DB)]


class AudioPreferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[audio]`` table: the microphone, the speaker, and how they are used.

    Attributes:
        input_device: the microphone, by (part of) its name; empty: the system's default.
        output_device: the speaker, by (part of) its name; empty: the system's default.
        echo: how acoustic echo is suppressed.
        noise_suppression: whether noise suppression is applied to the microphone, too.
        talk: ``open`` (open microphone), or push-to-talk with a key that is pressed twice (``toggle``) or held
            (``hold``).
        talk_limit_s: maximum length of a push-to-talk turn in seconds.
        interrupt: who detects barge-in: the server alone, or the local VAD too.
        input_gain_db: gain of the microphone in dB.
        output_gain_db: gain of the agent's speech in dB.
        gate_db: threshold of the noise gate in dBFS: quieter frames are sent as silence; ``None``: no gate.
    """

    input_device: str = ""
    output_device: str = ""
    echo: Literal["auto", "on", "half-duplex", "off"] = "auto"
    noise_suppression: bool = False
    talk: Literal["open", "toggle", "hold"] = "open"
    talk_limit_s: Annotated[float, msgspec.Meta(ge=1, le=600)] = 30.0
    interrupt: Literal["server", "local"] = "server"
    input_gain_db: GainDb = 0.0
    output_gain_db: GainDb = 0.0
    gate_db: GateDb | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complete profile. It never contains an API key; ``api_key_env`` only names the variable that holds it.

    Attributes:
        provider: name of the dialect.
        model: the model; empty: the dialect's default.
        url: WebSocket address; empty: the dialect's default.
        folder_id: Yandex folder of the model; empty: from the dialect's environment variable.
        api_key_env: the environment variable that holds the key; empty: the provider's usual ones.
        key_in_clear: whether the key may be sent unencrypted (``ws://``) to another machine.
        heartbeat_s: interval of WebSocket pings in seconds; 0: none.
        session: settings of the session.
        tools: the tools and MCP servers.
        tool_policy: policy of tools without a policy of their own.
        calls_in_a_row: number of calls after which the next one needs approval, unless the user said something.
        trusted: whether it may connect, use keys and run its tools on this machine; false for imported profiles
            until the user trusts them.
        audio: devices and how they are used.
        record: whether each session is recorded with its sound.
    """

    provider: Literal["local", "yandex", "openai", "azure", "xai", "hf", "generic"] = "local"
    model: str = ""
    url: str = ""
    folder_id: str = ""
    api_key_env: Annotated[str, msgspec.Meta(pattern=VARIABLE_PATTERN)] = ""
    key_in_clear: bool = False
    heartbeat_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 20.0
    session: SessionSettings = SessionSettings()
    tools: list[ToolEntry] = []
    tool_policy: DefaultPolicy = "auto"
    calls_in_a_row: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    trusted: bool = True
    audio: AudioPreferences = AudioPreferences()
    record: bool = False

    @property
    def dialect(self) -> Dialect:
        """The dialect of the profile's provider."""
        return DIALECTS[self.provider]

    def policy_of(self, tool: ToolEntry) -> str:
        """Return the effective policy of a tool: ``auto``, ``ask`` or ``off``."""
        return self.tool_policy if tool.policy == "default" else tool.policy

    @property
    def active_tools(self) -> list[ToolEntry]:
        """The tools whose policy is not ``off``."""
        return [tool for tool in self.tools if self.policy_of(tool) != "off"]

    @property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """The specifications of the active tools."""
        return tuple(tool.spec(self.tool_policy) for tool in self.active_tools)
