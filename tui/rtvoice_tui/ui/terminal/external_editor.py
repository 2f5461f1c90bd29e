"""Runs the user's editor in the foreground; the session continues in its own thread."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from rtvoice_tui.text_files import read_text_file

MAX_BYTES = 10_000_000
"""Maximum size of an edited text."""


def edited(app: App[None], text: str, suffix: str, kept_in: str = "") -> str | None:
    """Edit a text in ``$VISUAL`` or ``$EDITOR``. Blocks the app's event loop until the editor exits.

    Args:
        app: gives the terminal to the editor meanwhile.
        text: the text.
        suffix: suffix of the temporary file, by which editors know the language.
        kept_in: the file that holds the text, which can be edited otherwise too; empty if none does.

    Returns:
        The edited text; ``None`` if it did not change or the editor failed. The user is notified of failures.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        otherwise = f", or edit {kept_in}" if kept_in else ""
        app.notify(f"set VISUAL or EDITOR to the editor you want{otherwise}", severity="warning", markup=False)
        return None
    with tempfile.TemporaryDirectory(prefix="rtvoice-tui-") as folder:
        file = Path(folder) / f"text{suffix}"
        file.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                ended = subprocess.run([*command, str(file)], stderr=sys.__stderr__, check=False)
            result = read_text_file(file, MAX_BYTES)
        except SuspendNotSupported:
            app.notify("this terminal does not let the app suspend for an editor", severity="warning", markup=False)
            return None
        except (OSError, ValueError) as error:
            app.notify(f"{command[0]} cannot be used: {error}", severity="warning", markup=False)
            return None
    if ended.returncode:
        app.notify(
            f"{command[0]} ended with {ended.returncode}: nothing was taken over", severity="warning", markup=False
        )
        return None
    if not text.endswith("\n"):
        result = result.removesuffix("\n")  # editors add a line feed at the end
    return result if result != text else None
