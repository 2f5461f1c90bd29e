"""The program that starts a tool's program on Linux, and ends all that came of it: run as a file, never imported.

    python -I -S supervisor.py PARENT PROGRAM [ARGUMENT ...]

It is a subreaper: whatever the program starts stays below it, also in a session of its own, in another environment, or
when the process in between has ended. When the program ends, everything that it left behind is ended. SIGTERM asks all
of it to end, and ends it after GRACE_S; SIGUSR1, which also comes when the process PARENT dies, ends it now. The exit
code or signal is the program's own. Standard input, output and error are the program's alone.
"""

import ctypes
import os
import signal
import sys
import time

GRACE_S = 0.3
"""What everything has between being asked to end and being ended. Shorter than whoever asks waits."""

LEFT_S = 0.3
"""What the program left behind has after its end: its last words may still come."""

CANNOT_RUN = 126
"""The exit code if the program cannot be started; standard error says why."""

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)


def main() -> None:
    """Start the program, wait for it, leave nothing behind."""
    parent, line = int(sys.argv[1]), sys.argv[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # they are waited for: none interrupts anything
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be heard of
        return
    child = _started(libc, line, _environment())
    ended: dict[int, int] = {}
    _watch(child, ended)
    _end_all(ended)
    _end_like(ended[child])


def _environment() -> dict[bytes, bytes]:
    """The environment as it was given to us: Python adds to its own when it starts."""
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
    """Wait until nothing is left of the program, or what is left is to be ended."""
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
    """Keep the status of all that have ended; whether others are still there."""
    try:
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return True
            ended[process] = status
    except ChildProcessError:
        return False


def _end_all(ended: dict[int, int]) -> None:
    """End and bury everything; what a process leaves behind comes to us when it dies, so that nothing is missed."""
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
    """The same where the kernel keeps no lists, or threads have started some."""
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
    try:  # nothing is imported that is not needed: this starts with every call
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
