"""Why a program or script cannot be started, and what to do about it."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_BINARIES = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
"""How programs begin that are no scripts."""

Problem = tuple[str, str]
"""What is wrong, and the remedy."""


def program_problem(program: str, folder: Path | None, environ: Mapping[str, str]) -> Problem | None:
    """Return why a program cannot be started; ``None`` if nothing is wrong that can be seen without starting it.

    Args:
        program: a path, or a name that is looked up in ``PATH``.
        folder: base of relative paths.
        environ: the environment that the program gets.
    """
    path = Path(program)
    if os.sep not in program:
        found = shutil.which(program, path=environ.get("PATH", os.defpath))
        if found is None:
            return f"there is no program {program}", f"install {program}, or give its whole path"
        path = Path(found)
    elif not path.is_absolute() and folder is not None:
        path = folder / path
    try:
        if not path.exists():
            return f"there is no program {path}", "correct the path"
        if path.is_dir():
            return f"{path} is a folder", "give the path of a program"
        if not os.access(path, os.X_OK):
            return f"{path} is not executable", f"chmod +x {path}"
        with path.open("rb") as file:
            first = file.readline(500)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}", "check the file and its rights"
    return _script_problem(path, first, environ)


def _script_problem(path: Path, first: bytes, environ: Mapping[str, str]) -> Problem | None:
    """Why a script's first line starts no interpreter."""
    if first.startswith(b"\xef\xbb\xbf#!"):
        return f"{path} begins with a byte order mark, before #!", "save it as UTF-8 without one"
    if not first.startswith(b"#!"):
        is_text = (
            b"\0" not in first and first.strip() and not first.startswith((b"\x7fELF", b"MZ", b"\xca\xfe", b"\xcf"))
        )
        return (f"{path} does not say what runs it", "begin it with a line such as #!/bin/sh") if is_text else None
    if first.endswith(b"\r\n") or first.rstrip(b"\n").endswith(b"\r"):
        return f"{path} has the line ends of Windows", f"sed -i 's/\\r$//' {path}"
    words = first[2:].decode("utf-8", "replace").split()
    if not words:
        return f"{path} does not say what runs it", "begin it with a line such as #!/bin/sh"
    names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    interpreter = names[0] if Path(words[0]).name == "env" and names else words[0]
    if os.sep in interpreter:
        missing = not Path(interpreter).exists()
    else:
        missing = shutil.which(interpreter, path=environ.get("PATH", os.defpath)) is None
    return (f"{path} is run by {interpreter}, which is not there", f"install {interpreter}") if missing else None
