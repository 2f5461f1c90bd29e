"""What every head needs before its session: the chosen profile, the session with its store, and standard error."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rtvoice_tui.controller.planner import Options, Planner, with_options
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.errors import NoTemporaryFolder, ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.state import load_state
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.store.store import Store

if TYPE_CHECKING:
    from rtvoice_tui.editing.editor import AgentEditor

COMMAND_LINE = "(command line)"
"""Ends the name of a profile that is not one: options of the command line stand for it."""


@dataclass(frozen=True)
class Chosen:
    """The profile that the command line, or else the last run, chose.

    Attributes:
        name: its name.
        profile: its content, with the command line's overrides.
        options: the command line.
        problem: why the profile of the last run is not open; empty if it is.
        first: whether no profile was ever opened.
    """

    name: str
    profile: Profile
    options: Options
    problem: str
    first: bool


@dataclass(frozen=True)
class Opened:
    """A session that is ready to be run, and what a controller needs besides.

    Attributes:
        session: runs the session.
        store: the session's store.
        editor: the agent of the profile.
        planner: makes plans for new sessions.
        recording: records the session.
    """

    session: SessionWorker
    store: Store
    editor: "AgentEditor"
    planner: Planner
    recording: RecordingHandle


def choose(options: Options) -> Chosen:
    """Load the profile to open.

    Raises:
        ProfileError: the profile or an option cannot be used.
    """
    last = load_state().profile
    # --provider alone starts from the built-in profile, not from the one that was open last
    name = options.profile or ("local" if options.provider else last) or "local"
    profile, problem = _profile_or_local(name, explicit=options.profile is not None)
    return Chosen(name if not problem else "local", with_options(profile, options), options, problem, not last)


def open_session(chosen: Chosen, introduces: bool = True) -> Opened:
    """Create the session of a profile; it does not run yet. What cannot be offered is reported to it.

    Args:
        chosen: the profile.
        introduces: whether the first run says what is kept, because a user is there.

    Raises:
        NoTemporaryFolder: the event log's temporary file cannot be created.
    """
    from rtvoice_tui.editing.editor import AgentEditor
    from rtvoice_tui.session.facts import Level, Notice

    options, profile = chosen.options, chosen.profile
    store = new_store()
    planner = Planner(options)
    shown = f"{options.provider} {COMMAND_LINE}" if options.provider else chosen.name
    plan, problems = planner.plan(profile, None, shown)
    session = SessionWorker(plan, store)
    for sentence in [chosen.problem, *problems]:
        if sentence:
            session.report(Notice(Level.WARNING, sentence))
    text = "" if options.override else profile_text(chosen.name)
    return Opened(session, store, AgentEditor(shown, profile, text), planner, _recorded(session, chosen, introduces))


def _recorded(session: SessionWorker, chosen: Chosen, introduces: bool) -> RecordingHandle:
    """Record the session: with sound if the user asks for it, else as the black box that the settings allow."""
    asked = chosen.options.record is not None or chosen.profile.record
    root = Path(os.path.expanduser(chosen.options.record)) if chosen.options.record else None
    first = chosen.first and introduces
    recording = RecordingHandle(session.plan, lambda: session.clock, session.report, asked, root, first)
    taps = session.taps

    def heard(pcm: bytes) -> None:
        recording.heard(pcm, taps.heard_at, taps.heard_rate)

    session.observers.append(recording)
    taps.heard.append(heard)
    taps.unheard.append(recording.unheard)
    session.at_end.append(recording.close)
    return recording


def new_store() -> Store:
    """An empty store.

    Raises:
        NoTemporaryFolder: the event log's temporary file cannot be created.
    """
    try:
        return Store()
    except OSError:
        raise NoTemporaryFolder("no temporary file can be made", "set TMPDIR to a folder that can be written") from None


def _profile_or_local(name: str, explicit: bool) -> tuple[Profile, str]:
    """Return a profile and an error; a remembered profile that is not valid is replaced by the built-in one."""
    try:
        return load_profile(name), ""
    except ProfileError as error:
        if explicit:
            raise
        return load_profile("local"), f"{error.sentence}; the built-in profile local is open instead"


class TerminalOutput(io.TextIOWrapper):
    """Text stream that Textual draws on. Errors are ignored, so that a closed terminal does not break the app.

    Args:
        descriptor: file descriptor of the terminal; it is not closed.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False)), encoding="utf-8")

    def write(self, text: str) -> int:
        """Write text; ignores errors if the terminal is gone. Returns the length of the text."""
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream; ignores errors if the terminal is gone."""
        with contextlib.suppress(OSError):
            super().flush()


@contextlib.contextmanager
def stderr_to_log() -> Iterator[None]:
    """Redirect descriptor 2 to the log file: sound libraries write there.

    Textual draws on a copy of the original, or of descriptor 1 where only that one is a terminal (``2>errors.txt``).
    """
    log_file = paths.log_file()
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    logging.basicConfig(
        stream=os.fdopen(os.dup(descriptor), "w", encoding="utf-8"),
        level=logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    original = os.dup(2)
    screen = os.dup(1 if os.isatty(1) and not os.isatty(2) else 2)
    before = sys.__stderr__
    sys.__stderr__ = TerminalOutput(screen)  # type: ignore[misc]
    os.dup2(descriptor, 2)
    os.close(descriptor)
    try:
        yield
    finally:
        os.dup2(original, 2)
        sys.__stderr__ = before  # type: ignore[misc]
        os.close(original)
        os.close(screen)
