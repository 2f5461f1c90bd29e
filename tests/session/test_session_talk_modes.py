"""Ways of taking turns: open microphone, push-to-talk, hold-to-talk, and switching between them while connected."""

import base64

import pytest
from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import CommitTurn, EditSession, MicFrame, SetTalkMode, TalkEnd, TalkStart
from rtvoice_tui.session.facts import EditChanged, EditState, Level, MicrophoneDoubted, Notice, TalkChanged
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from session.conversation import CLOCK, MANUAL, VAD, WEATHER, Conversation, Step

OPEN, TOGGLE, HOLD = TalkMode.OPEN, TalkMode.TOGGLE, TalkMode.HOLD
PUSH_TO_TALK = TalkRules(TOGGLE)
TUNED = SessionSettings(turn_detection={"type": "server_vad", "threshold": 0.3})
APPEND = "input_audio_buffer.append"
COMMIT = "input_audio_buffer.commit"
CLEAR = "input_audio_buffer.clear"
UPDATE = "session.update"
ANSWER = "response.create"

TAKE_NULL = [name for name, dialect in DIALECTS.items() if dialect.can_disable_turn_detection]
KEEP_DETECTION = [name for name in DIALECTS if name not in TAKE_NULL]


def detection_in(step: Step) -> object:
    """What an update says of turn detection, wherever the provider has it."""
    (update,) = [event["session"] for event in step.sent if event["type"] == UPDATE]
    flat = {name: value for name, value in update.items() if name == "turn_detection"}
    return (flat or update["audio"]["input"])["turn_detection"]


def sound_in(step: Step) -> list[bool]:
    """Of each frame that was sent, whether it is more than silence."""
    return [any(base64.b64decode(event["audio"])) for event in step.sent if event["type"] == APPEND]


def say(c: Conversation, frames: int = 10) -> Step:
    """So many frames of 20 ms that are no silence."""
    return c.all(*(c.do(MicFrame(b"\1\0" * 480, -20.0)) for _ in range(frames)))


# --- switching


@pytest.mark.parametrize("dialect", TAKE_NULL)
def test_push_to_talk_turns_detection_off_and_an_open_microphone_brings_the_profiles_own_back(dialect):
    c = Conversation(dialect, TUNED)
    assert detection_in(c.do(SetTalkMode(TOGGLE))) is None
    c.server("session.updated")
    assert c.do(SetTalkMode(HOLD)).sent == [], "held or pressed twice is the same to the server"
    assert detection_in(c.do(SetTalkMode(OPEN))) == {"type": "server_vad", "threshold": 0.3}


def test_where_the_profile_leaves_detection_to_the_server_its_usual_one_comes_back():
    c = Conversation(settings=SessionSettings())
    c.do(SetTalkMode(TOGGLE))
    assert detection_in(c.do(SetTalkMode(OPEN))) == {"type": "server_vad"}


def test_the_profiles_mode_holds_from_the_first_update_on_and_in_every_session():
    c = Conversation(settings=TUNED, ready=False, talk=PUSH_TO_TALK)
    for _ in range(2):
        c.connect()
        assert detection_in(c.server("session.created", session={})) is None
        c.server("session.updated")
        assert c.machine.wanted.turn_detection == TUNED.turn_detection, "what the profile wants is not lost"
        c.close()


def test_without_turn_detection_in_the_profile_an_open_microphone_is_push_to_talk():
    c = Conversation(settings=MANUAL)
    assert c.machine.talk == TalkChanged(TOGGLE, False, 30.0)
    assert c.do(SetTalkMode(TOGGLE)).sent == []
    assert c.do(SetTalkMode(OPEN)).sent == []
    assert c.do(TalkStart()).phases == ["hearing"]


def test_a_mode_that_is_chosen_before_the_session_opens_is_sent_with_the_configuration():
    c = Conversation(settings=TUNED, ready=False)
    assert c.do(SetTalkMode(TOGGLE)).sent == []
    c.connect()
    assert detection_in(c.server("session.created", session={})) is None


def test_the_state_word_waits_for_the_key():
    c = Conversation(settings=TUNED)
    assert c.do(SetTalkMode(TOGGLE)).phases == ["ready"]
    assert c.do(SetTalkMode(OPEN)).phases == ["listening"]


