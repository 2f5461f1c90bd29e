"""Our own modules as programs, each in a process of its own; and the environment that any child process gets."""

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
"""What any program may need; keys are not among them."""

_OURS = ("XDG_", "PULSE_", "PIPEWIRE_", "ALSA_", "JACK_", "PA_", "DBUS_", "PYTHON", "RTVOICE_", "OPENBLAS_", "OMP_")
"""How the names of further variables begin that our own processes need: of the sound server, of Python."""

_OURS_ALONE = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "DISPLAY")


def small_environment(
    environ: Mapping[str, str], names: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What any program needs of our environment, the variables that are named, and those that are added.

    Args:
        environ: our own environment.
        names: further variables that it gets.
        more: variables with their values.
    """
    kept = {name: value for name, value in environ.items() if name in _ANY_PROGRAM or name in names}
    return kept | dict(more or {})


def our_environment() -> dict[str, str]:
    """What our own processes need: no key is in it."""
    ours = [name for name in os.environ if name.startswith(_OURS)]
    return small_environment(os.environ, [*_OURS_ALONE, *ours])


def module_command(module: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment that run a module of ours, whatever files lie in the folder where the app was started.

    Args:
        module: its whole name.
    """
    ours = str(Path(__file__).parents[1])
    installed = ours in (*site.getsitepackages(), site.getusersitepackages())
    # an app that runs from a checkout needs it; before the standard library nothing else may stand
    paths = filter(None, ["" if installed else ours, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return [sys.executable, "-P", "-m", module], our_environment() | {"PYTHONPATH": os.pathsep.join(paths)}
