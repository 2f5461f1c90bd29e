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
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, State
from rtvoice_tui.recording.reader import Recording

_NAME = re.compile(r"\d{4}-\d\d-\d\d-\d{6}-[A-Za-z0-9_.-]{1,60}-[0-9a-f]{4}")

ALIVE_S = 30.0
"""A recording that was not ended, and was written to so recently, may still be going on."""


class Listed(msgspec.Struct, frozen=True):
    """A recording in the list.

    Attributes:
        folder: its folder.
        recording: the recording; ``None`` if it cannot be read.
        problem: why it cannot be read; empty if it can.
        size: bytes of its files.
    """

    folder: Path
    recording: Recording | None
    problem: str = ""
    size: int = 0

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name


def new_folder(root: Path, at: float, profile: str) -> Path:
    """A folder for a recording that begins at ``at`` (wall clock); it is not made."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", profile)[:60].strip("-.") or "session"
    when = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(at))
    return root / f"{when}-{name}-{os.urandom(2).hex()}"


def listed(root: Path) -> list[Listed]:
    """All recordings of a folder, newest first; those that cannot be read with the reason."""
    try:
        folders = sorted((f for f in root.iterdir() if _NAME.fullmatch(f.name)), key=lambda f: f.name, reverse=True)
    except OSError:
        return []
    return [_listed(folder) for folder in folders if folder.is_dir() and not folder.is_symlink()]


def _listed(folder: Path) -> Listed:
    size = 0
    with contextlib.suppress(OSError):
        size = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder))
    try:
        return Listed(folder, Recording(folder), "", size)
    except RecordingError as error:
        return Listed(folder, None, error.sentence, size)


def find(root: Path, name: str) -> Recording:
    """A recording by its name, the unique beginning of one, or the path of its folder; ``last`` is the newest.

    Raises:
        RecordingError: there is none, or it cannot be read.
    """
    path = Path(name).expanduser()
    if (path / MANIFEST).is_file():
        return Recording(path)
    known = [entry.folder for entry in listed(root)]
    found = known[:1] if name == "last" else [folder for folder in known if folder.name.startswith(name)]
    remedy = "rtvoice-tui sessions list shows all recordings"
    if not found:
        raise RecordingError(f"there is no recording '{name}'", remedy)
    if len(found) > 1 and found[0].name != name:
        raise RecordingError(f"'{name}' is the beginning of {len(found)} recordings", "write more of the name")
    return Recording(found[0])


def delete(folder: Path) -> None:
    """Delete a recording, and nothing that is not one.

    Raises:
        RecordingError: it is none, or it cannot be deleted.
    """
    if folder.is_symlink() or not (folder / MANIFEST).is_file():
        raise RecordingError(f"{folder} is no recording", "nothing was deleted")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RecordingError(f"{folder} cannot be deleted: {error.strerror or error}", "check its rights") from error


def prune(root: Path, settings: RecordingSettings, now: float, begun: int = 0) -> list[str]:
    """Delete what is more than the settings say; returns the names. What may still be going on stays.

    Args:
        root: the folder of the recordings.
        settings: how much is kept.
        now: wall clock in seconds.
        begun: how many of those that nobody asked for have just begun, and count as kept.
    """
    entries = [entry for entry in listed(root) if entry.recording is not None and not _alive(entry, now)]
    asked = [entry for entry in entries if entry.recording is not None and entry.recording.manifest.asked]
    others = [entry for entry in entries if entry not in asked]
    most = settings.black_box_sessions
    gone = others[max(0, most - begun) :] if most else []
    gone += _too_many(asked, settings, now)
    names = []
    for entry in gone:
        with contextlib.suppress(RecordingError):
            delete(entry.folder)
            names.append(entry.name)
    return names


def _too_many(asked: list[Listed], settings: RecordingSettings, now: float) -> list[Listed]:
    gone = asked[settings.sessions :] if settings.sessions else []
    size = 0
    for entry in asked:
        size += entry.size
        old = settings.days and now - _ended(entry) > settings.days * 86_400
        if (old or (settings.megabytes and size > settings.megabytes * 1_000_000)) and entry not in gone:
            gone.append(entry)
    return gone


def _alive(entry: Listed, now: float) -> bool:
    ended = entry.recording is not None and entry.recording.manifest.state is State.COMPLETE
    return not ended and now - _ended(entry) < ALIVE_S


def _ended(entry: Listed) -> float:
    """When the recording was written to last, as seconds of the wall clock."""
    try:
        return os.stat(entry.folder / JOURNAL).st_mtime
    except OSError:
        return 0.0
