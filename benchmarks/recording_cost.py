"""What recording costs, and how soon an hour of it is open: beside the app without recording, and the empty app.

The hour is made of frames: 400 turns with 180 000 microphone frames and the sound of both sides. Seeks are jumps to
random times once it is indexed, each until what is shown then could be painted.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from cpu import ours
from first_frame import first_frame
from reporting import Row, print_table
from ui_runs import COMMAND, bench_environment

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests"), str(ROOT / "tui")]

TURNS, ROUNDS, SEEKS = 400, 5, 40
MOST_CORE, MOST_SEEK_MS, MOST_OPENING = 2.0, 200.0, 1.5


def without(environment: dict[str, str]) -> None:
    """Switch the black box off."""
    settings = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[recording]\nblack_box = false\n")


def an_hour(folder: Path) -> None:
    """A recording of an hour."""
    import base64

    from recording.talk import Talk
    from rtvoice_tui.recording.importing.convert import convert

    talk = Talk().opened()
    quiet = base64.b64encode(bytes(960)).decode()
    folder.mkdir()
    for turn in range(TURNS):
        talk.asks(f"Question {turn}?", 1.0)
        if turn % 5 == 0:
            talk.calls("get_weather", f'{{"n": {turn}}}', "{}")
        talk.answers(f"This is the answer to question {turn}.", 2.0, heard=False)
        for _ in range(425):
            talk.after(0.02).up("input_audio_buffer.append", audio=quiet)
    convert(talk.found, folder, "hour")


def seeks(folder: Path) -> tuple[float, list[float]]:
    """Seconds to index an hour, and milliseconds of each jump."""
    from rtvoice_tui.recording.reader import Recording
    from rtvoice_tui.recording.replay_session import ReplaySession
    from rtvoice_tui.store.store import Store

    session = ReplaySession(Recording(folder), Store())
    prepared = threading.Event()
    session.changed = prepared.set
    thread = threading.Thread(target=lambda: asyncio.run(session.run()))
    started = time.perf_counter()
    thread.start()
    while not session.timeline.ended:
        time.sleep(0.02)
    indexed = time.perf_counter() - started
    rng = random.Random(1)
    took = []
    for _ in range(SEEKS):
        prepared.clear()
        started = time.perf_counter()
        session.seek(rng.uniform(session.timeline.begins, session.timeline.ends))
        while abs(session.shown_at - session.clock) > 1e-6 and not prepared.wait(0.002):
            pass
        session.take()
        took.append((time.perf_counter() - started) * 1000)
    session.stop()
    thread.join()
    return indexed, took


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = bench_environment(folder)
        without(environment)
        bare = ours(folder, environment, "talk")
        recorded = ours(folder, environment, "talk", "--record", str(folder / "recordings"))
        an_hour(folder / "hour")
        empty, opened = [], []
        for _ in range(ROUNDS + 1):
            empty.append(first_frame([COMMAND, "--no-audio", "--no-connect"], environment, b"commands")[0] * 1000)
            command = [COMMAND, "replay", str(folder / "hour"), "--no-audio"]
            opened.append(first_frame(command, environment, b"turn back")[0] * 1000)
        indexed, took = seeks(folder / "hour")
    rows = [
        Row("the agent talks: recording, more than without", "% core", bare, recorded - bare, limit=MOST_CORE),
        Row(
            "an hour opens for replay, median",
            "ms",
            *map(statistics.median, (empty[1:], opened[1:])),
            ratio=MOST_OPENING,
        ),
        Row("an hour is indexed", "s", None, indexed),
        Row("a jump in it, median", "ms", None, statistics.median(took), limit=MOST_SEEK_MS),
        Row("a jump in it, longest", "ms", None, max(took), limit=MOST_SEEK_MS),
    ]
    print_table("Recording and replay", "the app without recording; the empty app", rows)


if __name__ == "__main__":
    main()
