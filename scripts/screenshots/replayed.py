"""Pictures of recordings: the list, a replay, and findings. The conversation is the one that the tests replay."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "support")]

from recording.talk import recorded_talk, weather
from rtvoice_tui.recording.library import Listed
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replay_session import ReplaySession
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bridge import COUNTERS_EVERY
from rtvoice_tui.ui.replay_app import ReplayApp

NAMES = ("2026-11-28-091204-yandex-3fa1", "2026-11-27-174531-support-9c02", "2026-11-27-101500-local-77d0")


def recordings(folder: Path) -> list[Recording]:
    """Some recordings, of which the first has a finding."""
    made = []
    for number, name in enumerate(NAMES):
        talk = weather()
        if not number:
            talk.after(1.0).up(
                "conversation.item.truncate", item_id=talk.last_item, content_index=0, audio_end_ms=4_200
            )
            talk.down("response.done", response={"id": "resp_9", "status": "incomplete", "status_details": {
                "type": "incomplete", "reason": "max_output_tokens"}})  # fmt: skip
        made.append(recorded_talk(folder / name, talk))
    return made


async def replay(
    draw: Callable[[ReplayApp], None], size: tuple[int, int], at: float, *keys: str, theme: str = "rtvoice-dark"
) -> None:
    """Draw a replay at a time, after some keys."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store()
        app = ReplayApp(
            ReplaySession(recordings(Path(folder))[0], store, lambda: 0.0), store, NAMES[0], theme_name=theme
        )
        async with app.run_test(size=size) as pilot:
            while not app.replay.timeline.ended:  # noqa: ASYNC110 - a thread of its own
                await asyncio.sleep(0.01)
            app.replay.seek(at)
            while abs(app.replay.shown_at - app.replay.clock) > 1e-6:
                app.pulse()
                await asyncio.sleep(0.01)
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.2)
            for _ in range(COUNTERS_EVERY):
                app.pulse()
            await pilot.pause(0.2)
            draw(app)
            app.replay.stop()
        store.events.close()


def listed(folder: Path) -> list[Listed]:
    """The recordings as the list shows them."""
    return [Listed(recording.folder, recording) for recording in recordings(folder)]
