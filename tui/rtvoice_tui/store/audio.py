"""Device status of both directions, and what is measured of their sound."""

from dataclasses import dataclass, field

from rtvoice_tui.media import DeviceState


@dataclass
class DeviceView:
    """One direction's device.

    Attributes:
        name: what is open; empty where nothing is.
        wanted: what was asked for by name; empty for the system's default.
        host_api: of the sound system that it is reached through.
        rate: its own rate in Hz, and ``converted`` whether that is not the session's.
        block_ms: how much it takes or gives at a time.
        latency_ms: what it says of its own delay.
        state: how it does, with ``sentence`` and ``remedy`` for the user where it does not do well.
        troubles: blocks that it lost or had to do without: overflows of a microphone, underruns of a speaker.
        steps: how often its buffers were made larger after underruns.
    """

    name: str = ""
    wanted: str = ""
    host_api: str = ""
    rate: int = 0
    converted: bool = False
    block_ms: float = 0.0
    latency_ms: float = 0.0
    state: DeviceState = DeviceState.NONE
    sentence: str = ""
    remedy: str = ""
    troubles: int = 0
    steps: int = 0

    @property
    def absent(self) -> bool:
        """Whether nothing is open, or silence that nobody hears: neither device nor file."""
        return not self.name or self.silence

    @property
    def silence(self) -> bool:
        """Whether silence takes a speaker's place; a device that is called so has a rate."""
        return self.name == "silent" and not self.rate


@dataclass
class AudioStatus:
    """What is measured of both directions: devices, counters, how much waits to be heard (ms), echo and switches.

    Attributes:
        echo: what is done against echo: ``off``, ``converging``, ``cancelling``, ``no echo``, ``gate``,
            ``half-duplex``.
        echo_db: how much of the echo is taken away, in dB; ``None`` while nothing is known.
        local_speech: whether the local detector hears the user.
        gate_open: whether the microphone goes through, and no gate sends silence instead, by level or against echo.
        ducked: whether the agent is lowered because the user seems to speak.
        jitter_buffer_ms: how much of an answer waits before it begins, and ``jitter_ms`` how late packets come.
        jitter_buffer_bounds_ms: between what the prebuffer adapts; both 0 where it does not.
        trying: what sounds to try the devices: ``tone``, ``microphone`` or nothing.
    """

    input: DeviceView = field(default_factory=DeviceView)
    output: DeviceView = field(default_factory=DeviceView)
    problem: str = ""
    remedy: str = ""
    buffered_ms: float = 0.0
    underruns: int = 0
    dropped: int = 0
    overflows: int = 0
    echo: str = "off"
    echo_db: float | None = None
    local_speech: bool = False
    gate_open: bool = True
    ducked: bool = False
    jitter_buffer_ms: float = 0.0
    jitter_ms: float = 0.0
    jitter_buffer_bounds_ms: tuple[float, float] = (0.0, 0.0)
    trying: str = ""

    @property
    def input_name(self) -> str:
        """The microphone that is open; empty where there is none."""
        return self.input.name

    @property
    def output_name(self) -> str:
        """The speaker that is open; empty where there is none."""
        return self.output.name
