"""New files of exports: private, never over another one, and whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rtvoice_tui.errors import RecordingError


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that only the user can read. It has its name once it is whole, also if the app is killed.

    Raises:
        RecordingError: it exists already, or cannot be written.
    """
    unfinished = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.part")
    try:
        if os.path.lexists(path):
            raise FileExistsError(path)
        with open(unfinished, "xb", opener=_private) as file:
            yield file
        _name(unfinished, path)
    except FileExistsError:
        raise RecordingError(f"{path} exists already", "choose another file, or delete it first") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(f"{path} cannot be written: {reason}", "choose another file") from None
    finally:
        with contextlib.suppress(OSError, ValueError):
            unfinished.unlink()


def _name(unfinished: Path, path: Path) -> None:
    """Give a file its name, unless another one has got it meanwhile."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        unfinished.rename(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
