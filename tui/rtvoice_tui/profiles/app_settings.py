"""Settings that belong to no profile: ``settings.toml`` beside the folder of the profiles, edited by hand."""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from rtvoice_tui.text_files import read_text_file

MAX_BYTES = 100_000

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[recording]`` table. 0 is no limit.

    Attributes:
        black_box: whether the last sessions are kept without sound, though nobody asked for it.
        black_box_sessions: how many of them.
        sessions: how many recordings are kept that were asked for; the oldest go first.
        days: after how many days they go.
        megabytes: how much all of them may take.
    """

    black_box: bool = True
    black_box_sessions: Count = 5
    sessions: Count = 0
    days: Count = 0
    megabytes: Count = 0


class AppSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    recording: RecordingSettings = RecordingSettings()


def load_app_settings(file: Path) -> tuple[AppSettings, str]:
    """Read the settings; returns the defaults and a sentence if the file cannot be used."""
    try:
        return msgspec.convert(tomllib.loads(read_text_file(file, MAX_BYTES)), AppSettings), ""
    except FileNotFoundError:
        return AppSettings(), ""
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        return AppSettings(), f"{file} is not used: {_one_line(getattr(error, 'strerror', None) or str(error))}"


def _one_line(text: str) -> str:
    """A message that may repeat what is in the file, on one line."""
    return "".join(character if character.isprintable() else "?" for character in text)[:400]
