"""Sound in every state that the meters, their history and the device screen show."""

import math
from dataclasses import dataclass

from scripted import Script, conversation, levels

from rtvoice_tui.media import DeviceState, Level
from rtvoice_tui.session.facts import Phase, PhaseChanged
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel


@dataclass(frozen=True)
class Device:
    """A device as the system lists it."""

    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    input_latency_ms: float = 0.0
    output_latency_ms: float = 0.0
    default_input: bool = False
    default_output: bool = False


DEVICES = [
    Device("Jabra Evolve2 30", "ALSA", 1, 2, 48_000, 9, 9),
    Device("HDA Intel PCH: ALC257 Analog (hw:0,0)", "ALSA", 2, 2, 44_100, 6, 6),
    Device("HDMI 0 (hw:0,3)", "ALSA", 0, 8, 48_000, 0, 6),
    Device("default", "ALSA", 32, 32, 44_100, 9, 9, True, True),
    Device("pulse", "ALSA", 32, 32, 44_100, 9, 9),
]


def _speaks(at: float, pauses: tuple[tuple[float, float], ...], loud_db: float) -> Level:
    """A frame of something like speech: words at four a second, silence in the pauses."""
    if not any(start <= at < end for start, end in pauses):
        return Level(-57 + math.sin(at * 37) * 2, -50 + math.sin(at * 23) * 3)
    word = math.sin(at * 4 * math.tau / 1.3) * 0.5 + math.sin(at * 11.3) * 0.3 + math.sin(at * 29) * 0.2
    rms = loud_db + word * 11
    return Level(rms, min(0.0, rms + 9 + math.sin(at * 51) * 3), rms > loud_db + 7.5 and loud_db > -12)


def room(mic_db: float = -20.0) -> Script:
    """A headset, echo cancelled, an answer that is being heard; ten seconds of sound came before."""
    s = conversation()
    audio, s.store.mic, s.store.speaker = s.store.audio, Meter(), Meter()
    audio.input = DeviceView("Jabra Evolve2 30", "jabra", "ALSA", 48_000, True, 10, 20, DeviceState.OPEN)
    audio.output = DeviceView("Jabra Evolve2 30", "jabra", "ALSA", 48_000, True, 20, 40, DeviceState.OPEN, steps=1)
    audio.echo, audio.echo_db = "cancelling", 27.0
    audio.jitter_buffer_ms, audio.jitter_ms, audio.jitter_buffer_bounds_ms = 60.0, 18.0, (40.0, 400.0)
    audio.underruns = audio.output.xruns = 1
    s.mic_db = mic_db  # type: ignore[attr-defined]
    return s


async def live_through(app: RtvoiceApp, script: Script) -> None:
    """Ten seconds go by: a question, its answer, a word thrown in while the agent is lowered."""
    store, audio, start = script.store, script.store.audio, script.now
    panel, mic_db = app.query_one(SoundPanel), getattr(script, "mic_db", -20.0)
    under = audio.underruns
    for frame in range(520):
        at = frame / 50
        script.now = start + at
        if audio.input.state is DeviceState.OPEN and not store.audio_settings.muted:
            store.mic.update(_speaks(at, ((0.9, 3.1), (7.6, 8.5), (10.1, 12)), mic_db), script.now)
        elif audio.input.state is DeviceState.SILENT or store.audio_settings.muted:
            store.mic.update(Level(), script.now)
        speaks = at >= 4.2
        if speaks:
            store.speaker.update(_speaks(at, ((4.2, 5.9), (6.2, 12)), -30 if 7.7 <= at < 9 else -19), script.now)
        if frame % 3 == 0:
            audio.local_speech = not store.audio_settings.muted and (1.0 <= at < 3.0 or 7.7 <= at < 8.5)
            audio.ducked = 7.7 <= at < 9
            audio.underruns = under - (at < 6.1)
            audio.buffered_ms = max(0.0, min(2400, (at - 4.1) * 900) - max(0.0, at - 7) * 520) if speaks else 0.0
            phase = Phase.HEARING if 1.2 <= at < 3.4 else Phase.THINKING if at < 4.2 else Phase.SPEAKING
            store.record(PhaseChanged(Phase.LISTENING if at < 1.2 else phase), script.now)
            panel.sync(script.now)
    audio.local_speech = False
    store.speaker.update(Level(-17, -8), script.now)


def talking() -> Script:
    """Both at once: the local detector hears the user, and lowers the agent."""
    s = room()
    s.store.audio.local_speech = s.store.audio.ducked = True
    levels(s, -19, -33)
    return s


def clipping() -> Script:
    """The microphone is far too loud."""
    s = room(mic_db=-9)
    s.store.audio.local_speech = True
    levels(s, -6, -17)
    s.store.mic.update(Level(-3, 0, clipped=True), s.now)
    return s


def muted() -> Script:
    """Nobody hears the user, because they want that."""
    s = room()
    s.mute()
    levels(s, -60, -17)
    return s


def silent() -> Script:
    """The microphone is dead: nothing but zeros for two seconds."""
    s = room()
    view = s.store.audio.input
    view.state = DeviceState.SILENT
    view.sentence = "Jabra Evolve2 30 gives nothing but zeros, so nobody hears you."
    view.remedy = "Open the mute switch at the headset, or let the system's settings allow the microphone."
    s.store.audio.echo, s.store.audio.echo_db = "converging", None
    levels(s, -60, -17)
    return s
