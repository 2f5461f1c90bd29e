"""Writes the files of a recording on a thread of its own, so that a slow disk never delays the session."""

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from rtvoice_tui.recording import alive
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, SOUND, WIRE, Track

EVERY_S = 0.2
"""How often the files are written: so much is lost at most if the process is killed."""

MOST_WAITING = 64 << 20
"""Bytes that may wait for the disk. What comes while more wait ends the recording."""

ORDER = (*(track.file for track in Track), SOUND, WIRE, JOURNAL)
"""Order of writing: sound before the lines that refer to it, the wire before the journal."""


class Sink:
    """The files of one recording. `put`, `describe` and `close` may be called from any thread.

    Args:
        folder: the folder, which is made.
        manifest: the first content of the manifest, which is written before all else.
        failed: called once with the reason if something cannot be written; on the writing thread, or in `put`.
        begun: called on the writing thread once the files are made.
    """

    def __init__(
        self, folder: Path, manifest: bytes, failed: Callable[[str], None], begun: Callable[[], object] = lambda: None
    ) -> None:
        self._folder = folder
        self._failed = failed
        self._begun = begun
        self._lock = threading.Lock()
        self._pending: dict[str, list[bytes]] = {}
        self._manifest: bytes | None = manifest
        self._waiting = 0
        self._broken = False
        self._end = threading.Event()
        self._files: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def put(self, name: str, data: bytes) -> None:
        """Append to a file, at the next writing; nothing is kept after a failure."""
        with self._lock:
            if self._broken:
                return
            self._pending.setdefault(name, []).append(data)
            self._waiting += len(data)
            too_much = self._waiting > MOST_WAITING
        if too_much:
            self._break("the disk is too slow")

    def describe(self, manifest: bytes) -> None:
        """Replace the manifest, at the next writing and after what was put before; not after a failure."""
        with self._lock:
            if not self._broken:
                self._manifest = manifest

    def close(self, timeout: float) -> bool:
        """Write what waits, and close the files; false if that takes longer than ``timeout`` seconds."""
        self._end.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- on the writing thread

    def _run(self) -> None:
        try:
            self._open()
            self._write()
            self._begun()
            while not self._broken and not self._end.wait(EVERY_S):
                self._write()
            self._write()
        except OSError as error:
            self._break(error.strerror or str(error))
        finally:
            with self._lock:
                self._broken = True
                self._pending.clear()
            for descriptor in self._files.values():
                with contextlib.suppress(OSError):
                    os.close(descriptor)

    def _open(self) -> None:
        """Make the folder, which has its name only once the manifest is in it, and the files."""
        hidden = self._folder.with_name(f".{self._folder.name}")
        self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        hidden.mkdir(mode=0o700)
        hidden.chmod(0o700)  # whatever the umask is
        self._write_manifest(hidden)
        hidden.rename(self._folder)
        for name in ORDER:
            self._files[name] = _new_file(self._folder / name, os.O_APPEND | os.O_EXCL)
        alive.hold(self._files[JOURNAL])

    def _write(self) -> None:
        with self._lock:  # one moment of all files, so that what is written fits together
            pending, self._pending = self._pending, {}
        if pending and not os.fstat(self._files[JOURNAL]).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "its folder was removed")
        for name in ORDER:
            if name in pending:
                _write_all(self._files[name], b"".join(pending[name]))
        self._write_manifest(self._folder)
        with self._lock:
            self._waiting -= sum(len(data) for parts in pending.values() for data in parts)

    def _write_manifest(self, folder: Path) -> None:
        with self._lock:
            manifest, self._manifest = self._manifest, None
        if manifest is None:
            return
        temporary = folder / f".{MANIFEST}"
        descriptor = _new_file(temporary, os.O_TRUNC)
        try:
            _write_all(descriptor, manifest)
        finally:
            os.close(descriptor)
        os.replace(temporary, folder / MANIFEST)

    def _break(self, reason: str) -> None:
        with self._lock:
            broken, self._broken = self._broken, True
            self._pending.clear()
        if not broken:
            self._failed(reason)


def _new_file(path: Path, flags: int) -> int:
    """Open a file for writing that only its owner can read, whatever the umask is; no link is followed."""
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
