"""Finds recordings in which words were said."""

import contextlib
from collections.abc import Iterable

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.conversation import Part, conversation
from rtvoice_tui.recording.reader import Recording


def holding(recordings: Iterable[Recording], words: str) -> dict[str, int]:
    """In how many parts words were said, by the name of each recording in which they were.

    Args:
        recordings: where to search; those that cannot be replayed are left out.
        words: words that a part must hold, in any order and case.
    """
    found = {}
    for recording in recordings:
        with contextlib.suppress(RecordingError, OSError):
            if parts := parts_with(conversation(recording).parts, words):
                found[recording.name] = len(parts)
    return found


def parts_with(parts: Iterable[Part], words: str) -> list[Part]:
    """The parts of a conversation that hold all words: what was said, and calls with their results."""
    wanted = words.lower().split()
    return [part for part in parts if all(word in f"{part.text} {part.output}".lower() for word in wanted)]
