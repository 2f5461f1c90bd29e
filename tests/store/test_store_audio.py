"""What the store keeps of the microphone and of turns by key."""

from rtvoice_tui.session.facts import MicrophoneDoubted, TalkChanged
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.store import Store


def test_a_doubted_microphone_is_doubted_until_the_turn_ends():
    store = Store()
    store.record(TalkChanged(TalkMode.TOGGLE, talking=True, limit_s=30.0), 1.0)
    store.record(MicrophoneDoubted(), 2.0)
    assert store.talk.mic_doubted
    assert store.talk.until == 31.0

    store.record(TalkChanged(TalkMode.TOGGLE, talking=False, limit_s=30.0), 3.0)

    assert not store.talk.mic_doubted
    assert store.talk.until is None
    store.events.close()


def test_a_microphone_that_is_heard_after_all_is_doubted_no_more_while_the_turn_goes_on():
    store = Store()
    store.record(TalkChanged(TalkMode.TOGGLE, talking=True, limit_s=30.0), 1.0)
    store.record(MicrophoneDoubted(), 3.5)

    store.record(MicrophoneDoubted(doubted=False), 4.0)

    assert not store.talk.mic_doubted
    assert store.talk.until == 31.0
    store.events.close()
