"""WAV files looked at before their sound is wanted. Loads neither numpy nor a sound library."""

import contextlib
import os
import wave
from collections.abc import Iterator
from pathlib import Path

from rtvoice_tui.errors import AudioError

CONVERT = "convert it to 16-bit PCM WAV"
ANOTHER = "give --input-file a WAV file"


def check_files(input_file: Path | None, output_file: Path | None) -> None:
    """Whether the files of the command line can take the place of microphone and speaker; changes neither.

    Raises:
        AudioError: they cannot, with what to give instead.
    """
    if input_file is not None and output_file is not None and _same(input_file, output_file):
        raise AudioError(
            f"--output-file {output_file} is the recording of --input-file and would overwrite it",
            "choose another --output-file",
        )
    if input_file is not None and not _is_stream(input_file):
        with opened_wav(input_file):
            pass
    if output_file is not None:
        _check_output(output_file)


@contextlib.contextmanager
def opened_wav(path: Path) -> Iterator[wave.Wave_read]:
    """A 16-bit PCM WAV file, its header read.

    Raises:
        AudioError: it cannot be read, also while its frames are.
    """
    try:
        with wave.open(str(path), "rb") as wav:
            if not wav.getframerate():
                raise wave.Error("its rate is 0 Hz")
            if wav.getsampwidth() != 2:
                raise AudioError(f"{path} has {wav.getsampwidth() * 8} bits a sample", CONVERT)
            yield wav
    except FileNotFoundError as error:
        raise AudioError(f"{path} does not exist", ANOTHER) from error
    except PermissionError as error:
        raise AudioError(f"{path} may not be read by you", "change its rights, or give another --input-file") from error
    except (OSError, EOFError, wave.Error) as error:
        remedy = ANOTHER if isinstance(error, OSError) else CONVERT
        raise AudioError(f"{path} is no WAV file that can be read: {_reason(path, error)}", remedy) from error


def _reason(path: Path, error: Exception) -> str:
    """Why a file is no WAV file; the library says nothing of one that ends too early."""
    if os.path.isdir(path):
        return "it is a folder"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if not isinstance(error, EOFError):
        return str(error)
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
    except OSError as error:
        reason = error.strerror or str(error)
    raise AudioError(f"{path} cannot be written: {reason}", remedy)


def _open_to_write(path: str) -> None:
    """Open a file and close it unchanged: rights alone do not tell whether the system would let it be written."""
    new = not os.path.exists(path)
    os.close(os.open(path, os.O_WRONLY | (os.O_CREAT | os.O_EXCL if new else 0), 0o600))
    if new:
        os.unlink(path)


def _is_stream(path: Path) -> bool:
    """Whether it is a pipe or a device: what is read of one is gone, and to open one may take for ever."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)
