"""Places without room or without rights, for one program alone: mounts that nothing else sees."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

PLACE = Path("/run")
"""Where the program's own folders are mounted: not below the temporary folder, and seen by the program only."""


def missing_for_mounts() -> str:
    """Why nothing can be mounted here; empty if it can."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        return "only root may mount, and only on Linux"
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", str(PLACE)], capture_output=True)
    return "" if tried.returncode == 0 else "nothing may be mounted here"


needs_mounts = pytest.mark.skipif(bool(missing_for_mounts()), reason=missing_for_mounts() or "it can be done")


def own_folders(environment: Mapping[str, str], **more: str) -> dict[str, str]:
    """An environment whose folders are in the place."""
    folders = {f"XDG_{kind}_HOME": str(PLACE / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    return {**environment, **folders, "HOME": str(PLACE), **more}


def with_mounts(*lines: str) -> list[str]:
    """A command line under which a program, given after it, has these lines of a shell before it."""
    return ["unshare", "-m", "sh", "-ec", "; ".join([*lines, 'exec "$@"']), "sh"]


def room(size: str = "8m", where: Path = PLACE) -> str:
    """A new folder of this size, empty."""
    return f"mount -t tmpfs -o size={size} none {where}"


READ_ONLY_TEMPORARY = (
    "for place in /tmp /var/tmp; do mount --bind $place $place; mount -o remount,bind,ro $place; done; cd /proc"
)
"""No folder in which temporary files can be made; what is in them can still be read."""
