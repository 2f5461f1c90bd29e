"""Writes profiles: atomically, keeping comments and order, and never over the changes of another program."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.store import MAX_BYTES, free_name, parse_profile, profile_path, profile_text
from rtvoice_tui.text_files import wide_charset

LOCK_S = 5.0

T = TypeVar("T")


@dataclass(frozen=True)
class Changes:
    """Changes to write into a profile.

    Attributes:
        session: settings by name; ``UNSET`` removes one, ``None`` switches it off.
        connection: the new ``model`` and ``url``, where they changed.
        tools: tools by their old name; ``None`` removes one, an unknown name adds one.
        audio: keys of the ``[audio]`` table.
    """

    session: Mapping[str, Any] = field(default_factory=dict)
    connection: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, ToolEntry | None] = field(default_factory=dict)
    audio: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.session or self.tools or self.audio or self.connection)


@dataclass(frozen=True)
class Saved:
    """Where changes were written.

    Attributes:
        name: the profile that was written.
        text: its TOML text.
        sentence: what the user should know: changes of another program are in it too, or it is a copy.
    """

    name: str
    text: str
    sentence: str = ""


def save_changes(name: str, changes: Changes, base: str) -> Saved:
    """Write changes into a profile's file, and change nothing else in it.

    ``base`` is the text that the changes were made to. Changes that another program has made since are kept; if it
    changed the same keys, ours are written into a new profile, so that both are kept.

    Raises:
        ProfileError: the file cannot be read or written, or is not valid now.
    """
    path = profile_path(name)
    with locked(path):
        text = profile_text(name)
        if text == base:
            written = _with_changes(text, changes, str(path))
            charset = _wide_charset_of(path)
            write_privately(path, written)
            return Saved(name, written, f"{path.name} was in {charset.upper()} and is in UTF-8 now" if charset else "")
        theirs, before = parse_profile(text, str(path)), parse_profile(base, str(path))
        if not _collides(changes, before, theirs):
            written = _with_changes(text, changes, str(path))
            write_privately(path, written)
            return Saved(name, written, f"another program has changed {path.name} too: both changes are in it")
        own = free_name(f"{name}-mine")
        written = _with_changes(base, changes, str(profile_path(own)))
        write_privately(profile_path(own), written)
        return Saved(own, written, f"another program has changed the same in {path.name}: yours is kept as '{own}'")


def _wide_charset_of(path: Path) -> str:
    """The charset of a file that is not in UTF-8; empty if it is, or is not there."""
    try:
        return wide_charset(path.read_bytes()).partition("-le")[0].partition("-be")[0]
    except OSError:
        return ""


def _collides(changes: Changes, before: Profile, theirs: Profile) -> bool:
    if any(getattr(theirs, key) != getattr(before, key) for key in changes.connection):
        return True
    if any(getattr(theirs.session, key) != getattr(before.session, key) for key in changes.session):
        return True
    if any(getattr(theirs.audio, key) != getattr(before.audio, key) for key in changes.audio):
        return True
    old, new = ({tool.name: tool for tool in profile.tools} for profile in (before, theirs))
    touched = {*changes.tools, *(tool.name for tool in changes.tools.values() if tool is not None)}
    return any(old.get(key) != new.get(key) for key in touched)


def _with_changes(text: str, changes: Changes, shown: str) -> str:
    from rtvoice_tui.profiles.document import edited

    parse_profile(text, shown)
    try:
        written = edited(text, shown, changes.connection, changes.session, changes.tools, changes.audio)
    except (TypeError, ValueError, LookupError) as error:
        raise ProfileError(f"{shown} cannot hold that: {error}", "take out what TOML cannot say") from error
    if len(written.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ProfileError(f"{shown} would be larger than a profile can be", "shorten it")
    parse_profile(written, shown)
    return written


@functools.cache
def _writer() -> Executor:
    from concurrent.futures import ThreadPoolExecutor  # takes time that the first frame has not

    return ThreadPoolExecutor(1, "profile writer")


def in_order(work: Callable[[], T]) -> "Future[T]":
    """Run work on the one thread that writes profiles, after all work queued before.

    Work may wait ``LOCK_S`` seconds for another program. An app that quits waits for all of it; one that is ended by a
    signal only for what is done within the time limit of its ending.
    """
    return _writer().submit(work)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's lock, so that no other running app writes it meanwhile.

    Raises:
        ProfileError: another app has held the lock for ``LOCK_S`` seconds, or the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    place = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(place, os.O_RDWR | os.O_CREAT, 0o600))  # a folder that takes no file says so at once
        with FileLock(place, timeout=LOCK_S, mode=0o600):
            yield
    except Timeout:
        raise ProfileError(f"{path} is being written by another program", "try again") from None
    except OSError as error:
        raise ProfileError(f"{path} cannot be written: {_reason(error)}", "check the folder's rights") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def write_privately(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner only. A symbolic link stays one: its target is written.

    Raises:
        ProfileError: the folder cannot be written to.
    """
    import tempfile

    temporary = ""
    try:
        target = path.resolve() if path.is_symlink() else path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, OSError | UnicodeError | RuntimeError):  # RuntimeError: a link that leads to itself
            raise
        reason = "it holds half a character" if isinstance(error, UnicodeError) else _reason(error)
        raise ProfileError(f"{path} cannot be written: {reason}", "check the folder's rights") from error


def trash_folder() -> Path:
    """The folder of deleted profiles, from which they can be restored."""
    return paths.state_file().parent / "deleted profiles"
