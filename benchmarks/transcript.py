"""What one more piece of an answer costs the transcript, at three lengths of the answer.

Headless at 120x40: pieces are taken by the store, the view is brought up to date and painted once a frame, with as
many pieces a frame as come at 15 frames and 30 pieces a second. The reference is a frame in which nothing came.
"""

import asyncio
import inspect
import time
from pathlib import Path
from typing import TYPE_CHECKING

from reporting import Row, print_table

if TYPE_CHECKING:
    from rtvoice_tui.store.store import Store

LENGTHS = (500, 4_000, 20_000)
PIECES_A_FRAME = 2
PIECES, ROUNDS = 80, 6
BUDGET_MS = 0.2
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
        await pilot.pause(0)
        model, whole = [], []
        for _ in range(ROUNDS):
            start = time.process_time()
            for _ in range(PIECES // PIECES_A_FRAME):
                _say(store)
                view.sync()
            model.append((time.process_time() - start) * 1000 / PIECES)
            await pilot.pause(0)
            start = time.process_time()
            for _ in range(PIECES // PIECES_A_FRAME):
                _say(store)
                app.pulse()
                await pilot.pause(0)
            whole.append((time.process_time() - start) * 1000 / PIECES)
    store.events.close()
    return min(model), min(whole)


def _say(store: "Store") -> None:
    """What comes within a frame."""
    from rtvoice_tui.session.facts import AgentSaid

    for _ in range(PIECES_A_FRAME):
        store.record(AgentSaid(1, "item", PIECE), 0.0)


def main() -> None:
    costs = {length: asyncio.run(cost(length)) for length in LENGTHS}
    first = costs[LENGTHS[0]]
    rows = [Row(f"a piece, at {n} pieces", "ms cpu", first[0], costs[n][0], limit=BUDGET_MS) for n in LENGTHS]
    rows.append(Row("flat: longest against shortest", "ms cpu", first[0], costs[LENGTHS[-1]][0], ratio=1.5))
    rows += [Row(f"with its frame, at {n} pieces", "ms cpu", first[1], costs[n][1], ratio=1.5) for n in LENGTHS]
    print_table("A piece of an answer in the transcript", f"at {LENGTHS[0]} pieces", rows)


if __name__ == "__main__":
    main()
