"""Functions that leave a process behind: the tests of what tools leave copy this file."""

import asyncio
import os
import subprocess
import sys
import time


def _leave(how: str, program: list[str], there: str, daemon: str) -> subprocess.Popen | None:
    nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = None
    if how == "a child":
        child = subprocess.Popen(program)
    elif how == "a session of its own":
        child = subprocess.Popen(program, start_new_session=True)
    elif how == "an empty environment":
        child = subprocess.Popen(program, start_new_session=True, env={}, **nothing)
    else:
        subprocess.run([sys.executable, "-S", "-E", "-c", daemon, *program], check=True)
    while not (os.path.exists(there) and os.path.getsize(there)):
        time.sleep(0.01)
    return child


def _then(then: str) -> str:
    if then == "raise":
        raise ValueError("it was not to be")
    if then == "crash":
        os._exit(7)
    if then == "stay":
        time.sleep(3600)
    return "gone on"


def leaves(how: str, program: list, there: str, daemon: str, then: str = "return") -> str:
    _leave(how, program, there, daemon)
    return _then(then)


async def leaves_later(how: str, program: list, there: str, daemon: str, then: str = "return") -> str:
    _leave(how, program, there, daemon)
    if then == "stay":
        await asyncio.sleep(3600)
    return _then(then)


def minds_a_child(program: list, there: str, go: str) -> str:
    """Starts a child, and says how it is when it is told to."""
    child = _leave("a session of its own", program, there, "")
    while not os.path.exists(go):
        time.sleep(0.01)
    return "it runs" if child.poll() is None else "it was ended"
