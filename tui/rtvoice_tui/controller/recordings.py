"""The recording of the running session, and all that are kept."""

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.store.query import parse

if TYPE_CHECKING:
    from rtvoice_tui.recording.findings.frames import Finding
    from rtvoice_tui.recording.format import Summary
    from rtvoice_tui.recording.library import Listed
    from rtvoice_tui.recording.reader import Recording
    from rtvoice_tui.recording.replay_session import ReplaySession


class Recordings:
    """Begins and ends the recording of sound; lists, shows, exports and deletes recordings.

    What takes time is done on a thread of its own. It raises `RecordingError`.

    Args:
        session: gets notices.
        recording: the recording of the running session; ``None`` if nothing is recorded.
        replay: the session, if it is a replay.
    """

    def __init__(
        self, session: SessionHandle, recording: RecordingHandle | None, replay: "ReplaySession | None" = None
    ) -> None:
        self._session = session
        self._recording = recording
        self._replay = replay

    @property
    def sound(self) -> bool:
        """Whether sound is kept now."""
        return self._recording is not None and self._recording.sound

    @property
    def silent(self) -> bool:
        """Whether the session opens no sound device."""
        return self._session.plan.audio.silent

    def toggle(self) -> None:
        """Keep the sound from now on, or no longer; a notice says where, or why not."""
        if self._recording is None:
            self._say("nothing is recorded: this head has no recording")
            return
        keep = not self._recording.sound
        known = self._recording.problem
        self._recording.keep_sound(keep)
        where, problem = self._recording.folder, self._recording.problem
        if problem is not None:
            if problem is known:  # else it is reported where it came up
                self._session.report(problem)
        elif not keep:
            self._say(f"the sound is no longer recorded; it is in {where}" if where else "the sound is not recorded")
        elif where is None:
            self._say("the sound is recorded from now on; the session was already: rtvoice-tui sessions shows it")
        else:
            self._say(f"the sound is recorded from now on, in {where}")

    async def findings(self) -> "list[Finding]":
        """What was wrong in the running session so far, or in the one that is replayed."""
        from rtvoice_tui.recording.findings.finding import findings
        from rtvoice_tui.recording.reader import Recording

        if self._replay is not None:
            return await asyncio.to_thread(findings, self._replay.recording)
        folder = self._recording.folder if self._recording is not None else None
        if folder is None:
            raise RecordingError("nothing is recorded yet: the first turn begins it", "r records from now on")
        return await asyncio.to_thread(lambda: findings(Recording(folder)))

    # --- all recordings

    async def listed(self) -> "list[Listed]":
        """All recordings of the usual folder, newest first."""
        from rtvoice_tui.profiles import paths
        from rtvoice_tui.recording.library import listed

        return await asyncio.to_thread(listed, paths.recordings_folder())

    async def summaries(self, entries: "list[Listed]") -> "dict[str, Summary]":
        """What the recordings hold, by name; those that cannot be replayed are left out."""
        return await asyncio.to_thread(_summaries, entries)

    async def holding(self, entries: "list[Listed]", words: str) -> "dict[str, int]":
        """How many parts of which recordings, by name, a query asks for.

        Raises:
            QueryError: it cannot be understood, or takes too long.
        """
        from rtvoice_tui.recording.searching import holding

        found, query = [entry.recording for entry in entries if entry.recording is not None], parse(words)
        return await asyncio.to_thread(holding, found, query)

    async def text(self, entry: "Listed") -> str:
        """The conversation of a recording as Markdown."""
        from rtvoice_tui.recording.export.texts import markdown

        return await asyncio.to_thread(markdown, _readable(entry))

    async def export(self, entry: "Listed", path: Path) -> str:
        """Write a recording to a file, in the format of its suffix; returns what was written."""
        from rtvoice_tui.recording.export.files import kind_of, write

        return await asyncio.to_thread(write, _readable(entry), kind_of(path), path)

    async def delete(self, entry: "Listed") -> None:
        """Delete a recording."""
        from rtvoice_tui.recording.library import delete

        await asyncio.to_thread(delete, entry.folder)

    def _say(self, words: str) -> None:
        self._session.report(Notice(Level.INFO, words))


def _readable(entry: "Listed") -> "Recording":
    if entry.recording is None:
        raise RecordingError(entry.problem, "delete it, or see what is in its folder")
    return entry.recording


def _summaries(entries: "list[Listed]") -> "dict[str, Summary]":
    from rtvoice_tui.recording.conversation import summary_of

    found = {}
    for entry in entries:
        with contextlib.suppress(RecordingError, OSError):
            found[entry.name] = summary_of(_readable(entry))
    return found
