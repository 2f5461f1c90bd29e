"""Local VAD: whether the user speaks, by the level that is left after echo cancellation.

Quicker than a server's turn detection and less certain: it lowers the agent, and by the user's wish cuts it.
"""

SPEECH_DB = -45.0
CONFIDENT_MS = 60
HOLD_MS = 200


class LocalVad:
    """Takes the level of one frame after the other.

    Attributes:
        speaking: whether the user speaks.
    """

    def __init__(self) -> None:
        self.speaking = False
        self._loud_ms = 0
        self._quiet_ms = 0

    def feed(self, level_db: float, duration_ms: int) -> bool:
        """Take in a frame's RMS level in dBFS; whether ``speaking`` changed."""
        if level_db > SPEECH_DB:
            self._loud_ms += duration_ms
            self._quiet_ms = 0
        else:
            self._loud_ms = 0
            self._quiet_ms += duration_ms
        before = self.speaking
        self.speaking = self._quiet_ms < HOLD_MS if before else self._loud_ms >= CONFIDENT_MS
        return self.speaking is not before
