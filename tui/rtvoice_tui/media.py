"""Types that audio, session, store and engine share. Imports no other module of this package."""

import math
from dataclasses import dataclass
from enum import StrEnum

import msgspec

FLOOR_DB = -60.0
"""Lower end of the meters in dBFS: anything below counts as silence."""


class Direction(StrEnum):
    """Direction of audio: input from the microphone, or output to the speaker."""

    INPUT = "input"
    OUTPUT = "output"


class DeviceState(StrEnum):
    """State of the device of one direction.

    Attributes:
        NONE: there is no device, or none was opened yet.
        OPEN: the device is open and works.
        GONE: the device was removed, cannot be found or cannot be opened.
        FROZEN: the device is open, but its callback is no longer called.
        SILENT: the microphone delivers only digital zeros.
        WRONG: nothing like speech comes from the microphone while the user talks with push-to-talk.
        DENIED: the operating system denies access.
        REFUSED: another program uses the device exclusively, or it does not accept the stream's parameters.
    """

    NONE = "none"
    OPEN = "open"
    GONE = "gone"
    FROZEN = "frozen"
    SILENT = "silent"
    WRONG = "wrong"
    DENIED = "denied"
    REFUSED = "refused"


@dataclass(frozen=True)
class Level:
    """Level of one frame: RMS and peak in dBFS, and whether it clipped."""

    rms_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB
    clipped: bool = False


def dbfs(amplitude: float) -> float:
    """Convert an amplitude (1.0 is full scale) to dBFS, at least `FLOOR_DB`."""
    return max(FLOOR_DB, 20.0 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


class AudioSettings(msgspec.Struct, frozen=True):
    """Mute, gain and noise gate as the user set them.

    Attributes:
        muted: whether silence is sent instead of the microphone.
        agent_muted: whether silence is played instead of the agent's speech; the response itself goes on.
        mic_gain_db: gain of the microphone in dB.
        agent_gain_db: gain of the agent's speech in dB.
        gate_db: threshold of the noise gate in dBFS: quieter microphone frames are sent as silence; ``None``: no gate.
    """

    muted: bool = False
    agent_muted: bool = False
    mic_gain_db: float = 0.0
    agent_gain_db: float = 0.0
    gate_db: float | None = None


DEFAULT_AUDIO_SETTINGS = AudioSettings()
"""Default settings: not muted, no gain, no noise gate."""
