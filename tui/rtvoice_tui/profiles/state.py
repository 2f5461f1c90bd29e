"""State that is kept between runs: the last profile, the theme, and the hosts that keys may be sent to."""

import contextlib
import json
import os
import tomllib
from typing import Any

import msgspec

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.writing import write_privately
from rtvoice_tui.text_files import read_text_file

MAX_BYTES = 1_000_000


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the state file.

    Attributes:
        profile: name of the profile that was open last.
        theme: name of the theme.
        columns: shares of the columns of panes, from left to right.
        key_hosts: hosts that the user agreed to send a key to, each as ``VARIABLE@host``.
    """

    profile: str = ""
    theme: str = ""
    key_hosts: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()


def load_state() -> State:
    """Load the state; returns the default state if the file cannot be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError, msgspec.ValidationError):
        return _read()
    return State()


def _read() -> State:
    return msgspec.convert(tomllib.loads(read_text_file(paths.state_file(), MAX_BYTES)), State)


def remember(**changes: Any) -> None:
    """Save fields of `State`; write errors are ignored. A file that cannot be read is kept beside the new one."""
    try:
        state = _read()
    except FileNotFoundError:
        state = State()
    except OSError:  # the next run may be able to read it
        return
    except (ValueError, RecursionError, msgspec.ValidationError):
        state = State()
        with contextlib.suppress(OSError):
            os.replace(paths.state_file(), paths.state_file().with_suffix(".broken"))
    state = msgspec.structs.replace(state, **changes)
    text = "".join(f"{name} = {_quoted(value)}\n" for name, value in msgspec.structs.asdict(state).items())
    with contextlib.suppress(ProfileError, UnicodeError):
        write_privately(paths.state_file(), text)


def _quoted(value: Any) -> str:
    """A value in TOML, which of JSON's text refuses DEL alone."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
