"""The profiles: opens, copies, renames, deletes, restores, imports and trusts them, and follows the open one's file."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from rtvoice_tui.controller.edits import ActionResult, Edits, Tone
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import in_order
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.tools.definitions import own_specs, problem_of

PATIENCE_S = 0.3
"""How long another profile waits to be opened for the saves of the open one."""

T = TypeVar("T")


class Profiles:
    """All profiles, and which one is open. For the thread of the head's asyncio loop.

    What writes returns a future: it may wait for another program that holds the file, and is done even if nobody waits
    for the future, which raises `ProfileError` where it cannot be done.

    Args:
        session: gets the notices.
        edits: the agent of the open profile.
        remember: called with the name of the profile to open next time; on the writer thread after a rename.

    Attributes:
        deleted: tickets of the profiles deleted so far, newest last.
    """

    def __init__(self, session: SessionHandle, edits: Edits, remember: Callable[[str], None]) -> None:
        self._session = session
        self._edits = edits
        self._remember = remember
        self.deleted: list[str] = []

    @property
    def current(self) -> str:
        """Name of the open profile."""
        return self._edits.editor.name

    async def open(self, name: str, history: tuple[HistoryMessage, ...] = (), connect: bool = True) -> ActionResult:
        """Open another profile, with a session of its own.

        Not while the open one cannot be saved: its edits would be lost.

        Args:
            name: the profile.
            history: the conversation so far, to pass to its session.
            connect: whether to connect at once.

        Raises:
            ProfileError: it cannot be used; the open one stays open.
        """
        before, saves = self._edits.editor, self._edits.saves
        draft = before.draft
        failed, stays = await saves.finish(PATIENCE_S), f"'{self.current}' stays open"
        if failed:
            raise ProfileError(failed[0], stays)
        if saves.pending:
            raise ProfileError("another program holds the profile: it is not saved yet", stays)
        if self._edits.editor is not before or before.draft is not draft:
            raise ProfileError("something was typed or opened meanwhile", stays)
        self._edits.editor = AgentEditor(name, load_profile(name), profile_text(name))
        try:
            answer = self._edits.reopen(history, connect)
        except ProfileError:
            self._edits.editor = before
            raise
        self._remember(name)  # no rename is pending that could write the state at the same time
        return answer

    @property
    def in_use(self) -> Profile:
        """The open profile, with what the command line says over it."""
        return self._edits.edited_profile

    # --- the collection

    def _write(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return self._wait(in_order(work))

    def _wait(self, writing: Future[T]) -> asyncio.Future[T]:
        async def written() -> T:
            try:
                done = await asyncio.wrap_future(writing)
            except ProfileError as error:
                self._edits.saves.failed.append(f"{error.sentence} — {error.remedy}")
                raise
            self._edits.changed()
            return done

        return self._edits.saves.start(written())

    def copy(self, name: str, new: str) -> asyncio.Future[str]:
        """Copy a profile; the future returns the copy's name."""
        return self._write(lambda: library.copy(name, new))

    def rename(self, name: str, new: str) -> asyncio.Future[str]:
        """Rename a profile; the future returns its old name."""
        editor = self._edits.editor

        def rename(old: str) -> str:
            library.rename(old, new)
            return old

        def rename_open(old: str) -> None:
            library.rename(old, new)
            if self._edits.editor is editor:
                self._remember(new)

        if name == editor.name:
            return self._wait(editor.file.rename(rename_open, new))
        return self._write(lambda: rename(name))

    def delete(self, name: str) -> asyncio.Future[str]:
        """Delete a profile that is not open; the future returns its name. `restore` undoes it."""

        def delete() -> str:
            if name == self.current and profile_path(name).exists():
                raise ProfileError("this profile is open", "open another one first")
            self.deleted.append(library.delete(name))
            return name

        return self._write(delete)

    def restore(self) -> asyncio.Future[str]:
        """Restore the profile that was deleted last; the future returns its name."""

        def restore() -> str:
            if not self.deleted:
                raise ProfileError("nothing was deleted", "press d to delete the selected profile")
            name = library.bring_back(self.deleted[-1])
            self.deleted.pop()
            return name

        return self._write(restore)

    def import_file(self, file: Path) -> asyncio.Future[str]:
        """Import a profile, untrusted; the future returns its name. Tools that cannot be offered are reported."""

        def imported() -> str:
            name = library.import_profile(file)
            for spec in own_specs(load_profile(name)):
                if problem := problem_of(spec):
                    sentence = f"'{name}' has a tool that cannot be offered: '{spec.name}': {problem}"
                    self._session.report(Notice(Level.WARNING, sentence, f"correct it in {profile_path(name)}"))
            return name

        return self._write(imported)

    def replace_text(self, name: str, before: str, text: str) -> asyncio.Future[str]:
        """Replace a profile's text if it still is ``before``; the future returns the profile's name."""
        return self._write(lambda: library.replace_text(name, before, text))

    def trust(self, name: str, shown: str) -> asyncio.Future[ActionResult | None]:
        """Trust a profile whose text the user was shown. If it is open, a session with its tools starts.

        The future returns the result of that session; ``None`` if the profile is not open.
        """
        editor = self._edits.editor
        is_open = name == editor.name

        def trust() -> None:
            library.trust(name, shown)
            if is_open:
                editor.file.trusted(shown)

        async def trusted() -> ActionResult | None:
            await self._write(trust)
            if not is_open or editor is not self._edits.editor or editor.profile.trusted:
                return None
            editor.profile = replace(editor.profile, trusted=True)
            return self._edits.reopen(self._edits.said(), connect=self._edits.live)

        return self._edits.saves.start(trusted())

    # --- the open profile's file

    async def file_changed(self) -> ActionResult | None:
        """The open profile's file may have changed: offer the differences as a draft; ``None`` if there are none."""
        editor = self._edits.editor
        try:
            read = await asyncio.wrap_future(editor.file.reread())
        except ProfileError as error:
            self._session.report(Notice(Level.WARNING, error.sentence, error.remedy))
            return None
        if read is None or editor is not self._edits.editor:
            return None
        trusted = editor.profile.trusted
        names = editor.offer(*read)
        problems: tuple[str, ...] = ()
        if trusted and not editor.profile.trusted:
            problems = (f"{editor.name} is not trusted any more: the session was ended",)
            reopened = self._edits.reopen(self._edits.said(), connect=False)
            problems += reopened.problems
        self._connects_elsewhere(editor, *read)
        if not names:
            return ActionResult("", Tone.WARNING, problems) if problems else None
        words = f"{editor.name}.toml was changed elsewhere: {', '.join(names)}"
        self._session.report(Notice(Level.INFO, words, "pane 5 shows it, F7 sends it"))
        return ActionResult(words, Tone.QUIET, problems)

    def _connects_elsewhere(self, editor: AgentEditor, before: Profile, now: Profile) -> None:
        """The next session connects as the changed file says."""
        names = editor.take_connection(before, now)
        if not names:
            return
        self._edits.needs_plan = True
        remedy = "it comes with the next session" if self._edits.live else "press c to connect so"
        if "provider" in names:
            remedy = "press p and enter to open it anew"
        words = f"{editor.name}.toml was changed elsewhere: {', '.join(names)}"
        self._session.report(Notice(Level.INFO, words, remedy, until_session=True))

    @property
    def opens_anew(self) -> bool:
        """Whether opening the open profile once more changes something."""
        return self._edits.needs_plan
