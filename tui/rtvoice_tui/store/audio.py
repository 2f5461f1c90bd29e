"""Device status and measurements of both directions."""

from dataclasses import dataclass, field

from rtvoice_tui.media import DeviceState


@dataclass
class DeviceView:
    """Status of one direction's device.

    Attributes:
        name: name of the open device, file or silent output; empty if nothing is open.
        wanted: name of the requested device; empty: the system's default.
        host_api: the sound system's API that the device is opened through.
        rate: sample rate of the device in Hz; 0 for the silent output, or if nothing is open.
        converted: whether the device's rate differs from the session's, so that audio is resampled.
        block_ms: block size of the stream in ms.
        latency_ms: latency in ms, as the device reports it.
        state: state of the device.
        sentence: what is wrong, for the user; empty if nothing is.
        remedy: what the user can do about it.
        troubles: overflows and dropped frames of the microphone, or underruns of the speaker.
        steps: how often its buffers were enlarged after underruns.
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
    xruns: int = 0
    steps: int = 0

    @property
    def absent(self) -> bool:
        """Whether neither a device nor a file is open: nothing at all, or only the silent output."""
        return not self.name or self.silence

    @property
    def silence(self) -> bool:
        """Whether the silent output replaces the speaker. A real device named ``silent`` has a rate."""
        return self.name == "silent" and not self.rate


@dataclass
class AudioStatus:
    """Devices and measurements of both directions. Written on the session's thread, read on the screen's.

    Attributes:
        input: the microphone.
        output: the speaker.
        problem: the first problem of a direction without an open device, for the user; empty if there is none.
        remedy: what the user can do about the problem.
        buffered_ms: speech in the playback buffer that was not heard yet, in ms.
        underruns: underruns of the speaker so far.
        dropped: microphone frames that were dropped before they were sent.
        overflows: overflows and dropped frames of the capture so far.
        echo: state of the echo suppression: ``off``, ``converging``, ``cancelling``, ``no echo``, ``gate``,
            ``half-duplex``.
        echo_db: echo reduction in dB; ``None`` while it is unknown.
        local_speech: whether the local VAD detects speech of the user.
        gate_open: whether the microphone is sent; false while the noise gate or the echo gate sends silence instead.
        ducked: whether the agent's volume is lowered because the user seems to speak.
        jitter_buffer_ms: speech that is buffered before a response starts to play, in ms.
        jitter_ms: largest delay of a packet of this response or of the last one, in ms.
        jitter_buffer_bounds_ms: minimum and maximum of the jitter buffer in ms; both 0 if it does not adapt.
        trying: what is played to test the devices: ``tone``, ``microphone`` or empty.
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
        """Name of the open microphone; empty if none is open."""
        return self.input.name

    @property
    def output_name(self) -> str:
        """Name of the open speaker; empty if none is open."""
        return self.output.name
