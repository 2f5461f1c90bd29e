"""Functions that never return, crash or start what outlives them: the tests of the `python` kind copy this file."""

import asyncio
import contextlib
import ctypes
import os
import subprocess
import sys
import time

visits = 0


def pid() -> int:
    return os.getpid()


def count() -> int:
    global visits
    visits += 1
    return visits


def note(path, text="x"):
    with open(path + ".new", "w") as file:
        file.write(f"{text}\n")
    os.rename(path + ".new", path)


def waits(begun: str, go: str) -> str:
    note(begun)
    while not os.path.exists(go):
        time.sleep(0.005)
    return "at last"


def stuck(begun: str):
    note(begun)
    time.sleep(3600)


async def waits_later(begun: str, cleaned: str = "") -> None:
    note(begun)
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0)
        if cleaned:
            note(cleaned)


async def stubborn(begun: str) -> None:
    while True:
        note(begun)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def blocks_the_loop(begun: str) -> None:
    note(begun)
    time.sleep(3600)  # noqa: ASYNC251 - that is what is wrong with it


def starts_a_child(begun: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    note(begun, child.pid)
    child.wait()


async def blocks_with_a_child(begun: str) -> None:
    starts_a_child(begun)


def lets_a_child_go(begun: str) -> str:
    program = [sys.executable, "-c", "import time; time.sleep(3600)"]
    note(begun, subprocess.Popen(program, start_new_session=True).pid)
    return "gone on"


def forks_and_crashes(begun: str) -> None:
    if child := os.fork():
        note(begun, child)
        os._exit(8)
    time.sleep(3600)


def leaves_a_child(begun: str) -> str:
    note(begun, subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]).pid)
    return "gone on"


def leaves_a_child_and_crashes(begun: str) -> None:
    leaves_a_child(begun)
    os._exit(7)


def exits() -> None:
    print("last words", file=sys.stderr, flush=True)
    os._exit(5)


def segfaults() -> None:
    ctypes.string_at(0)


def kills_itself() -> None:
    os.kill(os.getpid(), 9)
