"""A file that replaces the microphone: when the user has finished speaking in it."""

import asyncio
import contextlib
from pathlib import Path

NOTICED_S = 10.0
"""How long after the end of a file a server may take to notice that somebody speaks in it: it may still be loading."""

PAUSE_S = 1.0
"""How long after the end of a file speech may begin to be noticed once more."""


async def until_said(file: Path, noticed: asyncio.Event) -> None:
    """Wait until a file, which the session begins to hear now, has ended and what is said in it was noticed.

    Args:
        file: the recording.
        noticed: set once the server has noticed speech.
    """
    await asyncio.sleep(await asyncio.to_thread(_length_s, file))
    with contextlib.suppress(TimeoutError):  # nobody speaks in it
        async with asyncio.timeout(NOTICED_S):
            await noticed.wait()
    await asyncio.sleep(PAUSE_S)


def _length_s(file: Path) -> float:
    """Length of a recording in seconds; 0 for a stream, which can be read only once."""
    from rtvoice_tui.audio.backends.wav_files import read_wav
    from rtvoice_tui.errors import AudioError

    if not file.is_file():
        return 0.0
    try:
        return len(read_wav(file, 24_000)) / 48_000
    except AudioError:  # it is reported where the session opens it
        return 0.0
