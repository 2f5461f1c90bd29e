"""What goes into session.update for each provider, and what is honestly left out."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from protocol.sdk_types import accept_session
from rtvoice_tui.protocol.dialects import ALL_SETTINGS, DIALECTS, GENERIC, OPENAI, YANDEX
from rtvoice_tui.protocol.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = ToolSpec(name="get_weather", description="Weather in a city.", parameters=CITY)
WEB_SEARCH = ToolSpec(name="web_search", description="Search.", hosted=True)
FILE_SEARCH = ToolSpec(name="file_search", description="Search the files.", hosted=True, index_id="idx-private")
ALL_TOOLS = (WEATHER, WEB_SEARCH, FILE_SEARCH)

EVERYTHING = SessionSettings(
    instructions="Be brief.",
    voice="marin",
    speed=1.1,
    role="friendly",
    languages=["ru-RU"],
    output_modalities=["text", "audio"],
    turn_detection=VAD,
    transcription={"model": "gpt-transcribe"},
    noise_reduction={"type": "near_field"},
    tool_choice="auto",
    max_output_tokens=500,
    truncation="auto",
    input_rate=16_000,
    output_rate=44_100,
)


PLAIN = SessionSettings()


def body(dialect: Any, settings: SessionSettings = PLAIN, tools: Any = (), changed: Any = None) -> dict[str, Any]:
    return session_body(dialect, settings, tools, changed).session


# --- each provider


def test_yandex_gets_exactly_what_it_understands():
    full = session_body(YANDEX, EVERYTHING, ALL_TOOLS)
    assert full.session == {
        "instructions": "Be brief.",
        "max_output_tokens": 500,
        "output_modalities": ["text", "audio"],
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": 16_000}, "turn_detection": VAD, "languages": ["ru-RU"]},
            "output": {
                "format": {"type": "audio/pcm", "rate": 44_100},
                "voice": "marin",
                "speed": 1.1,
                "role": "friendly",
            },
        },
        "tools": [
            {"type": "function", "name": "get_weather", "description": "Weather in a city.", "parameters": CITY},
            {"type": "function", "name": "web_search", "description": "Search.", "parameters": {}},
            {"type": "function", "name": "file_search", "description": "idx-private", "parameters": {}},
        ],
    }
    assert full.left_out == ("noise_reduction", "tool_choice", "transcription", "truncation")


def test_openai_gets_one_modality_its_only_rate_and_no_strange_words():
    full = session_body(OPENAI, EVERYTHING, ALL_TOOLS)
    assert full.session == {
        "type": "realtime",
        "instructions": "Be brief.",
        "tool_choice": "auto",
        "max_output_tokens": 500,
        "truncation": "auto",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": VAD,
                "transcription": {"model": "gpt-transcribe"},
                "noise_reduction": {"type": "near_field"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.1},
        },
        "tools": [{"type": "function", "name": "get_weather", "description": "Weather in a city.", "parameters": CITY}],
    }
    assert {"languages", "role", "tool web_search", "tool file_search"} <= set(full.left_out)
    accept_session(full.session)


def test_generic_gets_everything_but_tools_that_only_others_host():
    full = session_body(GENERIC, EVERYTHING, ALL_TOOLS)
    assert full.session["type"] == "realtime"
    assert full.session["output_modalities"] == ["text", "audio"]
    assert full.session["audio"] == {
        "input": {
            "format": {"type": "audio/pcm", "rate": 16_000},
            "turn_detection": VAD,
            "transcription": {"model": "gpt-transcribe"},
            "noise_reduction": {"type": "near_field"},
            "languages": ["ru-RU"],
        },
        "output": {"format": {"type": "audio/pcm", "rate": 44_100}, "voice": "marin", "speed": 1.1, "role": "friendly"},
    }
    assert [tool["name"] for tool in full.session["tools"]] == ["get_weather"]
    assert full.left_out == ("tool file_search", "tool web_search")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_both_rates_are_always_said_and_channels_never(dialect):
    audio = body(dialect)["audio"]
    for side in ("input", "output"):
        assert set(audio[side]["format"]) == {"type", "rate"}
        assert audio[side]["format"]["rate"] == 24_000


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_was_not_set_is_not_said(dialect):
    assert set(body(dialect)) - {"type"} == {"audio", "tools"}
    assert set(body(dialect)["audio"]["input"]) == {"format"}
    assert set(body(dialect)["audio"]["output"]) == {"format"}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("off", [None, {"type": "none"}], ids=["null", "none"])
def test_turn_detection_that_is_switched_off_is_really_null_bug_15(dialect, off):
    settings = SessionSettings(turn_detection=off)
    assert settings.manual_turns
    assert body(dialect, settings)["audio"]["input"]["turn_detection"] is None


def test_a_null_inside_turn_detection_is_left_out_because_openai_refuses_it_bug_15():
    settings = SessionSettings(turn_detection={**VAD, "create_response": None})
    assert body(OPENAI, settings)["audio"]["input"]["turn_detection"] == VAD


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["audio"], ["audio"]),
        (["text"], ["text"]),
        (["text", "audio"], ["audio"]),
        (["audio", "text"], ["audio"]),
    ],
    ids=lambda value: "+".join(value),
)
def test_openai_gets_a_single_modality(wanted, said):
    assert body(OPENAI, SessionSettings(output_modalities=wanted))["output_modalities"] == said


# --- tools


def test_a_file_search_without_an_index_is_not_sent_even_to_yandex():
    bare = ToolSpec(name="file_search", description="Search.", hosted=True)
    full = session_body(YANDEX, SessionSettings(), [bare])
    assert full.session["tools"] == []
    assert full.left_out == ("tool file_search",)


@pytest.mark.parametrize("dialect", [d for d in DIALECTS.values() if d is not YANDEX], ids=lambda d: d.name)
def test_an_index_id_never_reaches_a_provider_it_is_not_for(dialect):
    full = session_body(dialect, SessionSettings(), ALL_TOOLS)
    assert "idx-private" not in repr(full.session)
    assert not {"web_search", "file_search"} & {tool["name"] for tool in full.session["tools"]}


def test_an_index_id_on_a_function_of_ours_stays_here():
    ours = ToolSpec(name="find", description="Find.", index_id="idx-private")
    assert "idx-private" not in repr(body(YANDEX, tools=[ours]))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_an_empty_list_of_tools_is_said_so_that_old_ones_go(dialect):
    assert body(dialect)["tools"] == []


# --- extra


def test_extra_goes_in_last():
    session = body(OPENAI, SessionSettings(instructions="a", extra={"instructions": "b", "prompt": {"id": "p"}}))
    assert (session["instructions"], session["prompt"]) == ("b", {"id": "p"})


def test_extra_inside_audio_adds_to_it_and_wipes_neither_rates_nor_voice_bug_16():
    settings = SessionSettings(voice="dasha", extra={"audio": {"input": {"hints": ["Moscow"]}}})
    audio = body(YANDEX, settings)["audio"]
    assert audio["input"]["hints"] == ["Moscow"]
    assert audio["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert audio["output"] == {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "dasha"}


# --- changes


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        (["instructions"], {"instructions"}),
        (["tools"], {"tools"}),
        (["output_modalities"], {"output_modalities"}),
        (["voice"], {"output"}),
        (["speed", "role"], {"output"}),
        (["turn_detection"], {"input"}),
        (["languages"], {"input"}),
        (["voice", "turn_detection", "max_output_tokens"], {"input", "output", "max_output_tokens"}),
    ],
    ids=lambda value: "+".join(sorted(value)),
)
@pytest.mark.parametrize("dialect", [YANDEX, GENERIC], ids=lambda d: d.name)
def test_a_change_sends_only_the_parts_it_touches_and_those_whole_bug_16(dialect, changed, parts):
    whole = body(dialect, EVERYTHING, ALL_TOOLS)
    part = body(dialect, EVERYTHING, ALL_TOOLS, changed)
    audio = part.pop("audio", {})
    part.pop("type", None)
    assert set(part) | set(audio) == parts
    assert all(part[name] == whole[name] for name in part)
    assert all(audio[side] == whole["audio"][side] for side in audio)


@pytest.mark.parametrize(
    ("dialect", "changed"),
    [
        (OPENAI, "role"),
        (OPENAI, "languages"),
        (YANDEX, "transcription"),
        (YANDEX, "noise_reduction"),
        (YANDEX, "tool_choice"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_change_the_provider_has_no_field_for_sends_nothing_and_says_so(dialect, changed):
    part = session_body(dialect, EVERYTHING, (), [changed])
    assert part.left_out == (changed,)
    assert set(part.session) <= {"type"}


def test_left_out_names_only_what_is_part_of_the_change():
    assert session_body(OPENAI, EVERYTHING, ALL_TOOLS, ["voice"]).left_out == ()


def test_instructions_that_were_taken_away_are_cleared_at_the_server():
    assert body(OPENAI, SessionSettings(), (), ["instructions"])["instructions"] == ""


# --- any settings at all

UNSET_OR = SessionSettings().instructions

maybe = lambda strategy: st.just(UNSET_OR) | strategy  # noqa: E731
WORDS = st.text(max_size=20)
VADS = st.fixed_dictionaries(
    {"type": st.just("server_vad")},
    optional={
        "threshold": st.floats(0, 1),
        "silence_duration_ms": st.integers(0, 5000),
        "prefix_padding_ms": st.integers(0, 1000),
        "create_response": st.booleans(),
        "interrupt_response": st.booleans(),
    },
) | st.fixed_dictionaries(
    {"type": st.just("semantic_vad")}, optional={"eagerness": st.sampled_from(["low", "high", "auto"])}
)
SETTINGS = st.builds(
    SessionSettings,
    instructions=maybe(WORDS),
    voice=maybe(st.sampled_from(OPENAI.voices)),
    speed=maybe(st.floats(0.25, 1.5)),
    role=maybe(WORDS),
    languages=maybe(st.lists(WORDS, max_size=2)),
    output_modalities=maybe(st.lists(st.sampled_from(["text", "audio"]), min_size=1, max_size=2)),
    turn_detection=maybe(st.none() | st.just({"type": "none"}) | VADS),
    transcription=maybe(st.none() | st.builds(lambda word: {"model": "gpt-transcribe", "prompt": word}, WORDS)),
    noise_reduction=maybe(
        st.none() | st.sampled_from([{"type": "near_field"}, {"type": "far_field"}, {"type": "none"}])
    ),
    tool_choice=maybe(st.sampled_from(["auto", "none", "required", {"type": "function", "name": "get_weather"}])),
    max_output_tokens=maybe(st.integers(1, 4096) | st.just("inf")),
    truncation=maybe(st.sampled_from(["auto", "disabled", {"type": "retention_ratio", "retention_ratio": 0.8}])),
    input_rate=st.sampled_from([8_000, 16_000, 24_000, 44_100]),
    output_rate=st.sampled_from([8_000, 16_000, 24_000, 44_100]),
)
TOOLS = st.lists(
    st.builds(
        ToolSpec,
        name=st.sampled_from(["get_weather", "web_search", "file_search", "x"]),
        description=WORDS,
        parameters=st.sampled_from([{}, CITY]),
        hosted=st.booleans(),
        index_id=st.sampled_from(["", "idx-private"]),
    ),
    max_size=4,
)
CHANGED = st.none() | st.sets(st.sampled_from(sorted(ALL_SETTINGS | {"tools"})))


@hypothesis_settings(max_examples=200, deadline=None)
@given(SETTINGS, TOOLS, CHANGED)
def test_openai_accepts_whatever_is_made_of_any_settings(settings, tools, changed):
    session = body(OPENAI, settings, tools, changed)
    accept_session(session)
    assert "idx-private" not in repr(session)


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(DIALECTS.values(), key=lambda d: d.name)), SETTINGS, TOOLS, CHANGED)
def test_every_wanted_setting_is_either_said_or_left_out_with_its_name(dialect, settings, tools, changed):
    before = copy.deepcopy((settings, tools))
    full = session_body(dialect, settings, tools, changed)
    audio = full.session.get("audio", {})
    said = set(full.session) | set(audio.get("input", ())) | set(audio.get("output", ()))
    wanted = {n for n in ALL_SETTINGS if settings.is_set(n) and (changed is None or n in changed)}
    tools_left_out = {name for name in full.left_out if name.startswith("tool ")}
    assert wanted - said == set(full.left_out) - tools_left_out
    if changed is None or "tools" in changed:
        sent = {f"tool {tool['name']}" for tool in full.session["tools"]}
        assert sent | tools_left_out == {f"tool {tool.name}" for tool in tools}
    assert (settings, tools) == before
