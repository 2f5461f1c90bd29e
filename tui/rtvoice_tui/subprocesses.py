"""Commands that run our own modules as subprocesses, and the environment of every subprocess."""

import os
import site
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_ANY_PROGRAM = frozenset(
    (
        "PATH HOME USER LOGNAME LANG LC_ALL LC_CTYPE TZ TMPDIR TEMP TMP SYSTEMROOT COMSPEC PATHEXT USERPROFILE APPDATA"
        " LOCALAPPDATA"
    ).split()
)
"""Variables that any program may need; none of them holds an API key."""

_OURS = ("XDG_", "PULSE_", "PIPEWIRE_", "ALSA_", "JACK_", "PA_", "DBUS_", "PYTHON", "RTVOICE_", "OPENBLAS_", "OMP_")
"""Prefixes of further variables that our own subprocesses need, for the sound server and for Python."""

_OURS_ALONE = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "DISPLAY")


def minimal_environment(
    environ: Mapping[str, str], names: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return a minimal environment for a subprocess.

    Args:
        environ: our own environment.
        names: variables that are passed on in addition to those that any program needs.
        more: variables that are added, with their values.
    """
    kept = {name: value for name, value in environ.items() if name in _ANY_PROGRAM or name in names}
    return kept | dict(more or {})


def our_environment() -> dict[str, str]:
    """Return the environment of our own subprocesses; it passes on no API keys."""
    ours = [name for name in os.environ if name.startswith(_OURS)]
    return minimal_environment(os.environ, [*_OURS_ALONE, *ours])


def module_command(module: str) -> tuple[list[str], dict[str, str]]:
    """Return command and environment that run one of our modules; files in the current directory cannot shadow it.

    Args:
        module: full dotted name of the module.
    """
    ours = str(Path(__file__).parents[1])
    installed = ours in (*site.getsitepackages(), site.getusersitepackages())
    # only a checkout needs our own path; nothing else may come before the standard library
    paths = filter(None, ["" if installed else ours, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return [sys.executable, "-P", "-m", module], our_environment() | {"PYTHONPATH": os.pathsep.join(paths)}
