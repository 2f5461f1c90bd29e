"""What one more piece of an answer costs the transcript, at three lengths of the answer.

Headless at 120x40: pieces are taken by the store, the view is brought up to date and painted once a frame, with as
many pieces a frame as come at 15 frames and 30 pieces a second. The reference is Textual's own Log widget in a bare
app at the shortest length, with a line break after every fourth piece; it knows no turns, cuts and words being spoken.
"""

import asyncio
import inspect
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reporting import Row, print_table
from textual.app import App, ComposeResult
from textual.widgets import Log

if TYPE_CHECKING:
    from textual.pilot import Pilot

LENGTHS = (500, 4_000, 20_000)
PIECES_A_FRAME = 2
PIECES, ROUNDS = 80, 6
PIECE = "and another few words, "


async def cost(length: int) -> tuple[float, float]:
    """Milliseconds of processor time per piece: to bring the model up to date, and the same with painting."""
    from rtvoice_tui.controller.planner import Options, Planner, make_plan
    from rtvoice_tui.editing.editor import AgentEditor
    from rtvoice_tui.engine.worker import SessionWorker
    from rtvoice_tui.profiles.store import load_profile, profile_text
    from rtvoice_tui.session.facts import AgentSaid, TurnStarted
    from rtvoice_tui.store.store import Store
    from rtvoice_tui.ui.app import RtvoiceApp
    from rtvoice_tui.ui.panes.transcript import TranscriptView

    class Headless(RtvoiceApp):
        CSS_PATH = Path(inspect.getfile(RtvoiceApp)).with_name("app.tcss")

        def _begin(self) -> None:
            """No session, and no pulse but ours."""

    store = Store()
    profile = load_profile("local")
    app = Headless(
        SessionWorker(make_plan(profile, Options(), {}), store),
        store,
        AgentEditor("local", profile, profile_text("local")),
        Planner(Options(no_audio=True)),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = app.query_one(TranscriptView)
        store.record(TurnStarted(1), 0.0)
        for _ in range(length):
            store.record(AgentSaid(1, "item", PIECE), 0.0)
        app.pulse()

        def say() -> None:
            for _ in range(PIECES_A_FRAME):
                store.record(AgentSaid(1, "item", PIECE), 0.0)

        costs = await measured(pilot, say, view.sync, app.pulse)
    store.events.close()
    return costs


async def bare(length: int) -> tuple[float, float]:
    """The same of a Log."""

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Log()

    app = Bare()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        log = app.query_one(Log)
        pieces = (PIECE + "\n" * (number % 4 == 3) for number in itertools.count())

        def say() -> None:
            for _ in range(PIECES_A_FRAME):
                log.write(next(pieces))

        for _ in range(length // PIECES_A_FRAME):
            say()
        return await measured(pilot, say, lambda: None, lambda: None)


async def measured(
    pilot: "Pilot[None]", say: Callable[[], None], sync: Callable[[], None], draw: Callable[[], None]
) -> tuple[float, float]:
    """The least of some rounds: to say a frame's pieces and sync, and to say them and paint the frame."""
    await pilot.pause(0)
    model, whole = [], []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(PIECES // PIECES_A_FRAME):
            say()
            sync()
        model.append((time.process_time() - start) * 1000 / PIECES)
        await pilot.pause(0)
        start = time.process_time()
        for _ in range(PIECES // PIECES_A_FRAME):
            say()
            draw()
            await pilot.pause(0)
        whole.append((time.process_time() - start) * 1000 / PIECES)
    return min(model), min(whole)


def main() -> None:
    costs = {length: asyncio.run(cost(length)) for length in LENGTHS}
    log, log_painted = asyncio.run(bare(LENGTHS[0]))
    rows = [Row(f"a piece, at {n} pieces", "ms cpu", log, costs[n][0], ratio=3.0) for n in LENGTHS]
    rows += [Row(f"with its frame, at {n} pieces", "ms cpu", log_painted, costs[n][1], ratio=2.0) for n in LENGTHS]
    first, last = costs[LENGTHS[0]], costs[LENGTHS[-1]]
    rows.append(Row("flat: longest against shortest", "ms cpu", first[0], last[0], ratio=1.5))
    rows.append(Row("the same with the frame", "ms cpu", first[1], last[1], ratio=1.5))
    print_table("A piece of an answer in the transcript", f"Textual's Log at {LENGTHS[0]} pieces", rows)


if __name__ == "__main__":
    main()
