"""Processor time of the app's own process in a pty of 120x40: connected and idle, and while the agent talks.

Microphone and speaker are files; the server runs in another process. The reference is a bare Textual app that does
nothing 15 times a second.
"""

import sys
import tempfile
import time
import wave
from pathlib import Path

from reporting import Row, print_table
from ui_runs import BARE_15_HZ, COMMAND, Pty, bench_environment, scripted_server

SECONDS = 15.0
KEY_GUARD_S = 3.0


def share(terminal: Pty) -> float:
    """Percent of one core over some seconds."""
    time.sleep(KEY_GUARD_S)
    cpu, start = terminal.cpu_seconds(), time.perf_counter()
    time.sleep(SECONDS)
    return (terminal.cpu_seconds() - cpu) / (time.perf_counter() - start) * 100


def bare(environment: dict[str, str]) -> float:
    with Pty([sys.executable, "-c", BARE_15_HZ], environment) as terminal:
        terminal.wait_for(b"bare is here", 30)
        return share(terminal)


def ours(folder: Path, environment: dict[str, str], script: str) -> float:
    noise = folder / "room.wav"
    with wave.open(str(noise), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(range(1, 251)) * 4_000)
    with scripted_server(script) as url:
        files = ["--input-file", str(noise), "--output-file", str(folder / "heard.wav")]
        with Pty([COMMAND, "--provider", "generic", "--url", url, *files], environment) as terminal:
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


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = bench_environment(folder)
        reference = bare(environment)
        rows = [
            Row("idle, connected, microphone open", "% core", reference, ours(folder, environment, "idle"), limit=12),
            Row("the agent talks, both meters live", "% core", reference, ours(folder, environment, "talk"), limit=25),
        ]
    print_table("Processor time of the app, 120x40", "bare Textual app with a 15 Hz timer", rows)


if __name__ == "__main__":
    main()
