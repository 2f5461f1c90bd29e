"""One setting changes in a running session: the exact `session` object that each provider is sent for it."""

from typing import Any

import pytest
from msgspec.structs import replace

from protocol.sdk_types import accept_session
from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS, DIALECTS
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

NOTHING = {"type": "object", "properties": {}}
VAD = {"type": "server_vad", "threshold": 0.5}
LESS = {"type": "server_vad", "threshold": 0.9}
OLD_WORDS = {"model": "gpt-transcribe"}
NEW_WORDS = {"model": "gpt-transcribe", "language": "ru"}
NEAR = {"type": "near_field"}
FAR = {"type": "far_field"}
CLOCK = ToolSpec(name="get_time", description="Time.", parameters={"type": "object"})
CLOCK_SENT = {"type": "function", "name": "get_time", "description": "Time.", "parameters": NOTHING}
PROMPT = {"prompt": {"id": "p1"}}

BEFORE = SessionSettings(
    instructions="Be brief.",
    voice="echo",
    speed=1.0,
    role="friendly",
    languages=["ru-RU"],
    output_modalities=["audio"],
    turn_detection=VAD,
    transcription=OLD_WORDS,
    noise_reduction=NEAR,
    tool_choice="auto",
    max_output_tokens=500,
    truncation="auto",
    input_rate=16_000,
    output_rate=44_100,
)
EDITS: dict[str, Any] = {
    "instructions": "Be long.",
    "voice": "sage",
    "speed": 1.25,
    "role": "strict",
    "languages": ["kk-KZ"],
    "output_modalities": ["text"],
    "turn_detection": LESS,
    "transcription": NEW_WORDS,
    "noise_reduction": FAR,
    "tool_choice": "required",
    "max_output_tokens": 7,
    "truncation": "disabled",
    "extra": PROMPT,
}
MIC = {"format": {"type": "audio/pcm", "rate": 16_000}}
SPEAKER = {"format": {"type": "audio/pcm", "rate": 44_100}}


def heard(**values: Any) -> dict[str, Any]:
    return {"audio": {"input": values}}


def spoken(**values: Any) -> dict[str, Any]:
    return {"audio": {"output": values}}


DEEP = {
    "instructions": {"instructions": "Be long."},
    "voice": spoken(voice="sage"),
    "speed": spoken(speed=1.25),
    "output_modalities": {"output_modalities": ["text"]},
    "turn_detection": heard(turn_detection=LESS),
    "transcription": heard(transcription=NEW_WORDS),
    "noise_reduction": heard(noise_reduction=FAR),
    "tool_choice": {"tool_choice": "required"},
    "max_output_tokens": {"max_output_tokens": 7},
    "truncation": {"truncation": "disabled"},
    "extra": PROMPT,
    "tools": {"tools": [CLOCK_SENT]},
}
TYPED = {"type": "realtime"}
EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    "openai": {name: TYPED | session for name, session in DEEP.items()},
    "azure": {name: TYPED | session for name, session in DEEP.items()},
    "local": {name: TYPED | session for name, session in DEEP.items()},
    "yandex": {
        "instructions": {"instructions": "Be long."},
        "voice": spoken(**SPEAKER, voice="sage", speed=1.0, role="friendly"),
        "speed": spoken(**SPEAKER, voice="echo", speed=1.25, role="friendly"),
        "role": spoken(**SPEAKER, voice="echo", speed=1.0, role="strict"),
        "languages": heard(**MIC, turn_detection=VAD, languages=["kk-KZ"]),
        "output_modalities": {"output_modalities": ["text"]},
        "turn_detection": heard(**MIC, turn_detection=LESS, languages=["ru-RU"]),
        "max_output_tokens": {"max_output_tokens": 7},
        "extra": PROMPT,
        "tools": {"tools": [CLOCK_SENT]},
    },
    "xai": {
        "instructions": {"instructions": "Be long."},
        "voice": {"voice": "sage"},
        "turn_detection": {"turn_detection": LESS},
        "extra": PROMPT,
        "tools": {"tools": [CLOCK_SENT]},
    },
    "hf": {
        "instructions": TYPED | {"instructions": "Be long."},
        "voice": TYPED | spoken(**SPEAKER, voice="sage"),
        "output_modalities": TYPED | {"output_modalities": ["text"]},
        "turn_detection": TYPED | heard(**MIC, turn_detection=LESS, transcription=OLD_WORDS),
        "transcription": TYPED | heard(**MIC, turn_detection=VAD, transcription=NEW_WORDS),
        "tool_choice": TYPED | {"tool_choice": "required"},
        "extra": TYPED | PROMPT,
        "tools": TYPED | {"tools": [CLOCK_SENT]},
    },
    "generic": {
        "instructions": TYPED | {"instructions": "Be long."},
        "voice": TYPED | spoken(**SPEAKER, voice="sage", speed=1.0, role="friendly"),
        "speed": TYPED | spoken(**SPEAKER, voice="echo", speed=1.25, role="friendly"),
        "role": TYPED | spoken(**SPEAKER, voice="echo", speed=1.0, role="strict"),
        "languages": TYPED
        | heard(**MIC, turn_detection=VAD, transcription=OLD_WORDS, noise_reduction=NEAR, languages=["kk-KZ"]),
        "output_modalities": TYPED | {"output_modalities": ["text"]},
        "turn_detection": TYPED
        | heard(**MIC, turn_detection=LESS, transcription=OLD_WORDS, noise_reduction=NEAR, languages=["ru-RU"]),
        "transcription": TYPED
        | heard(**MIC, turn_detection=VAD, transcription=NEW_WORDS, noise_reduction=NEAR, languages=["ru-RU"]),
        "noise_reduction": TYPED
        | heard(**MIC, turn_detection=VAD, transcription=OLD_WORDS, noise_reduction=FAR, languages=["ru-RU"]),
        "tool_choice": TYPED | {"tool_choice": "required"},
        "max_output_tokens": TYPED | {"max_output_tokens": 7},
        "truncation": TYPED | {"truncation": "disabled"},
        "extra": TYPED | PROMPT,
        "tools": TYPED | {"tools": [CLOCK_SENT]},
    },
}


