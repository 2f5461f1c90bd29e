"""A filter over 1 000 000 events, beside ``grep -ic`` on the same file; how long one step of it holds the screen up.

The events are those of voice sessions: pieces of transcripts that fold, speech, calls and the life of responses.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reporting import Row, print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.event_search import EventSearch
from rtvoice_tui.store.query import parse
from rtvoice_tui.ui.panes.event_words import short_name

EVENTS, ROUNDS = 1_000_000, 3
QUERIES = (
    "lighthouse",
    "-audio lighthouse",
    '"turn 777 of"',
    "type:response.done",
    "dir:up turn:100-200",
    "error",
    "/harb[o0]r/",
)
MOST, MOST_STEP_MS = 5.0, 100.0
REGEX = 10.0
"""Budget of a regular expression, which Python's engine looks for."""


def filled(log: EventLog, path: Path) -> None:
    """A million events, in the log and as lines of a file."""
    words = ("the ", "train ", "leaves ", "at ", "twelve ", "from ", "the ", "har", "bor ", "near ", "it. ")
    with path.open("w") as file:
        count = turn = 0
        while count < EVENTS:
            turn += 1
            log.set_turn(turn)
            rows = [("response.created", None, {"response": {"id": f"resp_{turn}", "status": "in_progress"}})]
            for number in range(40):
                delta = words[number % len(words)] if turn % 1000 or number else "lighthouse "
                place = {"response_id": f"resp_{turn}", "item_id": f"item_{turn}", "content_index": 0, "delta": delta}
                rows.append(("response.output_audio_transcript.delta", f"{turn}", place))
            rows.append(("response.done", None, {"response": {"id": f"resp_{turn}", "text": f"turn {turn} of many"}}))
            for kind, fold, fields in rows:
                text = json.dumps({"type": kind, "event_id": f"event_{count}", **fields}, separators=(",", ":"))
                log.append(float(count) / 50, False, kind, text, fold_key=fold)
                file.write(text + "\n")
                count += 1


def search(log: EventLog, words: str) -> tuple[float, float, int]:
    """Seconds of a whole search, of its longest step, and how many rows it found."""
    started = time.perf_counter()
    found = EventSearch(log, parse(words), short_name)
    longest = 0.0
    while found.behind:
        step = time.perf_counter()
        found.scan()
        longest = max(longest, time.perf_counter() - step)
    return time.perf_counter() - started, longest, len(found.hits)


def grep(path: Path) -> float:
    """Seconds of grep."""
    started = time.perf_counter()
    subprocess.run(
        ["grep", "-ic", "lighthouse", str(path)], stdout=subprocess.PIPE, check=False
    )  # to nowhere it stops at the first
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        path, log = Path(name) / "events.jsonl", EventLog()
        filled(log, path)
        log.flush()
        bare = min(grep(path) for _ in range(ROUNDS)) * 1000
        rows = []
        longest = 0.0
        for words in QUERIES:
            runs = [search(log, words) for _ in range(ROUNDS)]
            longest = max(longest, min(run[1] for run in runs) * 1000)
            texts = max(1, len(parse(words).texts))  # a grep for each
            budget = REGEX if "/" in words else MOST
            took = min(run[0] for run in runs) * 1000
            rows.append(Row(f"{words}  ({runs[0][2]} rows)", "ms", bare * texts, took, ratio=budget))
        rows.append(
            Row("the longest step, of which the screen has 15 a second", "ms", None, longest, limit=MOST_STEP_MS)
        )
        log.close()
    print_table(f"Filtering {EVENTS:,} events".replace(",", " "), "grep -ic lighthouse", rows)


if __name__ == "__main__":
    main()
