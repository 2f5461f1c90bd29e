"""Folders that belong to somebody else, as `sudo` leaves them: the app runs with what it can read, and says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rtvoice_tui

LOOKS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from rtvoice_tui.profiles.library import listed
from rtvoice_tui.doctor.checks import machine
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.ui.themes import load_themes

def looked():
    themes, problems = load_themes()
    remedies = [found.remedy for found in machine([]) if found.about == "profiles"]
    return [entry.name for entry in listed()], load_profile("local").provider, len(themes) > 3, remedies

looked()  # imports what is only imported when it is needed: the interpreter's folder may be root's alone
os.environ.update({f"XDG_{kind}_HOME": sys.argv[2] for kind in ("CONFIG", "STATE", "DATA", "CACHE")})
os.setuid(65534)
print(*looked(), sep="\\n")
"""


PACKAGE = Path(rtvoice_tui.__file__).parent


def is_open(folder: Path) -> bool:
    """Whether anybody may enter a folder and all those around it."""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


def looked(config: Path, home: Path) -> list[str]:
    """What a user that owns nothing sees with this folder of configuration."""
    done = subprocess.run(
        [sys.executable, "-c", LOOKS, str(PACKAGE.parent), str(config)],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.skipif(not is_open(PACKAGE), reason="the package lies in a folder that only we may enter")
@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("closed", ["", "rtvoice-tui", "rtvoice-tui/profiles"])
def test_a_folder_that_cannot_be_entered_leaves_what_is_built_in(tmp_path: Path, closed: str) -> None:
    home = tmp_path / "config"
    (home / "rtvoice-tui" / "profiles").mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(0o711)
    (home / closed).chmod(0o700)
    names, provider, themes, remedies = looked(home, tmp_path / "other")
    assert "'local'" in names
    assert provider == "local"
    assert themes == "True"
    assert "sudo chown -R" in remedies


@pytest.mark.skipif(not is_open(PACKAGE), reason="the package lies in a folder that only we may enter")
@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become somebody else")
def test_a_home_that_is_not_there_is_told_and_nobody_else_s_folder_is_to_be_taken(tmp_path: Path) -> None:
    *_, remedies = looked(Path("/no-such-home/config"), tmp_path)
    assert "chown" not in remedies
    assert "set HOME or XDG_CONFIG_HOME" in remedies
