"""An answer that is minutes ahead of the speaker costs no more for each packet than one that is a minute ahead."""

from growth import lines_run
from rtvoice_tui.audio.playout.playback import RING_S, Playback

RATE = 1_000
PACKET = bytes(2 * RATE // 10)
"""100 ms of speech."""


def test_a_packet_costs_the_same_however_much_waits_to_be_heard():
    playback = Playback(RATE)

    def cost(seconds: int) -> int:
        """Of one more packet when so much waits."""
        while playback.buffered_ms < seconds * 1000:
            playback.play("item", PACKET, at=0.0)
        return lines_run(lambda: playback.play("item", PACKET, at=0.0))

    early = cost(RING_S + 10)
    assert cost(RING_S + 300) == early


def test_how_much_waits_is_right_before_and_after_it_was_thrown_away():
    playback = Playback(RATE)
    for _ in range(10 * (RING_S + 10)):
        playback.play("item", PACKET, at=0.0)
    assert playback.buffered_ms == (RING_S + 10) * 1000
    for _ in range(20):
        playback.fill(RATE)
        playback.pump()
    assert playback.buffered_ms == (RING_S - 10) * 1000
    playback.flush(0)
    playback.fill(RATE)
    assert playback.buffered_ms == 0
