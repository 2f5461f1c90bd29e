"""The devices and the echo handling that the user asked for. Loads no audio library."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AudioChoice:
    """The user's choice of devices, files and echo handling.

    Attributes:
        input_device: a device name or a part of it; empty for the system's default.
        output_device: a device name or a part of it; empty for the system's default.
        input_file: WAV file that replaces the microphone.
        output_file: WAV file that replaces the speaker.
        silent: open no device; speech is consumed and discarded.
        echo: ``auto``, ``on``, ``half-duplex`` or ``off``.
        noise_suppression: suppress noise in the microphone; needs AEC3 echo cancellation.
    """

    input_device: str = ""
    output_device: str = ""
    input_file: Path | None = None
    output_file: Path | None = None
    silent: bool = False
    echo: str = "auto"
    noise_suppression: bool = False
