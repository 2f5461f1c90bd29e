"""What is said of devices: how the system lists one, and why one cannot be used. Loads no sound library."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class DeviceInfo:
    """One device as the system lists it; latencies in ms, rate in Hz."""

    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    input_latency_ms: float = 0.0
    output_latency_ms: float = 0.0
    default_input: bool = False
    default_output: bool = False

    def has(self, direction: str) -> bool:
        """Whether it is a microphone (``input``) or a speaker (``output``)."""
        return (self.inputs if direction == "input" else self.outputs) > 0

    def is_default(self, direction: str) -> bool:
        """Whether the system uses it where none is named."""
        return self.default_input if direction == "input" else self.default_output


class Stream(Protocol):
    """An open device."""

    name: str
    latency_ms: float

    def close(self) -> None:
        """Stop and give the device back."""
