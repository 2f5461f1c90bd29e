"""What the app remembers from one start to the next: the last profile, the theme, and where keys may go."""

import contextlib
import tomllib
from typing import Any

import msgspec

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.writing import write_privately


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered.

    Attributes:
        profile: name of the profile that was open last.
        theme: name of the theme.
        key_hosts: destinations that the user agreed to, each as ``VARIABLE@host``.
    """

    profile: str = ""
    theme: str = ""
    key_hosts: tuple[str, ...] = ()


def load_state() -> State:
    """What was remembered; a file that cannot be read is as good as none."""
    with contextlib.suppress(OSError, ValueError, RecursionError, msgspec.ValidationError):
        return msgspec.convert(tomllib.loads(paths.state_file().read_text(encoding="utf-8")), State)
    return State()


def remember(**changes: Any) -> None:
    """Remember fields of `State`; a folder that cannot be written to costs only the memory."""
    state = msgspec.structs.replace(load_state(), **changes)
    text = "".join(
        f"{name} = {msgspec.json.encode(value).decode()}\n" for name, value in msgspec.structs.asdict(state).items()
    )
    with contextlib.suppress(ProfileError):
        write_privately(paths.state_file(), text)
