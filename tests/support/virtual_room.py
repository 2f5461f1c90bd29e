"""A room around the virtual devices: what the speaker plays comes back into the microphone, and people talk in it."""

import fcntl
import os
import subprocess
import threading
import time

import numpy as np

from rooms import BLOCK, RATE, Room
from virtual_audio import VirtualAudio, wait_until

NOISE_DB = -60.0


class VirtualRoom:
    """Runs from when it is made until `close`. PCM16 mono at 24 kHz.

    Args:
        audio: the devices.
        room: how it sounds.

    Attributes:
        microphone: everything that the microphone was given so far.
    """

    def __init__(self, audio: VirtualAudio, room: Room) -> None:
        self.microphone = bytearray()
        self._room = room
        self._person = np.zeros(0)
        self._asked: np.ndarray | None = None
        self._said_at = 0.0
        raw = ["--raw", "--format=s16le", "--channels=1", f"--rate={RATE}"]
        self._ear = subprocess.Popen(
            ["parec", "--device=speaker.monitor", "--latency-msec=10", *raw],
            env=audio.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._mouth = subprocess.Popen(
            ["pacat", "--playback", "--device=mouth", "--latency-msec=40", *raw],
            env=audio.environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._mouth.stdin is not None
        fcntl.fcntl(self._mouth.stdin, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(self._mouth.stdin.fileno(), False)
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)
        self._thread.start()
        wait_until(lambda: len(self.microphone) > RATE, "the room carries sound")

    def say(self, pcm: bytes) -> float:
        """A person begins to speak; returns when that was, as `time.perf_counter` counts."""
        self._asked = np.frombuffer(pcm, "<i2").astype(float)
        wait_until(lambda: self._asked is None, "the person speaks")
        return self._said_at

    def _run(self) -> None:
        assert self._ear.stdout is not None
        assert self._mouth.stdin is not None
        random = np.random.default_rng(3)
        noise = 32768 * 10 ** (NOISE_DB / 20)
        while len(block := self._ear.stdout.read(BLOCK * 2)) == BLOCK * 2:
            heard = self._room(np.frombuffer(block, "<i2")) + random.standard_normal(BLOCK) * noise
            if self._asked is not None:
                self._person, self._said_at, self._asked = self._asked, time.perf_counter(), None
            spoken, self._person = self._person[:BLOCK], self._person[BLOCK:]
            heard[: len(spoken)] += spoken
            pcm = heard.clip(-32768, 32767).astype("<i2").tobytes()
            try:
                os.write(self._mouth.stdin.fileno(), pcm)
            except BlockingIOError:
                continue  # the machine was busy: a room does not keep sound for later
            except OSError:
                return
            self.microphone += pcm

    def close(self) -> None:
        """End it."""
        self._ear.terminate()
        self._ear.wait()
        self._thread.join()
        self._mouth.terminate()
        self._mouth.communicate()
        assert self._ear.stdout is not None
        self._ear.stdout.close()
