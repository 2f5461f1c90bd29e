"""The file of the open profile: every change is written by one thread, in the order in which it was asked for.

A write waits up to ``LOCK_S`` seconds for another program that holds the file, so no head does it on its own thread.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from rtvoice_tui.editing.agent import CONNECTION, Agent, differences
from rtvoice_tui.editing.merging import tool_names, with_change
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import parse_profile, profile_text
from rtvoice_tui.profiles.writing import Changes, in_order, save_changes

NOT_KEPT = "options of the command line override the profile"


class FileState(msgspec.Struct, frozen=True):
    """What the file held when it was last read or written.

    Attributes:
        name: the profile.
        text: its TOML text; empty where nothing is to be saved.
        agent: the agent in it.
    """

    name: str
    text: str
    agent: Agent


class SaveResult(msgspec.Struct, frozen=True):
    """The outcome of a save.

    Attributes:
        sentence: what the user should know about it; empty where nothing is.
        failed: whether the file could not be written.
        name: the profile that holds the changes now.
    """

    sentence: str = ""
    failed: bool = False
    name: str = ""


class ProfileFile:
    """Writes one profile.

    The methods only queue the work, which the writer thread does. ``state`` is replaced as a whole, so any thread may
    read it.

    Args:
        state: the file as it was read.
    """

    def __init__(self, state: FileState) -> None:
        self.state = state

    @property
    def saves(self) -> bool:
        """Whether changes are written at all."""
        return bool(self.state.text)

    def write(self, before: Agent, after: Agent) -> "Future[SaveResult]":
        """Write the differences between two agents, and nothing else."""
        return in_order(lambda: self._write(before, after))

    def write_all(self, agent: Agent) -> "Future[SaveResult]":
        """Write everything in which an agent differs from the file."""
        return in_order(lambda: self._write(self.state.agent, agent))

    def write_audio(self, chosen: dict[str, Any]) -> "Future[SaveResult]":
        """Write keys of the ``[audio]`` table."""
        return in_order(lambda: self._save(Changes(audio=chosen), self.state.agent))

    def rename(self, rename: Callable[[str], object], name: str) -> "Future[str]":
        """Rename the file by ``rename``, which gets its name then; later changes go into the new file.

        The future returns the old name.
        """

        def work() -> str:
            old = self.state
            rename(old.name)
            self.state = FileState(name, old.text, old.agent)
            return old.name

        return in_order(work)

    def trusted(self, before: str) -> None:
        """The file was marked as trusted, which is our own change. On the writer thread; ``before``: its old text."""
        if self.state.text == before:
            self.state = FileState(self.state.name, profile_text(self.state.name), self.state.agent)

    def reread(self) -> "Future[tuple[Profile, Profile] | None]":
        """What another program has written: the profile before and now, or ``None`` if the file is the same.

        The future raises:
            ProfileError: the file cannot be read, or is not valid.
        """
        return in_order(self._reread)

    def _reread(self) -> tuple[Profile, Profile] | None:
        state, text = self.state, profile_text(self.state.name)
        if text == state.text:
            return None
        before, now = parse_profile(state.text, state.name), parse_profile(text, f"{state.name}.toml")
        agent = state.agent if now.url == before.url else msgspec.structs.replace(state.agent, url=now.url)
        self.state = FileState(state.name, text, agent)
        return before, now

    def _write(self, before: Agent, after: Agent) -> SaveResult:
        names = differences(before, after)
        changed = [name for name in tool_names(before, after) if before.tool(name) != after.tool(name)]
        changes = Changes(
            {name: getattr(after.settings, name) for name in names if name not in (*CONNECTION, "tools")},
            {name: getattr(after, name) for name in names if name in CONNECTION},
            {name: after.tool(name) for name in changed},
        )
        return self._save(changes, with_change(self.state.agent, before, after))

    def _save(self, changes: Changes, agent: Agent) -> SaveResult:
        try:
            saved = save_changes(self.state.name, changes, self.state.text)
        except ProfileError as error:
            return SaveResult(f"not saved: {error.sentence} — {error.remedy}", failed=True, name=self.state.name)
        self.state = FileState(saved.name, saved.text, agent)
        return SaveResult(saved.sentence, name=saved.name)
