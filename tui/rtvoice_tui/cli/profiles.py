"""``rtvoice-tui profiles``: manages profiles and keys without opening the cockpit."""

import os
import sys
from pathlib import Path

import click

from rtvoice_tui.cli.console import write_exactly
from rtvoice_tui.profiles import library, paths, secrets, store
from rtvoice_tui.profiles.trust import asks_for_consent, permissions
from rtvoice_tui.store.plain import line_of, one_line


@click.group()
def profiles() -> None:
    """Show, copy and exchange profiles, and keep their keys.

    \b
    Example:
      rtvoice-tui profiles copy azure work
    """


@profiles.command("list")
def list_profiles() -> None:
    """List all profiles; one that cannot be used with its error.

    \b
    Example:
      rtvoice-tui profiles list
    """
    for entry in library.listed():
        click.echo(f"{entry.name:<20} {one_line(entry.about)}")


@profiles.command("show")
@click.argument("name")
def show_profile(name: str) -> None:
    """Print a profile as TOML.

    \b
    Example:
      rtvoice-tui profiles show yandex
    """
    write_exactly(store.profile_text(name))


@profiles.command("path")
@click.argument("name", required=False)
def profile_path(name: str | None) -> None:
    """Print where a profile is kept, or the folder of all.

    \b
    Example:
      rtvoice-tui profiles path yandex
    """
    click.echo(store.profile_path(name) if name else paths.profiles_folder())


@profiles.command("copy")
@click.argument("name")
@click.argument("new")
def copy_profile(name: str, new: str) -> None:
    """Copy a profile, a built-in one too, under another name.

    \b
    Example:
      rtvoice-tui profiles copy azure work
    """
    library.copy(name, new)
    click.echo(store.profile_path(new))


@profiles.command("rename")
@click.argument("name")
@click.argument("new")
def rename_profile(name: str, new: str) -> None:
    """Give a profile another name.

    \b
    Example:
      rtvoice-tui profiles rename work office
    """
    library.rename(name, new)
    click.echo(store.profile_path(new))


@profiles.command("delete")
@click.argument("name")
def delete_profile(name: str) -> None:
    """Delete a profile; 'bring-back' restores it.

    \b
    Example:
      rtvoice-tui profiles delete work
    """
    ticket = library.delete(name)
    click.echo(f"deleted; to undo it: rtvoice-tui profiles bring-back {ticket}")


@profiles.command("bring-back")
@click.argument("ticket")
def bring_back(ticket: str) -> None:
    """Undo a deletion.

    TICKET is what 'delete' has printed: the name of the profile and a number.

    \b
    Example:
      rtvoice-tui profiles bring-back work.1
    """
    click.echo(f"back as '{library.bring_back(ticket)}'")


@profiles.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="Its name here; that of the file if not given.")
def import_profile(file: Path, name: str | None) -> None:
    """Import a profile from a file. It reaches only the local agent, and its own tools stay off until 'trust'.

    \b
    Example:
      rtvoice-tui profiles import friend.toml --name friend
    """
    from rtvoice_tui.doctor.tools import definition_problems

    found = library.import_profile(file, name or "")
    click.echo(f"'{found}' was imported; it is off until you trust it: rtvoice-tui profiles trust {found}")
    for sentence, remedy in definition_problems(store.load_profile(found), store.profile_path(found)):
        click.echo(f"  {one_line(sentence, 2000)} -> {remedy}")


@profiles.command("export")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
def export_profile(name: str, file: Path) -> None:
    """Write a profile to a file. It holds no key.

    \b
    Example:
      rtvoice-tui profiles export work work.toml
    """
    click.echo(library.export(name, file))


@profiles.command("trust")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def trust_profile(name: str, yes: bool) -> None:
    """Show what a profile would do, and let it.

    What it may do then: connect, use keys, run its own tools.

    \b
    Example:
      rtvoice-tui profiles trust friend
    """
    text = store.profile_text(name)
    profile = store.parse_profile(text, str(store.profile_path(name)))
    if not asks_for_consent(profile):
        click.echo(f"'{name}' is trusted already")
        return
    click.echo(f"Once trusted, '{name}'")
    for line in permissions(profile, os.environ):
        click.echo(f"  {line_of(line)}")
    if not yes:
        if not sys.stdin.isatty():
            raise click.ClickException("there is no terminal to ask on, so it was not trusted: add --yes to trust it")
        if not click.confirm("Trust it?"):
            click.echo("nothing was changed")
            return
    library.trust(name, text)
    click.echo(f"'{name}' is trusted")


@profiles.command("set-key")
@click.argument("name")
def set_key(name: str) -> None:
    """Keep a profile's key in the system's key store.

    The key is asked for, or read from standard input.

    \b
    Example:
      rtvoice-tui profiles set-key yandex
    """
    profile = store.load_profile(name)
    secrets.check_store(profile)
    if sys.stdin.isatty():
        key = click.prompt(f"key of {profile.dialect.title} (it is not shown)", hide_input=True)
    else:
        key = sys.stdin.readline()
    if not key.strip():
        raise click.UsageError("no key was given")
    secrets.keep(profile, key)
    click.echo("kept")
