"""Checks WAV files before they are used. Loads no sound library for 16-bit PCM."""

import contextlib
import io
import os
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

from rtvoice_tui.errors import AudioError


class OtherEncoding(Exception):
    """The samples are not 16-bit PCM, so that a sound library has to read the file."""


CHECKED_BYTES = 1 << 20
"""How much of a file is read to check it."""

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
    content = read_content(path, CHECKED_BYTES)
    try:
        with opened_wav(path, content):
            pass
    except OtherEncoding as other:
        import soundfile

        try:
            check_rate(soundfile.info(by_content(io.BytesIO(content))).samplerate)
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


def read_content(path: Path, most: int = -1) -> bytes:
    """Read a WAV file: a pipe can be read only once. Sizes that its recorder left open are completed.

    Args:
        path: the file. Of what is no WAV file only the first bytes are read: a device may never end.
        most: maximum bytes of a file with PCM that are read; -1: all.

    Raises:
        AudioError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] not in (b"RIFF", *_OTHER_CONTAINERS) or head[8:] != b"WAVE":
                return head
            return completed(head + file.read(most if head[:4] == b"RIFF" else -1))
    except FileNotFoundError as error:
        raise AudioError(f"{path} does not exist", ANOTHER) from error
    except PermissionError as error:
        raise AudioError(f"{path} may not be read by you", "change its rights, or give another --input-file") from error
    except (OSError, ValueError) as error:
        reason = "it is a folder" if os.path.isdir(path) else getattr(error, "strerror", "") or str(error)
        raise AudioError(f"{path} is no WAV file that can be read: {reason}", ANOTHER) from error


def completed(content: bytes) -> bytes:
    """The bytes of a WAV file with sizes that fit: recorders that were killed, or wrote to a pipe, leave wrong ones.

    Args:
        content: the bytes of a file; those of any other format are returned as they are.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return content
    at = 12
    while at + 8 <= len(content):
        size, rest = int.from_bytes(content[at + 4 : at + 8], "little"), len(content) - at - 8
        if content[at : at + 4] == b"data":
            left_open = size == 0 and not _are_chunks(content, at + 8)
            size = rest if left_open or size > rest else size
            head = bytearray(content[: at + 8])
            head[4:8], head[at + 4 :] = (len(content) - 8).to_bytes(4, "little"), size.to_bytes(4, "little")
            return content if head == content[: at + 8] else bytes(head) + content[at + 8 :]
        at += 8 + size + size % 2
    return content


def _are_chunks(content: bytes, at: int) -> bool:
    """Whether whole chunks, such as LIST, fill the rest of a file."""
    while at + 8 <= len(content):
        if not re.fullmatch(rb"[ -~]{4}", content[at : at + 4]):
            return False
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at == len(content)


@contextlib.contextmanager
def opened_wav(path: Path, content: bytes) -> Iterator[wave.Wave_read]:
    """Open a 16-bit PCM WAV file and check its header.

    Args:
        path: the file, for messages.
        content: its bytes, from `read_content`.

    Raises:
        AudioError: the file cannot be read; also for errors inside the ``with`` block.
        OtherEncoding: its samples have another format, such as 24 bits or float; the sentence says which.
    """
    try:
        with wave.open(io.BytesIO(content), "rb") as wav:
            _check_header(wav)
            yield wav
    except wave.Error as error:
        if str(error).startswith("unknown") or content[:4] in _OTHER_CONTAINERS:  # float, extensible header
            raise OtherEncoding("is no WAV file that can be read") from None
        raise AudioError(f"{path} is no WAV file that can be read: {error}", CONVERT) from error
    except (EOFError, RuntimeError, ValueError) as error:  # the last two: chunks that do not fit
        reason = str(error) or "its parts do not fit together"
        if isinstance(error, EOFError):
            reason = "it ends within its header" if content else "it is empty"
        raise AudioError(f"{path} is no WAV file that can be read: {reason}", CONVERT) from error


def _check_header(wav: wave.Wave_read) -> None:
    try:
        check_rate(wav.getframerate())
    except ValueError as error:
        raise wave.Error(str(error)) from None
    if wav.getsampwidth() != 2:
        raise OtherEncoding(f"has {wav.getsampwidth() * 8} bits a sample, and cannot be read")


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
