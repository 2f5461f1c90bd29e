"""What the screen asks of the devices reaches them, also before they are open, and what cannot be done is told."""

import wave

from engine.bench import plan_for, running
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.media import DeviceState, Direction
from rtvoice_tui.session.commands import UseDevice
from rtvoice_tui.session.facts import Phase
from virtual_audio import locatable, write_wav


async def just_open(session: Session) -> None:
    await session.open()


def files(tmp_path):
    return AudioChoice(input_file=write_wav(tmp_path / "in.wav", locatable(0.5)), output_file=tmp_path / "out.wav")


async def test_a_device_that_is_not_there_leaves_the_old_one_in_use_and_that_is_told(tmp_path):
    async with FakeServer(just_open) as server, running(plan_for(server, audio=files(tmp_path))) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)

        bench.worker.post(UseDevice(Direction.OUTPUT, "no such device"))

        await bench.until(lambda: any("out.wav stays in use" in notice.text for notice in bench.notices))
        assert bench.store.audio.output.state is DeviceState.OPEN
        assert bench.store.audio.output_name == "out.wav"


async def test_volume_and_a_tone_that_are_asked_for_before_the_devices_are_open_hold(tmp_path):
    async with FakeServer(just_open) as server, running(plan_for(server, audio=files(tmp_path))) as bench:
        bench.set_audio(agent_gain_db=-6.0)
        bench.worker.play_test_tone()
        await bench.until(lambda: bench.store.audio.trying == "tone")
        await bench.until(lambda: bench.store.audio.trying == "")
        assert bench.store.audio_settings.agent_gain_db == -6.0

    with wave.open(str(tmp_path / "out.wav")) as wav:
        pcm = wav.readframes(wav.getnframes())
    loudest = max(int.from_bytes(pcm[at : at + 2], "little", signed=True) for at in range(0, len(pcm), 2))
    assert abs(loudest - 3277 / 2) < 30


async def test_nothing_is_tried_while_the_agent_speaks(tmp_path):
    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", locatable(3.0), speed=10.0)

    async with FakeServer(script) as server, running(plan_for(server, audio=files(tmp_path))) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING)

        bench.worker.monitor_microphone(True)

        await bench.until(
            lambda: any("cannot be tried while the agent speaks" in notice.text for notice in bench.notices)
        )
        assert bench.store.audio.trying == ""
