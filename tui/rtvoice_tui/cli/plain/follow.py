"""Follows the open profile's file: what another program changes in it is offered as an edit."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from rtvoice_tui.cli.plain.wording import line
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.profiles.store import profile_path

LOOK_EVERY_S = 1.0


async def follow_profile(controller: Controller, say: Callable[[str], None]) -> None:
    """Look at the file every `LOOK_EVERY_S` until cancelled; what was changed is reported as a notice.

    Args:
        controller: the open profile.
        say: prints a line.
    """
    editor, before = None, None
    while True:
        if controller.edits.editor is not editor:
            editor = controller.edits.editor
            before = _state(profile_path(editor.name)) if editor.saves else None
        await asyncio.sleep(LOOK_EVERY_S)
        now = _state(profile_path(editor.name)) if editor.saves else None
        if now == before or editor is not controller.edits.editor:
            continue
        before = now
        result = await controller.profiles.file_changed()
        for problem in result.problems if result is not None else ():
            say(line(f"warning: {problem}"))


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written or replaced; ``None`` if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
