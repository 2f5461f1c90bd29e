"""New files of exports: private, never over another one, and whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rtvoice_tui.errors import RecordingError


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that only the user can read; it is removed if anything fails.

    Raises:
        RecordingError: it exists already, or cannot be written.
    """
    try:
        file = open(path, "xb", opener=_private)  # noqa: SIM115 - closed below
    except FileExistsError:
        raise RecordingError(f"{path} exists already", "choose another file, or delete it first") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(f"{path} cannot be written: {reason}", "choose another file") from None
    try:
        with file:
            yield file
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise RecordingError(
                f"{path} cannot be written: {error.strerror or error}", "choose another file"
            ) from None
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
