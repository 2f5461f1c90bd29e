"""State that is kept between runs: the last profile, the theme, and the hosts that keys may be sent to."""

import contextlib
import tomllib
from typing import Any

import msgspec

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.writing import write_privately


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the state file.

    Attributes:
        profile: name of the profile that was open last.
        theme: name of the theme.
        key_hosts: hosts that the user agreed to send a key to, each as ``VARIABLE@host``.
    """

    profile: str = ""
    theme: str = ""
    key_hosts: tuple[str, ...] = ()


def load_state() -> State:
    """Load the state; returns the default state if the file cannot be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError, msgspec.ValidationError):
        return msgspec.convert(tomllib.loads(paths.state_file().read_text(encoding="utf-8")), State)
    return State()


def remember(**changes: Any) -> None:
    """Save fields of `State`; write errors are ignored."""
    state = msgspec.structs.replace(load_state(), **changes)
    text = "".join(
        f"{name} = {msgspec.json.encode(value).decode()}\n" for name, value in msgspec.structs.asdict(state).items()
    )
    with contextlib.suppress(ProfileError):
        write_privately(paths.state_file(), text)
