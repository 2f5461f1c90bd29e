"""All paths of the app's files. On Linux, XDG variables move them."""

from pathlib import Path

import platformdirs

APP = "rtvoice-tui"


def config_folder() -> Path:
    """Return the folder of the user's profiles and themes."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def profiles_folder() -> Path:
    """Return the folder of the user's profiles, one TOML file each."""
    return config_folder() / "profiles"


def themes_folder() -> Path:
    """Return the folder of the user's themes; a file there replaces a built-in theme of the same name."""
    return config_folder() / "themes"


def state_file() -> Path:
    """Return the file of the state that is kept between runs."""
    return Path(platformdirs.user_state_dir(APP, appauthor=False)) / "state.toml"


def recordings_folder() -> Path:
    """Return the folder of the recordings, one folder each."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "recordings"


def settings_file() -> Path:
    """Return the file of settings that belong to no profile."""
    return config_folder() / "settings.toml"


def typed_file() -> Path:
    """Return the file of the messages that were typed, for the message field."""
    return state_file().with_name("typed.jsonl")


def queries_file() -> Path:
    """Return the file of the saved queries."""
    return state_file().with_name("queries.txt")


def log_file() -> Path:
    """Return the log file, for tracebacks and messages of audio libraries."""
    return Path(platformdirs.user_log_dir(APP, appauthor=False)) / "rtvoice-tui.log"
