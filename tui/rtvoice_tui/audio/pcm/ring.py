"""A lock-free ring buffer of PCM16 samples between two threads: each side owns one counter."""

BYTES = 2


class SampleRing:
    """One thread writes, another reads. Positions count samples since creation; only `requeue_unplayed` moves one back.

    Args:
        capacity: how many samples fit.
        kept: how many samples that were read can be taken back.

    Attributes:
        written: position of the writer.
        taken: position of the reader.
    """

    def __init__(self, capacity: int, kept: int = 0) -> None:
        self.capacity = capacity
        self.kept = kept
        self._size = capacity + kept
        self._data = bytearray(self._size * BYTES)
        self.written = 0
        self.taken = 0

    def __len__(self) -> int:
        """Samples that can be read."""
        return self.written - self.taken

    @property
    def room(self) -> int:
        """Samples that still fit; 0 while `requeue_unplayed` has made more than ``capacity`` readable."""
        return max(0, self.capacity - len(self))

    def write(self, pcm: bytes | memoryview) -> int:
        """Append as many samples as fit; returns how many. Only for the writing thread."""
        count = min(len(pcm) // BYTES, self.room)
        start = self.written % self._size
        first = min(count, self._size - start)
        self._data[start * BYTES : (start + first) * BYTES] = pcm[: first * BYTES]
        if first < count:
            self._data[: (count - first) * BYTES] = pcm[first * BYTES : count * BYTES]
        self.written += count
        return count

    def read(self, count: int) -> bytes:
        """Read up to ``count`` samples. Only for the reading thread."""
        count = min(count, len(self))
        start = self.taken % self._size
        first = min(count, self._size - start)
        pcm = bytes(self._data[start * BYTES : (start + first) * BYTES])
        if first < count:
            pcm += bytes(self._data[: (count - first) * BYTES])
        self.taken += count
        return pcm

    def skip_to(self, position: int) -> None:
        """Discard unread samples before a position, at most up to ``written``. Only for the reading thread."""
        self.taken = max(self.taken, min(position, self.written))

    def requeue_unplayed(self, count: int) -> int:
        """Make the last samples that were read readable again; returns how many.

        Only for the reading thread, or while no thread reads.
        """
        count = min(count, self.kept, self.taken, self._size - len(self))
        self.taken -= count
        return count
