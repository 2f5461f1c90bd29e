"""The command line. ``--help`` and ``--version`` load neither Textual nor audio."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from rtvoice_tui import __version__
from rtvoice_tui.cli.console import COULD_NOT_RUN, console

PROVIDERS = ("yandex", "openai", "azure", "xai", "hf", "generic", "local")


_LOADED_LATE = {
    "profiles": "rtvoice_tui.cli.profiles:profiles",
    "doctor": "rtvoice_tui.cli.doctor:doctor",
    "replay": "rtvoice_tui.cli.replay:replay",
    "sessions": "rtvoice_tui.cli.sessions:sessions",
}
"""Commands that are imported only when they are used."""


class _WrongUse(click.ClickException):
    """Invalid option value. Printed without click's usage lines, because the syntax is correct."""

    exit_code = 2


class _Sentences(click.Group):
    """Command group that prints our errors as sentence and remedy, and escapes all output."""

    def main(self, *args: Any, **extra: Any) -> Any:
        with console():
            return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_LOADED_LATE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LOADED_LATE:
            return super().get_command(ctx, cmd_name)
        module, _, name = _LOADED_LATE[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        from rtvoice_tui.errors import ProfileError, RecordingError

        try:
            return super().invoke(ctx)
        except (ProfileError, RecordingError) as error:
            remedy = f" ({error.remedy})" if error.remedy else ""
            raise click.ClickException(f"{error.sentence}{remedy}") from None


def _variable_name(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Validate an option that names an environment variable; the error does not repeat the value, it may be a key."""
    if value is None:
        return None
    from rtvoice_tui.profiles.variables import WANTED, is_variable_name

    if not is_variable_name(value):
        raise _WrongUse(f"{option.opts[0]} must be {WANTED}")
    return value


class _CannotRun(click.ClickException):
    """The environment prevents a command from running."""

    exit_code = COULD_NOT_RUN


@click.group(cls=_Sentences, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rtvoice-tui")
@click.option("--profile", metavar="NAME", help="Which profile to open; the last one used if not given.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="Speak this provider's dialect.")
@click.option("--url", metavar="URL", help="WebSocket address of the server.")
@click.option("--model", metavar="M", help="Model, or a whole gpt:// URI.")
@click.option("--api-key-env", metavar="VAR", callback=_variable_name, help="Environment variable that holds the key.")
@click.option("--voice", metavar="V", help="Voice of the agent.")
@click.option("--instructions", metavar="TEXT|@FILE", help="Instructions, or the file that holds them.")
@click.option("--input-device", metavar="NAME", help="Microphone, by a part of its name.")
@click.option("--output-device", metavar="NAME", help="Speaker, by a part of its name.")
@click.option("--input-file", type=click.Path(path_type=Path), metavar="A.wav", help="Input instead of the microphone.")
@click.option("--output-file", type=click.Path(path_type=Path), metavar="OUT.wav", help="Record what is played to it.")
@click.option("--no-audio", is_flag=True, help="Type instead of talking; open no sound device.")
@click.option(
    "--record",
    is_flag=False,
    flag_value="",
    metavar="[DIR]",
    help="Record the session with its sound, in DIR or where 'sessions list' finds it.",
)
@click.option("--no-connect", is_flag=True, help="Open without connecting; c connects.")
@click.option("--plain", is_flag=True, help="Lines instead of the screen: for screen readers, pipes and scripts.")
@click.pass_context
def main(ctx: click.Context, /, plain: bool, **options: Any) -> None:
    """Talk with a realtime voice agent and see everything that happens.

    Without options the last used profile opens; on a first run the built-in agent, which needs no key and no network.
    The options override the profile for this run only.

    \b
    Examples:
      rtvoice-tui                                        talk with the built-in agent
      rtvoice-tui --profile yandex                       YANDEX_CLOUD_API_KEY and YANDEX_CLOUD_FOLDER_ID are set
      rtvoice-tui --provider generic --url ws://localhost:8765/v1/realtime
      rtvoice-tui --input-file question.wav --output-file answer.wav
      rtvoice-tui --plain                                the conversation as lines, keys as typed commands
      echo "What time is it?" | rtvoice-tui --plain --no-audio
      rtvoice-tui doctor                                 what is missing, and how to fix it
    """
    if ctx.invoked_subcommand is None:
        _check_files(options["input_file"], options["output_file"])
        from rtvoice_tui import garbage

        garbage.disable_gc()  # the app enables it after the first frame
        from rtvoice_tui.controller.planner import Options
        from rtvoice_tui.errors import NoTemporaryFolder

        if plain:
            from rtvoice_tui.cli.plain.head import run
        else:
            from rtvoice_tui.cli.launch import launch as run
        try:
            ctx.exit(run(Options(**options)))
        except NoTemporaryFolder as error:
            raise _CannotRun(f"{error.sentence} ({error.remedy})") from None


def _check_files(input_file: Path | None, output_file: Path | None) -> None:
    if input_file is None and output_file is None:
        return
    from rtvoice_tui.audio.backends.wav_checks import check_files
    from rtvoice_tui.errors import AudioError

    try:
        check_files(input_file, output_file)
    except AudioError as error:
        raise _WrongUse(f"{error.sentence} ({error.remedy})") from None


@main.command()
def devices() -> None:
    """List the microphones and speakers that can be used.

    \b
    Example:
      rtvoice-tui devices
    """
    from rtvoice_tui.audio.backends.listing import list_in_subprocess
    from rtvoice_tui.errors import AudioError
    from rtvoice_tui.store.plain import one_line

    try:
        found = list_in_subprocess()
    except AudioError as error:
        raise click.ClickException(f"{error.sentence} ({error.remedy})") from None
    for device in found:
        kinds = ", ".join(kind for kind, count in (("in", device.inputs), ("out", device.outputs)) if count)
        marks = "".join(
            f"  default {kind}"
            for kind, default in (("input", device.default_input), ("output", device.default_output))
            if default
        )
        click.echo(f"{one_line(device.name)}  ({one_line(device.host_api)}, {kinds}, {device.rate} Hz){marks}")


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port on loopback; 0 for any free one.",
)
@click.option(
    "--token-env",
    metavar="VAR",
    callback=_variable_name,
    help="Environment variable with the token; else a new one is printed.",
)
def serve(port: int, token_env: str | None) -> None:
    """Run the local agent as a Realtime server for any other client.

    \b
    Example:
      rtvoice-tui serve --port 8765
    """
    import asyncio
    import os
    import secrets

    from rtvoice_tui.cli.serving import end_on_signals
    from rtvoice_tui.local_agent.server import serve as serve_agent

    token = os.environ.get(token_env, "").strip() if token_env else secrets.token_urlsafe(24)
    if not token:
        raise click.UsageError(f"the environment variable {token_env} holds no token")

    def ready(url: str) -> None:
        click.echo(f"listening on {url}")
        if not token_env:
            click.echo(f"token (send it as 'Authorization: Bearer ...'): {token}")
            click.echo(f"with this app: TOKEN={token} rtvoice-tui --provider generic --url {url} --api-key-env TOKEN")

    async def run() -> None:
        until = asyncio.get_running_loop().create_future()
        end_on_signals(until)
        await serve_agent(port, token, ready, until, preload=True)

    try:
        asyncio.run(run())
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be used: {error.strerror} (choose another --port)") from None


if __name__ == "__main__":
    sys.exit(main())
