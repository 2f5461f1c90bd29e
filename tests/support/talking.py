"""Somebody who talks through virtual devices in a process of its own, told what to do and watched from here."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import rtvoice_tui
from virtual_audio import MICROPHONE, SPEAKER, VirtualAudio, places, wait_until

Condition = Callable[[dict[str, Any]], bool]

PROGRAM = Path(__file__).with_name("talking_program.py")


class Talking:
    """The process; use it in a ``with`` block.

    Args:
        audio: the sound server that it is to see.
        folder: where files may lie.
        spoken: what the agent says, PCM16 at 24 kHz.
        backend: ``portaudio`` or ``miniaudio``.
    """

    def __init__(
        self,
        audio: VirtualAudio,
        folder: Path,
        spoken: bytes = b"",
        backend: str = "portaudio",
        microphone: str = MICROPHONE,
        speaker: str = SPEAKER,
        environment: dict[str, str] | None = None,
    ) -> None:
        (folder / "spoken").write_bytes(spoken)
        self._heard = folder / "heard"
        self._errors = (folder / "errors").open("wb")
        self.states: list[dict[str, Any]] = []
        self.told: dict[str, Any] = {}
        package = str(Path(rtvoice_tui.__file__).parent.parent)
        words = (str(folder / "spoken"), str(self._heard), microphone, speaker, backend)
        self._process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", str(PROGRAM), *words],
            env=(environment or audio.environment) | {"PYTHONPATH": package},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Talking":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            if file is not None:
                file.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "at" in told:
                self.states.append(told)
            else:
                self.told |= told

    def do(self, command: str) -> None:
        """Tell it something (see the program)."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def until(
        self, holds: Callable[[dict[str, Any]], bool], what: str, deadline_s: float = 30.0, since: int = 0
    ) -> float:
        """Wait for a state, looking at those from the ``since``-th on; the monotonic time at which it came."""
        found: list[float] = []

        def came() -> bool:
            found.extend(state["at"] for state in self.states[since:] if holds(state))
            return bool(found) or self._process.poll() is not None

        wait_until(came, what, deadline_s)
        if not found:
            raise RuntimeError(f"it ended before {what}: {self._process.returncode} {self._last_words()}")
        return found[0]

    def end(self) -> dict[str, Any]:
        """Let it close its devices and end; what it tells at last. It must end well."""
        self.do("end")
        code = self._process.wait(20)
        self._reader.join()
        if code:
            raise RuntimeError(f"it ended with {code}: {self._last_words()}")
        return self.told

    def _last_words(self) -> str:
        return Path(self._errors.name).read_text(errors="replace")[-3000:]

    @property
    def heard(self) -> bytes:
        """What the microphone brought."""
        return self._heard.read_bytes()


def is_(direction: str, state: str, name: str = "") -> Callable[[dict[str, Any]], bool]:
    """A state in which a direction's device does so."""
    return lambda told: told[direction][0] == state and (not name or told[direction][1] == name)


def lost_runs(signal: bytes, heard: bytes) -> list[tuple[int, int]]:
    """Runs of samples of a locatable signal that were never heard: first sample and length."""
    found = places(np.frombuffer(signal, "<i2"), np.frombuffer(heard, "<i2"))
    missing = np.flatnonzero(np.bincount(found[found >= 0], minlength=len(signal) // 2) == 0)
    runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1)
    return [(int(run[0]), len(run)) for run in runs if len(run)]
