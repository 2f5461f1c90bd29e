"""What the app remembers from one start to the next: the last profile and the theme."""

import contextlib
import tomllib

import msgspec

from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.store import ProfileError
from rtvoice_tui.profiles.writing import write_privately


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Both are names."""

    profile: str = ""
    theme: str = ""


def load_state() -> State:
    """What was remembered; a file that cannot be read is as good as none."""
    with contextlib.suppress(OSError, ValueError, RecursionError, msgspec.ValidationError):
        return msgspec.convert(tomllib.loads(paths.state_file().read_text(encoding="utf-8")), State)
    return State()


def remember(**changes: str) -> None:
    """Remember names; a folder that cannot be written to costs only the memory."""
    state = msgspec.structs.replace(load_state(), **changes)
    text = "".join(
        f"{name} = {msgspec.json.encode(value).decode()}\n" for name, value in msgspec.structs.asdict(state).items()
    )
    with contextlib.suppress(ProfileError):
        write_privately(paths.state_file(), text)
