"""The one check of a tool's name and schema, wherever tools enter, and what is sent of those that pass."""

import datetime
from typing import Any

import pytest

from rtvoice_tui.engine.tool_checks import ToolChecks
from rtvoice_tui.profiles.store import parse_profile
from rtvoice_tui.protocol.realtime.dialects import OPENAI
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.facts import Fact, Notice
from rtvoice_tui.tools.definitions import own_specs, problem_of
from rtvoice_tui.tools.mcp import prefixed

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

BAD_NAMES = ["my weather", "погода", "x" * 65, "", "get.weather", "get/weather", "get\nweather", "wetter!"]
BAD_SCHEMAS: dict[str, Any] = {
    "an unknown type": {"type": "object", "properties": {"city": {"type": "strin"}}},
    "a required property that is absent": {"type": "object", "properties": {}, "required": ["city"]},
    "no object": {"type": "string"},
    "properties that are a list": {"type": "object", "properties": ["city"]},
    "an enum that is a text": {"type": "object", "properties": {"a": {"enum": "b"}}},
    "required that is a text": {"type": "object", "properties": {"a": {}}, "required": "a"},
    "a type deep inside": {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "int"}}}}},
    },
    "a reference that leads nowhere": {"type": "object", "properties": {"a": {"$ref": "#/$defs/City"}}},
    "one deep inside": {"type": "object", "properties": {"a": {"items": {"anyOf": [{"$ref": "#/properties/b"}]}}}},
    "an odd digit": {"type": "object", "properties": {"a": {"$ref": "#/allOf/²"}}, "allOf": [{}]},
    "a huge index": {"type": "object", "properties": {"a": {"$ref": "#/allOf/" + "9" * 5000}}, "allOf": [{}]},
    "a lost reference in a property called default": {"properties": {"default": {"$ref": "#/nope"}}},
    "required as draft 3 has it": {"$schema": "http://json-schema.org/draft-03/schema#", "required": True},
    "a reference that leads out": {"type": "object", "properties": {"a": {"$ref": "https://e.example/city"}}},
    "an anchor that is nowhere": {"type": "object", "properties": {"a": {"$ref": "#city"}}},
    "an anchor of another part": {
        "properties": {"a": {"$ref": "#x"}},
        "$defs": {"b": {"$id": "https://e.example/b", "$anchor": "x"}},
    },
    "a reference out of a schema with an id": {
        "$id": "https://e.example/s",
        "properties": {"a": {"$ref": "https://e.example/other#/b"}},
    },
    "a reference out beside a property called id": {
        "properties": {"a": {"$ref": "city.json"}, "id": {"type": "string"}},
    },
    "an id of draft 4 that is nowhere": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"a": {"$ref": "#city"}},
        "definitions": {"b": {"id": "#town"}},
    },
    "a path from the wrong part": {
        "properties": {"a": {"$id": "https://e.example/a", "items": {"$ref": "#/$defs/b"}}},
        "$defs": {"b": {}},
    },
    "no address": {"properties": {"a": {"$ref": "http://["}}},
    "a dynamic reference that is lost": {"properties": {"a": {"$dynamicRef": "#node"}}},
    "a negative length": {"type": "object", "properties": {"a": {"type": "string", "minLength": -1}}},
}
GOOD_SCHEMAS: dict[str, Any] = {
    "nothing": {},
    "an object without properties": {"type": "object"},
    "properties without a type": {"properties": {"a": {"type": "string"}}},
    "a reference": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a~1b"}}, "$defs": {"a/b": {}}},
    "a reference to itself": {"type": "object", "properties": {"a": {"$ref": "#"}}},
    "a reference by its id": {
        "$id": "https://e.example/s",
        "type": "object",
        "properties": {"a": {"$ref": "https://e.example/s#/$defs/b"}},
        "$defs": {"b": {}},
    },
    "a path within a part that has an id": {
        "properties": {"a": {"$id": "https://e.example/a", "items": {"$ref": "#/$defs/b"}, "$defs": {"b": {}}}},
    },
    "an id of draft 4": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"a": {"$ref": "#town"}},
        "definitions": {"b": {"id": "#town"}},
    },
    "a reference to a part's relative id": {
        "$id": "https://e.example/s",
        "properties": {"a": {"$ref": "town"}},
        "$defs": {"b": {"$id": "town"}},
    },
    "a dynamic reference": {"properties": {"a": {"$dynamicRef": "#n"}}, "$defs": {"b": {"$dynamicAnchor": "n"}}},
    "a property called $id": {"type": "object", "properties": {"$id": {"type": "string"}, "b": {"$ref": "#"}}},
    "a reference to the standard": {"properties": {"a": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}},
    "an extension with a reference": {"type": "object", "x-meta": {"$ref": "#/zz"}},
    "a reference by name": {"type": "object", "properties": {"a": {"$ref": "#x"}}, "$defs": {"b": {"$anchor": "x"}}},
    "a value that looks like one": {"type": "object", "properties": {"a": {"const": {"$ref": "#/no"}}}},
    "a property called $ref": {"type": "object", "properties": {"$ref": {"type": "string"}}},
    "a number as id of what is no schema": {"type": "object", "properties": {}, "metadata": {"$id": 5, "id": {}}},
    "a closed object": {**CITY, "additionalProperties": False},
    "two types": {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_servers_refuse_is_a_problem(name):
    assert "name" in problem_of(ToolSpec(name=name, parameters=CITY))


@pytest.mark.parametrize("schema", BAD_SCHEMAS.values(), ids=BAD_SCHEMAS)
def test_a_schema_that_servers_refuse_is_a_problem(schema):
    assert "parameters" in problem_of(ToolSpec(name="a", parameters=schema))


@pytest.mark.parametrize("schema", GOOD_SCHEMAS.values(), ids=GOOD_SCHEMAS)
def test_what_is_sent_of_a_valid_tool_is_an_object_with_properties(schema):
    spec = ToolSpec(name="a", parameters=schema)
    assert problem_of(spec) == ""
    (sent,) = session_body(OPENAI, SessionSettings(), [spec]).session["tools"]
    assert sent["parameters"]["type"] == "object"
    assert isinstance(sent["parameters"]["properties"], dict)
    assert schema.items() <= sent["parameters"].items()


def test_a_mock_without_parameters_is_valid_as_it_is_sent():
    text = '[[tools]]\nname = "a"\nrun = {kind = "mock", result = "b"}\n'
    (spec,) = parse_profile(text, "test").tool_specs
    assert problem_of(spec) == ""


async def test_tools_that_cannot_be_offered_are_left_out_and_each_is_named_once():
    told: list[Fact] = []
    checks = ToolChecks(told.append)
    bad = [ToolSpec(name=name) for name in BAD_NAMES] + [ToolSpec(name="b", parameters=BAD_SCHEMAS["no object"])]
    good = [ToolSpec(name="good", parameters=CITY), ToolSpec(name="other")]
    for _ in range(2):
        await checks.check([*bad, *good], [])
    assert checks.passing([*bad, *good]) == tuple(good)
    notices = [fact.text for fact in told if isinstance(fact, Notice)]
    assert len(notices) == len(bad)
    assert all(f"'{spec.name}'" in notice for spec, notice in zip(bad, notices, strict=True))


async def test_a_corrected_tool_is_offered():
    checks = ToolChecks(lambda fact: None)
    bad, good = ToolSpec(name="a", parameters={"type": "strin"}), ToolSpec(name="a", parameters=CITY)
    await checks.check([bad], [])
    assert checks.passing([bad]) == ()
    await checks.check([good], [])
    assert checks.passing([good]) == (good,)


async def test_several_tools_of_one_name_are_told():
    told: list[Fact] = []
    await ToolChecks(told.append).check([ToolSpec(name="a")], ["a"])
    assert [fact.text for fact in told if isinstance(fact, Notice)] == ["several tools are called 'a'"]


async def test_a_hosted_tool_is_the_providers_own_affair():
    checks = ToolChecks(lambda fact: None)
    spec = ToolSpec(name="web_search", hosted=True, parameters={"type": "strin"})
    await checks.check([spec], [])
    assert checks.passing([spec]) == (spec,)


@pytest.mark.parametrize("name", ["my files", "файлы", "x" * 70])
def test_a_server_s_name_is_only_a_prefix_and_needs_no_letters_of_the_wire(name):
    text = f'provider = "local"\n[[tools]]\nname = "{name}"\nrun = {{kind = "mcp", argv = ["files"]}}\n'
    assert own_specs(parse_profile(text, "mine")) == ()
    assert problem_of(ToolSpec(name=prefixed(name, "read"))) == ""


NO_JSON: dict[str, Any] = {
    "not a number": {"type": "object", "properties": {"a": {"minimum": float("nan")}}},
    "infinity": {"type": "object", "properties": {"a": {"maximum": float("inf")}}},
    "a date": {"type": "object", "properties": {"a": {"default": datetime.date(2026, 1, 1)}}},
}


@pytest.mark.parametrize("schema", NO_JSON.values(), ids=NO_JSON)
async def test_a_schema_that_json_cannot_hold_is_left_out_and_the_others_are_offered(schema):
    told: list[Fact] = []
    checks = ToolChecks(told.append)
    bad, good = ToolSpec(name="bad", parameters=schema), ToolSpec(name="good", parameters=CITY)
    await checks.check([bad, good], [])
    assert checks.passing([bad, good]) == (good,)
    assert [fact.text.startswith("tool 'bad': parameters") for fact in told if isinstance(fact, Notice)] == [True]


@pytest.mark.parametrize(
    ("name", "part"), [("a b", "has a space"), ("погода", "has 'п'"), ("x" * 65, "65 characters"), ("", "empty")]
)
def test_what_is_wrong_with_a_name_is_said(name, part):
    assert part in problem_of(ToolSpec(name=name, parameters=CITY))


@pytest.mark.parametrize("kind", ["strin", 5, None])
def test_a_type_that_is_none_is_told_with_all_that_there_are(kind):
    told = problem_of(ToolSpec(name="a", parameters={"type": "object", "properties": {"b": {"type": kind}}}))
    assert told.startswith("parameters.properties.b.type")
    assert "none of string, number, integer, boolean, object, array, null" in told


async def test_half_a_surrogate_pair_in_a_schema_stops_no_tool():
    checks = ToolChecks([].append)
    schema = {"type": "object", "properties": {"a": {"description": "\ud800"}}}
    tools = [ToolSpec(name="odd", parameters=schema), ToolSpec(name="good", parameters=CITY)]
    await checks.check(tools, [])
    assert checks.passing(tools) == tuple(tools)
