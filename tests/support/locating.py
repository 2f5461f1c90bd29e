"""Finds short stretches of known sound in other sound, by cross correlation. Samples are numpy arrays of int16."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]

LIKE = 0.4
"""Least likeness of a stretch that was found. Where sound was cut or joined, a part is like; noise is below 0.25."""


class Found(NamedTuple):
    """Where a stretch begins, in samples, and how like it the sound there is: 1 is the same, at any volume."""

    at: int
    likeness: float


def find(part: Samples, sound: Samples, first: int = 0, last: int | None = None) -> Found | None:
    """The place in a sound that is most like a stretch, looked for between two places; ``None`` if none is like it."""
    return next(iter(find_all(part, sound, first, last)), None)


def find_all(part: Samples, sound: Samples, first: int = 0, last: int | None = None) -> list[Found]:
    """The places in a sound that are like a stretch and do not overlap, the most like first."""
    first = max(0, first)
    likeness = _likeness(part.astype(float), sound[first:last].astype(float))
    found: list[Found] = []
    while len(likeness) and (best := float(likeness.max())) >= LIKE:
        at = int(np.argmax(likeness))
        found.append(Found(first + at, best))
        likeness[max(0, at - len(part)) : at + len(part)] = 0.0
    return found


def _likeness(part: Floats, sound: Floats) -> Floats:
    """How like a part each place of a sound is, from -1 to 1."""
    if len(sound) < len(part):
        return np.zeros(0)
    size = 1 << int(np.ceil(np.log2(len(sound) + len(part))))
    products = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(part, size)), size)
    sums = np.concatenate(([0.0], np.cumsum(sound * sound)))
    energies, energy = sums[len(part) :] - sums[: -len(part)], float(part @ part)
    least = 0.01 * energy  # silence is like nothing
    return products[: len(energies)] / np.sqrt(np.maximum(energies, least) * energy)


def loud(sound: Samples, size: int, every: int) -> list[int]:
    """Places, ``every`` so many samples, from which on ``size`` samples are loud throughout."""
    places = range(0, len(sound) - size + 1, every)
    quiet = np.concatenate(([0], np.cumsum(np.abs(sound.astype(np.int32)) < 64)))
    return [place for place in places if quiet[place + size] - quiet[place] < size // 8]
