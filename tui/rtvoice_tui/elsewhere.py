"""Our own modules as programs, each in a process of its own."""

import os
import site
import sys
from pathlib import Path


def module_elsewhere(module: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment that run a module of ours, whatever files lie in the folder where the app was started.

    Args:
        module: its whole name.
    """
    ours = str(Path(__file__).parents[1])
    installed = ours in (*site.getsitepackages(), site.getusersitepackages())
    # an app that runs from a checkout needs it; before the standard library nothing else may stand
    paths = filter(None, ["" if installed else ours, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return [sys.executable, "-P", "-m", module], os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
