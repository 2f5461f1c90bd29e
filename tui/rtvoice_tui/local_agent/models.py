"""The speech models of the whole process, loaded once in the background when a client is about to need them."""

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
    """Ears and voice; ``None`` where the extra is not installed. Loading them takes seconds of processor time."""

    def __init__(self) -> None:
        self.missing = speech.missing()
        self._ears: asyncio.Task[Ears | None] | None = None
        self._voice: asyncio.Task[speech.Voice | None] | None = None

    def load(self) -> None:
        """Begin to load what is not loaded yet; needs a running loop."""
        self._begin_ears()
        self._begin_voice()

    async def ears(self) -> Ears | None:
        """Hearing, if it is installed."""
        return await asyncio.shield(self._begin_ears())

    async def voice(self) -> speech.Voice | None:
        """A voice, if it is installed."""
        return await asyncio.shield(self._begin_voice())

    def _begin_ears(self) -> "asyncio.Task[Ears | None]":
        if self._ears is None:
            self._ears = asyncio.create_task(asyncio.to_thread(self._load_ears))
        return self._ears

    def _begin_voice(self) -> "asyncio.Task[speech.Voice | None]":
        if self._voice is None:
            self._voice = asyncio.create_task(asyncio.to_thread(self._load_voice))
        return self._voice

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
