"""Time from starting the command to its first whole frame, beside a bare Textual app with one Static.

Both run in a pty of 120x40. Whole means: the last row that is drawn first (the footer) has arrived.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reporting import Row, print_table
from ui_runs import BARE_ONE_STATIC, COMMAND, Pty, bench_environment

ROUNDS = 9
BUDGET = 1.9  # seven panes, a header and a footer that are laid out and painted, beside one line of text


def first_frame(command: list[str], environment: dict[str, str], sign: bytes) -> tuple[float, float]:
    """Seconds until the sign is on the screen, and the processor time that the process took for it."""
    start = time.perf_counter()
    with Pty(command, environment) as terminal:
        took = terminal.wait_for(sign, 30) - start
        return took, terminal.cpu_seconds()


def _pick(runs: list[tuple[float, float]], pick: Callable[[list[float]], float], part: int) -> float:
    """One figure of all runs but the first, which warms the file cache; in ms."""
    return pick([run[part] for run in runs[1:]]) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = bench_environment(Path(folder))
        ours: list[tuple[float, float]] = []
        bare: list[tuple[float, float]] = []
        for _ in range(ROUNDS + 1):
            bare.append(first_frame([sys.executable, "-c", BARE_ONE_STATIC], environment, b"bare is here"))
            ours.append(first_frame([COMMAND, "--no-audio", "--no-connect"], environment, b"commands"))
    rows = [
        Row(what, "ms", _pick(bare, pick, part), _pick(ours, pick, part), ratio=BUDGET)
        for what, pick, part in (
            ("first frame, fastest", min, 0),
            ("first frame, median", statistics.median, 0),
            ("processor time until then, mean (10 ms steps)", statistics.mean, 1),
        )
    ]
    print_table("First frame over a pty, 120x40", "bare Textual app", rows)


if __name__ == "__main__":
    main()
