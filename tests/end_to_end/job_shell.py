"""A shell of one command, with job control: it runs it in the terminal's foreground and notes what becomes of it.

It takes two arguments before the command: a file for its notes, one JSON object a line, and what it is to do as JSON:
``ignored`` signals that the command inherits as ignored (all others act), and a terminal that is its ``input``. A
stopped command goes on when a line is typed, as with `fg`. Unlike other shells it never mends the terminal's modes, so
the notes tell what the command itself has left.
"""

import contextlib
import json
import os
import resource
import signal
import sys
import termios

OVER = "THE JOB IS OVER"
KEPT = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTOU, signal.SIGTTIN)


def main() -> None:
    notes, wanted, *command = sys.argv[1:]
    asked = json.loads(wanted)
    terminal = os.open("/dev/tty", os.O_RDWR)
    for number in KEPT:
        signal.signal(number, signal.SIG_IGN)

    def note(**happened: object) -> None:
        with open(notes, "a") as file:
            file.write(json.dumps(happened) + "\n")

    def modes() -> object:
        try:
            return termios.tcgetattr(terminal)
        except termios.error:  # the window is closed
            return None

    before = modes()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpid())
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in {*KEPT, signal.SIGABRT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGCONT}:
            named = signal.Signals(number).name in asked["ignored"]
            signal.signal(number, signal.SIG_IGN if named else signal.SIG_DFL)
        if asked["input"]:
            os.dup2(os.open(asked["input"], os.O_RDWR | os.O_NOCTTY), 0)
        os.execvp(command[0], command)

    def hang_up(*_: object) -> None:
        """The window is closed: only this shell is told, and passes it on."""
        note(hung_up=child)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGHUP)
            os.killpg(child, signal.SIGCONT)

    signal.signal(signal.SIGHUP, hang_up)
    note(started=child)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        same = modes() == before
        if not os.WIFSTOPPED(status):
            note(ended=os.waitstatus_to_exitcode(status), same=same)
            break
        os.tcsetpgrp(terminal, os.getpgrp())
        note(stopped=os.WSTOPSIG(status), same=same)
        os.read(terminal, 100)
        os.tcsetpgrp(terminal, child)
        os.killpg(child, signal.SIGCONT)
        note(continued=child)
    with contextlib.suppress(OSError):
        os.write(terminal, f"\r\n{OVER}\r\n".encode())


if __name__ == "__main__":
    main()