def test_a_change_of_the_mode_is_told_once_and_names_itself():
    c = Conversation(settings=TUNED)
    switched = c.do(SetTalkMode(TOGGLE))
    assert switched.of(TalkChanged) == [TalkChanged(TOGGLE, False, 30.0)]
    (sent,) = switched.of(EditChanged)
    assert (sent.state, sent.fields) == (EditState.SENT, ("turn_detection",))
    assert sent.edit_id, "a change without a name would be the start of a session"
    (settled,) = c.server("session.updated", session={"audio": {"input": {"turn_detection": None}}}).of(EditChanged)
    assert settled.state is EditState.ACKNOWLEDGED
    assert c.do(SetTalkMode(TOGGLE)).effects == []


def test_turn_detection_that_is_edited_meanwhile_comes_when_the_microphone_opens():
    c = Conversation(settings=TUNED)
    c.do(SetTalkMode(TOGGLE))
    other = replace(TUNED, instructions="Be brief.", turn_detection={"type": "server_vad", "threshold": 0.9})
    edited = c.do(EditSession(other, (WEATHER, CLOCK), "change-1"))
    told = {edit.fields: edit.state for edit in edited.of(EditChanged)}
    assert told == {("turn_detection",): EditState.LATER, ("instructions",): EditState.SENT}
    assert detection_in(c.do(SetTalkMode(OPEN))) == {"type": "server_vad", "threshold": 0.9}


def test_opening_the_microphone_ends_a_turn_that_is_being_spoken():
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    c.do(TalkStart())
    say(c)
    assert c.do(SetTalkMode(OPEN)).sent_types == [COMMIT, UPDATE, ANSWER]


def test_what_the_server_hears_when_push_to_talk_is_chosen_is_a_turn():
    c = Conversation(settings=TUNED)
    c.speech("U")
    assert c.do(SetTalkMode(TOGGLE)).sent_types == [COMMIT, UPDATE]
    assert c.server("input_audio_buffer.committed", item_id="U").sent_types == [ANSWER]
    assert c.machine.phase.value == "thinking"


# --- servers whose ear cannot be switched off


def test_some_providers_are_known_to_keep_turn_detection():
    assert KEEP_DETECTION == ["xai", "hf"]


@pytest.mark.parametrize("dialect", KEEP_DETECTION)
def test_they_are_told_nothing_and_get_silence_outside_of_a_turn(dialect):
    c = Conversation(dialect, TUNED)
    assert c.do(SetTalkMode(TOGGLE)).sent == []
    assert sound_in(say(c)) == [False] * 10
    begun = c.do(TalkStart())
    assert CLEAR not in begun.sent_types
    assert sound_in(begun) == [True] * 10, "the pre-roll"
    assert sound_in(say(c)) == [True] * 10
    assert c.do(TalkEnd()).sent == [], "the server hears that nothing more is said"
    assert sound_in(say(c)) == [False] * 10


def test_what_such_a_server_hears_of_a_turn_by_key_is_that_turn():
    c = Conversation("hf", TUNED, talk=PUSH_TO_TALK)
    c.do(TalkStart())
    say(c)
    c.speech("U")
    c.do(TalkEnd())
    assert c.machine.phase.value == "hearing", "it has not heard the end yet"
    c.server("input_audio_buffer.speech_stopped", item_id="U")
    committed = c.server("input_audio_buffer.committed", item_id="U")
    assert (c.machine.turn, committed.sent, c.machine.phase.value) == (1, [], "thinking")
    c.do(TalkStart())
    assert c.machine.turn == 2


def test_such_a_server_that_does_not_answer_by_itself_is_asked():
    silent = SessionSettings(turn_detection={"type": "server_vad", "create_response": False})
    c = Conversation("hf", silent, talk=PUSH_TO_TALK)
    c.do(TalkStart())
    say(c)
    c.speech("U")
    c.do(TalkEnd())
    c.server("input_audio_buffer.speech_stopped", item_id="U")
    assert c.server("input_audio_buffer.committed", item_id="U").sent_types == [ANSWER]


def refusal(c: Conversation) -> Step:
    return c.error("invalid_value", c.last_id(UPDATE), param="session.audio.input.turn_detection")


