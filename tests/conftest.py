"""What several folders of tests share."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtual_audio


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on real devices follow one another in one worker: what keeps the pace of sound is not to pile up."""
    for item in items:
        if item.get_closest_marker("device"):
            item.add_marker(pytest.mark.xdist_group("device"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that must be alone waits for the other workers, and they for it, before its timeout begins to count."""
    with _turn(item):
        return (yield)


@contextlib.contextmanager
def _turn(item: pytest.Item) -> Iterator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ or sys.platform == "win32":
        yield
        return
    import fcntl

    shared = Path(item.config.getoption("basetemp")).parent  # each worker's own folder is in the run's
    with (shared / "next").open("a") as next_, (shared / "running").open("a") as running:
        fcntl.flock(next_, fcntl.LOCK_EX)  # who waits to be alone holds it: until then no other test begins
        if item.get_closest_marker("alone"):
            fcntl.flock(running, fcntl.LOCK_EX)
        else:
            fcntl.flock(running, fcntl.LOCK_SH)
            fcntl.flock(next_, fcntl.LOCK_UN)
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say why. RTVOICE_REQUIRE_DEVICES=1 makes a missing device a failure."""
    if item.get_closest_marker("device") and (lacks := virtual_audio.missing_for_devices()):
        if os.environ.get("RTVOICE_REQUIRE_DEVICES") == "1":
            pytest.fail(f"RTVOICE_REQUIRE_DEVICES is set, but there is no {lacks}", pytrace=False)
        pytest.skip(f"needs {lacks}")
    if item.get_closest_marker("speech") and (lacks := virtual_audio.missing_for_speech()):
        pytest.skip(f"needs the [local] extra: there is no {lacks}")
