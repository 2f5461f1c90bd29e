"""A noise gate: what is quieter than a threshold goes out as silence.

It adds no delay. The frames just before it opens had to go out as silence already, so they are sent once more with
the frame that opens it, and as many frames of silence are left out after it closes: the stream keeps its length.
"""

from collections import deque

HOLD_FRAMES = 13
"""It stays open for so long after the last louder frame: 250 ms, in whole frames of 20 ms."""

LEAD_FRAMES = 2
"""So many frames from before it opens are let through too."""

Frame = tuple[bytes, float]
"""PCM16 and its level in dBFS."""


class NoiseGate:
    """One microphone's gate.

    Attributes:
        open: whether sound goes through.
    """

    def __init__(self) -> None:
        self.open = True
        self._hold = 0
        self._lead: deque[Frame] = deque(maxlen=LEAD_FRAMES)
        self._extra = 0

    def take(self, frame: Frame, threshold_db: float | None) -> list[Frame]:
        """What is to be sent when a frame has come: as a rule one frame, of sound or of silence.

        Args:
            frame: the sound, and how loud it is.
            threshold_db: dBFS; ``None`` lets everything through.
        """
        pcm, level_db = frame
        if threshold_db is None:
            self.open, self._hold, self._extra = True, 0, 0
            self._lead.clear()
            return [frame]
        loud = level_db >= threshold_db
        self.open = loud or self._hold > 0
        self._hold = HOLD_FRAMES if loud else max(0, self._hold - 1)
        if self.open:
            before, self._lead = list(self._lead), deque(maxlen=LEAD_FRAMES)
            self._extra += len(before)
            return [*before, frame]
        self._lead.append(frame)
        if self._extra:
            self._extra -= 1
            return []
        return [(bytes(len(pcm)), level_db)]
