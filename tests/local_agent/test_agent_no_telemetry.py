"""The speech models leave no file behind and open no socket: their runtime's telemetry is off."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SPEAKS_AND_HEARS = """
import os, sys
from rtvoice_tui.local_agent.speech import Recogniser, SpeechProbability, Voice

def sockets():
    links = (os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
    return sorted(os.readlink(link) for link in links if os.path.islink(link) and "socket:" in os.readlink(link))

before = sockets()
pcm = b"".join(Voice().say("Good morning.", "heart"))
Recogniser()(pcm)
SpeechProbability()(pcm)
after = sockets()
print("spoke", len(pcm) > 10_000, "sockets", set(after) - set(before) or "none")
"""


def runs(tmp_path: Path, code: str, **environment: str) -> tuple[str, list[str]]:
    """What a program in an empty home says, and the files that it left there.

    It gets none of our environment but the path: the runtime is silent by itself where `CI`, `JENKINS_URL` or
    another build server's variable is set, and that would prove nothing.
    """
    home = tmp_path / "home"
    home.mkdir()
    ours = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**ours, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.mark.speech
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open sockets are listed in /proc")
def test_speech_leaves_no_file_and_opens_no_socket(tmp_path):
    assert runs(tmp_path, SPEAKS_AND_HEARS) == ("spoke True sockets none", [])


@pytest.mark.speech
def test_also_where_the_environment_wants_it_on(tmp_path):
    assert runs(tmp_path, SPEAKS_AND_HEARS, ORT_DISABLE_TELEMETRY="0")[1] == []


@pytest.mark.speech
def test_without_the_switch_there_would_be_a_file(tmp_path):
    """The proof that the test above can fail."""
    _, files = runs(tmp_path, "import onnxruntime")
    assert any(name.endswith("deviceid") for name in files)
