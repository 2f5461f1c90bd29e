"""Operations on all profiles: list with errors, copy, rename, delete, restore, import, export and trust."""

import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.destinations import agree
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import (
    BUILT_IN,
    MAX_BYTES,
    free_name,
    load_profile,
    parse_profile,
    profile_names,
    profile_path,
    profile_text,
    read_text,
)
from rtvoice_tui.profiles.trust import key_destinations
from rtvoice_tui.profiles.writing import locked, trash_folder, write_privately

if TYPE_CHECKING:
    import tomlkit

UNTRUSTED = "trusted = false   # imported: until you trust it, only the local agent and none of its own tools\n"


class Listed(msgspec.Struct, frozen=True):
    """A profile in the list, valid or not.

    Attributes:
        name: its name.
        profile: its content; ``None`` if it is not valid.
        problem: what is wrong with it, with key or line; empty if it is valid.
        remedy: what to do about the problem.
        own: whether it is a file of the user; a built-in profile has no file until it is changed.
    """

    name: str
    profile: Profile | None
    problem: str = ""
    remedy: str = ""
    own: bool = True

    @property
    def about(self) -> str:
        """One-line summary: provider and model, or the problem."""
        if self.profile is None:
            return f"not usable: {self.problem}"
        model = (self.profile.model or self.profile.dialect.model).rpartition("/")[2]
        words = [self.profile.dialect.title, model, "" if self.own else "built in"]
        if self.profile.key_in_clear:
            words.append("may send its key unencrypted")
        if not self.profile.trusted:
            words.append("not trusted: it reaches no server and its own tools are off")
        return " · ".join(word for word in words if word)


def listed() -> list[Listed]:
    """Return all profiles, built-in ones first; those that are not valid with their error."""
    return [_listed(name) for name in profile_names()]


def _listed(name: str) -> Listed:
    own = os.path.lexists(profile_path(name))
    try:
        return Listed(name, load_profile(name), own=own)
    except ProfileError as error:
        return Listed(name, None, error.sentence, error.remedy, own)


def copy(name: str, new: str) -> str:
    """Copy a profile, including its comments; returns the new name.

    Raises:
        ProfileError: there is no such profile, the new name is not valid or in use, or the file cannot be written.
    """
    text = profile_text(name)
    _fresh(new)
    with locked(profile_path(new)):
        _fresh_file(new)
        write_privately(profile_path(new), text)
    return new


def rename(name: str, new: str) -> str:
    """Rename a profile; returns the new name.

    Raises:
        ProfileError: it is built in, there is no such profile, the new name is not valid or in use, or the file
            cannot be moved.
    """
    _own(name, "copied, not renamed")
    _fresh(new)
    with locked(profile_path(name)), locked(profile_path(new)):
        _fresh_file(new)
        _move(profile_path(name), profile_path(new))
    return new


def delete(name: str) -> str:
    """Move a profile to the trash folder; returns a ticket for `bring_back`.

    Raises:
        ProfileError: it is built in, there is no such profile, or the file cannot be moved.
    """
    _own(name, "copied, not deleted")
    folder = trash_folder()
    number = 1
    while os.path.lexists(folder / f"{name}.{number}.toml"):
        number += 1
    with locked(profile_path(name)):
        _move(profile_path(name), folder / f"{name}.{number}.toml")
    return f"{name}.{number}"


def bring_back(ticket: str) -> str:
    """Restore a deleted profile; returns its name, which is a new one if the old name is in use again.

    Raises:
        ProfileError: the ticket is not valid, or the deleted file does not exist any more or cannot be moved.
    """
    profile_path(ticket)  # checks that the ticket cannot lead outside the trash folder
    old = ticket.rpartition(".")[0] or ticket
    name = free_name(old) if os.path.lexists(profile_path(old)) else old
    _move(trash_folder() / f"{ticket}.toml", profile_path(name))
    return name


