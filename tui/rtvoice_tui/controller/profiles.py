"""Opens, renames and trusts profiles, and offers changes that another program makes to the open one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from msgspec.structs import replace

from rtvoice_tui.controller.edits import ActionResult, Edits, Tone
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.session.recap import HistoryMessage


class Profiles:
    """The open profile.

    Args:
        session: gets the notices.
        edits: the agent of the open profile.
        remember: called with the name of the profile to open next time.
    """

    def __init__(self, session: SessionHandle, edits: Edits, remember: Callable[[str], None]) -> None:
        self._session = session
        self._edits = edits
        self._remember = remember
        self._renaming: asyncio.Task[None] | None = None

    def open(self, name: str, history: tuple[HistoryMessage, ...] = (), connect: bool = True) -> ActionResult:
        """Open another profile, with a session of its own.

        Args:
            name: the profile.
            history: the conversation so far, to pass to its session.
            connect: whether to connect at once.

        Raises:
            ProfileError: it cannot be used; the open one stays open.
        """
        before = self._edits.editor
        self._edits.editor = AgentEditor(name, load_profile(name), profile_text(name))
        try:
            answer = self._edits.reopen(history, connect)
        except ProfileError:
            self._edits.editor = before
            raise
        self._remember(name)
        return answer

    def rename(self, name: str) -> asyncio.Task[None]:
        """Give the open profile another name. It is done even if nobody waits for the task.

        The task raises:
            ProfileError: there is one of that name, or the file cannot be renamed.
        """
        from rtvoice_tui.profiles import library  # takes time that the first frame has not

        file = self._edits.editor.file
        old = file.state.name
        renaming = file.rename(lambda: library.rename(old, name), name)
        self._renaming = asyncio.ensure_future(self._renamed(renaming, name))
        return self._renaming

    async def _renamed(self, renaming: Future[None], name: str) -> None:
        await asyncio.wrap_future(renaming)
        self._remember(name)
        self._edits.changed()

    def trusted(self, name: str) -> ActionResult | None:
        """The user trusts a profile: if it is the open one, its tools and its address can be used from now on."""
        editor = self._edits.editor
        if name != editor.name or editor.profile.trusted:
            return None
        editor.profile = replace(editor.profile, trusted=True)
        return self._edits.reopen(self._edits.said(), connect=self._edits.live)

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
        if not names:
            return ActionResult("", Tone.WARNING, problems) if problems else None
        words = f"{editor.name}.toml was changed elsewhere: {', '.join(names)}"
        self._session.report(Notice(Level.INFO, words, "pane 5 shows it, F7 sends it"))
        return ActionResult(words, Tone.QUIET, problems)
