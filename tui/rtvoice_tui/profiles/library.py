"""All profiles as a collection: listed with what is wrong, copied, renamed, deleted and brought back, in and out."""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.destinations import agree
from rtvoice_tui.profiles.document import parsed_document
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

UNTRUSTED = "trusted = false   # it was imported: it connects nowhere and its own tools stay off until you trust it\n"


@dataclass(frozen=True)
class Listed:
    """A profile in the list.

    Attributes:
        name: its name.
        profile: what it holds, if it is valid.
        problem: what is wrong with it, with key or line.
        remedy: what to do about that.
        own: whether the user has a file of it; a built-in has none until it is changed.
    """

    name: str
    profile: Profile | None
    problem: str = ""
    remedy: str = ""
    own: bool = True

    @property
    def about(self) -> str:
        """Provider and model in a few words, or what is wrong."""
        if self.profile is None:
            return f"not usable: {self.problem}"
        model = (self.profile.model or self.profile.dialect.model).rpartition("/")[2]
        words = [self.profile.dialect.title, model, "" if self.own else "built in"]
        if self.profile.key_in_clear:
            words.append("may send its key unencrypted")
        if not self.profile.trusted:
            words.append("not trusted: it connects nowhere and its own tools are off")
        return " · ".join(word for word in words if word)


def listed() -> list[Listed]:
    """Every profile, the broken ones with their error."""
    return [_listed(name) for name in profile_names()]


def _listed(name: str) -> Listed:
    own = os.path.lexists(profile_path(name))
    try:
        return Listed(name, load_profile(name), own=own)
    except ProfileError as error:
        return Listed(name, None, error.sentence, error.remedy, own)


def copy(name: str, new: str) -> str:
    """A profile under a second name, comments and all; returns that name.

    Raises:
        ProfileError: there is none, or the new name is taken.
    """
    text = profile_text(name)
    _fresh(new)
    with locked(profile_path(new)):
        _fresh_file(new)
        write_privately(profile_path(new), text)
    return new


def rename(name: str, new: str) -> str:
    """A profile under another name; returns that.

    Raises:
        ProfileError: it is built in, there is none, or the new name is taken.
    """
    _own(name, "copied, not renamed")
    _fresh(new)
    with locked(profile_path(name)), locked(profile_path(new)):
        _fresh_file(new)
        _move(profile_path(name), profile_path(new))
    return new


def delete(name: str) -> str:
    """Take a profile away; what comes back is a ticket for `bring_back`.

    Raises:
        ProfileError: it is built in or there is none.
    """
    _own(name, "not deleted")
    folder = trash_folder()
    number = 1
    while os.path.lexists(folder / f"{name}.{number}.toml"):
        number += 1
    with locked(profile_path(name)):
        _move(profile_path(name), folder / f"{name}.{number}.toml")
    return f"{name}.{number}"


def bring_back(ticket: str) -> str:
    """Undo a deletion; the name it has now, which is another if the old one was taken meanwhile.

    Raises:
        ProfileError: it is not there any more.
    """
    profile_path(ticket)  # a ticket is a name too: it leads nowhere else
    old = ticket.rpartition(".")[0] or ticket
    name = free_name(old) if os.path.lexists(profile_path(old)) else old
    _move(trash_folder() / f"{ticket}.toml", profile_path(name))
    return name


def import_profile(file: Path, name: str = "") -> str:
    """Take a profile in from a file: what it would run on this machine stays off until it is trusted.

    Raises:
        ProfileError: the file is no profile, or the name is taken.
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
    document = parsed_document(text, str(file))
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
    """Write a profile to a file, as it is; it holds no key. Returns the file.

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


def trust(name: str, shown: str | None = None) -> str:
    """Let a profile connect, use keys and run its own tools; returns its name.

    The hosts that its keys would go to now are agreed to as well.

    Args:
        name: the profile.
        shown: its text when the user was asked; another one by now is not trusted.

    Raises:
        ProfileError: there is no such profile, it cannot be written, or it is not what was shown.
    """
    path = profile_path(name)
    with locked(path):
        text = profile_text(name)
        if shown is not None and text != shown:
            raise ProfileError(f"'{name}' was changed meanwhile, so it was not trusted", "look at it again")
        profile = parse_profile(text, str(path))
        document = parsed_document(text, str(path))
        if "trusted" in document:
            del document["trusted"]
            text = document.as_string()
            parse_profile(text, str(path))
            write_privately(path, text)
    for variable, url in key_destinations(profile):
        agree(variable, url)
    return name


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
            shutil.move(old, new)  # from one file system to another
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProfileError(f"{old} cannot be moved: {reason}", "check the folder's rights") from error
