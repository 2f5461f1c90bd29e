"""Profiles as files, for the tests of this folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths, secrets
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import profile_path, profile_text
from rtvoice_tui.profiles.writing import Changes, save_changes

OWN = 'provider = "openai"\nmodel = "gpt-realtime-2"\n'

COMMENTED = """\
# My assistant.
provider = "openai"   # the second choice
model = "gpt-realtime-2"

# How it behaves.
[session]
voice = "marin"   # or cedar
instructions = "Be brief."
turn_detection = {type = "server_vad", threshold = 0.5}   # tuned for my room
input_rate = 24000
output_rate = 24000   # fixed

# What it can do.
[[tools]]
name = "get_weather"   # demo
run = {kind = "python", target = "demo:get_weather"}

[audio]
input_device = "USB"
"""


def put(name: str, text: str | bytes) -> Path:
    """Write a profile's file as another program would."""
    file = profile_path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def save(name: str, session: dict[str, Any] | None = None, **more: Any) -> Path:
    """Save changes that were made to the profile as it is now; returns its file."""
    return profile_path(save_changes(name, Changes(session or {}, **more), profile_text(name)).name)


def kept(folder: Path | None = None) -> list[str]:
    """The files in the profiles' folder, without those that only keep programs apart."""
    return sorted(name for name in os.listdir(folder or paths.profiles_folder()) if not name.endswith(".lock"))


def refused(*words: str):
    """Expect a ProfileError: one sentence that holds all words, and a remedy."""
    return _Refused(words)


class _Refused:
    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        self._raises = pytest.raises(ProfileError)

    def __enter__(self) -> Any:
        self._caught = self._raises.__enter__()
        return self._caught

    def __exit__(self, *error: Any) -> bool:
        done = bool(self._raises.__exit__(*error))
        if done:
            told = self._caught.value
            for word in self._words:
                assert word in told.sentence
            assert "\n" not in told.sentence
            assert told.remedy
        return done


def find_key(profile: Profile, environ: Mapping[str, str]) -> str:
    """The key that would be sent; nothing if there is none and none is needed."""
    key = secrets.find_key(profile, environ)
    return key.value if key else ""


def key_source(profile: Profile, environ: Mapping[str, str]) -> str:
    """Where that key was found; nothing if there is none."""
    try:
        key = secrets.find_key(profile, environ)
    except ProfileError:
        return ""
    return key.source if key else ""