def edit(dialect: str, name: str) -> Any:
    after = BEFORE if name == "tools" else replace(BEFORE, **{name: EDITS[name]})
    return session_body(DIALECTS[dialect], after, [CLOCK], [name])


def test_the_table_covers_every_provider_and_every_setting():
    assert set(EXPECTED) == set(DIALECTS)
    assert set(EDITS) == ALL_SETTINGS
    assert {name: set(table) - {"tools"} for name, table in EXPECTED.items()} == {
        name: dialect.settings for name, dialect in DIALECTS.items()
    }


@pytest.mark.parametrize(("dialect", "name"), [(dialect, name) for dialect in EXPECTED for name in EXPECTED[dialect]])
def test_a_small_edit_sends_exactly_this(dialect, name):
    made = edit(dialect, name)
    assert made.session == EXPECTED[dialect][name]
    assert made.left_out == ()


@pytest.mark.parametrize(
    ("dialect", "name"), [(dialect, name) for dialect in EXPECTED for name in EDITS if name not in EXPECTED[dialect]]
)
def test_a_small_edit_of_what_a_provider_has_no_field_for_sends_nothing_and_names_it(dialect, name):
    made = edit(dialect, name)
    assert set(made.session) <= {"type"}
    assert made.left_out == (name,)


@pytest.mark.parametrize("dialect", ["openai", "azure", "local"])
@pytest.mark.parametrize("name", DEEP)
def test_openai_accepts_every_small_edit(dialect, name):
    accept_session(edit(dialect, name).session)


OFF = {
    ("openai", "turn_detection"): TYPED | heard(turn_detection=None),
    ("openai", "transcription"): TYPED | heard(transcription=None),
    ("openai", "noise_reduction"): TYPED | heard(noise_reduction=None),
    ("azure", "turn_detection"): TYPED | heard(turn_detection=None),
    ("local", "turn_detection"): TYPED | heard(turn_detection=None),
    ("yandex", "turn_detection"): heard(**MIC, turn_detection=None, languages=["ru-RU"]),
    ("xai", "turn_detection"): {"turn_detection": None},
    ("hf", "turn_detection"): TYPED | heard(**MIC, turn_detection=None, transcription=OLD_WORDS),
    ("hf", "transcription"): TYPED | heard(**MIC, turn_detection=VAD, transcription=None),
    ("generic", "noise_reduction"): TYPED
    | heard(**MIC, turn_detection=VAD, transcription=OLD_WORDS, noise_reduction=None, languages=["ru-RU"]),
}


@pytest.mark.parametrize("off", [None, {"type": "none"}], ids=["null", "none"])
@pytest.mark.parametrize(("dialect", "name"), OFF)
def test_what_is_switched_off_is_sent_as_null(dialect, name, off):
    made = session_body(DIALECTS[dialect], replace(BEFORE, **{name: off}), (), [name])
    assert made.session == OFF[dialect, name]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_instructions_and_tools_that_were_taken_away_are_sent_empty(dialect):
    session = session_body(DIALECTS[dialect], SessionSettings(), (), ["instructions", "tools"]).session
    assert {key: value for key, value in session.items() if key != "type"} == {"instructions": "", "tools": []}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_several_edits_at_once_send_their_parts_together(dialect):
    after = replace(BEFORE, instructions="Be long.", voice="sage", turn_detection=LESS)
    together = session_body(DIALECTS[dialect], after, (), ["instructions", "voice", "turn_detection"]).session
    expected = {**EXPECTED[dialect]["instructions"], **EXPECTED[dialect]["turn_detection"]}
    expected |= {key: value for key, value in EXPECTED[dialect]["voice"].items() if key != "audio"}
    audio = {
        side: part
        for name in ("turn_detection", "voice")
        for side, part in EXPECTED[dialect][name].get("audio", {}).items()
    }
    assert together == (expected | {"audio": audio} if audio else expected)
