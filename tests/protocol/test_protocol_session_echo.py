"""What a server says is in force, in our words, and whether it is what was asked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from protocol.any_settings import ANY_DIALECT, SETTINGS, VALUES
from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS
from rtvoice_tui.protocol.realtime.session_echo import blamed, differs, in_force
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.settings import ToolSpec

VAD = {"type": "server_vad", "threshold": 0.5}
WEATHER = ToolSpec(name="get_weather", description="Weather.", parameters={"type": "object"})
WEB_SEARCH = ToolSpec(name="web_search", description="Search.", hosted=True)
FILE_SEARCH = ToolSpec(name="file_search", description="Search.", hosted=True, index_id="idx-private")

# --- what is in force

OPENAI_ECHO = {
    "id": "sess_1",
    "object": "realtime.session",
    "expires_at": 1_764_000_000,
    "type": "realtime",
    "model": "gpt-realtime-2.1",
    "instructions": "Be brief.",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "turn_detection": None,
            "transcription": {"model": "gpt-transcribe"},
            "noise_reduction": None,
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.0},
    },
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "truncation": "auto",
    "tracing": None,
}
YANDEX_ECHO = {
    "id": "0123456789ab",
    "object": "realtime.session",
    "expires_at": None,
    "type": "realtime",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": None},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 800, "threshold": None},
            "languages": None,
        },
        "output": {
            "format": {"type": "audio/pcm", "rate": None},
            "speed": None,
            "voice": "kirill",
            "role": None,
        },
    },
    "instructions": None,
    "max_output_tokens": "inf",
    "output_modalities": ["text", "audio"],
    "prompt": None,
    "reasoning": None,
    "tools": [],
}
ECHOES: dict[str, tuple[Any, dict[str, Any]]] = {
    "openai": (
        OPENAI_ECHO,
        {
            "model": "gpt-realtime-2.1",
            "instructions": "Be brief.",
            "output_modalities": ["audio"],
            "turn_detection": None,
            "transcription": {"model": "gpt-transcribe"},
            "noise_reduction": None,
            "voice": "marin",
            "speed": 1.0,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "truncation": "auto",
        },
    ),
    "yandex": (
        YANDEX_ECHO,
        {
            "instructions": None,
            "output_modalities": ["text", "audio"],
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 800, "threshold": None},
            "languages": None,
            "voice": "kirill",
            "speed": None,
            "role": None,
            "tools": [],
            "max_output_tokens": "inf",
        },
    ),
    "xai has voice and turn detection at the top": (
        {"voice": "Ara", "turn_detection": VAD, "audio": {"input": {"format": {}}, "output": {"format": {}}}},
        {"voice": "Ara", "turn_detection": VAD},
    ),
    "a flat beta session": (
        {"voice": "alloy", "modalities": ["text"], "turn_detection": None, "input_audio_format": "pcm16"},
        {"voice": "alloy", "output_modalities": ["text"], "turn_detection": None},
    ),
    "what is inside audio wins over the top": (
        {"voice": "top", "audio": {"output": {"voice": "inside"}}},
        {"voice": "inside"},
    ),
    "a null inside audio wins over the top": (
        {"turn_detection": VAD, "audio": {"input": {"turn_detection": None}}},
        {"turn_detection": None},
    ),
    "the new name of modalities wins over the old": (
        {"modalities": ["text"], "output_modalities": ["audio"]},
        {"output_modalities": ["audio"]},
    ),
    "nothing": ({}, {}),
    "null": ({"audio": None}, {}),
    "null sides": ({"audio": {"input": None, "output": None}, "voice": "a"}, {"voice": "a"}),
    "a list": ({"audio": ["input"]}, {}),
    "a word": ({"audio": "input", "voice": {"id": "v"}}, {"voice": {"id": "v"}}),
}


@pytest.mark.parametrize(("session", "found"), ECHOES.values(), ids=ECHOES)
def test_what_a_server_says_is_in_force_is_read_in_our_words(session, found):
    assert in_force(session) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*sorted(ALL_SETTINGS), "audio", "input", "output", "modalities", "tools", "type", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
SIDE = st.dictionaries(st.sampled_from(sorted(ALL_SETTINGS)), JSON, max_size=4) | JSON
LIKE_A_SESSION = st.fixed_dictionaries(
    {}, optional={"audio": st.fixed_dictionaries({}, optional={"input": SIDE, "output": SIDE}) | JSON}
)
ANY_OBJECT = st.builds(
    lambda top, session: {**top, **session},
    st.dictionaries(st.text(max_size=5) | st.sampled_from(sorted(ALL_SETTINGS)), JSON, max_size=4),
    LIKE_A_SESSION,
)


@hypothesis_settings(max_examples=100, deadline=None)
@given(ANY_OBJECT)
def test_reading_what_is_in_force_never_raises_and_never_invents(session):
    found = in_force(session)
    assert set(found) <= ALL_SETTINGS | {"model", "tools"}
    everything = json.dumps(session)
    assert all(json.dumps(value) in everything for value in found.values())


# --- whether it is something else

SAME = {
    "the same word": ("voice", "marin", "marin"),
    "a voice by its id": ("voice", "v1", {"id": "v1", "name": "Mine"}),
    "a voice by its name": ("voice", "Mine", {"id": None, "name": "Mine"}),
    "a number with and without its point": ("speed", 1, 1.0),
    "a number that lost its last digits": ("speed", 1.1, 1.1000000238418579),
    "zero and nearly zero": ("speed", 0, 1e-12),
    "an object with more in it": ("turn_detection", VAD, {**VAD, "silence_duration_ms": 500, "idle_timeout_ms": None}),
    "an object without the null that was not sent": ("turn_detection", {**VAD, "create_response": None}, VAD),
    "a null that was not sent and got its default": (
        "turn_detection",
        {**VAD, "create_response": None},
        {**VAD, "create_response": True},
    ),
    "switched off": ("turn_detection", None, None),
    "switched off in a profile": ("turn_detection", {"type": "none"}, None),
    "modalities in another order": ("output_modalities", ["audio", "text"], ["text", "audio"]),
    "more modalities than asked for": ("output_modalities", ["text"], ["text", "audio"]),
    "languages": ("languages", ["ru-RU"], ["ru-RU"]),
    "no languages": ("languages", [], []),
    "no instructions": ("instructions", "", None),
    "tools with more in them": (
        "tools",
        [{"name": "a", "description": "A."}],
        [{"type": "function", "name": "a", "description": "A.", "parameters": {}}],
    ),
    "a tool without a description": ("tools", [{"name": "a", "description": ""}], [{"name": "a"}]),
    "infinity in words": ("max_output_tokens", "inf", "inf"),
}
OTHER = {
    "another word": ("voice", "marin", "cedar"),
    "a voice by another id": ("voice", "marin", {"id": "cedar"}),
    "a voice in an empty object": ("voice", "marin", {}),
    "nothing": ("voice", "marin", None),
    "another number": ("speed", 1.1, 1.0),
    "a number as a word": ("speed", 1.1, "1.1"),
    "a number that became a word": ("max_output_tokens", 4096, "inf"),
    "a word that became a number": ("max_output_tokens", "inf", 4096),
    "an object with another value": ("turn_detection", VAD, {**VAD, "threshold": 0.6}),
    "an object of another kind": ("turn_detection", VAD, {"type": "semantic_vad", "threshold": 0.5}),
    "an object that lost a part": ("turn_detection", VAD, {"type": "server_vad"}),
    "an object that was switched off": ("turn_detection", VAD, None),
    "an object that became a word": ("turn_detection", VAD, "server_vad"),
    "one that was not switched off": ("turn_detection", None, VAD),
    "one that was not switched off in a profile": ("turn_detection", {"type": "none"}, VAD),
    "true that became false": ("turn_detection", {"create_response": True}, {"create_response": False}),
    "a modality that is lacking": ("output_modalities", ["text", "audio"], ["audio"]),
    "another modality": ("output_modalities", ["text"], ["audio"]),
    "no modalities at all": ("output_modalities", ["text"], None),
    "another language": ("languages", ["ru-RU"], ["kk-KZ"]),
    "one language more": ("languages", ["ru-RU"], ["ru-RU", "kk-KZ"]),
    "a word for a list": ("languages", ["ru-RU"], "ru-RU"),
    "a tool less": ("tools", [{"name": "a"}, {"name": "b"}], [{"name": "a"}]),
    "a tool more": ("tools", [], [{"name": "a"}]),
    "another tool": ("tools", [{"name": "a"}], [{"name": "b"}]),
    "another description": ("tools", [{"name": "a", "description": "A."}], [{"name": "a", "description": "B."}]),
    "instructions": ("instructions", "Be brief.", ""),
    "instructions that were cleared and came back": ("instructions", "", "You are helpful."),
}


@pytest.mark.parametrize(("name", "sent", "echoed"), SAME.values(), ids=SAME)
def test_it_is_no_difference(name, sent, echoed):
    assert not differs(name, sent, echoed)


@pytest.mark.parametrize(("name", "sent", "echoed"), OTHER.values(), ids=OTHER)
def test_it_is_a_difference(name, sent, echoed):
    assert differs(name, sent, echoed)


SENT = st.one_of(
    *(st.tuples(st.just(name), values) for name, values in VALUES.items()),
    st.tuples(st.just("tools"), st.lists(st.fixed_dictionaries({"name": st.just("a")}), max_size=2)),
)


@hypothesis_settings(max_examples=100, deadline=None)
@given(SENT, JSON)
def test_comparing_with_anything_a_server_may_say_never_raises(sent, echoed):
    assert differs(*sent, echoed) in (True, False)


@pytest.mark.parametrize("echoed", [10**400, -(10**400), 1e308, 2**64], ids=["1e400", "-1e400", "1e308", "2**64"])
def test_a_number_of_any_size_can_be_compared_with_ours(echoed):
    assert differs("speed", 1.1, echoed)
    assert differs("turn_detection", VAD, {**VAD, "threshold": echoed})


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(VALUES)), st.data())
def test_another_value_of_a_setting_is_noticed_unless_it_only_adds_to_it(name, data):
    sent, echoed = data.draw(VALUES[name]), data.draw(VALUES[name])
    if differs(name, sent, echoed):
        assert sent != echoed
    elif sent != echoed:
        assert isinstance(sent, dict | list | float) or sent is None
        if isinstance(sent, float):
            assert sent == pytest.approx(echoed)


@hypothesis_settings(max_examples=100, deadline=None)
@given(ANY_DIALECT, SETTINGS)
def test_a_session_that_is_echoed_as_it_was_sent_is_no_difference(dialect, settings):
    sent = session_body(dialect, settings, [WEATHER]).session
    found = in_force(json.loads(json.dumps(sent)))
    asked = in_force(sent)
    assert set(asked) <= set(found)
    assert {name: found[name] for name, value in asked.items() if differs(name, value, found[name])} == {}


# --- what was sent, and who is to blame


@pytest.mark.parametrize(
    ("echoed", "other"),
    [
        ([{"name": "get_weather"}], False),
        ([{"name": "get_weather", "description": "Weather.", "parameters": {}, "strict": True}], False),
        ([{"name": "get_weather", "description": "Rain."}], True),
        ([{"name": "get_time"}], True),
        ([], True),
        (None, True),
        ([{"name": ["a", "list"]}, "no object", 7], True),
    ],
)
def test_tools_are_compared_by_name_and_by_what_the_server_repeats_of_them(echoed, other):
    assert differs("tools", [{"type": "function", "name": "get_weather", "description": "Weather."}], echoed) is other


@pytest.mark.parametrize(
    ("param", "fields", "field"),
    [
        ("session.audio.output.voice", ("speed", "voice"), "voice"),
        ("session.audio.input.turn_detection.threshold", ("turn_detection", "voice"), "turn_detection"),
        ("session.voice", ("instructions", "voice"), "voice"),
        ("voice", ("instructions", "voice"), "voice"),
        ("session.tools[0].parameters", ("instructions", "tools"), "tools"),
        ("session.tools[0].voice", ("voice", "tools"), "tools"),
        ("session.audio.output.voices", ("speed", "voice"), ""),
        ("session.audio.input.format", ("speed", "voice"), ""),
        ("", ("speed", "voice"), ""),
        ("", ("voice",), "voice"),
        ("session", ("voice",), "voice"),
        ("", (), ""),
        ("session.audio.output.voice", (), ""),
    ],
)
def test_the_one_field_that_an_error_is_about(param, fields, field):
    assert blamed(param, fields) == field


@given(st.text(max_size=30), st.lists(st.sampled_from(sorted(ALL_SETTINGS)), unique=True, max_size=4))
def test_only_a_field_that_changed_is_blamed_whatever_the_error_names(param, fields):
    assert blamed(param, tuple(fields)) in {*fields, ""}


def test_the_flat_names_of_the_beta_are_read():
    session = {"input_audio_transcription": None, "input_audio_noise_reduction": {"type": "near_field"}}
    session["max_response_output_tokens"] = 100
    assert in_force(session) == {
        "transcription": None,
        "noise_reduction": {"type": "near_field"},
        "max_output_tokens": 100,
    }
