"""Whether a recording is going on: its app holds a lock on the journal, which ends with the app, however it ends."""

import contextlib
import sys

if sys.platform != "win32":
    import fcntl


def hold(descriptor: int) -> None:
    """Lock the journal for as long as it is open; without effect where files cannot be locked."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # waits only while somebody looks, see `held`


def held(descriptor: int) -> bool | None:
    """Whether another app holds the lock; ``None`` where files cannot be locked."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
