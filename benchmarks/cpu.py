"""Processor time of the app's own process in a pty of 120x40: connected and idle, and while the agent talks.

Microphone and speaker are files; the server runs in another process. The reference is `bare_cockpit.py`, which moves
the same sound and shows levels and text, at the same time of the same machine.
"""

import sys
import tempfile
import time
import wave
from pathlib import Path

from reporting import Row, print_table
from ui_runs import COMMAND, HERE, Pty, bench_environment, scripted_server

SECONDS = 15.0
KEY_GUARD_S = 3.0


def share(terminal: Pty) -> float:
    """Percent of one core over some seconds."""
    time.sleep(KEY_GUARD_S)
    cpu, start = terminal.cpu_seconds(), time.perf_counter()
    time.sleep(SECONDS)
    return (terminal.cpu_seconds() - cpu) / (time.perf_counter() - start) * 100


def bare(folder: Path, environment: dict[str, str], script: str) -> float:
    """Percent of one core of the reference."""
    with scripted_server(script) as url:
        command = [sys.executable, str(HERE / "bare_cockpit.py"), url, str(noise(folder)), str(folder / "bare.wav")]
        with Pty(command, environment) as terminal:
            terminal.wait_for(b"events", 30)
            if script == "talk":
                terminal.press("\r")
                terminal.wait_for(b"word 1", 30)
            return share(terminal)


def ours(folder: Path, environment: dict[str, str], script: str, *more: str) -> float:
    """Percent of one core of the app, with more arguments."""
    with scripted_server(script) as url:
        files = ["--input-file", str(noise(folder)), "--output-file", str(folder / "heard.wav")]
        with Pty([COMMAND, "--provider", "generic", "--url", url, *files, *more], environment) as terminal:
            terminal.wait_for(b"LIVE", 30)
            time.sleep(0.5)
            if script == "talk":
                terminal.press("t")
                time.sleep(0.5)
                terminal.press("go\r")
                terminal.wait_for(b"SPEAKING", 30)
                time.sleep(0.2)
                terminal.press("\x1b")
            return share(terminal)


def noise(folder: Path) -> Path:
    """A WAV file that is not silent."""
    path = folder / "room.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(range(1, 251)) * 4_000)
    return path


def main() -> None:
    states = {"idle": "idle, connected, microphone open", "talk": "the agent talks, both meters live"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = bench_environment(folder)
        rows = [
            Row(what, "% core", bare(folder, environment, script), ours(folder, environment, script), ratio=1.2)
            for script, what in states.items()
        ]
    print_table("Processor time of the app, 120x40", "a bare client with a bare screen", rows)


if __name__ == "__main__":
    main()
