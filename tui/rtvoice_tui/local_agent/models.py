"""The speech models, shared by all clients: loaded once, in a thread, when a client will probably need them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rtvoice_tui.local_agent import speech


@dataclass(frozen=True)
class SpeechInput:
    """Speech input: a recogniser shared by all clients, and a VAD for each client.

    Attributes:
        recognise: PCM16 mono at 24 kHz to text; blocks, so it is called in a thread.
        new_detector: makes a `SpeechProbability`, which returns the speech probability of each 32 ms frame.
    """

    recognise: Callable[[bytes], str]
    new_vad: Callable[[], Callable[[bytes], list[float]]]


class Models:
    """Loads the speech models on first use; loading takes seconds of CPU time. For one event loop.

    Attributes:
        missing: packages of the ``[local]`` extra that are not installed.
    """

    def __init__(self) -> None:
        self.missing = speech.missing()
        self._ears: asyncio.Task[SpeechInput | None] | None = None
        self._voice: asyncio.Task[speech.Voice | None] | None = None

    def load(self) -> None:
        """Start loading all models that are not loaded yet; needs a running event loop."""
        self._start_speech_input()
        self._start_voice()

    async def speech_input(self) -> SpeechInput | None:
        """Recogniser and VAD, loaded if necessary; ``None`` if they are not installed."""
        return await asyncio.shield(self._start_speech_input())

    async def voice(self) -> speech.Voice | None:
        """The speech synthesiser, loaded if necessary; ``None`` if it is not installed."""
        return await asyncio.shield(self._start_voice())

    def _start_speech_input(self) -> "asyncio.Task[SpeechInput | None]":
        if self._ears is None:
            self._ears = asyncio.create_task(asyncio.to_thread(self._load_ears))
        return self._ears

    def _start_voice(self) -> "asyncio.Task[speech.Voice | None]":
        if self._voice is None:
            self._voice = asyncio.create_task(asyncio.to_thread(self._load_voice))
        return self._voice

    @staticmethod
    def _load_ears() -> SpeechInput | None:
        try:
            recogniser = speech.Recogniser()
            speech.SpeechProbability()
        except ImportError:
            return None
        return SpeechInput(recogniser, speech.SpeechProbability)

    @staticmethod
    def _load_voice() -> speech.Voice | None:
        try:
            return speech.Voice()
        except ImportError:
            return None
