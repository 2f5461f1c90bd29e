"""``rtvoice-tui sessions``: the recordings, without opening the cockpit."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from rtvoice_tui.cli.console import write_exactly
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.profiles import paths
from rtvoice_tui.recording import library
from rtvoice_tui.recording.conversation import summary_of
from rtvoice_tui.recording.export import files, texts
from rtvoice_tui.recording.format import State
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.searching import events_with, said_with
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.query import Query, QueryError, parse


@click.group()
def sessions() -> None:
    """List, search, show, replay, export and delete recorded sessions.

    The last sessions are kept without sound though nobody asked; --record and the key r keep sound, too.
    SESSION is a name from the list, the beginning of one, `last`, or a folder; `show` and `export` also take a file of
    another tool: JSON lines of Realtime events, a browser's HAR, or flows of mitmproxy.

    \b
    Examples:
      rtvoice-tui sessions list
      rtvoice-tui sessions show last
      rtvoice-tui sessions export last --format md -o talk.md
    """


@sessions.command("list")
def list_sessions() -> None:
    """List all recordings, newest first: length, turns, errors and first words.

    \b
    Example:
      rtvoice-tui sessions list
    """
    found = library.listed(paths.recordings_folder())
    if not found:
        click.echo("no session is recorded yet: the first one with a turn is", err=True)
    for entry in found:
        click.echo(_line(entry))


def _line(entry: library.Listed) -> str:
    try:
        if entry.recording is None:
            raise RecordingError(entry.problem)
        manifest, summary = entry.recording.manifest, summary_of(entry.recording)
    except RecordingError as error:
        return f"{entry.name:<44} cannot be read: {one_line(error.sentence, 200)}"
    marks = "sound" if entry.recording.has_sound else "     "
    errors = f"{texts.counted(summary.errors, 'error')}  " if summary.errors else ""
    ended = "" if manifest.state is State.COMPLETE else "not ended  "
    if entry.running:
        ended = "running  "
    turns = f"{texts.counted(summary.turns, 'turn'):<9}"
    words = f"{texts.clock(summary.length_s):>8}  {turns} {marks}  {ended}{errors}"
    return f"{entry.name:<44} {words}{one_line(summary.first_words, 80)}"


@sessions.command("show")
@click.argument("session")
def show_session(session: str) -> None:
    """Print the conversation of a recording as Markdown.

    \b
    Example:
      rtvoice-tui sessions show last
    """
    click.echo(texts.markdown(_find(session)), nl=False)


@sessions.command("open")
@click.argument("session")
@click.option("--output-device", metavar="NAME", help="Speaker, by a part of its name.")
@click.option("--no-audio", is_flag=True, help="Without sound.")
@click.pass_context
def open_session(ctx: click.Context, /, session: str, **options: object) -> None:
    """Replay a recording in the cockpit, as `rtvoice-tui replay` does.

    \b
    Example:
      rtvoice-tui sessions open last
    """
    from rtvoice_tui.cli.replay import replay

    ctx.invoke(replay, session=session, **options)


@sessions.command("search", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("query", nargs=-1, required=True)
def search_sessions(query: tuple[str, ...]) -> None:
    """Print where something was said in all recordings: words, calls and their results.

    QUERY is that of the cockpit's filter: words, "a phrase", /regex/, turn: since: slower: dir:, and -what must not be
    there. With type: item: call: or code: it finds events, and prints them. Of several arguments, one with spaces is a
    phrase.

    \b
    Examples:
      rtvoice-tui sessions search weather Berlin
      rtvoice-tui sessions search slower:1500 dir:down
      rtvoice-tui sessions search type:error code:rate_limit
    """
    typed = query[0] if len(query) == 1 else " ".join(map(_as_term, query))
    found = 0
    try:
        wanted = parse(typed)
        for entry in library.listed(paths.recordings_folder()):
            if entry.recording is None:
                continue
            with contextlib.suppress(RecordingError, OSError):
                for line in _lines_with(entry.recording, wanted):
                    found += 1
                    click.echo(f"{entry.name}  {line}")
    except QueryError as error:
        raise click.UsageError(str(error)) from None
    if not found:
        click.echo(f"nothing is as '{one_line(typed, 60)}' asks", err=True)
        sys.exit(1)


def _as_term(argument: str) -> str:
    """One argument of a shell, which took the quotes away, as a term of a query."""
    minus, term = ("-", argument[1:]) if argument.startswith("-") else ("", argument)
    plain = " " not in term or '"' in term or (len(term) > 1 and term[0] == term[-1] == "/")
    return argument if plain else f'{minus}"{term}"'


def _lines_with(recording: Recording, wanted: Query) -> Iterator[str]:
    if wanted.of_events:
        for number, at, sent, text in events_with(recording, wanted):
            yield f"{texts.clock(at):>7}  event {number}  {'up' if sent else 'down'}: {one_line(text, 240)}"
    else:
        for part in said_with(recording, wanted):
            yield f"{texts.clock(part.at):>7}  {part.who}: {one_line(part.text, 240)}"


@sessions.command("compare")
@click.argument("session")
@click.argument("first")
@click.argument("second", required=False)
@click.option(
    "--settings", is_flag=True, help="Compare the session's settings at the two places, or print those at FIRST."
)
def compare_session(session: str, first: str, second: str | None, settings: bool) -> None:
    """Print how two events of a recording differ.

    FIRST and SECOND are a time (1:23: the last event until then), a turn ("turn 4": its first event) or an event
    ("event 120"; `search` prints the numbers). Without SECOND the event is compared with the one that caused it.

    \b
    Examples:
      rtvoice-tui sessions compare last "event 12" "event 40"
      rtvoice-tui sessions compare last 0:10 1:30 --settings
    """
    from rtvoice_tui.cli.compare import compare_places

    compare_places(_find(session), first, second, settings)


@sessions.command("export")
@click.argument("session")
@click.option("--format", "kind", type=click.Choice(files.FORMATS), help="The format; else the file's suffix, or md.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; else standard output.",
)
@click.option("--hide", metavar="WORD", multiple=True, help="A name or word that the bundle must not hold; repeatable.")
@click.option("--with-sound", is_flag=True, help="The voices are part of the bundle.")
@click.option("--dry-run", is_flag=True, help="Only show what would leave with the bundle.")
@click.option("--send", is_flag=True, help="Send the spans of otel to the collector in OTEL_EXPORTER_OTLP_ENDPOINT.")
def export_session(
    session: str,
    kind: str | None,
    output: Path | None,
    hide: tuple[str, ...],
    with_sound: bool,
    dry_run: bool,
    send: bool,
) -> None:
    """Write a recording in a format that other programs read.

    \b
    md      the conversation as Markdown        srt, vtt   as subtitles
    json    the conversation with all it knows  jsonl      the events of both directions, a line each
    html    one page with player, transcript, calls, timings and findings
    har     the connection as browsers save it  otel       OpenTelemetry spans, as OTLP in JSON
    flac, wav   both sides as they were heard: left the microphone, right the agent
    bundle  a ZIP for a colleague or a bug report, which `replay` opens: without sound, and without what looks like
            a key, a name, a number or an address; look at it before you send it

    \b
    Example:
      rtvoice-tui sessions export last --format flac -o talk.flac
      rtvoice-tui sessions export last --format html -o talk.html
      OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 rtvoice-tui sessions export last --format otel --send
    """
    output = None if output == Path("-") else output
    if kind is None:
        kind = files.kind_of(output) if output is not None else "md"
    if kind != "bundle" and (hide or with_sound or dry_run):
        raise click.UsageError("--hide, --with-sound and --dry-run are for --format bundle")
    if send and (kind != "otel" or output is not None):
        raise click.UsageError("--send is for --format otel, without -o")
    recording = _find(session)
    if send:
        from rtvoice_tui.recording.export.otel_sender import send as send_spans

        count, address = send_spans(recording, os.environ)
        click.echo(f"sent {texts.counted(count, 'span')} to {address}")
        return
    if kind == "bundle":
        from rtvoice_tui.recording.export.bundle import bundle

        if output is None and not dry_run:
            raise click.UsageError("bundle needs a file: -o talk.zip (or --dry-run, to see what would leave)")
        click.echo(str(bundle(recording, None if dry_run else output, hide, with_sound)), err=True)
        if not dry_run:
            click.echo(str(output))
        return
    if output is not None:
        click.echo(files.write(recording, kind, output))
        return
    if kind in files.SOUND:
        raise click.UsageError(f"{kind} needs a file: -o talk.{kind}")
    for data in files.content(recording, kind):
        write_exactly(data.decode("utf-8", "replace"))  # as it is, but harmless on a terminal


@sessions.command("delete")
@click.argument("session", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_session(session: tuple[str, ...], yes: bool) -> None:
    """Delete recordings. One that is going on stays. On a terminal it asks first.

    \b
    Example:
      rtvoice-tui sessions delete last 2026-11-30-1412
    """
    root = paths.recordings_folder()
    folders = dict.fromkeys(library.find_folder(root, name) for name in session)
    if not yes and sys.stdin.isatty():
        click.echo("\n".join(folder.name for folder in folders))
        click.confirm(f"Delete {texts.counted(len(folders), 'recording')} for good?", abort=True)
    for folder in folders:
        library.delete(folder)
        click.echo(f"deleted {folder.name}")


@sessions.command("prune")
def prune_sessions() -> None:
    """Delete what is more than settings.toml says, as each new recording does.

    \b
    Example, beside the folder that `rtvoice-tui profiles path` prints:
      [recording]
      black_box_sessions = 5     kept without being asked
      sessions = 20              of those that were asked for; days and megabytes limit them, too
    """
    from rtvoice_tui.profiles.app_settings import load_app_settings

    settings, problem = load_app_settings(paths.settings_file())
    if problem:
        raise RecordingError(problem, "correct it first")
    names = library.prune(paths.recordings_folder(), settings.recording, time.time())
    for name in names:
        click.echo(f"deleted {name}")
    if not names:
        click.echo("nothing is more than settings.toml says", err=True)


def _find(session: str) -> Recording:
    """A recording, or a file of another tool; what that does not say is written to standard error."""
    from rtvoice_tui.recording.importing.opening import open_any

    opened = open_any(paths.recordings_folder(), session)
    for sentence in opened.missing:
        click.echo(f"note: {sentence}", err=True)
    click.get_current_context().call_on_close(opened.close)
    return opened.recording