def test_a_refusal_of_no_turn_detection_leaves_push_to_talk_working():
    c = Conversation("generic", TUNED)
    c.do(SetTalkMode(TOGGLE))
    refused = refusal(c)
    (notice,) = refused.of(Notice)
    assert (notice.level, "silence is sent" in notice.remedy) == (Level.WARNING, True)
    assert refused.of(EditChanged)[0].state is EditState.REFUSED
    assert c.machine.wanted.turn_detection == c.machine.settings.turn_detection == TUNED.turn_detection
    assert sound_in(say(c)) == [False] * 10
    assert c.do(SetTalkMode(OPEN)).sent == [], "there is nothing to bring back"


def test_a_first_update_that_is_refused_for_it_is_sent_again_without_it():
    c = Conversation("generic", TUNED, ready=False, talk=PUSH_TO_TALK)
    c.connect()
    c.server("session.created", session={})
    assert detection_in(refusal(c)) == TUNED.turn_detection
    c.server("session.updated")
    assert c.machine.ready
    assert sound_in(say(c)) == [False] * 10


def test_a_server_that_says_it_keeps_listening_gets_silence():
    c = Conversation("generic", TUNED)
    c.do(SetTalkMode(TOGGLE))
    kept = c.server("session.updated", session={"audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
    assert "keeps turn detection on" in kept.notices[0]
    assert sound_in(say(c)) == [False] * 10


# --- a turn by key


@pytest.mark.parametrize("mode", [TOGGLE, HOLD])
def test_a_turn_ends_by_itself_after_the_limit_and_is_answered(mode):
    c = Conversation(settings=TUNED, talk=TalkRules(mode, limit_s=12.0))
    begun = c.do(TalkStart())
    assert begun.of(TalkChanged) == [TalkChanged(mode, True, 12.0)]
    (limit,) = [timer for timer, after_s in begun.timers.items() if after_s == 12.0]
    say(c)
    ended = c.timer(limit)
    assert ended.sent_types == [COMMIT, ANSWER]
    assert ended.of(TalkChanged) == [TalkChanged(mode, False, 12.0)]
    assert ended.notices == ["the turn was ended after 12 s"]


def test_the_limit_of_a_turn_that_is_over_does_not_end_the_next():
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    (limit,) = [timer for timer, after_s in c.do(TalkStart()).timers.items() if after_s == 30.0]
    say(c)
    c.do(TalkEnd())
    assert c.timer(limit).effects == []
    c.do(TalkStart())
    assert c.timer(limit).effects == []


def test_the_end_of_the_session_ends_the_turn():
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    c.do(TalkStart())
    assert c.close().of(TalkChanged) == [TalkChanged(TOGGLE, False, 30.0)]


def test_an_interruption_while_talking_ends_nothing():
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    c.do(TalkStart())
    say(c)
    assert c.interrupt().sent == []
    assert c.do(TalkEnd()).sent_types == [COMMIT, ANSWER]


def test_the_server_hears_nothing_that_is_said_to_others():
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    assert say(c).sent == []


# --- a microphone that does not hear


def level_timer(step: Step) -> str:
    return next(timer for timer, after_s in step.timers.items() if after_s == 2.5)


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        pytest.param([-60.0, -51.0], True, id="too quiet"),
        pytest.param([-60.0, -49.0, -60.0], False, id="loud once"),
        pytest.param([], True, id="no sound at all"),
        pytest.param([None], False, id="not measured"),
    ],
)
def test_a_turn_by_key_into_a_microphone_that_hears_nothing_is_told_of_with_a_remedy(levels, told):
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    timer = level_timer(c.do(TalkStart()))
    for level_db in levels:
        c.mic(20, level_db=level_db)
    fired = c.timer(timer)
    notices = fired.of(Notice)
    assert fired.of(MicrophoneDoubted) == [MicrophoneDoubted()] * told
    assert [("F2" in notice.remedy, "press" in notice.remedy) for notice in notices] == [(True, True)] * told


def test_it_is_not_told_after_the_turn_nor_of_the_next_turn():
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    timer = level_timer(c.do(TalkStart()))
    c.mic(200, level_db=-60)
    c.do(TalkEnd())
    assert c.timer(timer).notices == []
    c.do(TalkStart())
    assert c.timer(timer).notices == []


