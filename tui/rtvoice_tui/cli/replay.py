"""``rtvoice-tui replay``: the cockpit over a recording."""

import logging
import os
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
@click.option("--as-server", is_flag=True, help="Be the recorded server for any client, in place of the screen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="Port on loopback.")
@click.option(
    "--speed", type=click.FloatRange(0, 1000), default=1.0, show_default=True, help="Of the server; 0: at once."
)
def replay(session: str, output_device: str | None, no_audio: bool, as_server: bool, port: int, speed: float) -> None:
    """Show a recorded session again, with its sound.

    The screen is that of a session, with a time line and keys of its own.

    It needs no key and no network, and runs no tool. SESSION is a name from `sessions list`, the beginning of one,
    `last`, a folder, or a file of another tool: JSON lines of Realtime events, a browser's HAR, or flows of mitmproxy.

    \b
    Examples:
      rtvoice-tui replay last
      rtvoice-tui replay page.har
      rtvoice-tui replay last --as-server --port 8766
    """
    if as_server:
        _serve(session, port, speed)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _NoTerminal("rtvoice-tui replay needs a terminal ('rtvoice-tui sessions show' needs none)")
    from rtvoice_tui.profiles import paths
    from rtvoice_tui.recording.importing.opening import open_any

    if os.path.isfile(session):
        click.echo(f"reading {session}", err=True)  # a large file of another tool takes some seconds
    opened = open_any(paths.recordings_folder(), session)
    try:
        ended = launch(opened.recording, opened.missing, output_device, no_audio)
    finally:
        opened.close()
    if not ended:
        logging.shutdown()
        os._exit(0)  # a device that does not answer can be neither closed nor waited for


def _serve(session: str, port: int, speed: float) -> None:
    """Be the server of a recording until it is interrupted."""
    import asyncio
    import secrets

    from rtvoice_tui.cli.serving import end_on_signals
    from rtvoice_tui.profiles import paths
    from rtvoice_tui.recording.as_server import serve_recording
    from rtvoice_tui.recording.importing.opening import open_any

    opened, token = open_any(paths.recordings_folder(), session), secrets.token_urlsafe(24)
    for sentence in opened.missing:
        click.echo(f"note: {sentence}", err=True)

    def ready(url: str) -> None:
        click.echo(f"listening on {url}")
        click.echo(f"token (send it as 'Authorization: Bearer ...'): {token}")
        click.echo(f"with this app: TOKEN={token} rtvoice-tui --provider generic --url {url} --api-key-env TOKEN")

    async def run() -> None:
        until = asyncio.get_running_loop().create_future()
        end_on_signals(until)
        await serve_recording(opened.recording, port, token, speed, ready, until)

    try:
        asyncio.run(run())
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be used: {error.strerror} (choose another --port)") from None
    finally:
        opened.close()


class _NoTerminal(click.ClickException):
    exit_code = COULD_NOT_RUN


def launch(recording: "Recording", missing: Sequence[str], output_device: str | None, no_audio: bool) -> bool:
    """Replay a recording on the screen until the user quits; ``missing``: what it does not hold, in sentences.

    Returns:
        Whether the sound has ended, too: false if its device does not answer.

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
    sound = _sound(recording, session, output_device) if recording.has_sound and not no_audio else None
    if sound is not None:
        session.use_sound(sound)
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
    return sound is None or not sound.hangs


def _sound(recording: "Recording", session: "ReplaySession", device: str | None) -> "ReplaySound":
    from rtvoice_tui.audio.backends.stereo_player import StereoPlayer
    from rtvoice_tui.recording.replay_sound import ReplaySound
    from rtvoice_tui.session.facts import Level, Notice

    remedy = "check the output device; playing or jumping tries again"
    return ReplaySound(
        recording, StereoPlayer(device), lambda words: session.report(Notice(Level.WARNING, words, remedy))
    )
