"""Programs that open devices, each run in a process of its own: PortAudio looks at the environment only once.

    python device_programs.py PROGRAM BACKEND [ARGUMENTS]

BACKEND is ``portaudio``, ``miniaudio`` (sounddevice cannot be imported) or ``none`` (neither can). The result is one
line of JSON on standard output; sound goes through files.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

DEADLINE_S = 20.0


def names() -> dict[str, Any]:
    """What the list of devices says."""
    from rtvoice_tui.audio.backends.choosing import list_devices
    from rtvoice_tui.errors import AudioError

    try:
        return {"devices": [[d.name, d.host_api, d.inputs > 0, d.outputs > 0] for d in list_devices()]}
    except AudioError as error:
        return {"sentence": error.sentence, "remedy": error.remedy}


def open_what_there_is(input_name: str = "", output_name: str = "") -> dict[str, Any]:
    """Open both devices, and tell what came of it."""
    audio = _Opened(input_name, output_name)
    health = audio.store.audio
    told: dict[str, Any] = {"module": audio.module}
    for direction, view in (("input", health.input), ("output", health.output)):
        told[direction] = [view.state.value, view.name, view.sentence, view.remedy]
        told[f"{direction} is"] = [view.host_api, view.rate, view.converted, view.block_ms]
    audio.station.close()
    return told


def play(pcm_file: str, chunk_bytes: str, output_name: str) -> dict[str, Any]:
    """Play a file in chunks of an odd size, and stay until it was consumed."""
    audio = _Opened("", output_name)
    pcm, size = Path(pcm_file).read_bytes(), int(chunk_bytes)
    for start in range(0, len(pcm), size):
        audio.playback.play("item", pcm[start : start + size])
    audio.playback.end("item")
    played = 0.0

    def drained() -> bool:
        nonlocal played
        report = audio.playback.report()
        played = max(played, report.played_ms.get("item", 0.0))
        return report.drained

    _wait(drained)
    time.sleep(0.5)  # what the device holds is still to be heard
    audio.station.close()
    return {"played_ms": played, "module": audio.module}


def listen(pcm_file: str, seconds: str, input_name: str) -> dict[str, Any]:
    """Record the microphone as a session would: says "ready", then takes frames until enough were heard."""
    audio = _Opened(input_name, "")
    wanted, heard, sizes = int(float(seconds) * 24_000) * 2, bytearray(), set()
    _say("ready")

    def enough() -> bool:
        for frame, _ in audio.capture.frames():
            if heard or any(frame):
                heard.extend(frame)
            sizes.add(len(frame))
        return len(heard) >= wanted

    _wait(enough)
    audio.station.close()
    Path(pcm_file).write_bytes(heard)
    return {"module": audio.module, "frame_bytes": sorted(sizes), "dropped": audio.capture.dropped}


def converse(speech_file: str, heard_file: str, echo: str, input_name: str, output_name: str) -> dict[str, Any]:
    """Play a file as an answer while the microphone is open, as a session does: says "ready" when speech is heard."""
    from rtvoice_tui.audio.choice import AudioChoice
    from rtvoice_tui.audio.station import AudioStation
    from rtvoice_tui.store.store import Store

    store, heard = Store(), bytearray()
    choice = AudioChoice(input_name, output_name, echo=echo)
    station = AudioStation(choice, 24_000, 24_000, store, lambda: None, lambda sentence, remedy: None)
    station.open()
    station.playback.play("item", Path(speech_file).read_bytes())
    station.playback.end("item")
    _wait(lambda: station.report(0.0).played_ms.get("item", 0) > 0)
    _say("ready")

    def spoken() -> bool:
        for frame, _ in station.frames(0.0):
            heard.extend(frame)
        return station.report(0.0).drained

    drained = _wait(spoken, 60.0)
    health = store.audio
    lost = [news.sentence for news in station.update_status(0.0)]
    station.close()
    store.events.close()
    Path(heard_file).write_bytes(heard)
    return {"drained": drained, "echo": health.echo, "reduction": health.echo_db, "lost": lost}


def reopen(times: str, input_name: str, output_name: str) -> dict[str, Any]:
    """Open and close both devices again and again while there is speech to play."""
    counts, before = [], None
    for round_ in range(int(times)):
        audio = _Opened(input_name, output_name)
        audio.playback.play("item", b"\x10\x20" * 24_000)
        _wait(lambda opened=audio: opened.playback.report().played_ms.get("item", 0) > 0 and opened.capture.blocks > 0)
        audio.station.close()
        if round_ == 4:  # libraries have set themselves up by now
            before = _held()
        counts.append(audio.capture.blocks)
    news = [told.sentence for told in audio.news + audio.station.update_status(0.0)]
    return {"rounds": sum(count > 0 for count in counts), "before": before, "after": _held(), "news": news}


def silence(times: str, output_name: str) -> dict[str, Any]:
    """Speak into a device that holds much, and interrupt again and again; every third time it is closed meanwhile."""
    from rtvoice_tui.audio.backends.portaudio import Speaker
    from rtvoice_tui.audio.playout.playback import Playback

    lost: list[str] = []
    heard = []
    playback, speaker = Playback(24_000), None
    for round_ in range(int(times)):
        if speaker is None:
            speaker = Speaker(output_name, playback, lost.append, block_ms=20, latency=0.1)
            speaker.start()
        item = str(round_)
        playback.play(item, b"\x10\x20" * 24_000)
        _wait(lambda item=item: playback.report().played_ms.get(item, 0.0) > 0)
        playback.flush(5)
        if round_ % 3 == 2:
            speaker.close()
            speaker = None
            playback.requeue_unplayed()
        _wait(lambda: playback.flushed)
        heard.append(playback.heard_ms()[item])
    if speaker is not None:
        speaker.close()
    _wait(lambda: threading.active_count() == 1)
    return {"lost": lost, "heard": heard, "threads": threading.active_count()}


class _Opened:
    def __init__(self, input_name: str, output_name: str) -> None:
        from rtvoice_tui.audio.choice import AudioChoice
        from rtvoice_tui.audio.station import AudioStation
        from rtvoice_tui.store.store import Store

        self.store = Store()
        choice = AudioChoice(input_name, output_name, echo="off")
        self.station = AudioStation(choice, 24_000, 24_000, self.store, lambda: None, lambda sentence, remedy: None)
        self.station.open()
        self.news = self.station.update_status(0.0)
        self.capture, self.playback = self.station.capture, self.station.playback
        self.module = type(self.station.supervisor._output.stream).__module__.rpartition(".")[2]


def _held() -> dict[str, int]:
    _wait(lambda: threading.active_count() == 1)
    looks = []
    for _ in range(20):  # a system's thread is gone a little later than Python's
        looks.append((len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))))
        time.sleep(0.02)
    tasks, descriptors = min(looks)
    return {"threads": threading.active_count(), "tasks": tasks, "descriptors": descriptors}


def _wait(holds: Any, deadline_s: float = DEADLINE_S) -> bool:
    deadline = time.monotonic() + deadline_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    program, backend, *arguments = sys.argv[1:]
    if backend in ("miniaudio", "none"):
        sys.modules["sounddevice"] = None  # type: ignore[assignment]
    if backend in ("portaudio", "none"):
        sys.modules["miniaudio"] = None  # type: ignore[assignment]
    programs = {p.__name__: p for p in (names, open_what_there_is, play, listen, converse, reopen, silence)}
    _say(json.dumps(programs[program](*arguments)))
