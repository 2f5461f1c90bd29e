"""Starts the cockpit from command-line options and a profile."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from rtvoice_tui.cli.console import COULD_NOT_RUN
from rtvoice_tui.controller.planner import Options, Planner, with_options
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.errors import NoTemporaryFolder, ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.state import load_state, remember
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.store.store import Store

if TYPE_CHECKING:
    from rtvoice_tui.ui.terminal.endings import Endings


def launch(options: Options) -> int:
    """Run the cockpit until the user quits; returns the exit code.

    Raises:
        NoTerminal: standard input or output is no terminal.
        ProfileError: the profile or an option cannot be used.
        NoTemporaryFolder: the event log's temporary file cannot be created.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("rtvoice-tui needs a terminal (see 'rtvoice-tui --help' for other commands)")
    # --provider alone starts from the built-in profile, not from the one that was open last
    name = options.profile or ("local" if options.provider else load_state().profile) or "local"
    profile, problem = _profile_or_local(name, explicit=options.profile is not None)
    name = name if not problem else "local"
    profile = with_options(profile, options)
    for size in ("COLUMNS", "LINES"):  # some shells export them; the terminal's real size is right, also after a resize
        os.environ.pop(size, None)
    with stderr_to_log():
        code, told = _run(name, profile, options, problem)
    if told:  # standard error is the user's terminal again
        click.echo(f"rtvoice-tui {told}", err=True)
    return code


def _run(name: str, profile: Profile, options: Options, problem: str) -> tuple[int, str]:
    """Run the cockpit; returns the exit code, and a message to print on the terminal afterwards."""
    from rtvoice_tui.ui.terminal.endings import Endings

    endings = Endings()
    with endings.handled():
        return _run_until(endings, name, profile, options, problem)


def _run_until(endings: "Endings", name: str, profile: Profile, options: Options, problem: str) -> tuple[int, str]:
    from rtvoice_tui.editing.editor import AgentEditor
    from rtvoice_tui.session.facts import Level, Notice
    from rtvoice_tui.ui.app import RtvoiceApp
    from rtvoice_tui.ui.themes import DEFAULT

    store = _new_store()
    planner = Planner(options)
    shown = f"{options.provider} (command line)" if options.provider else name
    plan, problems = planner.plan(profile, None, shown)
    session = SessionWorker(plan, store)
    for sentence in [problem, *problems]:
        if sentence:
            session.report(Notice(Level.WARNING, sentence))
    app = RtvoiceApp(
        session,
        store,
        AgentEditor(shown, profile, "" if options.override else profile_text(name)),
        planner,
        remember=remember,
        theme_name=load_state().theme or DEFAULT,
        columns=load_state().columns,
    )
    if not load_state().profile and profile.provider == "local":
        words = "this is the built-in agent; p sets up Yandex, OpenAI or another provider"
        session.report(Notice(Level.INFO, words))
    if not problem:
        remember(profile=name)
    endings.use(app.end)
    app.run()
    if app.failure:
        return app.return_code or 1, f"failed: {app.failure} (details are in {paths.log_file()})"
    told = f"ended: {app.ended_by}" if app.ended_by and not endings.terminal_gone else ""
    if app.quitting.left_unsaved:
        told = "ended before everything was saved: another program held the profile"
    return app.return_code or 0, told


class NoTerminal(click.ClickException):
    """Standard input or output is no terminal."""

    exit_code = COULD_NOT_RUN


def _new_store() -> Store:
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
    """Redirect descriptor 2 to the log file: sound libraries write there. Textual draws on a copy of the original."""
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
    screen = os.dup(2)
    before = sys.__stderr__
    sys.__stderr__ = TerminalOutput(screen)  # type: ignore[misc]
    os.dup2(descriptor, 2)
    os.close(descriptor)
    try:
        yield
    finally:
        os.dup2(screen, 2)
        sys.__stderr__ = before  # type: ignore[misc]
        os.close(screen)
