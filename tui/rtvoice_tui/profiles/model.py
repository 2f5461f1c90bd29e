"""The shape of a profile, checked when it is read."""

from typing import Annotated, Any, Literal

import msgspec

from rtvoice_tui.profiles.runs import AskRun, HostedRun, PythonRun, ToolRun
from rtvoice_tui.profiles.variables import VARIABLE_PATTERN
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

Policy = Literal["default", "auto", "ask", "off"]
"""Whether a call is run, run after the user agreed, or its tool not offered; ``default`` is the profile's own."""

DefaultPolicy = Literal["auto", "ask", "off"]
"""A profile's own policy."""

DEFAULT_LIMIT_S = 10.0
ASK_LIMIT_S = 600.0
"""A user needs longer to type a result than a program to find one."""


class Filler(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent says while a call takes long: ``say`` after ``after_ms`` milliseconds."""

    say: Annotated[str, msgspec.Meta(min_length=1)]
    after_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 1500


class ToolEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[tools]]`` table.

    Attributes:
        name: what the model calls it; of an MCP server, what stands before its tools' names.
        description: what the model is told; empty: a Python function's docstring.
        parameters: JSON Schema of the arguments; empty: a Python function's signature.
        run: how it is run.
        policy: whether the user is asked first.
        timeout_s: seconds until a call is given up; nothing: what is usual for the kind.
        filler: what the agent says while it waits.
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
        """Seconds until a call is given up."""
        usual = ASK_LIMIT_S if isinstance(self.run, AskRun) else DEFAULT_LIMIT_S
        return self.timeout_s if self.timeout_s is not None else usual

    def spec(self, default_policy: str = "auto") -> ToolSpec:
        """What the session knows about it.

        Args:
            default_policy: the profile's own.
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
    """The provider's description of an MCP server; the token's name stands for the token until it is sent."""
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
        input_device: the microphone by name; empty is the system's default.
        output_device: the speaker by name; empty is the system's default.
        echo: what is done against the agent hearing itself.
        noise_suppression: whether noise is taken out of the microphone, too.
        talk: how turns are taken: open microphone, or a key that is pressed twice or held.
        talk_limit_s: a turn by key ends by itself after so many seconds.
        interrupt: who may silence the agent when the user speaks: the server alone, or the local voice detection too.
        input_gain_db: volume of the microphone, and ``output_gain_db`` of the agent; 0 leaves it as it is.
        gate_db: what is quieter is sent as silence, dBFS; nothing: all of it is sent.
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
    """A whole profile. Keys are never in it: ``api_key_env`` only names where one is found.

    Attributes:
        api_key_env: the variable that holds the key, if it is not the provider's usual one.
        key_in_clear: whether the key may be sent unencrypted (``ws://``) to another machine.
        trusted: whether it may connect, use keys, and run its tools here; an imported one may not until the user says
            so.
        tool_policy: of tools that name none: ``auto``, ``ask`` or ``off``.
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
    trusted: bool = True
    audio: AudioPreferences = AudioPreferences()

    @property
    def dialect(self) -> Dialect:
        """The provider's way of speaking."""
        return DIALECTS[self.provider]

    def policy_of(self, tool: ToolEntry) -> str:
        """``auto``, ``ask`` or ``off``."""
        return self.tool_policy if tool.policy == "default" else tool.policy

    @property
    def active_tools(self) -> list[ToolEntry]:
        """The tools that are switched on."""
        return [tool for tool in self.tools if self.policy_of(tool) != "off"]

    @property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """What the session knows about the tools that are switched on."""
        return tuple(tool.spec(self.tool_policy) for tool in self.active_tools)
