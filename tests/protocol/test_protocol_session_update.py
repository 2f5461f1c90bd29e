"""What goes into session.update for each provider, and what is honestly left out."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from protocol.any_settings import ANY_DIALECT, CHANGED, CITY, SETTINGS, TOOLS
from protocol.sdk_types import accept_session
from rtvoice_tui.protocol.realtime.dialects import (
    ALL_SETTINGS,
    AZURE,
    DIALECTS,
    GENERIC,
    HF,
    LOCAL,
    OPENAI,
    XAI,
    YANDEX,
)
from rtvoice_tui.protocol.realtime.session_echo import tool_name
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

NOTHING = {"type": "object", "properties": {}}
VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
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
SWITCHES = ("turn_detection", "transcription", "noise_reduction")


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
    accept_session(full.session, whole=True)


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


def test_azure_gets_what_openai_gets():
    assert session_body(AZURE, EVERYTHING, ALL_TOOLS) == session_body(OPENAI, EVERYTHING, ALL_TOOLS)


def test_xai_gets_voice_and_turn_detection_at_the_top_and_only_formats_inside_audio():
    full = session_body(XAI, EVERYTHING, ALL_TOOLS)
    assert full.session == {
        "instructions": "Be brief.",
        "voice": "marin",
        "turn_detection": VAD,
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": 16_000}},
            "output": {"format": {"type": "audio/pcm", "rate": 44_100}},
        },
        "tools": [
            {"type": "function", "name": "get_weather", "description": "Weather in a city.", "parameters": CITY},
            {"type": "web_search"},
            {"type": "file_search", "vector_store_ids": ["idx-private"]},
        ],
    }
    left_out = "languages max_output_tokens noise_reduction output_modalities role speed tool_choice transcription"
    assert full.left_out == tuple(sorted([*left_out.split(), "truncation"]))


def test_hf_gets_both_rates_because_it_would_take_16_khz_for_granted():
    full = session_body(HF, EVERYTHING, ALL_TOOLS)
    assert full.session == {
        "type": "realtime",
        "instructions": "Be brief.",
        "tool_choice": "auto",
        "output_modalities": ["text", "audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 16_000},
                "turn_detection": VAD,
                "transcription": {"model": "gpt-transcribe"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 44_100}, "voice": "marin"},
        },
        "tools": [{"type": "function", "name": "get_weather", "description": "Weather in a city.", "parameters": CITY}],
    }
    left_out = "languages max_output_tokens noise_reduction role speed truncation"
    assert full.left_out == tuple(sorted([*left_out.split(), "tool file_search", "tool web_search"]))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_both_rates_are_always_said_and_channels_never(dialect):
    audio = body(dialect)["audio"]
    for side in ("input", "output"):
        assert set(audio[side]["format"]) == {"type", "rate"}
        assert audio[side]["format"]["rate"] == 24_000


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_was_not_set_is_not_said(dialect):
    assert set(body(dialect)) - {"type"} == {"audio", "tools"}
    assumed = {"transcription"} if dialect.transcription else set()
    assert set(body(dialect)["audio"]["input"]) == {"format"} | assumed
    assert set(body(dialect)["audio"]["output"]) == {"format"}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("off", [None, {"type": "none"}], ids=["null", "none"])
def test_turn_detection_that_is_switched_off_is_really_null_bug_15(dialect, off):
    settings = SessionSettings(turn_detection=off)
    assert settings.manual_turns
    session = body(dialect, settings)
    where = session if dialect.flat_voice else session["audio"]["input"]
    assert where["turn_detection"] is None


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


@pytest.mark.parametrize("dialect", [d for d in DIALECTS.values() if d not in (YANDEX, XAI)], ids=lambda d: d.name)
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


HINTS = {"audio": {"input": {"hints": ["Moscow"]}}}


@pytest.mark.parametrize("changed", ["turn_detection", "extra"])
@pytest.mark.parametrize("dialect", [YANDEX, HF, GENERIC], ids=lambda d: d.name)
def test_extra_inside_audio_is_part_of_the_whole_side_that_a_shallow_server_gets_bug_16(dialect, changed):
    settings = SessionSettings(turn_detection=VAD, extra=HINTS)
    part = body(dialect, settings, (), [changed])
    assert part["audio"]["input"] == body(dialect, settings)["audio"]["input"]


@pytest.mark.parametrize("dialect", [OPENAI, AZURE, LOCAL], ids=lambda d: d.name)
def test_extra_that_changed_goes_alone_to_a_server_that_merges_deeply(dialect):
    settings = SessionSettings(turn_detection=VAD, extra=HINTS)
    assert body(dialect, settings, (), ["extra"]) == {"type": "realtime", **HINTS}
    assert body(dialect, settings, (), ["turn_detection"])["audio"] == {"input": {"turn_detection": VAD}}


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


def places(part: dict[str, Any]) -> Iterator[str]:
    """The names of settings that a session object speaks of, with what surrounds them taken away."""
    for key, value in part.items():
        if key in ("audio", "input", "output") and isinstance(value, dict):
            yield from places(value)
        else:
            yield key


def nulls(value: Any, path: str = "") -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from nulls(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from nulls(entry, f"{path}[{index}]")


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.sampled_from([OPENAI, AZURE, LOCAL]), SETTINGS, TOOLS, CHANGED)
def test_openai_and_azure_accept_whatever_is_made_of_any_settings(dialect, settings, tools, changed):
    session = body(dialect, settings, tools, changed)
    accept_session(session, whole=changed is None)
    assert "idx-private" not in repr(session)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.sampled_from([OPENAI, AZURE, LOCAL]), SETTINGS, TOOLS, CHANGED.filter(lambda changed: changed is not None))
def test_a_server_that_merges_deeply_is_told_nothing_that_did_not_change(dialect, settings, tools, changed):
    session = body(dialect, settings, tools, changed)
    assert set(places(session)) - {"type"} <= changed


@hypothesis_settings(max_examples=60, deadline=None)
@given(ANY_DIALECT, SETTINGS, TOOLS, CHANGED)
def test_nothing_is_null_but_what_is_switched_off(dialect, settings, tools, changed):
    parts = {path.rpartition(".")[2] for path in nulls(body(dialect, settings, tools, changed))}
    off = {name for name in SWITCHES if getattr(settings, name) in (None, {"type": "none"})}
    assert parts <= off


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.sampled_from([YANDEX, HF, GENERIC]), SETTINGS, TOOLS, CHANGED)
def test_a_server_that_merges_shallowly_is_told_a_side_of_the_audio_whole_or_not_at_all(
    dialect, settings, tools, changed
):
    whole = body(dialect, settings, tools)
    part = body(dialect, settings, tools, changed)
    assert all(side == whole["audio"][name] for name, side in part.get("audio", {}).items())


@hypothesis_settings(max_examples=60, deadline=None)
@given(ANY_DIALECT, SETTINGS, TOOLS)
def test_a_first_update_always_names_both_formats(dialect, settings, tools):
    audio = body(dialect, settings, tools)["audio"]
    rates = {name: side["format"] for name, side in audio.items()}
    assert rates == {
        "input": {"type": "audio/pcm", "rate": dialect.fixed_rate or settings.input_rate},
        "output": {"type": "audio/pcm", "rate": dialect.fixed_rate or settings.output_rate},
    }


@hypothesis_settings(max_examples=60, deadline=None)
@given(SETTINGS, TOOLS, CHANGED)
def test_xai_finds_voice_and_turn_detection_at_the_top_and_never_inside_audio(settings, tools, changed):
    session = body(XAI, settings, tools, changed)
    inside = [set(side) for side in session.get("audio", {}).values()]
    assert inside == ([{"format"}, {"format"}] if changed is None else [])
    for name in ("voice", "turn_detection"):
        assert (name in session) == (settings.is_set(name) and (changed is None or name in changed))


@hypothesis_settings(max_examples=60, deadline=None)
@given(ANY_DIALECT, SETTINGS, TOOLS, CHANGED)
def test_every_wanted_setting_is_either_said_or_left_out_with_its_name(dialect, settings, tools, changed):
    before = copy.deepcopy((settings, tools))
    full = session_body(dialect, settings, tools, changed)
    audio = full.session.get("audio", {})
    said = set(full.session) | set(audio.get("input", ())) | set(audio.get("output", ()))
    wanted = {n for n in ALL_SETTINGS if settings.is_set(n) and (changed is None or n in changed)}
    tools_left_out = {name for name in full.left_out if name.startswith("tool ")}
    assert wanted - said == set(full.left_out) - tools_left_out
    if changed is None or "tools" in changed:
        sent = {f"tool {tool_name(tool)}" for tool in full.session["tools"]}
        assert sent | tools_left_out == {f"tool {tool.name}" for tool in tools}
    assert (settings, tools) == before


def test_xai_is_told_of_its_own_tools_by_their_type_alone():
    tools = [
        ToolSpec(name="web_search", description="Web", hosted=True),
        ToolSpec(name="file_search", hosted=True, index_id="vs_1"),
        ToolSpec(name="get_time", description="Time."),
    ]
    assert session_body(XAI, SessionSettings(), tools).session["tools"] == [
        {"type": "web_search"},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "function", "name": "get_time", "description": "Time.", "parameters": NOTHING},
    ]
