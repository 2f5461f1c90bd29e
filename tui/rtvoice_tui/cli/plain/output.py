"""Standard output as lines."""

import sys
from collections.abc import Callable

from rtvoice_tui.cli.console import OutputFailed
from rtvoice_tui.store.plain import line_of


class Output:
    """Prints lines, each at once.

    Args:
        failed: called once if the output cannot be written to any more.

    Attributes:
        broken: the error that ended the output; ``None`` while it can be written to.
    """

    def __init__(self, failed: Callable[[], None]) -> None:
        self.broken: Exception | None = None
        self._failed = failed

    def say(self, words: str) -> None:
        """Print a line. Does nothing once the output is broken."""
        if self.broken is not None:
            return
        try:
            sys.stdout.write(f"{line_of(words)}\n")
            sys.stdout.flush()
        except (OutputFailed, OSError) as error:
            self.broken = error
            self._failed()