def doubting() -> Conversation:
    """A turn by key in which nothing was heard for so long that the microphone is doubted."""
    c = Conversation(settings=TUNED, talk=PUSH_TO_TALK)
    timer = level_timer(c.do(TalkStart()))
    c.mic(200, level_db=-60)
    assert c.timer(timer).of(MicrophoneDoubted) == [MicrophoneDoubted()]
    return c


def test_who_begins_to_speak_late_takes_the_doubt_back_with_the_first_loud_frame_and_once():
    c = doubting()
    assert c.mic(20, level_db=-50.1).of(MicrophoneDoubted) == []
    heard = c.mic(20, level_db=-50.0)
    assert heard.of(MicrophoneDoubted) == [MicrophoneDoubted(doubted=False)]
    assert [notice.level for notice in heard.of(Notice)] == [Level.INFO], "it takes the place of the warning"
    assert c.mic(200, level_db=-14).facts == []


def test_a_doubt_that_ended_with_its_turn_is_not_taken_back_by_what_is_heard_later():
    c = doubting()
    c.do(TalkEnd())
    c.do(SetTalkMode(TalkMode.OPEN))
    assert c.mic(20, level_db=-14).of(MicrophoneDoubted) == []
    c.do(SetTalkMode(PUSH_TO_TALK.mode))
    c.do(TalkStart())
    assert c.mic(20, level_db=-14).of(MicrophoneDoubted) == []


# --- a commit with an open microphone


def test_what_the_server_heard_so_far_is_handed_over_and_answered_when_it_has_taken_it():
    c = Conversation(settings=TUNED)
    c.speech("U")
    assert c.do(CommitTurn()).sent_types == [COMMIT]
    assert c.do(CommitTurn()).sent == [], "pressed again it asks no second time"
    committed = c.server("input_audio_buffer.committed", item_id="U")
    assert (committed.sent_types, c.machine.phase.value, c.machine.turn) == ([ANSWER], "thinking", 1)


def test_yandex_is_asked_for_the_answer_when_the_words_are_there():
    c = Conversation("yandex", TUNED)
    c.speech("U")
    c.do(CommitTurn())
    assert c.server("input_audio_buffer.committed", item_id="U").sent == []
    assert c.words("Hello", "U").sent_types == [ANSWER]


def test_a_server_that_does_not_say_that_it_took_it_is_asked_after_a_second():
    c = Conversation(settings=TUNED)
    c.speech("U")
    (timer,) = c.do(CommitTurn()).timers
    assert c.timer(timer).sent_types == [ANSWER]
    assert c.server("input_audio_buffer.committed", item_id="U").sent == []


def test_nothing_is_handed_over_when_nothing_is_heard():
    assert Conversation(settings=TUNED).do(CommitTurn()).effects == []


RACES = {
    "it ended the turn": lambda c: c.server("input_audio_buffer.speech_stopped", item_id="U"),
    "it says that nothing is left": lambda c: c.error("input_audio_buffer_commit_empty", c.last_id(COMMIT)),
    "it says so without naming the commit": lambda c: c.error("input_audio_buffer_commit_empty"),
    "it answers": lambda c: c.begin(),
    "the user wants quiet": lambda c: c.interrupt(),
}


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
def test_a_turn_that_the_server_ended_itself_meanwhile_is_answered_once(race, dialect):
    c = Conversation(dialect, TUNED)
    c.speech("U")
    (timer,) = c.do(CommitTurn()).timers
    raced = race(c)
    steps = [raced, c.server("input_audio_buffer.committed", item_id="U"), c.words("Hello", "U"), c.timer(timer)]
    assert ANSWER not in c.all(*steps).sent_types
    assert all(notice.level is Level.WARNING for notice in raced.of(Notice)), "nothing is broken"


def test_an_empty_commit_is_harmless_whatever_caused_it():
    c = Conversation()
    (notice,) = c.error("input_audio_buffer_commit_empty").of(Notice)
    assert notice.level is Level.WARNING


def test_detection_that_is_off_in_the_profile_is_not_switched_on_by_any_mode():
    c = Conversation(settings=SessionSettings(turn_detection={"type": "none"}))
    assert c.all(*(c.do(SetTalkMode(mode)) for mode in (TOGGLE, OPEN, HOLD, OPEN))).sent == []
    assert VAD.turn_detection != c.machine.settings.turn_detection
