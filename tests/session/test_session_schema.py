"""Arguments are checked against the tool's schema before anybody is asked and before anything runs."""

import json
import socket
import urllib.request
from typing import Any

import pytest

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.session.schema import MAX_TEXT, bounded, read
from rtvoice_tui.session.schema_patterns import without_unreadable_patterns
from session.conversation import ANSWER, ITEM, Conversation, error_in, function_call, outputs, states

TRIP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 1000},
        "days": {"type": "integer", "minimum": 1},
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "where": {"type": "object", "properties": {"zip": {"type": "string"}}, "required": ["zip"]},
        "stops": {
            "type": "array",
            "maxItems": 3,
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
    },
    "required": ["city"],
    "additionalProperties": False,
}
BOOK = ToolSpec(name="book", parameters=TRIP, asks=True)

REFUSED = {
    "not JSON": ("{city: Oslo", ["the arguments are not JSON"]),
    "cut off": ('{"city":"Os', ["the arguments are not JSON"]),
    "two values": ('{"city":"Oslo"}{}', ["the arguments are not JSON"]),
    "an array": ('["Oslo"]', ["not a JSON object"]),
    "null": ("null", ["arguments: ", "'city'", "required"]),
    "NaN": ('{"city":"Oslo","days":NaN}', ["not JSON", "NaN"]),
    "infinity": ('{"city":"Oslo","days":-Infinity}', ["not JSON", "-Infinity"]),
    "nested too deeply": ('{"city":' * 50_000, ["nested too deeply"]),
    "a number too long to read": ('{"city":' + "9" * 10_000 + "}", ["the arguments are not JSON"]),
    "a wrong type": ('{"city":5}', ["arguments.city: ", "5", "string"]),
    "a bool for an integer": ('{"city":"Oslo","days":true}', ["arguments.days: "]),
    "one that is missing": ("{}", ["arguments: ", "'city'", "required"]),
    "no text at all": ("", ["arguments: ", "'city'", "required"]),
    "one too many": ('{"city":"Oslo","rm":"-rf"}', ["arguments: ", "'rm'"]),
    "not one of the choices": ('{"city":"Oslo","unit":"kelvin"}', ["arguments.unit: ", "kelvin", "celsius"]),
    "too small": ('{"city":"Oslo","days":0}', ["arguments.days: ", "0"]),
    "within an object": ('{"city":"Oslo","where":{"zip":1}}', ["arguments.where.zip: "]),
    "missing within an object": ('{"city":"Oslo","where":{}}', ["arguments.where: ", "'zip'"]),
    "within an array": ('{"city":"Oslo","stops":[{"name":"a"},{"name":2}]}', ["arguments.stops[1].name: "]),
    "too many": ('{"city":"Oslo","stops":[' + ",".join(['{"name":"a"}'] * 4) + "]}", ["arguments.stops: "]),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_told_with_its_place(text, told):
    with pytest.raises(ArgumentsRefused) as refused:
        read(text, TRIP)
    for word in told:
        assert word in str(refused.value)


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_goes_back_to_the_model_and_nothing_runs_and_nobody_is_asked(text, told):
    c = Conversation(tools=[BOOK])
    step = c.calls(function_call("K", "book", text))
    assert step.of(RunTool) == []
    assert CallState.ASKING not in [call.state for call in step.of(CallChanged)]
    assert step.sent_types == [ITEM, ANSWER]
    assert all(word in error_in(outputs(step)["K"]) for word in told)
    assert states(step) == {"K": CallState.FAILED}
    assert step.of(CallChanged)[-1].checked is False


FITS = {
    "no text, no schema": ("", {}, {}),
    "blanks": (" \n ", {}, {}),
    "anything where the schema is empty": ('{"a":[1,{"b":null}]}', {}, {"a": [1, {"b": None}]}),
    "anything where the schema is any object": ('{"a":1}', {"type": "object"}, {"a": 1}),
    "all that is named": (
        '{"city":"Oslo","days":2,"stops":[{"name":"Bergen"}]}',
        TRIP,
        {"city": "Oslo", "days": 2, "stops": [{"name": "Bergen"}]},
    ),
    "a reference within the schema": (
        '{"city":"Oslo"}',
        {"properties": {"city": {"$ref": "#/$defs/name"}}, "$defs": {"name": {"type": "string"}}},
        {"city": "Oslo"},
    ),
}


@pytest.mark.parametrize(("text", "schema", "found"), FITS.values(), ids=FITS)
def test_what_fits_is_taken_as_it_is(text, schema, found):
    assert read(text, schema) == found


UNUSABLE = {
    "a type that is none": {"properties": {"city": {"type": "text"}}},
    "a property that is no schema": {"properties": {"city": "string"}},
    "a reference to nothing": {"properties": {"city": {"$ref": "#/$defs/gone"}}},
    "a reference elsewhere": {"properties": {"city": {"$ref": "http://127.0.0.1:9/city.json"}}},
    "a reference to a file": {"properties": {"city": {"$ref": "file:///etc/passwd"}}},
    "a reference to the standard": {"properties": {"city": {"$ref": "https://example.com/draft/schema"}}},
}


@pytest.fixture
def asked_for(monkeypatch) -> list[Any]:
    """Everything that anybody tried to fetch."""
    tried: list[Any] = []

    def refuse(*args: Any, **kwargs: Any) -> None:
        tried.append(args)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return tried


@pytest.mark.parametrize("schema", UNUSABLE.values(), ids=UNUSABLE)
def test_a_schema_that_cannot_be_used_is_told_and_nothing_is_fetched_for_it(schema, asked_for):
    c = Conversation(tools=[ToolSpec(name="book", parameters=schema)])
    step = c.calls(function_call("K", "book", '{"city":"Oslo"}'))
    assert step.of(RunTool) == []
    assert "the tool's own schema cannot be used" in error_in(outputs(step)["K"])
    assert asked_for == []


UNREADABLE = {
    "letters of any script": {"properties": {"city": {"type": "string", "pattern": r"^\p{L}+$"}}},
    "JavaScript's named groups": {"properties": {"city": {"type": "string", "pattern": "(?<town>O)"}}},
    "no pattern at all": {"properties": {"city": {"type": "string", "pattern": "("}}},
    "a name": {
        "properties": {"city": {"type": "string"}},
        "patternProperties": {r"^\p{L}+$": {"type": "string"}},
        "additionalProperties": False,
    },
    "one in an alternative": {"properties": {"city": {"type": "string", "anyOf": [{"pattern": "["}]}}},
    "one behind a reference": {
        "properties": {"city": {"$ref": "#/$defs/city"}},
        "$defs": {"city": {"type": "string", "pattern": "*"}},
    },
}


@pytest.mark.parametrize("schema", UNREADABLE.values(), ids=UNREADABLE)
def test_a_pattern_that_only_the_tool_can_read_is_left_to_it_and_the_rest_is_checked(schema):
    assert read('{"city":"Oslo"}', schema) == {"city": "Oslo"}
    with pytest.raises(ArgumentsRefused, match="city"):
        read('{"city":5}', schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"city": {"not": {"pattern": r"\p{Cc}"}}}},
        {"properties": {"city": {"if": {"pattern": r"\p{Lu}"}, "then": {"maxLength": 1}}}},
        {"properties": {"city": {"oneOf": [{"pattern": r"^\p{Lu}"}, {"pattern": r"^\p{Ll}"}]}}},
        {"properties": {"default": {"pattern": r"\p{L}"}, "city": {"type": "string"}}},
    ],
)
def test_a_pattern_that_only_the_tool_can_read_refuses_nothing_from_where_it_is_turned_around(schema):
    assert read('{"city":"Oslo","default":"x"}', schema) == {"city": "Oslo", "default": "x"}


