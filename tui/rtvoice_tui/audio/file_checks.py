"""The WAV files that the command line names, looked at before anything is opened. Loads neither numpy nor sound."""

import os
from pathlib import Path

from rtvoice_tui.audio.device_info import AudioError


def check_files(input_file: Path | None, output_file: Path | None) -> None:
    """Whether the files can take the place of microphone and speaker.

    Raises:
        AudioError: they cannot, with what to give instead.
    """
    if input_file is not None and output_file is not None and _same(input_file, output_file):
        raise AudioError(
            f"--output-file {output_file} is the recording of --input-file and would overwrite it",
            "choose another --output-file",
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)
