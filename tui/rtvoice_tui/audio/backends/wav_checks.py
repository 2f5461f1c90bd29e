"""Checks WAV files before they are used. Loads no sound library for 16-bit PCM."""

import contextlib
import os
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

from rtvoice_tui.errors import AudioError


class OtherEncoding(Exception):
    """The samples are not 16-bit PCM, so that a sound library has to read the file."""


LOWEST_RATE, HIGHEST_RATE = 1000, 768_000
_OTHER_CONTAINERS = (b"RF64", b"RIFX")
"""First bytes of large WAV files, and of those with the bytes of each number in the other order."""

CONVERT = "convert it to 16-bit PCM WAV"
ANOTHER = "give --input-file a WAV file"


def check_files(input_file: Path | None, output_file: Path | None) -> None:
    """Check that the files of the command line can replace microphone and speaker. Changes neither.

    Raises:
        AudioError: a file cannot be used; contains the remedy.
    """
    if input_file is not None and output_file is not None and _same(input_file, output_file):
        raise AudioError(
            f"--output-file {output_file} is the recording of --input-file and would overwrite it",
            "choose another --output-file",
        )
    if input_file is not None and not _is_stream(input_file):
        _check_input(input_file)
    if output_file is not None:
        _check_output(output_file)


def _check_input(path: Path) -> None:
    try:
        with opened_wav(path):
            pass
    except OtherEncoding as other:
        import soundfile

        try:
            with path.open("rb") as file:
                check_rate(soundfile.info(by_content(file)).samplerate)
        except (soundfile.SoundFileError, ValueError) as error:
            raise AudioError(f"{path} {other}: {library_reason(error)}", CONVERT) from None


def by_content(file: BinaryIO) -> Any:
    """A file without a name for the sound library, which would take the format from an ending such as ``.raw``."""
    return SimpleNamespace(read=file.read, readinto=file.readinto, seek=file.seek, tell=file.tell)  # type: ignore[attr-defined]


def check_rate(rate: int) -> None:
    """Check a sample rate in Hz.

    Raises:
        ValueError: no recording has it; it could not be resampled.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"its rate is {rate} Hz")


def library_reason(error: Exception) -> str:
    """The sound library's reason in one line."""
    words = " ".join(str(getattr(error, "error_string", "") or error).split())
    return words[:1].lower() + words[1:].rstrip(".")


@contextlib.contextmanager
def opened_wav(path: Path) -> Iterator[wave.Wave_read]:
    """Open a 16-bit PCM WAV file and check its header.

    Raises:
        AudioError: the file cannot be read; also for errors inside the ``with`` block.
        OtherEncoding: its samples have another format, such as 24 bits or float; the sentence says which.
    """
    try:
        with wave.open(str(path), "rb") as wav:
            _check_header(wav)
            yield wav
    except FileNotFoundError as error:
        raise AudioError(f"{path} does not exist", ANOTHER) from error
    except PermissionError as error:
        raise AudioError(f"{path} may not be read by you", "change its rights, or give another --input-file") from error
    except wave.Error as error:
        if str(error).startswith("unknown") or _first_bytes(path) in _OTHER_CONTAINERS:  # float, extensible header
            raise OtherEncoding("is no WAV file that can be read") from None
        raise AudioError(f"{path} is no WAV file that can be read: {error}", CONVERT) from error
    except (OSError, EOFError, RuntimeError, ValueError) as error:  # the last two: chunks that do not fit
        remedy = ANOTHER if isinstance(error, OSError) else CONVERT
        raise AudioError(f"{path} is no WAV file that can be read: {_reason(path, error)}", remedy) from error


def _check_header(wav: wave.Wave_read) -> None:
    try:
        check_rate(wav.getframerate())
    except ValueError as error:
        raise wave.Error(str(error)) from None
    if wav.getsampwidth() != 2:
        raise OtherEncoding(f"has {wav.getsampwidth() * 8} bits a sample, and cannot be read")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _reason(path: Path, error: Exception) -> str:
    """Return why a file cannot be read as WAV; for a truncated file the library gives no reason."""
    if os.path.isdir(path):
        return "it is a folder"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if not isinstance(error, EOFError):
        return str(error) or "its parts do not fit together"
    return "it ends within its header" if path.stat().st_size else "it is empty"


def _check_output(path: Path) -> None:
    remedy = "choose another --output-file"
    try:
        if os.path.isdir(path):
            reason = "it is a folder"
        elif not _is_stream(path):
            _open_to_write(os.path.realpath(path))
            return
        elif os.access(path, os.W_OK):
            return
        else:
            reason = "you may not write it"
    except FileNotFoundError:
        reason, remedy = f"there is no folder {path.parent}", f"create the folder, or {remedy}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or str(error)
    raise AudioError(f"{path} cannot be written: {reason}", remedy)


def _open_to_write(path: str) -> None:
    """Open a file for writing and close it unchanged: permissions alone do not show whether it can be written."""
    new = not os.path.exists(path)
    os.close(os.open(path, os.O_WRONLY | (os.O_CREAT | os.O_EXCL if new else 0), 0o600))
    if new:
        os.unlink(path)


def _is_stream(path: Path) -> bool:
    """Whether it is a pipe or a device: reading would consume its data, and opening may block forever."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return os.path.realpath(one) == os.path.realpath(other)
