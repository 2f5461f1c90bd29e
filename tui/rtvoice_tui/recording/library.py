"""All recordings: lists them, finds one by its name, deletes them, and keeps no more than the settings say."""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

import msgspec

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.recording import alive
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, State
from rtvoice_tui.recording.reader import Recording, open_file
from rtvoice_tui.store.plain import one_line

_NAME = re.compile(r"\d{4}-\d\d-\d\d-\d{6}-[A-Za-z0-9_.-]{1,60}-[0-9a-f]{4}")

ALIVE_S = 30.0
"""Where files cannot be locked: a recording that was written to so recently may still be going on."""

_ALL = "rtvoice-tui sessions list shows all recordings"


class Listed(msgspec.Struct, frozen=True):
    """A recording in the list.

    Attributes:
        folder: its folder.
        recording: the recording; ``None`` if it cannot be read.
        problem: why it cannot be read; empty if it can.
        size: bytes of its files.
        running: whether it is going on.
    """

    folder: Path
    recording: Recording | None
    problem: str = ""
    size: int = 0
    running: bool = False

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def asked(self) -> bool:
        """Whether the user asked for it, or might have."""
        return self.recording is None or self.recording.manifest.asked


def new_folder(root: Path, at: float, profile: str) -> Path:
    """A folder for a recording that begins at ``at`` (wall clock); it is not made."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", profile)[:60].strip("-.") or "session"
    when = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(at))
    return root / f"{when}-{name}-{os.urandom(2).hex()}"


# --- finding


def listed(root: Path) -> list[Listed]:
    """All recordings of a folder, newest first; those that cannot be read with the reason."""
    return [_listed(folder) for folder in _folders(root)]


def _folders(root: Path) -> list[Path]:
    """The folders that are named as recordings are, newest first."""
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if _NAME.fullmatch(entry.name) and _is_folder(entry)]
    except OSError:
        return []
    return [root / name for name in sorted(names, reverse=True)]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _listed(folder: Path) -> Listed:
    size = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        size = sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    try:
        recording = Recording(folder)
        running = recording.manifest.state is not State.COMPLETE and is_alive(folder, time.time())
        return Listed(folder, recording, "", size, running)
    except RecordingError as error:
        return Listed(folder, None, error.sentence, size)


def find(root: Path, name: str) -> Recording:
    """A recording by its name; see `find_folder`.

    Raises:
        RecordingError: there is none, or it cannot be read.
    """
    return Recording(find_folder(root, name))


def find_folder(root: Path, name: str) -> Path:
    """A recording's folder by its name, the unique beginning of one, or its path; ``last`` is the newest.

    Raises:
        RecordingError: there is none, or more than one.
    """
    known = _folders(root)
    found = known[:1] if name == "last" else [folder for folder in known if name and folder.name.startswith(name)]
    if len(found) == 1 or (found and found[0].name == name):
        return found[0]
    shown = one_line(name, 100)
    if found:
        raise RecordingError(f"'{shown}' is the beginning of {len(found)} recordings", "write more of the name")
    path = Path(os.path.expanduser(name))
    with contextlib.suppress(OSError, ValueError):
        if name and path.is_dir():
            return path
    raise RecordingError(f"there is no recording '{shown}'", _ALL)


def is_alive(folder: Path, now: float) -> bool:
    """Whether a recording is going on. ``now``: wall clock in seconds."""
    try:
        with open_file(folder / JOURNAL) as journal:
            held = alive.held(journal.fileno())
    except OSError:
        return now - _written(folder) < ALIVE_S and not _ended(folder)
    return now - _written(folder) < ALIVE_S and not _ended(folder) if held is None else held


def _ended(folder: Path) -> bool:
    try:
        return Recording(folder).manifest.state is State.COMPLETE
    except RecordingError:
        return False


def _written(folder: Path) -> float:
    """When the recording was written to last, as seconds of the wall clock."""
    for path in (folder / JOURNAL, folder):
        with contextlib.suppress(OSError):
            return os.stat(path, follow_symlinks=False).st_mtime
    return 0.0


# --- deleting


def delete(folder: Path) -> None:
    """Delete a recording, and nothing that is not one. One that is going on stays.

    Raises:
        RecordingError: it is none, or it cannot be deleted.
    """
    if folder.is_symlink() or not _NAME.fullmatch(folder.resolve().name):
        raise RecordingError(f"{folder} is no recording", "nothing was deleted")
    if is_alive(folder, time.time()):
        raise RecordingError(f"{folder.name} is being recorded", "end its session first")
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name != MANIFEST:
                    _remove(entry)
        shutil.rmtree(folder)  # the manifest goes last: what is left of an attempt that was cut off is still listed
    except OSError as error:
        raise RecordingError(f"{folder} cannot be deleted: {error.strerror or error}", "check its rights") from None


def _remove(entry: "os.DirEntry[str]") -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        os.unlink(entry.path)


def prune(root: Path, settings: RecordingSettings, now: float) -> list[str]:
    """Delete what is more than the settings say; returns the names. What is going on counts, and stays.

    Args:
        root: the folder of the recordings.
        settings: how much is kept.
        now: wall clock in seconds.
    """
    known = [entry for entry in listed(root) if entry.recording is not None]
    others = [entry for entry in known if not entry.asked]
    gone = others[settings.black_box_sessions :] if settings.black_box_sessions else []
    gone += _too_many([entry for entry in known if entry.asked], settings, now)
    names = []
    for entry in gone:
        with contextlib.suppress(RecordingError):
            delete(entry.folder)
            names.append(entry.name)
    _remove_never_begun(root, now)
    return names


def _too_many(asked: list[Listed], settings: RecordingSettings, now: float) -> list[Listed]:
    """Those beyond the limits; the newest stays, however large it is."""
    gone = asked[settings.sessions :] if settings.sessions else []
    size = 0
    for place, entry in enumerate(asked):
        size += entry.size
        old = settings.days and now - _written(entry.folder) > settings.days * 86_400
        too_large = place and settings.megabytes and size > settings.megabytes * 1_000_000
        if (old or too_large) and entry not in gone:
            gone.append(entry)
    return gone


def _remove_never_begun(root: Path, now: float) -> None:
    """Remove the folders of apps that were killed as they began to record; see `Sink`."""
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            named = entry.name.startswith(".") and _NAME.fullmatch(entry.name[1:])
            if named and _is_folder(entry) and now - _written(root / entry.name) > ALIVE_S:
                shutil.rmtree(entry.path, ignore_errors=True)
