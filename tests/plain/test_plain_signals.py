"""Signals in line mode: each is noticed at once, whatever the program waits for."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from rtvoice_tui.cli.plain import keyboard

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The signals as a shell leaves them, before and after."""
    before = {name: signal.signal(getattr(signal, name), signal.SIG_DFL) for name in NAMES}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_wakes_a_loop_in_which_nothing_else_happens(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(keyboard, "LIMIT_S", 3600.0)
    noticed = threading.Event()
    seen: list[bool] = []

    def notice(*_: int) -> None:
        noticed.set()

    def signal_elsewhere(done: Callable[[], None]) -> None:
        """The thread itself gets it, so that the sleep of the main thread is not interrupted."""
        time.sleep(0.05)
        signal.pthread_kill(threading.get_ident(), getattr(signal, name))
        seen.append(noticed.wait(10.0))
        done()

    async def run() -> None:
        over = asyncio.Event()
        done = partial(asyncio.get_running_loop().call_soon_threadsafe, over.set)
        with keyboard.signals(notice, notice, notice):
            threading.Thread(target=signal_elsewhere, args=(done,), daemon=True).start()
            await over.wait()

    asyncio.run(run())
    assert seen == [True]


def test_after_the_end_signals_no_longer_disturb_and_ctrl_c_is_as_before() -> None:
    async def run() -> None:
        before = signal.getsignal(signal.SIGINT)
        with keyboard.signals(lambda: None, lambda number: None, lambda: None):
            assert signal.getsignal(signal.SIGINT) is not before
        assert signal.getsignal(signal.SIGINT) is before

    asyncio.run(run())
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
