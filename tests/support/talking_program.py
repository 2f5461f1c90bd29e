"""A session's sound without a session: speaks a file, listens, and does what is said to it, in a process of its own.

    python talking_program.py SPOKEN_FILE HEARD_FILE INPUT_NAME OUTPUT_NAME [portaudio|miniaudio]

Every change of what the store says of the devices is a line of JSON on standard output, with ``at`` of the monotonic
clock. Commands come as lines on standard input: ``use input NAME``, ``setting BLOCK_MS LATENCY``, ``flush``, ``tone``,
``myself on``, ``mute on``, ``end``.
"""

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

RATE = 24_000
DELTA_BYTES = 9600
AHEAD_MS = 1500.0


class Talk:
    """One session's sound."""

    def __init__(self, spoken: Path, heard: Path, input_name: str, output_name: str) -> None:
        from rtvoice_tui.audio.choice import AudioChoice
        from rtvoice_tui.audio.station import AudioStation
        from rtvoice_tui.store.store import Store

        self.store = Store()
        self.told: list[tuple[str, str]] = []
        self.station = AudioStation(
            AudioChoice(input_name, output_name, echo="off"),
            RATE,
            RATE,
            self.store,
            lambda: None,
            lambda sentence, remedy: self.told.append((sentence, remedy)),
        )
        self.spoken = spoken.read_bytes() if spoken.name else b""
        self.heard = heard
        self.said = 0
        self.commands: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.state: dict[str, Any] = {}
        self.played_ms = 0.0
        self.flushed = False

    def run(self) -> None:
        self.station.open()
        threading.Thread(target=self._listen, daemon=True).start()
        started = time.process_time()
        began = time.monotonic()
        with self.heard.open("wb") as file:
            while self._commanded():
                now = time.monotonic()
                for frame, _ in self.station.frames(now):
                    file.write(frame)
                report = self.station.report(now)
                self.played_ms = max([self.played_ms, *report.played_ms.values()])
                self._say_more()
                for news in self.station.update_status(now):
                    self.told.append((news.sentence, news.remedy))
                self._tell(now, report.drained)
                time.sleep(0.01)
        held = {"threads": threading.active_count(), "descriptors": len(os.listdir("/proc/self/fd"))}
        held["underruns"] = self.station.playback.device_underruns
        cpu = (time.process_time() - started) / (time.monotonic() - began)
        self.station.close()
        _print({"end": True, "played_ms": self.played_ms, "told": self.told, "cpu": cpu, **held})

    def _say_more(self) -> None:
        playback = self.station.playback
        while self.said < len(self.spoken) and playback.buffered_ms < AHEAD_MS and not self.flushed:
            playback.play("item", self.spoken[self.said : self.said + DELTA_BYTES])
            self.said += DELTA_BYTES
            if self.said >= len(self.spoken):
                playback.end("item")

    def _tell(self, now: float, drained: bool) -> None:
        health = self.store.audio
        state: dict[str, Any] = {
            direction: [view.state.value, view.name, view.sentence, view.remedy, view.block_ms, view.rate]
            for direction, view in (("input", health.input), ("output", health.output))
        }
        state |= {"drained": drained and (self.said >= len(self.spoken) or self.flushed), "trying": health.trying}
        state["told"] = len(self.told)
        state["seen"] = [bool(side.listed_name) for side in self.station.supervisor._recovery.sides]
        if state != self.state:
            self.state = state
            _print({"at": now, **state, "buffered_ms": health.buffered_ms, "dropped": health.overflows})

    def _commanded(self) -> bool:
        try:
            command, *words = self.commands.get_nowait().split()
        except queue.Empty:
            return True
        now = time.monotonic()
        match command:
            case "use":
                self.station.supervisor.use(words[0], words[1] if len(words) > 1 else "")
            case "setting":
                from rtvoice_tui.audio.backends.latency import Setting

                latency = "low" if words[1] == "low" else float(words[1])
                self.station.supervisor.use_setting(Setting(int(words[0]), latency))  # type: ignore[arg-type]
            case "flush":
                self.flushed = True
                self.station.playback.flush(10.0)
                deadline = time.monotonic() + 0.06
                while not self.station.playback.flushed:
                    if time.monotonic() > deadline:
                        self.station.playback.give_up_flush()
                    time.sleep(0.002)
                _print({"flushed": time.monotonic() - now, "buffered_ms": self.station.playback.buffered_ms})
            case "tone":
                self.station.tryout.play_tone()
            case "myself":
                self.station.tryout.monitor_microphone(words[0] == "on", now)
            case "mute":
                self.station.capture.muted = words[0] == "on"
        return command != "end"

    def _listen(self) -> None:
        for line in sys.stdin:
            self.commands.put(line)
        self.commands.put("end")


def _print(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    spoken_file, heard_file, input_device, output_device, *backend = sys.argv[1:]
    if backend == ["miniaudio"]:
        sys.modules["sounddevice"] = None  # type: ignore[assignment]
    Talk(Path(spoken_file), Path(heard_file), input_device, output_device).run()
