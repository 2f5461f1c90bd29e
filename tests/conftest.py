"""What several folders of tests share."""

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

import virtual_audio

QUICK = frozenset(
    "controller doctor editing local_agent packaging profiles protocol session store tools transport".split()
)
"""Folders of tests most of which take a millisecond or two, or share a server of their module."""


def pytest_configure() -> None:
    """Thousands of tests are objects that stay; a garbage collector that looks at all of them takes much of a run."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on there is garbage of tests, and only that is looked at."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _is_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on real devices follow one another in one worker: what keeps the pace of sound is not to pile up.

    Those that must be alone come one after the other at the end, so that the other workers wait for them once.
    Where tests are quick, a worker gets a whole module: handing out each would cost as much again. Tests that speak
    have one worker, which loads the models once.
    """
    items.sort(key=_is_alone)
    for item in items:
        if item.get_closest_marker("device"):
            item.add_marker(pytest.mark.xdist_group("device"))
        elif item.get_closest_marker("speech"):
            item.add_marker(pytest.mark.xdist_group("speech"))
        elif item.path.parent.name in QUICK and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test that must be alone waits for the other workers, and they for it, before its timeout begins to count."""
    if "PYTEST_XDIST_WORKER" not in os.environ or sys.platform == "win32":
        return (yield)
    if not _is_alone(item):
        with _turn(item, alone=False):
            return (yield)
    if _alone.empty:
        _alone.locks.enter_context(_turn(item, alone=True))
        _alone.empty = False
    try:
        return (yield)
    finally:
        if not _is_alone(nextitem):
            _alone.locks.close()
            _alone.empty = True


class _Alone:
    """The locks of a row of tests that must be alone: held from the first to the last."""

    def __init__(self) -> None:
        self.locks = contextlib.ExitStack()
        self.empty = True


_alone = _Alone()


@contextlib.contextmanager
def _turn(item: pytest.Item, alone: bool) -> Iterator[None]:
    import fcntl

    shared = Path(item.config.getoption("basetemp")).parent  # each worker's own folder is in the run's
    with (shared / "next").open("a") as next_, (shared / "running").open("a") as running:
        fcntl.flock(next_, fcntl.LOCK_EX)  # who waits to be alone holds it: until then no other test begins
        if alone:
            fcntl.flock(running, fcntl.LOCK_EX)
        else:
            fcntl.flock(running, fcntl.LOCK_SH)
            fcntl.flock(next_, fcntl.LOCK_UN)
        yield


@pytest.fixture(autouse=True)
def no_key_store() -> None:
    """No key is kept anywhere: a store that a test defines would be taken for the system's own by itself."""
    keyring.set_keyring(fail.Keyring())


@pytest.fixture(autouse=True)
def saves_are_over(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Profiles are written by a thread: what a test has not waited for is written while its folders are still named."""
    yield
    if writing := sys.modules.get("rtvoice_tui.profiles.writing"):
        writing.in_order(lambda: None).result(20)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say why. RTVOICE_REQUIRE_DEVICES=1 makes a missing device a failure."""
    if item.get_closest_marker("device") and (lacks := virtual_audio.missing_for_devices()):
        if os.environ.get("RTVOICE_REQUIRE_DEVICES") == "1":
            pytest.fail(f"RTVOICE_REQUIRE_DEVICES is set, but there is no {lacks}", pytrace=False)
        pytest.skip(f"needs {lacks}")
    if item.get_closest_marker("speech") and (lacks := virtual_audio.missing_for_speech()):
        pytest.skip(f"needs the [local] extra: there is no {lacks}")