@pytest.mark.parametrize("pattern", ["a", r"\p{L}"], ids=["readable", "unreadable"])
@pytest.mark.parametrize("word", ["not", "oneOf", "if"])
def test_looking_for_unreadable_patterns_takes_time_by_the_size_of_a_schema_and_not_by_its_depth(word, pattern):
    schema = {"pattern": pattern}
    for _ in range(60):
        schema = {word: [schema] if word == "oneOf" else schema}
    assert (without_unreadable_patterns(schema) is schema) is (pattern == "a")


def test_data_that_looks_like_a_pattern_is_compared_as_it_is():
    schema = {"properties": {"city": {"const": {"pattern": "("}}, "pattern": {"type": "string"}}}
    assert read('{"city":{"pattern":"("},"pattern":"("}', schema)
    with pytest.raises(ArgumentsRefused):
        read('{"city":{}}', schema)


def test_a_huge_value_is_not_quoted_whole():
    with pytest.raises(ArgumentsRefused) as refused:
        read('{"city":"Oslo","unit":"' + "x" * 100_000 + '"}', TRIP)
    assert len(str(refused.value)) < MAX_TEXT + 100


def test_a_call_that_fits_is_marked_as_checked_and_one_of_an_unknown_function_as_not_known():
    c = Conversation(tools=[ToolSpec(name="book", parameters=TRIP)])
    fits = c.calls(function_call("K1", "book", '{"city":"Oslo"}'))
    assert fits.of(CallChanged)[-1].checked is True
    unknown = c.calls(function_call("K2", "burn"), response_id="R2")
    assert unknown.of(CallChanged)[-1].checked is None


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_call_with_blank_arguments_is_run_with_none(text):
    c = Conversation(tools=[ToolSpec(name="book")])
    assert c.calls(function_call("K", "book", text)).of(RunTool) == [RunTool("K", "book", "{}")]


