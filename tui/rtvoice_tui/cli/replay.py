"""``rtvoice-tui replay``: the cockpit over a recording."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rtvoice_tui.cli.console import COULD_NOT_RUN

if TYPE_CHECKING:
    from rtvoice_tui.recording.reader import Recording
    from rtvoice_tui.recording.replay_session import ReplaySession
    from rtvoice_tui.recording.replay_sound import ReplaySound


@click.command()
@click.argument("session")
@click.option("--output-device", metavar="NAME", help="Speaker, by a part of its name.")
@click.option("--no-audio", is_flag=True, help="Without sound.")
def replay(session: str, output_device: str | None, no_audio: bool) -> None:
    """Show a recorded session again: the same screen, with its sound in step.

    It needs no key and no network, and runs no tool. SESSION is a name from `sessions list`, the beginning of one,
    `last`, a folder, or a file of another tool: JSON lines of Realtime events, a browser's HAR, or flows of mitmproxy.

    \b
    Examples:
      rtvoice-tui replay last
      rtvoice-tui replay page.har
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _NoTerminal("rtvoice-tui replay needs a terminal ('rtvoice-tui sessions show' needs none)")
    from rtvoice_tui.profiles import paths
    from rtvoice_tui.recording.importing.opening import open_any

    opened = open_any(paths.recordings_folder(), session)
    try:
        launch(opened.recording, opened.missing, output_device, no_audio)
    finally:
        opened.close()


class _NoTerminal(click.ClickException):
    exit_code = COULD_NOT_RUN


def launch(recording: "Recording", missing: Sequence[str], output_device: str | None, no_audio: bool) -> None:
    """Replay a recording on the screen until the user quits; ``missing``: what it does not hold, in sentences.

    Raises:
        RecordingError: it cannot be replayed.
    """
    from rtvoice_tui.cli.session import new_store, stderr_to_log
    from rtvoice_tui.profiles.state import load_state, remember
    from rtvoice_tui.recording.replay_session import ReplaySession
    from rtvoice_tui.session.facts import Level, Notice
    from rtvoice_tui.ui.replay_app import ReplayApp
    from rtvoice_tui.ui.terminal.endings import Endings
    from rtvoice_tui.ui.themes import DEFAULT

    store, state = new_store(), load_state()
    session = ReplaySession(recording, store)
    if recording.manifest.sound and not no_audio:
        session.use_sound(_sound(recording, session, output_device))
    for sentence in missing:
        session.report(Notice(Level.INFO, sentence))
    app = ReplayApp(
        session,
        store,
        recording.name,
        remember=remember,
        theme_name=state.theme or DEFAULT,
        columns=state.columns,
    )
    endings = Endings()
    with stderr_to_log(), endings.handled():
        endings.use(app.end)
        app.run()
    store.events.close()
    if app.failure:
        raise click.ClickException(f"failed: {app.failure} (details are in the log file)")
    if app.return_code:
        sys.exit(app.return_code)


def _sound(recording: "Recording", session: "ReplaySession", device: str | None) -> "ReplaySound":
    from rtvoice_tui.audio.backends.stereo_player import StereoPlayer
    from rtvoice_tui.recording.replay_sound import ReplaySound
    from rtvoice_tui.session.facts import Level, Notice

    return ReplaySound(recording, StereoPlayer(device), lambda words: session.report(Notice(Level.WARNING, words)))
