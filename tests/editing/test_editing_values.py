"""What is typed becomes exactly one value, or is refused in one sentence; a value that is shown can be typed again."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.editing.agent import Agent, value_at
from rtvoice_tui.editing.fields import Field, Kind, fields_of, has
from rtvoice_tui.editing.values import shown, typed, with_value
from rtvoice_tui.errors import ValueRefused
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, GENERIC, HF, LOCAL, OPENAI, XAI, YANDEX, Dialect
from rtvoice_tui.protocol.settings import SessionSettings

VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
SEMANTIC = {"type": "semantic_vad", "eagerness": "low"}
HEARD = {"model": "gpt-transcribe", "language": "en"}


def field_of(path: str, dialect: Dialect = GENERIC) -> Field:
    return next(field for field in fields_of(dialect) if field.path == path)


def agent(**fields: Any) -> Agent:
    return Agent(model="m", settings=SessionSettings(**fields))


def after(path: str, text: str, before: Agent | None = None, dialect: Dialect = GENERIC) -> Any:
    """The setting that a typed text makes, alone; everything else is as before."""
    before = before or agent()
    made = with_value(before, field_of(path, dialect), text)
    name = path.partition(".")[0]
    if name in ("model", "url"):
        assert made == replace(before, **{name: getattr(made, name)})
        return getattr(made, name)
    value = getattr(made.settings, name)
    assert made == replace(before, settings=replace(before.settings, **{name: value}))
    return value


TYPED: list[tuple[str, str, Any]] = [
    ("model", "gpt-realtime-2", "gpt-realtime-2"),
    ("model", "", ""),
    ("voice", "marin", "marin"),
    ("voice", "  my own voice ", "my own voice"),
    ("voice", "", UNSET),
    ("speed", "1.25", 1.25),
    ("speed", "1", 1.0),
    ("speed", "0.25", 0.25),
    ("speed", "1.5", 1.5),
    ("speed", "", UNSET),
    ("role", "strict", "strict"),
    ("output_modalities", "audio", ["audio"]),
    ("output_modalities", "text", ["text"]),
    ("output_modalities", "audio, text", ["audio", "text"]),
    ("output_modalities", "", UNSET),
    ("turn_detection", "server_vad", {"type": "server_vad"}),
    ("turn_detection", "semantic_vad", {"type": "semantic_vad"}),
    ("turn_detection", "none", None),
    ("turn_detection", "", UNSET),
    ("turn_detection.threshold", "0.7", {"type": "server_vad", "threshold": 0.7}),
    ("turn_detection.threshold", "0", {"type": "server_vad", "threshold": 0.0}),
    ("turn_detection.threshold", "1", {"type": "server_vad", "threshold": 1.0}),
    ("turn_detection.silence_duration_ms", "600", {"type": "server_vad", "silence_duration_ms": 600}),
    ("turn_detection.prefix_padding_ms", "0", {"type": "server_vad", "prefix_padding_ms": 0}),
    ("turn_detection.idle_timeout_ms", "6000", {"type": "server_vad", "idle_timeout_ms": 6000}),
    ("turn_detection.eagerness", "high", {"type": "semantic_vad", "eagerness": "high"}),
    ("turn_detection.create_response", "off", {"type": "server_vad", "create_response": False}),
    ("turn_detection.interrupt_response", "on", {"type": "server_vad", "interrupt_response": True}),
    ("transcription.model", "gpt-transcribe", {"model": "gpt-transcribe"}),
    ("transcription.model", "off", None),
    ("transcription.model", "", UNSET),
    ("transcription.language", "de", {"language": "de"}),
    ("transcription.language", "off", {"language": "off"}),
    ("transcription.languages", "de, fr", {"languages": ["de", "fr"]}),
    ("transcription.prompt", "Omsk, Tomsk", {"prompt": "Omsk, Tomsk"}),
    ("transcription.prompt", "off", {"prompt": "off"}),
    ("languages", "ru-RU,kk-KZ", ["ru-RU", "kk-KZ"]),
    ("languages", " ru-RU , ", ["ru-RU"]),
    ("languages", "", UNSET),
    ("noise_reduction", "near_field", {"type": "near_field"}),
    ("noise_reduction", "off", None),
    ("noise_reduction", "", UNSET),
    ("tool_choice", "auto", "auto"),
    ("tool_choice", "none", "none"),
    ("tool_choice", "required", "required"),
    ("tool_choice", "get_weather", {"type": "function", "name": "get_weather"}),
    ("tool_choice", "", UNSET),
    ("max_output_tokens", "100", 100),
    ("max_output_tokens", "inf", "inf"),
    ("max_output_tokens", "", UNSET),
    ("truncation", "auto", "auto"),
    ("truncation", "disabled", "disabled"),
    ("truncation", "0.8", {"type": "retention_ratio", "retention_ratio": 0.8}),
    ("truncation", "", UNSET),
    ("url", "wss://example.com/v1/realtime", "wss://example.com/v1/realtime"),
    ("url", "", ""),
    ("input_rate", "16000", 16_000),
    ("input_rate", "", 24_000),
    ("output_rate", "48000", 48_000),
    ("output_rate", "", 24_000),
]


@pytest.mark.parametrize(("path", "text", "value"), TYPED)
def test_what_is_typed_becomes_exactly_this_value(path: str, text: str, value: Any):
    made = after(path, text)
    assert made == value
    assert type(made) is type(value)


def test_every_field_and_every_kind_of_value_is_in_the_table():
    assert {path for path, _, _ in TYPED} == {field.path for field in fields_of(GENERIC)}
    assert {field_of(path).kind for path, _, _ in TYPED} == set(Kind)


INSIDE: list[tuple[str, str, dict[str, Any], Any]] = [
    ("turn_detection.threshold", "0.9", {"turn_detection": VAD}, {**VAD, "threshold": 0.9}),
    ("turn_detection.threshold", "", {"turn_detection": VAD}, {"type": "server_vad", "silence_duration_ms": 400}),
    ("turn_detection.threshold", "", {}, UNSET),
    ("turn_detection.threshold", "", {"turn_detection": None}, None),
    ("turn_detection.threshold", "0.9", {"turn_detection": None}, {"type": "server_vad", "threshold": 0.9}),
    (
        "turn_detection.create_response",
        "off",
        {"turn_detection": {"type": "none"}},
        {"type": "server_vad", "create_response": False},
    ),
    ("turn_detection.create_response", "off", {"turn_detection": SEMANTIC}, {**SEMANTIC, "create_response": False}),
    ("turn_detection", "none", {"turn_detection": VAD}, None),
    ("turn_detection", "semantic_vad", {"turn_detection": {**VAD, "create_response": False}},
     {"type": "semantic_vad", "create_response": False}),
    ("turn_detection", "server_vad", {"turn_detection": SEMANTIC}, {"type": "server_vad"}),
    ("turn_detection", "server_vad", {"turn_detection": VAD}, VAD),
    ("transcription.language", "de", {"transcription": HEARD}, {**HEARD, "language": "de"}),
    ("transcription.language", "", {"transcription": HEARD}, {"model": "gpt-transcribe"}),
    ("transcription.model", "", {"transcription": {"model": "x"}}, UNSET),
    ("transcription.model", "off", {"transcription": HEARD}, None),
    ("transcription.model", "x", {"transcription": None}, {"model": "x"}),
    ("transcription.model", "x", {"transcription": {"type": "none"}}, {"model": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "before", "value"), INSIDE)
def test_a_part_of_an_object_leaves_the_rest_of_it(path: str, text: str, before: dict[str, Any], value: Any):
    assert after(path, text, agent(**before)) == value


REFUSED: list[tuple[str, str, Dialect, str]] = [
    ("speed", "fast", OPENAI, "speed is a number from 0.25 to 1.5"),
    ("speed", "0.24", OPENAI, "speed goes from 0.25 to 1.5"),
    ("speed", "1.51", OPENAI, "speed goes from 0.25 to 1.5"),
    ("speed", "nan", OPENAI, "speed goes from 0.25 to 1.5"),
    ("speed", "inf", OPENAI, "speed goes from 0.25 to 1.5"),
    ("output_modalities", "video", OPENAI, "answers in is one of: audio | text"),
    ("output_modalities", "audio, text", OPENAI, "answers in is one of: audio | text"),
    ("turn_detection", "vad", OPENAI, "turn detection is one of: none | server_vad | semantic_vad"),
    ("turn_detection", "semantic_vad", YANDEX, "turn detection is one of: none | server_vad"),
    ("turn_detection.threshold", "1.1", OPENAI, "threshold goes from 0 to 1"),
    ("turn_detection.threshold", "loud", OPENAI, "threshold is a number from 0 to 1"),
    ("turn_detection.silence_duration_ms", "0.5", OPENAI, "silence ms is a whole number from 0 to 60000"),
    ("turn_detection.silence_duration_ms", "-1", OPENAI, "silence ms goes from 0 to 60000"),
    ("turn_detection.silence_duration_ms", "60001", OPENAI, "silence ms goes from 0 to 60000"),
    ("turn_detection.create_response", "yes", OPENAI, "answers itself is one of: on | off"),
    ("turn_detection.eagerness", "very", OPENAI, "eagerness is one of: auto | low | medium | high"),
    ("noise_reduction", "on", OPENAI, "noise reduction is one of: off | near_field | far_field"),
    ("max_output_tokens", "0", OPENAI, "max tokens goes from 1 to 4096, or inf"),
    ("max_output_tokens", "4097", OPENAI, "max tokens goes from 1 to 4096, or inf"),
    ("max_output_tokens", "many", OPENAI, "max tokens is a whole number from 1 to 4096, or inf"),
    ("truncation", "2", OPENAI, "truncation goes from 0 to 1, or auto or disabled"),
    ("output_rate", "7999", YANDEX, "agent Hz goes from 8000 to 192000"),
    ("input_rate", "16k", YANDEX, "microphone Hz is a whole number from 8000 to 192000"),
    ("truncation", "some", OPENAI, "truncation is a number from 0 to 1, or auto or disabled"),
]


@pytest.mark.parametrize(("path", "text", "dialect", "sentence"), REFUSED)
def test_what_is_no_value_is_refused_in_one_sentence_with_what_may_be_typed(
    path: str, text: str, dialect: Dialect, sentence: str
):
    with pytest.raises(ValueRefused) as refused:
        after(path, text, dialect=dialect)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("path", "text", "before", "kind"),
    [
        ("turn_detection.threshold", "0.5", SEMANTIC, "server_vad"),
        ("turn_detection.silence_duration_ms", "500", SEMANTIC, "server_vad"),
        ("turn_detection.eagerness", "low", VAD, "semantic_vad"),
    ],
)
def test_a_part_of_the_other_turn_detection_says_which_it_belongs_to(path, text, before, kind):
    with pytest.raises(ValueRefused, match=f"belongs to {kind}: choose that turn detection first"):
        after(path, text, agent(turn_detection=before))


def test_a_sentence_of_choices_can_be_read_where_a_choice_has_a_comma_itself():
    with pytest.raises(ValueRefused) as refused:
        after("output_modalities", "video", dialect=GENERIC)
    assert str(refused.value) == "answers in is one of: audio | text | audio, text"


@pytest.mark.parametrize("text", ["audio,text", "audio , text", "text, audio"])
def test_both_modalities_may_be_typed_as_any_list(text: str):
    assert set(after("output_modalities", text, dialect=GENERIC)) == {"audio", "text"}


# --- what is shown can be typed again


WORD = st.text("abcXYZ019-_é漢👍", min_size=1, max_size=12)
WORDS = st.lists(WORD, min_size=1, max_size=3)
SHARE = st.floats(0, 1)
COMMON = {"create_response": st.booleans(), "interrupt_response": st.booleans()}
DETECTION = st.none() | st.fixed_dictionaries(
    {"type": st.just("server_vad")},
    optional={
        "threshold": SHARE,
        "silence_duration_ms": st.integers(0, 60_000),
        "prefix_padding_ms": st.integers(0, 60_000),
        "idle_timeout_ms": st.integers(0, 600_000),
        **COMMON,
    },
)
SEMANTIC_DETECTION = st.fixed_dictionaries(
    {"type": st.just("semantic_vad")},
    optional={"eagerness": st.sampled_from(["auto", "low", "medium", "high"]), **COMMON},
)
ANY: dict[str, st.SearchStrategy[Any]] = {
    "voice": WORD,
    "speed": st.floats(0.25, 1.5),
    "role": WORD,
    "output_modalities": st.sampled_from([["audio"], ["text"], ["audio", "text"]]),
    "turn_detection": DETECTION | SEMANTIC_DETECTION,
    "transcription": st.none()
    | st.fixed_dictionaries(
        {"model": WORD.filter(lambda word: word != "off")},
        optional={"language": WORD, "languages": WORDS, "prompt": st.lists(WORD, min_size=1).map(", ".join)},
    ),
    "languages": WORDS,
    "noise_reduction": st.none() | st.sampled_from([{"type": "near_field"}, {"type": "far_field"}]),
    "tool_choice": st.sampled_from(["auto", "none", "required"])
    | WORD.map(lambda name: {"type": "function", "name": name}),
    "max_output_tokens": st.integers(1, 10**9) | st.just("inf"),
    "truncation": st.sampled_from(["auto", "disabled"])
    | SHARE.map(lambda share: {"type": "retention_ratio", "retention_ratio": share}),
}
AGENTS = st.builds(
    Agent,
    model=WORD,
    settings=st.builds(SessionSettings, **{name: st.just(UNSET) | values for name, values in ANY.items()}),
)
FIELDS = st.sampled_from(fields_of(GENERIC))


@settings(max_examples=400)
@given(AGENTS, FIELDS)
def test_taking_over_a_field_as_it_is_shown_changes_nothing(any_agent: Agent, field: Field):
    detection = any_agent.settings.turn_detection
    kind = detection["type"] if isinstance(detection, dict) else ""
    if field.detection and kind and kind != field.detection:
        assert typed(any_agent, field) == ""
    if field.path == "max_output_tokens":
        field = field_of("max_output_tokens", GENERIC.__class__(name="any", title="", max_output=10**9))
    assert with_value(any_agent, field, typed(any_agent, field)) == any_agent


@given(AGENTS, AGENTS, FIELDS)
def test_a_value_shown_in_one_agent_and_typed_into_another_is_the_same_value(here: Agent, there: Agent, field: Field):
    value = value_at(here, field.path)
    if field.path == "turn_detection" or value is UNSET:
        return
    try:
        made = with_value(there, field, shown(value))
    except ValueRefused as refused:
        assert "choose that turn detection first" in str(refused) or "goes from" in str(refused)  # noqa: PT017
    else:
        assert value_at(made, field.path) == value


OFF = {"type": "none"}


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("turn_detection", {"turn_detection": OFF}),
        ("transcription.model", {"transcription": OFF}),
        ("noise_reduction", {"noise_reduction": OFF}),
        ("truncation", {"truncation": {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"n": 1}}}),
        ("output_modalities", {"output_modalities": ["text", "audio"]}),
        ("turn_detection.threshold", {"turn_detection": {"type": "server_vad", "threshold": 0.123456789}}),
    ],
)
def test_enter_on_an_untouched_field_of_a_profile_changes_nothing(path: str, before: dict[str, Any]):
    whole = agent(**before)
    assert with_value(whole, field_of(path), typed(whole, field_of(path))) == whole


@pytest.mark.parametrize(
    ("path", "before", "text"),
    [
        ("turn_detection", {"turn_detection": None}, "none"),
        ("turn_detection", {"turn_detection": OFF}, "none"),
        ("turn_detection", {"turn_detection": VAD}, "server_vad"),
        ("turn_detection.threshold", {"turn_detection": VAD}, "0.5"),
        ("turn_detection.create_response", {"turn_detection": {**VAD, "create_response": False}}, "off"),
        ("transcription.model", {"transcription": None}, "off"),
        ("transcription.model", {"transcription": OFF}, "off"),
        ("transcription.model", {"transcription": HEARD}, "gpt-transcribe"),
        ("transcription.model", {}, ""),
        ("noise_reduction", {"noise_reduction": None}, "off"),
        ("tool_choice", {"tool_choice": {"type": "function", "name": "f"}}, "f"),
        ("truncation", {"truncation": {"type": "retention_ratio", "retention_ratio": 0.8}}, "0.8"),
        ("output_modalities", {"output_modalities": ["audio", "text"]}, "audio, text"),
        ("languages", {"languages": ["ru-RU", "kk-KZ"]}, "ru-RU, kk-KZ"),
        ("speed", {"speed": 1.0}, "1"),
        ("max_output_tokens", {"max_output_tokens": 4096}, "4096"),
        ("model", {}, "m"),
    ],
)
def test_a_value_is_shown_as_it_is_typed(path: str, before: dict[str, Any], text: str):
    assert typed(agent(**before), field_of(path)) == text


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_choice_that_is_offered_can_be_chosen(dialect: Dialect):
    for field in fields_of(dialect):
        if not has(dialect, field):
            continue
        before = agent(turn_detection={"type": field.detection}) if field.detection else agent()
        for choice in field.choices:
            made = with_value(before, field, choice)
            assert typed(made, field) == choice


# --- which provider has which


DETECTION_OF_ALL = {
    "turn_detection", "turn_detection.threshold", "turn_detection.silence_duration_ms",
    "turn_detection.idle_timeout_ms",
}  # fmt: skip
PADDED = DETECTION_OF_ALL | {
    "turn_detection.prefix_padding_ms", "turn_detection.create_response", "turn_detection.interrupt_response",
}  # fmt: skip
TRANSCRIPTION = {f"transcription.{key}" for key in ("model", "language", "languages", "prompt")}
CONNECTED = {"url", "input_rate", "output_rate"}
"""What every provider has whose sample rates can be chosen."""

AS_OPENAI = (
    {"model", "voice", "speed", "output_modalities", "noise_reduction", "tool_choice"}
    | {"max_output_tokens", "truncation", "url"} | PADDED | TRANSCRIPTION
)  # fmt: skip


def offered(dialect: Dialect) -> set[str]:
    return {field.path for field in fields_of(dialect) if has(dialect, field)}


def test_openai_has_everything_but_style_and_languages():
    assert offered(OPENAI) == AS_OPENAI | {"turn_detection.eagerness"}
    assert offered(DIALECTS["azure"]) == offered(OPENAI)


def test_the_local_agent_has_what_openai_has_with_one_turn_detection():
    assert offered(LOCAL) == AS_OPENAI


def test_yandex_has_style_and_languages_and_neither_transcription_nor_noise_reduction_nor_truncation():
    common = {"model", "voice", "speed", "role", "languages", "output_modalities", "max_output_tokens", *CONNECTED}
    assert common | DETECTION_OF_ALL <= offered(YANDEX) <= common | PADDED


def test_yandex_is_not_offered_the_parts_of_turn_detection_that_its_server_refuses():
    assert offered(YANDEX) & {f"turn_detection.{key}" for key in
                              ("prefix_padding_ms", "create_response", "interrupt_response")} == set()  # fmt: skip


def test_xai_has_voice_and_turn_detection_alone():
    assert {path.partition(".")[0] for path in offered(XAI)} == {"model", "voice", "turn_detection", *CONNECTED}


def test_hf_has_what_its_server_reads():
    names = {path.partition(".")[0] for path in offered(HF)}
    assert names == {
        "model",
        "voice",
        "output_modalities",
        "turn_detection",
        "transcription",
        "tool_choice",
        *CONNECTED,
    }


def test_an_unknown_server_may_be_asked_for_everything():
    assert offered(GENERIC) == {field.path for field in fields_of(GENERIC)}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_only_known_values_of_a_provider_are_offered(dialect: Dialect):
    by_path = {field.path: field for field in fields_of(dialect)}
    assert by_path["model"].choices == dialect.models
    assert by_path["voice"].choices == dialect.voices
    assert by_path["turn_detection"].choices == ("none", *dialect.detections)
    assert by_path["max_output_tokens"].high == dialect.max_output
    assert ("audio, text" in by_path["output_modalities"].choices) is not dialect.one_modality


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_no_two_fields_are_the_same_and_each_belongs_to_a_setting(dialect: Dialect):
    fields = fields_of(dialect)
    assert len({field.path for field in fields}) == len(fields)
    names = {"model", "url", *SessionSettings.__struct_fields__}
    assert all(field.setting in names and field.label.strip() for field in fields)
