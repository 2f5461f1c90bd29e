"""Finds, reads and validates profiles."""

import contextlib
import os
import re
import tomllib
from pathlib import Path

import msgspec

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.runs import with_kind
from rtvoice_tui.text_files import decoded

BUILT_IN = ("local", "yandex", "openai", "azure", "xai", "hf")
MAX_BYTES = 1_000_000

MAX_PARTS = 32
"""Maximum number of parts of one dotted key."""

MAX_DOTS = 200
"""Maximum number of dots in all dotted keys that are assigned: parsing time grows with its square."""

_MOST = {"=": 20_000, "[": 20_000, ",": 60_000, "\n": 20_000}
"""Maximum number of occurrences of each character: bounds the number of keys, tables and values."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def profile_path(name: str) -> Path:
    """Return the path of a profile's file, which need not exist.

    Raises:
        ProfileError: the name is not a valid profile name, so it could lead outside the profiles' folder.
    """
    if not _NAME.fullmatch(name):
        raise ProfileError(f"'{name}' is no profile name", "use letters, digits, '-', '_' and '.'")
    return paths.profiles_folder() / f"{name}.toml"


def profile_names() -> list[str]:
    """Return the names of the built-in profiles, then those of the user's own, sorted."""
    found = {path.stem for path in _files() if path.suffix == ".toml" and _NAME.fullmatch(path.stem)}
    return list(BUILT_IN) + sorted(found - set(BUILT_IN))


def unlisted_files() -> list[Path]:
    """Return the files that look like profiles but are not read because of their names, sorted."""
    looks = re.compile(r"[^.].*\.toml(\.txt)?", re.IGNORECASE | re.DOTALL)
    return [f for f in _files() if looks.fullmatch(f.name) and not (f.suffix == ".toml" and _NAME.fullmatch(f.stem))]


def _files() -> list[Path]:
    try:
        return sorted(paths.profiles_folder().iterdir())
    except OSError:  # there is none, or it belongs to somebody else
        return []


def load_profile(name: str) -> Profile:
    """Load a profile by name: the user's file, or else the built-in profile of that name.

    Raises:
        ProfileError: there is no such profile, or it cannot be read or is not valid.
    """
    text, shown = _text(name)
    return parse_profile(text, shown)


_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(
    rf"(?:^[ \t]*(?:\[{{1,2}}[ \t]*)?|[{{,][ \t]*){_KEY}(?:[ \t]*\.[ \t]*{_KEY}){{{MAX_PARTS},}}", re.MULTILINE
)


_DOTTED_KEY = re.compile(rf"^[ \t]*{_KEY}(?:[ \t]*\.[ \t]*{_KEY})+[ \t]*=", re.MULTILINE)


def check_size(text: str, shown: str) -> None:
    """Check that a text can be parsed as TOML in a short time; some inputs make the parsers very slow.

    Raises:
        ProfileError: it exceeds a limit; ``shown`` names the file.
    """
    if any(text.count(sign) > most for sign, most in _MOST.items()):
        raise ProfileError(f"{shown} holds more values than a profile can have", "shorten it")
    if sum(found.group().count(".") for found in _DOTTED_KEY.finditer(text)) > MAX_DOTS:
        raise ProfileError(f"{shown} has too many keys with dots", "write tables, like [session.turn_detection]")
    if _LONG_KEY.search(text):
        raise ProfileError(f"{shown} has a key of more than {MAX_PARTS} parts", "write it with fewer dots")


def parse_profile(text: str, shown: str) -> Profile:
    """Parse and validate a profile; ``shown`` names the file in errors.

    Raises:
        ProfileError: it is not valid; the sentence names file, key and what was expected.
    """
    check_size(text, shown)
    try:
        raw = tomllib.loads(text)
        if isinstance(raw.get("tools"), list):
            raw["tools"] = [with_kind(tool) for tool in raw["tools"]]
        return msgspec.convert(raw, Profile)
    except tomllib.TOMLDecodeError as error:
        from rtvoice_tui.profiles.objections import toml_remedy

        raise ProfileError(f"{shown} is not valid TOML: {error}", toml_remedy(str(error), text)) from error
    except RecursionError as error:
        raise ProfileError(f"{shown} is nested too deeply", "write it with fewer levels") from error
    except msgspec.ValidationError as error:
        from rtvoice_tui.profiles.objections import objection

        sentence, remedy = objection(str(error), raw)
        raise ProfileError(f"{shown}: {sentence}", remedy) from error
    except ValueError as error:  # an integer with too many digits
        raise ProfileError(f"{shown} is not valid TOML: {error}", "fix the number") from error


def free_name(wanted: str) -> str:
    """Return an unused profile name that is similar to the wanted one."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", wanted).strip("-_.")[:48].strip("-_.") or "profile"
    taken = {name.lower() for name in profile_names()}
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 10_000))
    return next(name for name in names if name.lower() not in taken and not os.path.lexists(profile_path(name)))


def profile_text(name: str) -> str:
    """Return a profile's TOML text unchanged.

    Raises:
        ProfileError: there is no such profile, or it cannot be read.
    """
    return _text(name)[0]


def read_text(path: Path) -> str:
    """Read the text of a profile from any file.

    Raises:
        ProfileError: it cannot be read, is not UTF-8, or is larger than `MAX_BYTES`.
        FileNotFoundError: there is no such file.
    """
    try:
        if not path.is_file() and path.exists():
            raise ProfileError(f"{path} cannot be read: it is no file", "move it away, or choose another profile")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ProfileError(f"{path} is larger than a profile can be", "delete it, or choose another profile")
        return decoded(data)
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is not UTF-8 text", "save it as UTF-8, or delete it") from error
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise ProfileError(f"{path} leads to a file that is not there", "fix the link, or delete it") from None
        raise FileNotFoundError(path) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProfileError(f"{path} cannot be read: {reason}", "check the file and its rights") from error


def _text(name: str) -> tuple[str, str]:
    path = profile_path(name)
    if name not in BUILT_IN or os.path.lexists(path):  # false too where the folder belongs to somebody else
        with contextlib.suppress(FileNotFoundError):
            return read_text(path), str(path)
    if name in BUILT_IN:
        text = (Path(__file__).with_name("builtin") / f"{name}.toml").read_text(encoding="utf-8")
        return text, f"built-in profile {name}"
    raise ProfileError(f"there is no profile '{name}'", f"known are: {', '.join(profile_names())}")
