"""The speech models of the whole process, loaded once in the background while clients already connect."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rtvoice_tui.local_agent import speech


@dataclass(frozen=True)
class Ears:
    """Hearing: a recogniser for all, and a speech detector for each client."""

    recognise: Callable[[bytes], str]
    new_detector: Callable[[], Callable[[bytes], list[float]]]


class Models:
    """Ears and voice, as soon as they are loaded; ``None`` where the extra is not installed."""

    def __init__(self) -> None:
        self.missing = speech.missing()
        self._ears: asyncio.Task[Ears | None] | None = None
        self._voice: asyncio.Task[speech.Voice | None] | None = None

    def load(self) -> None:
        """Begin to load; needs a running loop."""
        self._ears = asyncio.create_task(asyncio.to_thread(self._load_ears))
        self._voice = asyncio.create_task(asyncio.to_thread(self._load_voice))

    async def ears(self) -> Ears | None:
        """Hearing, if it is installed."""
        assert self._ears is not None
        return await asyncio.shield(self._ears)

    async def voice(self) -> speech.Voice | None:
        """A voice, if it is installed."""
        assert self._voice is not None
        return await asyncio.shield(self._voice)

    @staticmethod
    def _load_ears() -> Ears | None:
        try:
            recogniser = speech.Recogniser()
            speech.SpeechProbability()
        except ImportError:
            return None
        return Ears(recogniser, speech.SpeechProbability)

    @staticmethod
    def _load_voice() -> speech.Voice | None:
        try:
            return speech.Voice()
        except ImportError:
            return None
