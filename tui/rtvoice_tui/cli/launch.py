"""Starts the cockpit from command-line options and a profile."""

import os
import sys
from typing import TYPE_CHECKING

import click

from rtvoice_tui.cli.console import COULD_NOT_RUN
from rtvoice_tui.cli.session import Chosen, choose, open_session, stderr_to_log
from rtvoice_tui.controller.planner import Options
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.state import load_state, remember

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
        raise NoTerminal("rtvoice-tui needs a terminal (--plain needs none; see 'rtvoice-tui --help')")
    chosen = choose(options)
    for size in ("COLUMNS", "LINES"):  # some shells export them; the terminal's real size is right, also after a resize
        os.environ.pop(size, None)
    with stderr_to_log():
        code, told = _run(chosen)
    if told:  # standard error is the user's terminal again
        click.echo(f"rtvoice-tui {told}", err=True)
    return code


def _run(chosen: Chosen) -> tuple[int, str]:
    """Run the cockpit; returns the exit code, and a message to print on the terminal afterwards."""
    from rtvoice_tui.ui.terminal.endings import Endings

    endings = Endings()
    with endings.handled():
        return _run_until(endings, chosen)


def _run_until(endings: "Endings", chosen: Chosen) -> tuple[int, str]:
    from rtvoice_tui.session.facts import Level, Notice
    from rtvoice_tui.ui.app import RtvoiceApp
    from rtvoice_tui.ui.themes import DEFAULT

    opened, state = open_session(chosen), load_state()
    session = opened.session
    app = RtvoiceApp(
        session,
        opened.store,
        opened.editor,
        opened.planner,
        remember=remember,
        theme_name=state.theme or DEFAULT,
        columns=state.columns,
        recording=opened.recording,
    )
    if chosen.first and chosen.profile.provider == "local":
        words = "this is the built-in agent; p sets up Yandex, OpenAI or another provider"
        session.report(Notice(Level.INFO, words))
    if not chosen.problem:
        remember(profile=chosen.name)
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