def import_profile(file: Path, name: str = "") -> str:
    """Import a profile from a file as untrusted; returns its name.

    Until the user trusts it, it reaches no server and its tools that run on this machine are off.

    Args:
        file: the file to import; it is not changed.
        name: name of the new profile; empty: a free name like the file's.

    Raises:
        ProfileError: the file is not a valid profile, the name is not valid or in use, or it cannot be written.
    """
    try:
        text = read_text(file)
    except FileNotFoundError:
        raise ProfileError(f"{file} cannot be read: there is no such file", "check the path") from None
    parse_profile(text, str(file))
    if name:
        _fresh(name)
    else:
        name = free_name(file.stem)
    document = _parsed_document(text, str(file))
    document.pop("trusted", None)
    written = UNTRUSTED + document.as_string()
    if len(written.encode()) > MAX_BYTES:
        raise ProfileError(f"{file} is larger than a profile can be", "shorten it")
    parse_profile(written, str(file))
    with locked(profile_path(name)):
        _fresh_file(name)
        write_privately(profile_path(name), written)
    return name


def export(name: str, file: Path) -> Path:
    """Write a profile's text unchanged to a new file; it contains no API key. Returns the file.

    Raises:
        ProfileError: there is no such profile, or the file exists or cannot be written.
    """
    text = profile_text(name)
    if os.path.lexists(file):
        raise ProfileError(f"{file} exists already", "choose another name")
    if not file.parent.is_dir():
        raise ProfileError(f"{file} cannot be written: there is no folder {file.parent}", "choose another folder")
    write_privately(file, text)
    return file


def replace_text(name: str, before: str, text: str) -> str:
    """Replace a profile's text; returns the profile's name.

    Args:
        name: the profile.
        before: the text that ``text`` was made from.
        text: the new text.

    Raises:
        ProfileError: the text is not ``before`` any more, or it cannot be written.
    """
    with locked(profile_path(name)):
        if profile_text(name) != before:
            raise ProfileError(f"another program has changed '{name}' meanwhile", "open it again")
        write_privately(profile_path(name), text)
    return name


def trust(name: str, shown: str | None = None) -> str:
    """Mark a profile as trusted: it may connect, use keys and run its own tools. Returns its name.

    Also stores the consent for the hosts that its keys would be sent to.

    Args:
        name: the profile.
        shown: the text that the user was shown; the profile is not trusted if it differs by now. ``None``: no check.

    Raises:
        ProfileError: there is no such profile, it cannot be written, or its text is not the one that was shown.
    """
    path = profile_path(name)
    with locked(path):
        text = profile_text(name)
        if shown is not None and text != shown:
            raise ProfileError(f"'{name}' was changed meanwhile, so it was not trusted", "look at it again")
        profile = parse_profile(text, str(path))
        document = _parsed_document(text, str(path))
        if "trusted" in document:
            del document["trusted"]
            text = document.as_string()
            parse_profile(text, str(path))
            write_privately(path, text)
    for variable, url in key_destinations(profile):
        agree(variable, url)
    return name


def _parsed_document(text: str, shown: str) -> "tomlkit.TOMLDocument":
    from rtvoice_tui.profiles.document import parsed_document  # tomlkit takes time that the first frame has not

    return parsed_document(text, shown)


def _own(name: str, verb: str) -> None:
    path = profile_path(name)
    if os.path.lexists(path):
        return
    if name in BUILT_IN:
        raise ProfileError(f"'{name}' is built in: it can be {verb}", "copy it under another name")
    raise ProfileError(f"there is no profile '{name}'", f"known are: {', '.join(profile_names())}")


def _fresh(name: str) -> None:
    if name in BUILT_IN:
        raise ProfileError(f"there is a profile '{name}' already", "choose another name")
    _fresh_file(name)


def _fresh_file(name: str) -> None:
    if os.path.lexists(profile_path(name)):
        raise ProfileError(f"there is a profile '{name}' already", "choose another name")


def _move(old: Path, new: Path) -> None:
    try:
        new.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.path.lexists(old):
            raise ProfileError(f"{old} is not there any more", "nothing was changed")
        try:
            os.replace(old, new)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.move(old, new)  # to another file system
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProfileError(f"{old} cannot be moved: {reason}", "check the folder's rights") from error
