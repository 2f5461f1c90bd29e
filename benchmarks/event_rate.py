"""The event stream under load, and its cost with a million rows.

A server sends 5 000 events a second for 10 s over a real WebSocket while the app runs in a pty and keys are pressed.
Then, headless: a frame that follows the end with 1 000 and with 1 000 000 rows, and memory per event; the same with
events that belong to responses, of which one is unfolded.
"""

import asyncio
import inspect
import re
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from reporting import Row, print_table
from ui_runs import COMMAND, Pty, bench_environment, scripted_server

RATE, SECONDS = 5_000, 10.0
FRAMES = 60


def under_load(environment: dict[str, str]) -> tuple[float, float, list[float], list[float]]:
    """Events stored, how long storing them took, and key-to-repaint times without and with load, in seconds."""
    with (
        scripted_server("events", str(RATE), str(SECONDS)) as url,
        Pty([COMMAND, "--provider", "generic", "--url", url, "--no-audio"], environment) as terminal,
    ):
        terminal.wait_for(b"LIVE", 30)
        time.sleep(1)
        quiet = [_press(terminal, mark) for mark in (b"3 Timing", b"1 Transcript") * 5]
        terminal.press("t")
        time.sleep(0.5)
        start = time.perf_counter()
        terminal.press("go\r")
        time.sleep(0.5)
        terminal.press("\x1b")
        time.sleep(0.5)
        busy: list[float] = []
        while time.perf_counter() - start < SECONDS - 1:
            busy += [_press(terminal, mark) for mark in (b"3 Timing", b"1 Transcript")]
        terminal.wait_for(b"bench.finished", 60)
        took = time.perf_counter() - start
        time.sleep(1)
        counts = re.findall(rb"([\d ]{4,}) events", bytes(terminal.output))
        return float(counts[-1].replace(b" ", b"")), took, quiet, busy


def _press(terminal: Pty, title: bytes) -> float:
    """Go to a pane: seconds until its title is drawn anew, highlighted."""
    at = len(terminal.output)
    start = time.perf_counter()
    terminal.press(title[:1].decode())
    return terminal.wait_for(title, 30, at) - start


EVENTS_OF_A_RESPONSE = 10


async def frames(rows: int, grouped: bool = False) -> tuple[float, float, float]:
    """Milliseconds of processor time per follow frame, bytes a row in the widget, bytes an event in the store."""
    from rtvoice_tui.controller.planner import Options, Planner, make_plan
    from rtvoice_tui.editing.editor import AgentEditor
    from rtvoice_tui.engine.worker import SessionWorker
    from rtvoice_tui.profiles.store import load_profile
    from rtvoice_tui.protocol.wire import Claim, GroupKind, GroupMark
    from rtvoice_tui.store.store import Store
    from rtvoice_tui.ui.app import RtvoiceApp
    from rtvoice_tui.ui.panes.events import EventsView

    class Headless(RtvoiceApp):
        CSS_PATH = Path(inspect.getfile(RtvoiceApp)).with_name("app.tcss")

        def _begin(self) -> None:
            """No session, and no pulse but ours."""

    def append(number: int) -> None:
        response = f"response:{number // EVENTS_OF_A_RESPONSE}"
        mark = GroupMark(GroupKind.RESPONSE, Claim.BELONGS, response) if grouped else None
        store.events.append(number / 1000, False, "bench.event", '{"type": "bench.event", "number": 1}', group=mark)

    tracemalloc.start()
    store = Store()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(rows):
        append(number)
    store.events.flush()
    stored = (tracemalloc.get_traced_memory()[0] - before) / rows
    profile = load_profile("local")
    planner = Planner(Options())
    worker = SessionWorker(make_plan(profile, Options(), {}), store)
    app = Headless(worker, store, AgentEditor("local", profile), planner)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = app.query_one(EventsView)
        view.set_filter("bench")  # the dearest case: the widget keeps its hits
        before = tracemalloc.get_traced_memory()[0]
        view.set_filter("")
        view.set_filter("bench")
        app.pulse()
        await pilot.pause()
        kept = max(0, tracemalloc.get_traced_memory()[0] - before) / rows
        hits = sys.getsizeof(view._filter.hits) / rows
        view.set_filter("")
        if grouped:
            view.action_unfold()
            view.action_follow()
        tracemalloc.stop()
        costs = []
        each = EVENTS_OF_A_RESPONSE if grouped else 4  # one line more, or four: every frame is painted
        for frame in range(FRAMES):
            for more in range(each):
                append(rows + frame * each + more)
            start = time.process_time()
            app.pulse()
            await pilot.pause(0)
            costs.append((time.process_time() - start) * 1000)
    store.events.close()
    return statistics.median(costs), max(kept, hits), stored


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        stored, took, quiet, busy = under_load(bench_environment(Path(folder)))
        small, _, _ = asyncio.run(frames(1_000))
        large, widget, store = asyncio.run(frames(1_000_000))
        small_folded, _, _ = asyncio.run(frames(1_000, grouped=True))
        large_folded, _, store_folded = asyncio.run(frames(1_000_000, grouped=True))
    sent = RATE * SECONDS
    rows = [
        Row(f"events stored of {sent:.0f}", "events", sent, stored, least=sent),
        Row("events a second", "1/s", RATE, sent / took, least=RATE * 0.9),
        Row("key to repaint, median", "ms", statistics.median(quiet) * 1000, statistics.median(busy) * 1000),
        Row("key to repaint, worst", "ms", max(quiet) * 1000, max(busy) * 1000, limit=1000),
        Row("follow frame at 1 000 000 rows", "ms cpu", small, large, ratio=1.5),
        Row("follow frame, of responses of 10 rows", "ms cpu", small_folded, large_folded, ratio=1.5),
        Row("widget, bytes a row (filtered: hits kept)", "bytes", None, widget, limit=32),
        Row("store, bytes an event", "bytes", None, store, limit=64),
        Row("store, bytes an event of responses", "bytes", None, store_folded, limit=64),
    ]
    print_table("Event stream", "sent; keys without load; 1 000 rows", rows)


if __name__ == "__main__":
    main()
