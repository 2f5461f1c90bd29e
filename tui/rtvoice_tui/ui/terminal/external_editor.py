"""The user's own editor, in the foreground; the session goes on in its own thread meanwhile."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported


def edited(app: App[None], text: str, suffix: str) -> str | None:
    """The text as the user left it in ``$VISUAL`` or ``$EDITOR``; ``None`` if it did not change."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        app.notify("set VISUAL or EDITOR to the editor you want", severity="warning", markup=False)
        return None
    with tempfile.TemporaryDirectory(prefix="rtvoice-tui-") as folder:
        file = Path(folder) / f"text{suffix}"
        file.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                ended = subprocess.run([*command, str(file)], stderr=sys.__stderr__, check=False)
            result = file.read_text(encoding="utf-8")
        except SuspendNotSupported:
            app.notify("this terminal cannot be left for an editor", severity="warning", markup=False)
            return None
        except (OSError, UnicodeDecodeError) as error:
            app.notify(f"{command[0]} cannot be used: {error}", severity="warning", markup=False)
            return None
    if ended.returncode:
        app.notify(
            f"{command[0]} ended with {ended.returncode}: nothing was taken over", severity="warning", markup=False
        )
        return None
    if not text.endswith("\n"):
        result = result.removesuffix("\n")  # editors end the last line
    return result if result != text else None
