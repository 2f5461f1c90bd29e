"""Appends to the files of a recording on a thread of its own, so that a slow disk never delays the session."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from rtvoice_tui.recording.format import JOURNAL, SOUND, WIRE, Track

EVERY_S = 0.2
"""How often the files are written: so much is lost at most if the process is killed."""

MOST_WAITING = 64 << 20
"""Bytes that may wait for the disk. What comes while more wait ends the recording."""

ORDER = (*(track.file for track in Track), SOUND, WIRE, JOURNAL)
"""Order of writing: sound before the lines that refer to it, the wire before the journal."""


class Sink:
    """The files of one recording. `put` may be called from any thread.

    Args:
        folder: the folder, which is made.
        failed: called once, on the writing thread, with the reason, if something cannot be written.

    Raises:
        OSError: the folder or the files cannot be made.
    """

    def __init__(self, folder: Path, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._lock = threading.Lock()
        self._pending: dict[str, list[bytes]] = {}
        self._waiting = 0
        self._broken = False
        self._end = threading.Event()
        folder.mkdir(parents=True, exist_ok=False, mode=0o700)
        self._files = {name: _append_to(folder / name) for name in ORDER}
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

    def close(self, timeout: float) -> bool:
        """Write what waits, and close the files; false if that takes longer than ``timeout`` seconds."""
        self._end.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            self._write()
        self._write()
        for descriptor in self._files.values():
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _write(self) -> None:
        with self._lock:  # one moment of all files, so that what is written fits together
            pending, self._pending = self._pending, {}
        try:
            for name in ORDER:
                if name in pending:
                    _write_all(self._files[name], b"".join(pending[name]))
        except OSError as error:
            self._break(error.strerror or str(error))
        with self._lock:
            self._waiting -= sum(len(data) for parts in pending.values() for data in parts)

    def _break(self, reason: str) -> None:
        with self._lock:
            broken, self._broken = self._broken, True
            self._pending.clear()
        if not broken:
            self._failed(reason)


def _append_to(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
