"""Where files live: the one place that knows. XDG variables move them."""

from pathlib import Path

import platformdirs

APP = "rtvoice-tui"


def config_folder() -> Path:
    """Settings made by the user."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def profiles_folder() -> Path:
    """One TOML file a profile."""
    return config_folder() / "profiles"


def themes_folder() -> Path:
    """The user's own themes; a file here replaces a shipped one of the same name."""
    return config_folder() / "themes"


def state_file() -> Path:
    """What the app remembers from one start to the next."""
    return Path(platformdirs.user_state_dir(APP, appauthor=False)) / "state.toml"


def log_file() -> Path:
    """Where tracebacks and the messages of sound libraries go."""
    return Path(platformdirs.user_log_dir(APP, appauthor=False)) / "rtvoice-tui.log"
