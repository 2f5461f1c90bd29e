"""Who wants the sound itself joins a list, and gets every sample in order."""

from engine.bench import plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.session.facts import Phase


async def test_the_taps_get_what_is_sent_received_and_heard(tmp_path):
    speech, asked = signal(0.5), signal(0.4, seed=2)

    async def script(session: Session) -> None:
        await session.open()
        await session.ready(len(asked))
        await session.speak("resp_1", "item_a1", speech)

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", asked), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        sent, received, heard = bytearray(), bytearray(), bytearray()
        bench.worker.taps.sent.append(sent.extend)
        bench.worker.taps.received.append(lambda item_id, pcm: received.extend(pcm))
        bench.worker.taps.heard.append(heard.extend)
        await bench.until(lambda: speech in bytes(heard) and bench.phase is Phase.LISTENING)
        assert bytes(received) == speech
        assert asked in bytes(sent)
