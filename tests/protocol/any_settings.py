"""Any settings and tools at all, for properties."""

from typing import Any

from hypothesis import strategies as st
from msgspec import UNSET

from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS, DIALECTS, OPENAI
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WORDS = st.text(max_size=20)
VADS = st.fixed_dictionaries(
    {"type": st.just("server_vad")},
    optional={
        "threshold": st.floats(0, 1),
        "silence_duration_ms": st.integers(0, 5000),
        "prefix_padding_ms": st.integers(0, 1000),
        "create_response": st.booleans() | st.none(),
        "interrupt_response": st.booleans(),
    },
) | st.fixed_dictionaries(
    {"type": st.just("semantic_vad")}, optional={"eagerness": st.sampled_from(["low", "high", "auto"])}
)
OFF = st.sampled_from([None, {"type": "none"}])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "instructions": WORDS,
    "voice": st.sampled_from(OPENAI.voices),
    "speed": st.floats(0.25, 1.5),
    "role": WORDS,
    "languages": st.lists(WORDS, max_size=2),
    "output_modalities": st.lists(st.sampled_from(["text", "audio"]), min_size=1, max_size=2, unique=True),
    "turn_detection": OFF | VADS,
    "transcription": OFF | st.builds(lambda word: {"model": "gpt-transcribe", "prompt": word}, WORDS),
    "noise_reduction": OFF | st.sampled_from([{"type": "near_field"}, {"type": "far_field"}]),
    "tool_choice": st.sampled_from(["auto", "none", "required", {"type": "function", "name": "get_weather"}]),
    "max_output_tokens": st.integers(1, 4096) | st.just("inf"),
    "truncation": st.sampled_from(["auto", "disabled", {"type": "retention_ratio", "retention_ratio": 0.8}]),
}
RATES = st.sampled_from([8_000, 16_000, 24_000, 44_100])


def settings_where(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[SessionSettings]:
    """Any settings, each set or not, but some as they are fixed."""
    fields = {name: st.just(UNSET) | values for name, values in VALUES.items()}
    return st.builds(SessionSettings, **{**fields, "input_rate": RATES, "output_rate": RATES, **fixed})


SETTINGS = settings_where()
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
NAMES = sorted(ALL_SETTINGS | {"tools"})
CHANGED = st.none() | st.sets(st.sampled_from(NAMES))
ANY_DIALECT = st.sampled_from(list(DIALECTS.values()))
