"""Whether a named device is still there: a sound server that loses one moves its streams elsewhere, and tells nobody.

On Linux the server is asked directly (1.2 ms of processor time), which costs so little that it can be done all the
time; elsewhere, or without a server, another process lists the devices, but only while something is missing.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rtvoice_tui.audio.device_info import AudioError
from rtvoice_tui.audio.listing import list_elsewhere

LOOK_S = 0.5
LIST_S = 1.0
LONG_S = 30.0
"""What is missing for so long is looked for less often."""

LIST_LONG_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Present:
    """The names of all devices there are, by direction."""

    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()

    def names(self, direction: str) -> frozenset[str]:
        """Those of one direction."""
        return self.inputs if direction == "input" else self.outputs

    def lists(self, direction: str, wanted: str) -> bool:
        """Whether there is a device that goes by this name or a part of it; any at all for an empty one."""
        return any(wanted.lower() in name.lower() for name in self.names(direction))


class Presence:
    """Looks for devices on a thread of its own, while somebody needs to know.

    Args:
        changed: called on that thread when other devices are there than before.

    Attributes:
        present: what is there; None while nothing is known.
        looked_at: when the look began that this is from (`time.monotonic`).
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.present: Present | None = None
        self.looked_at = 0.0
        self._changed = changed
        self._wanted = threading.Event()
        self._ended = False
        self._missing_since: float | None = None
        self._listed_at = 0.0
        self._traces: object = None
        self._served = False
        self._listed: Present | None = None
        self._thread: threading.Thread | None = None

    def watch(self, watching: bool, missing: bool) -> None:
        """Look from now on, or no longer.

        Args:
            watching: whether a named device that is open must be seen.
            missing: whether a device is missing, so that looking may cost something.
        """
        if not missing:
            self._missing_since = None
        elif self._missing_since is None:
            self._missing_since = time.monotonic()
            self._listed_at = 0.0
        if not (watching or missing):
            self._wanted.clear()
            return
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audio-presence", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop to look. A server that hangs is not waited for."""
        self._ended = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(LOOK_S + 0.1)

    def _run(self) -> None:
        while not self._ended:
            self._wanted.wait()
            began = time.monotonic()
            try:
                found = self._look()
            except Exception:
                log.exception("the devices cannot be looked at")
                found = self.present
            self.looked_at = began
            if found is not None and found != self.present:
                self.present = found
                self._changed()
            for _ in range(4):
                if not self._ended:
                    time.sleep(LOOK_S / 4)

    def _look(self) -> Present | None:
        present = at_the_server()
        if present is not None:
            self._served, self._listed = True, None
            return present
        missing, now = self._missing_since, time.monotonic()
        if missing is not None and now - self._listed_at >= (LIST_S if now - missing < LONG_S else LIST_LONG_S):
            traces = _traces()
            if not self._listed_at or traces is None or traces != self._traces:
                self._traces, self._listed = traces, _listed()
                self._listed_at = time.monotonic()
        return self._listed or (Present() if self._served else None)


def at_the_server() -> Present | None:
    """What a PulseAudio or PipeWire server has; None where none answers, or where there is no way to ask."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import miniaudio

        devices = miniaudio.Devices([miniaudio.Backend.PULSEAUDIO])
        return Present(
            frozenset(device["name"] for device in devices.get_captures()),
            frozenset(device["name"] for device in devices.get_playbacks()),
        )
    except (ImportError, OSError, UnicodeDecodeError):
        return None
    except miniaudio.MiniaudioError:
        return None


def _listed() -> Present:
    try:
        devices = list_elsewhere()
    except AudioError:
        devices = []
    return Present(
        frozenset(device.name for device in devices if device.inputs),
        frozenset(device.name for device in devices if device.outputs),
    )


def _traces() -> object:
    """What a device that comes or goes changes on Linux, so that the list need not be read in vain; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        nodes = tuple(sorted(os.listdir("/dev/snd")))
    except OSError:
        nodes = ()
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    sockets = tuple((Path(folder) / name).exists() for name in ("pulse/native", "pipewire-0")) if folder else ()
    return nodes, sockets
