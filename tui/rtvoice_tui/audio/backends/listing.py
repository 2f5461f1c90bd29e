"""The current device list, read by a subprocess.

PortAudio lists the devices once, when it is initialized; to list them again it would have to close every open stream.
A subprocess that initializes it again sees the current devices without touching our streams.

    python -m rtvoice_tui.audio.backends.listing        # the subprocess; loads the sound libraries
"""

import os
import subprocess
import sys
import threading

import msgspec

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.errors import AudioError, DeviceListTimeout
from rtvoice_tui.subprocesses import module_command

ANSWER_LIMIT_S = 3.0
"""A sound server that takes longer to list its devices counts as hanging. Importing numpy before is not included."""

LIMIT_S = 6.0
"""A subprocess that takes longer is killed."""

MARK = "rtvoice devices: "
"""Prefix of the result line; sound libraries may write other lines to the same output."""


class Listed(msgspec.Struct):
    """Result of the subprocess: the devices and their backend, or why there are none.

    Attributes:
        devices: all devices.
        through: name and version of the backend.
        hangs: the sound server did not respond in time.
        sentence: why there are no devices; empty if there are.
        remedy: what the user can do about it.
    """

    devices: list[DeviceInfo] = []
    through: str = ""
    hangs: bool = False
    sentence: str = ""
    remedy: str = ""


def list_in_subprocess(limit_s: float = LIMIT_S) -> list[DeviceInfo]:
    """Return all devices present now. Blocks for 0.1 s or more: not for an event loop's thread.

    Raises:
        NoAnswer: the sound server hangs.
        AudioError: there is no device, or they cannot be listed; contains the remedy.
    """
    return query_in_subprocess(limit_s).devices


def query_in_subprocess(limit_s: float = LIMIT_S) -> Listed:
    """Return all devices present now, and their backend. Blocks like `list_in_subprocess`.

    Raises:
        NoAnswer: the sound server hangs.
        AudioError: there is no device, or they cannot be listed; contains the remedy.
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


def _no_answer() -> DeviceListTimeout:
    if sys.platform.startswith("linux"):
        return DeviceListTimeout(
            "the sound server does not answer",
            "restart it: systemctl --user restart pipewire pipewire-pulse, or pulseaudio -k",
        )
    return DeviceListTimeout("the sound system does not answer", "unplug the device that hangs, or restart the machine")


def listed_in(output: str) -> Listed:
    """Parse the output of the subprocess.

    Raises:
        NoAnswer: the sound server hangs.
        AudioError: there is no device, or the output has no valid result line.
    """
    for line in output.split("\n"):  # not splitlines: a device name may contain other line separators
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
    """Entry point of the subprocess: write the device list to standard output."""
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
    _write_result(listed)


def _give_up() -> None:
    _write_result(Listed(hangs=True))
    os._exit(1)  # the thread that waits for the sound server cannot be ended


def _write_result(listed: Listed) -> None:
    sys.stdout.write(f"\n{MARK}{msgspec.json.encode(listed).decode()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
