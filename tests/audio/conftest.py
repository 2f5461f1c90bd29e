"""Devices for the tests of this folder."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rtvoice_tui
from virtual_audio import VirtualAudio

PROGRAMS = Path(__file__).with_name("device_programs.py")


class Program:
    """A program of ``device_programs`` that runs."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        paths = (environment.get("PYTHONPATH", ""), str(Path(rtvoice_tui.__file__).parent.parent))
        self._process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", str(PROGRAMS), *words],
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_ready(self) -> None:
        """Wait until it says so."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == "ready\n", f"{line!r} {self._process.communicate()[1]}"

    def pause(self) -> None:
        """Let it run for a moment; it must not end in the meantime."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.02)
            raise AssertionError(f"it ended early: {self._process.communicate()[1]}")

    def result(self) -> dict[str, Any]:
        """What it says when it is done; it must end well and say nothing else."""
        out, errors = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, errors
        told: dict[str, Any] = json.loads(out)
        return told

    def end(self) -> None:
        """End it, if it has not ended, and let go of its pipes."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Starts programs: ``start(environment, name, backend, *arguments)``."""
    started: list[Program] = []

    def begin(environment: dict[str, str], *words: str) -> Program:
        started.append(Program(environment, *words))
        return started[-1]

    yield begin
    for program in started:
        program.end()


@pytest.fixture(scope="session")
def virtual() -> Iterator[VirtualAudio]:
    """Virtual devices for all tests that leave them whole."""
    with VirtualAudio() as audio:
        yield audio
