"""Why a program or script cannot be started, and what to do about it."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rtvoice_tui.text_files import wide_charset

_BINARIES = {
    b"\x7fELF": "Linux",
    b"MZ": "Windows",
    b"\xca\xfe\xba\xbe": "macOS",
    b"\xcf\xfa\xed\xfe": "macOS",
}
"""How programs begin that are no scripts, and the system that they are for."""

_SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}

_FORMATS = Path("/proc/sys/fs/binfmt_misc")
"""Folder of further formats that a Linux machine runs, such as programs of Windows."""

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
        if found is None and (words := program.split()) and len(words) > 1:
            return f"there is no program '{program}'", f"write each argument by itself: argv = {json.dumps(words)}"
        if found is None and folder is not None and os.path.exists(folder / program):
            return f"there is no program {program}", f"write ./{program} for the one in {folder}"
        if found is None:
            return f"there is no program {program}", f"install {program}, or give its whole path"
        path = Path(found)
    elif not path.is_absolute() and folder is not None:
        path = folder / path
    try:
        if not path.exists() and program.startswith("~"):
            return f"there is no program {program}", f"write the whole path: {os.path.expanduser(program)}"
        if not path.exists():
            return f"there is no program {path}", "correct the path"
        if not (path.is_file() or path.is_dir()):
            return f"{path} is no program", "give the path of a program"
        if path.is_dir():
            return f"{path} is a folder", "give the path of a program"
        if not os.access(path, os.X_OK):
            return f"{path} is not executable", f"chmod +x {shlex.quote(str(path))}"
        with path.open("rb") as file:
            first = file.readline(500)
        return _script_problem(path, first, environ)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return f"{path} cannot be read: {getattr(error, 'strerror', '') or error}", "check the file and its rights"


def _script_problem(path: Path, first: bytes, environ: Mapping[str, str]) -> Problem | None:
    """Why a script's first line starts no interpreter."""
    if not first:
        return f"{path} is empty", "correct the path"
    if first.startswith(b"\xef\xbb\xbf#!"):
        return f"{path} begins with a byte order mark, before #!", "save it as UTF-8 without one"
    if wide_charset(first[: len(first) & ~3]):
        return f"{path} is a text in UTF-16, which no interpreter reads", "save it as UTF-8"
    if system := next((system for mark, system in _BINARIES.items() if first.startswith(mark)), ""):
        ours = _SYSTEMS.get(sys.platform, system)
        foreign = system != ours and not any(_FORMATS.glob("[!rs]*"))  # besides "register" and "status"
        return (f"{path} is a program for {system}", f"install the one for {ours}") if foreign else None
    if not first.startswith(b"#!"):
        is_text = b"\0" not in first
        return (f"{path} does not say what runs it", "begin it with a line such as #!/bin/sh") if is_text else None
    if first.endswith(b"\r\n") or first.rstrip(b"\n").endswith(b"\r"):
        return f"{path} has the line ends of Windows", f"sed -i 's/\\r$//' {shlex.quote(str(path))}"
    words = first[2:].decode("utf-8", "replace").split()
    if not words:
        return f"{path} does not say what runs it", "begin it with a line such as #!/bin/sh"
    if any(word.startswith("PATH=") for word in words[1:]):
        return None  # env looks in folders of its own
    names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    if os.sep not in words[0]:
        return f"{path} names {words[0]} without its path", f"begin it with #!/usr/bin/env {words[0]}"
    return _interpreter_problem(path, names[0] if Path(words[0]).name == "env" and names else words[0], environ)


def _interpreter_problem(path: Path, interpreter: str, environ: Mapping[str, str]) -> Problem | None:
    if os.sep not in interpreter:  # by env: looked up in PATH
        missing = shutil.which(interpreter, path=environ.get("PATH", os.defpath)) is None
    elif Path(interpreter).is_dir():
        return f"{path} is run by {interpreter}, which is a folder", "correct its first line"
    else:
        missing = not Path(interpreter).exists()
        if not missing and not os.access(interpreter, os.X_OK):
            return f"{path} is run by {interpreter}, which is not executable", f"chmod +x {shlex.quote(interpreter)}"
    return (f"{path} is run by {interpreter}, which is not there", f"install {interpreter}") if missing else None