@pytest.mark.parametrize("state", ["it is answered at once", "others of its group run"])
def test_a_call_that_cannot_run_is_never_shown_as_running(state):
    c = Conversation(tools=[BOOK, ToolSpec(name="look")])
    others = [function_call("L", "look")] if state.startswith("others") else []
    step = c.calls(function_call("K", "book", "{}"), *others)
    assert [call.state for call in step.of(CallChanged) if call.key == "K"][-1] is CallState.FAILED
    assert CallState.RUNNING not in [call.state for call in step.of(CallChanged) if call.key == "K"]


def test_a_huge_value_leaves_room_for_what_is_wrong_with_it():
    with pytest.raises(ArgumentsRefused, match="is too long"):
        read('{"city":"' + "x" * 100_000 + '"}', TRIP)
    with pytest.raises(ArgumentsRefused, match="is not of type 'integer'"):
        read('{"city":"Oslo","days":"' + "x" * 100_000 + '"}', TRIP)


def test_a_huge_name_is_not_quoted_whole_either():
    schema = {"additionalProperties": {"type": "integer"}}
    with pytest.raises(ArgumentsRefused) as refused:
        read('{"' + "x" * 100_000 + '":"a"}', schema)
    assert len(str(refused.value)) < 2 * MAX_TEXT
    assert "integer" in str(refused.value)


PAIR = '{"at":[59,"N"]}'
OLDER = {
    "draft 7": ("http://json-schema.org/draft-07/schema#", {"items": [{"type": "number"}, {"type": "string"}]}),
    "draft 4": ("http://json-schema.org/draft-04/schema#", {"items": [{"type": "number"}, {"type": "string"}]}),
    "2020-12": (
        "https://json-schema.org/draft/2020-12/schema",
        {"prefixItems": [{"type": "number"}, {"type": "string"}]},
    ),
}


@pytest.mark.parametrize(("draft", "inside"), OLDER.values(), ids=OLDER)
def test_a_schema_is_read_by_the_draft_that_it_names(draft, inside):
    schema = {"$schema": draft, "type": "object", "properties": {"at": {"type": "array", **inside}}}
    assert read(PAIR, schema) == {"at": [59, "N"]}
    with pytest.raises(ArgumentsRefused, match=r"^arguments\.at\[1\]: "):
        read('{"at":[59,60]}', schema)


@pytest.mark.parametrize("draft", ["https://example.com/no-draft", 5, None])
def test_a_schema_of_an_unknown_draft_is_read_as_the_newest_and_nothing_is_fetched(draft, asked_for):
    schema = {"$schema": draft, "properties": {"city": {"type": "string"}}}
    with pytest.raises(ArgumentsRefused, match="city"):
        read('{"city":5}', schema)
    assert read('{"city":"Oslo"}', schema) == {"city": "Oslo"}
    assert asked_for == []


def _nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(depth):
        schema = {"anyOf": [schema]}
    return schema


LONG = {
    "long choices": ({"properties": {"a": {"items": {"enum": ["x" * 10_000] * 20}}}}, {"a": ["y"] * 10_000}),
    "nested alternatives": ({"properties": {"a": {"items": _nested(200)}}}, {"a": [1] * 1000}),
    "many alternatives": ({"properties": {"a": {"items": {"anyOf": [{"type": "string"}] * 200}}}}, {"a": [1] * 200}),
    "contains": ({"properties": {"a": {"contains": {"type": "string"}, "minContains": 5}}}, {"a": [1] * 100_000}),
    "names": ({"propertyNames": {"maxLength": 1}}, {f"name {number}": 1 for number in range(30_000)}),
}


@pytest.mark.parametrize("kind", LONG)
def test_what_takes_seconds_to_check_is_not_checked_while_the_session_waits(kind):
    schema, arguments = LONG[kind]
    assert not bounded(json.dumps(arguments), schema)


@pytest.mark.parametrize("word", ["pattern", "$ref", "uniqueItems", "patternProperties"])
def test_a_property_may_be_called_like_a_keyword(word):
    assert bounded('{"a": 1}', {"type": "object", "properties": {word: {"type": "string"}}, "required": [word]})
    assert not bounded('{"a": 1}', {"type": "object", "properties": {"a": {word: "x"}}})


def test_an_ordinary_schema_is_checked_at_once():
    assert bounded('{"city": "Oslo", "days": 3}', TRIP)
