"""Hotplug: polls which devices exist. A sound server moves streams off a lost device without any notification.

On Linux a subprocess asks the sound server twice a second. That costs about 1 ms each time, so it can run all the
time. It is a subprocess because miniaudio sometimes crashes while devices come and go. On other systems, or without a
server, the devices are listed again, but only while one is missing.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rtvoice_tui.audio.backends.listing import list_in_subprocess
from rtvoice_tui.errors import AudioError
from rtvoice_tui.subprocesses import module_command

LOOK_S = 0.5
BROKEN_S = 5.0
"""Pause after a failed poll."""

LIST_S = 1.0
LONG_S = 30.0
"""After a device was missing for this long, the devices are listed less often."""

LIST_LONG_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeviceNames:
    """Names of all present devices, by direction."""

    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()

    def names(self, direction: str) -> frozenset[str]:
        """The names of one direction, ``input`` or ``output``."""
        return self.inputs if direction == "input" else self.outputs

    def lists(self, direction: str, wanted: str) -> bool:
        """Whether a device name contains ``wanted``, ignoring case. An empty ``wanted`` matches any device."""
        return any(wanted.lower() in name.lower() for name in self.names(direction))


class Hotplug:
    """Polls the device names on its own thread, while `watch` requests it.

    Args:
        changed: called on that thread when `present` has changed.

    Attributes:
        present: the devices of the last successful poll; None before the first one.
        looked_at: when the last poll started (`time.monotonic`).
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.present: DeviceNames | None = None
        self.polled_at = 0.0
        self._changed = changed
        self._wanted = threading.Event()
        self._ended = False
        self._missing_since: float | None = None
        self._listed_at = 0.0
        self._traces: object = None
        self._served = False
        self._server = _Server()
        self._listed: DeviceNames | None = None
        self._thread: threading.Thread | None = None

    def watch(self, watching: bool, missing: bool) -> None:
        """Start or stop polling.

        Args:
            watching: a named device is open and its presence must be checked.
            missing: a device is missing or frozen, so that the slower listing is used as well.
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
            self._thread = threading.Thread(target=self._run, name="audio-hotplug", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop polling. Does not wait for a sound server that hangs."""
        self._ended = True
        self._wanted.set()
        self._server.close()
        if self._thread is not None:
            self._thread.join(LOOK_S + 0.1)
        self._server.close()  # the thread may have restarted it

    def _run(self) -> None:
        while not self._ended:
            if not self._wanted.is_set():
                self._server.close()
                self._wanted.wait()
                continue
            began, every_s = time.monotonic(), LOOK_S / 10
            try:
                found = self._poll()
            except Exception:
                log.exception("the devices cannot be looked at")
                found, every_s = self.present, BROKEN_S
            self.polled_at = began
            if found is not None and found != self.present:
                self.present = found
                self._changed()
            time.sleep(max(0.0, began + every_s - time.monotonic()))

    def _poll(self) -> DeviceNames | None:
        present = self._server.poll()
        if present is not None:
            self._served, self._listed = True, None
            return present
        missing, now = self._missing_since, time.monotonic()
        if missing is not None and now - self._listed_at >= (LIST_S if now - missing < LONG_S else LIST_LONG_S):
            traces = _traces()
            if not self._listed_at or traces is None or traces != self._traces:
                self._traces, self._listed = traces, _listed()
                self._listed_at = time.monotonic()
        return self._listed or (DeviceNames() if self._served else None)


class _Server:
    """The subprocess that polls the sound server. Started by the first poll and restarted after a crash."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def poll(self) -> DeviceNames | None:
        """Block until the next poll result; None if no sound server responds, the subprocess ended, or not on Linux."""
        process = self._begun()
        slot = process.stdout.readline() if process is not None and process.stdout is not None else ""
        if not slot:
            self.close()
            time.sleep(LOOK_S)
            return None
        told = json.loads(slot)
        return None if told is None else DeviceNames(frozenset(told["inputs"]), frozenset(told["outputs"]))

    def _begun(self) -> "subprocess.Popen[str] | None":
        if not sys.platform.startswith("linux"):
            return None
        with self._lock:
            if self._process is None:
                command, environment = module_command("rtvoice_tui.audio.backends.miniaudio_names")
                self._process = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            return self._process

    def close(self) -> None:
        """Kill the subprocess."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _listed() -> DeviceNames:
    try:
        devices = list_in_subprocess()
    except AudioError:
        devices = []
    return DeviceNames(
        frozenset(device.name for device in devices if device.inputs),
        frozenset(device.name for device in devices if device.outputs),
    )


def _traces() -> object:
    """Fingerprint of device nodes and server sockets on Linux: if unchanged, no new list is needed. None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        nodes = tuple(sorted(os.listdir("/dev/snd")))
    except OSError:
        nodes = ()
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    sockets = tuple((Path(folder) / name).exists() for name in ("pulse/native", "pipewire-0")) if folder else ()
    return nodes, sockets
