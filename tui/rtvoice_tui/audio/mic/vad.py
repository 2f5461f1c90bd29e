"""Local VAD: detects the user's speech from the microphone level after echo cancellation.

Faster and less reliable than the server's turn detection: it ducks the agent and, if so configured, interrupts it.
"""

SPEECH_DB = -45.0
CONFIDENT_MS = 60
HOLD_MS = 200


class LocalVad:
    """Energy VAD with hangover, frame by frame.

    Attributes:
        speaking: the user speaks.
    """

    def __init__(self) -> None:
        self.speaking = False
        self._loud_ms = 0
        self._quiet_ms = 0

    def process(self, level_db: float, duration_ms: int) -> bool:
        """Process a frame's RMS level in dBFS; returns whether ``speaking`` changed."""
        if level_db > SPEECH_DB:
            self._loud_ms += duration_ms
            self._quiet_ms = 0
        else:
            self._loud_ms = 0
            self._quiet_ms += duration_ms
        before = self.speaking
        self.speaking = self._quiet_ms < HOLD_MS if before else self._loud_ms >= CONFIDENT_MS
        return self.speaking is not before
