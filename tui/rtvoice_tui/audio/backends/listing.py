"""The list of devices as it is now, read by a process of its own.

PortAudio looks at the devices once, when it is loaded; to look again it would have to close every open stream. A
process that loads it anew sees what there is, and nothing that sounds here is touched.

    python -m rtvoice_tui.audio.backends.listing        # what the other process runs; loads the sound libraries
"""

import os
import subprocess
import sys
import threading

import msgspec

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.errors import AudioError, NoAnswer
from rtvoice_tui.subprocesses import module_command

ANSWER_LIMIT_S = 3.0
"""A sound server that takes longer to tell its devices hangs. To load the libraries, slow on some disks, counts not."""

LIMIT_S = 6.0
"""A process that takes longer does not come to an end."""

MARK = "rtvoice devices: "
"""Begins the one line that counts; sound libraries may write what they like beside it."""


class Listed(msgspec.Struct):
    """What the other process tells: devices and what they are reached through, or why there are none.

    Attributes:
        hangs: whether nobody has answered in time.
    """

    devices: list[DeviceInfo] = []
    through: str = ""
    hangs: bool = False
    sentence: str = ""
    remedy: str = ""


def list_in_subprocess(limit_s: float = LIMIT_S) -> list[DeviceInfo]:
    """Every device there is now. Takes a tenth of a second and more: not for a loop's thread.

    Raises:
        AudioError: there is none, or the list cannot be had, with what mends it.
    """
    return query_in_subprocess(limit_s).devices


def query_in_subprocess(limit_s: float = LIMIT_S) -> Listed:
    """Every device there is now, and what they are reached through.

    Raises:
        NoAnswer: the sound server hangs.
        AudioError: there is none, or the list cannot be had, with what mends it.
    """
    command, environment = module_command("rtvoice_tui.audio.backends.listing")
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        raise _no_answer() from None
    except OSError as error:
        raise AudioError(f"the devices cannot be listed: {error.strerror}") from None
    return listed_in(done.stdout.decode("utf-8", "replace"))


def _no_answer() -> NoAnswer:
    if sys.platform.startswith("linux"):
        return NoAnswer(
            "the sound server does not answer",
            "restart it: systemctl --user restart pipewire pipewire-pulse, or pulseaudio -k",
        )
    return NoAnswer("the sound system does not answer", "unplug the device that hangs, or restart the machine")


def listed_in(output: str) -> Listed:
    """What the other process wrote.

    Raises:
        NoAnswer: the sound server hangs.
        AudioError: there is no device, or the output makes no sense.
    """
    for line in output.split("\n"):  # a device's name may hold other ends of lines
        _, mark, told = line.partition(MARK)
        if mark:
            try:
                listed = msgspec.json.decode(told, type=Listed)
            except msgspec.DecodeError:
                continue
            if listed.hangs:
                raise _no_answer()
            if listed.sentence:
                raise AudioError(listed.sentence, listed.remedy)
            return listed
    raise AudioError("the devices cannot be listed: the sound system broke down", "see 'rtvoice-tui doctor'")


def main() -> None:
    """List the devices for another process."""
    from rtvoice_tui.audio.backends.choosing import choose_backend

    watch = threading.Timer(ANSWER_LIMIT_S, _give_up)
    watch.daemon = True
    watch.start()
    try:
        backend = choose_backend()
        listed = Listed(backend.list_devices(), backend.version())
    except AudioError as error:
        listed = Listed(sentence=error.sentence, remedy=error.remedy)
    watch.cancel()
    _tell(listed)


def _give_up() -> None:
    _tell(Listed(hangs=True))
    os._exit(1)  # the thread that waits for the sound server cannot be ended


def _tell(listed: Listed) -> None:
    sys.stdout.write(f"\n{MARK}{msgspec.json.encode(listed).decode()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
