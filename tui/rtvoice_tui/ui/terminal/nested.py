"""Runs the replay of a recording in the foreground; the session continues in its own thread."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported


def replay(app: App[Any], folder: Path, silent: bool) -> str:
    """Replay a recording until the user quits it. Blocks the app's event loop; returns what went wrong, or nothing.

    Args:
        app: gives the terminal away meanwhile.
        folder: the recording.
        silent: whether it has no sound, as the app.
    """
    command = [sys.executable, "-m", "rtvoice_tui", "replay", str(folder), *(["--no-audio"] if silent else [])]
    try:
        with app.suspend():
            ended = subprocess.run(command, stdout=sys.__stderr__, stderr=sys.__stderr__, check=False)
    except SuspendNotSupported:
        return f"this terminal cannot be given to a replay: rtvoice-tui replay {folder.name}"
    except OSError as error:
        return f"the replay cannot be run: {error.strerror or error}"
    return f"the replay ended with {ended.returncode}" if ended.returncode else ""
