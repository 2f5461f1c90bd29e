"""The parent process of a tool's program on Linux, which ends all its descendants: run as a file, never imported.

    python -I -S supervisor.py PARENT PROGRAM [ARGUMENT ...]

It is a subreaper: every descendant of the program stays below it, even in a session of its own, with another
environment, or after its parent has exited. After the program has exited, remaining descendants are killed. SIGTERM is
forwarded to all of them, and they are killed after GRACE_S; SIGUSR1, also sent by the kernel when the process PARENT
dies, kills them at once. It exits with the exit code or signal of the program. Only the program has the standard
streams.
"""

import ctypes
import os
import signal
import sys
import time

GRACE_S = 0.3
"""Seconds between SIGTERM and SIGKILL; shorter than ``processes.GRACE_S``, after which the caller sends SIGUSR1."""

LEFT_S = 0.3
"""Seconds that remaining descendants have after the program's exit, to write their last output."""

CANNOT_RUN = 126
"""The exit code if the program cannot be started; standard error says why."""

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)


def main() -> None:
    """Start the program, wait for it, kill all remaining descendants, and exit as the program did."""
    parent, line = int(sys.argv[1]), sys.argv[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # received by sigwait only
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before PDEATHSIG was set
        return
    child = _started(libc, line, _environment())
    ended: dict[int, int] = {}
    _watch(child, ended)
    _end_all(ended)
    _end_like(ended[child])


def _environment() -> dict[bytes, bytes]:
    """The environment as it was passed to us; Python may change ``os.environ`` at startup."""
    with open("/proc/self/environ", "rb") as given:
        pairs = (entry.partition(b"=") for entry in given.read().split(b"\0") if entry)
        return {name: value for name, _, value in pairs if name}


def _started(libc: ctypes.CDLL, line: list[str], environment: dict[bytes, bytes]) -> int:
    child = os.fork()
    if child:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        return child
    try:
        os.setsid()
        libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.execvpe(line[0], line, environment)
    except OSError as error:
        os.write(2, f"{line[0]} cannot be started: {error.strerror}\n".encode("utf-8", "backslashreplace"))
    finally:
        os._exit(CANNOT_RUN)


def _watch(child: int, ended: dict[int, int]) -> None:
    """Wait until the program and all descendants have exited, or the rest must be killed."""
    deadline = float("inf")
    while True:
        others = _bury(ended)
        if child in ended and not others:
            return
        if child in ended:
            deadline = min(deadline, time.monotonic() + LEFT_S)
        left = deadline - time.monotonic()
        info = signal.sigtimedwait(_SIGNALS, left) if 0 < left < float("inf") else _waited(left)
        if info is None or info.si_signo == signal.SIGUSR1:
            return
        if info.si_signo == signal.SIGTERM:
            for process in _descendants():
                _send(process, signal.SIGTERM)
            deadline = min(deadline, time.monotonic() + GRACE_S)


def _waited(left: float) -> "signal.struct_siginfo | None":
    return signal.sigwaitinfo(_SIGNALS) if left > 0 else None


def _bury(ended: dict[int, int]) -> bool:
    """Reap all exited children and store their status; true if other children are still running."""
    try:
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return True
            ended[process] = status
    except ChildProcessError:
        return False


def _end_all(ended: dict[int, int]) -> None:
    """Kill and reap all children until none is left; orphans become our children, so none is missed."""
    while _bury(ended):
        for process in _children(os.getpid()):
            _send(process, signal.SIGKILL)
        time.sleep(0.001)


def _descendants() -> list[int]:
    found, waiting = [], _children(os.getpid())
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += _children(process)
    return found


def _children(process: int) -> list[int]:
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as listed:
            direct = [int(word) for word in listed.read().split()]
    except OSError:
        direct = []
    return direct or _children_by_parent(process)


def _children_by_parent(process: int) -> list[int]:
    """The child processes by a scan of /proc, for kernels without ``children`` files and for children of threads."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    if int(stat.read().rpartition(")")[2].split()[1]) == process:
                        found.append(int(name))
            except (OSError, IndexError):
                continue
    return found


def _send(process: int, number: int) -> None:
    try:  # no contextlib: every call starts this program, so it imports little
        os.kill(process, number)
    except OSError:
        return


def _end_like(status: int) -> None:
    if os.WIFSIGNALED(status):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
