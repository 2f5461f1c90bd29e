"""A tool's schema is refused before a server has to: the sentence names line or path."""

import json
from typing import Any

import pytest

from rtvoice_tui.editing.schema import parsed
from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.tools.definitions import check, check_name

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


BAD: list[tuple[Any, str]] = [
    ([], "parameters: "),
    ("object", "parameters: "),
    (None, "parameters: "),
    (3, "parameters: "),
    ({"type": "string"}, "parameters.type: "),
    ({"type": ["object", "null"]}, "parameters.type: "),
    ({"type": "objekt"}, "parameters.type: "),
    (obj(city={"type": "text"}), "parameters.properties.city.type: "),
    (obj(city={"type": ["string", "text"]}), "parameters.properties.city.type"),
    (obj(city="string"), "parameters.properties.city: "),
    (obj(city={"type": "string", "minLength": -1}), "parameters.properties.city.minLength: "),
    (obj(city={"type": "string", "enum": "Omsk"}), "parameters.properties.city.enum: "),
    (obj(to=obj(city={"type": 1})), "parameters.properties.to.properties.city.type: "),
    (obj(cities={"type": "array", "items": {"type": "nothing"}}), "parameters.properties.cities.items.type: "),
    (obj(n={"anyOf": [{"type": "number"}, {"type": "x"}]}), "parameters.properties.n.anyOf[1].type: "),
    ({"type": "object", "properties": []}, "parameters.properties: "),
    ({"type": "object", "required": "city"}, "parameters.required: "),
    ({"type": "object", "required": [1]}, "parameters.required[0]: "),
    ({"type": "object", "required": ["city"]}, "parameters.required: "),
    ({**CITY, "required": ["city", "land"]}, "parameters.required: there is no property 'land'"),
    ({"type": "object", "additionalProperties": "no"}, "parameters.additionalProperties: "),
]


@pytest.mark.parametrize(("schema", "path"), BAD, ids=[json.dumps(schema) for schema, _ in BAD])
def test_what_is_no_schema_of_an_object_is_refused_with_its_path(schema: Any, path: str):
    for refusal in (lambda: check(schema), lambda: parsed(json.dumps(schema))):
        with pytest.raises(SchemaRefused) as refused:
            refusal()
        assert str(refused.value).startswith(path)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "line 1, column 2"),
        ('{"type": "object",\n "properties": {]}', "line 2, column 17"),
        ("{'type': 'object'}", "line 1, column 2"),
        ("nonsense", "line 1, column 1"),
        ('{"type": "object"} more', "line 1, column 20"),
    ],
)
def test_what_is_no_json_is_refused_with_line_and_column(text: str, where: str):
    with pytest.raises(SchemaRefused, match=f"^{where}: "):
        parsed(text)


@pytest.mark.parametrize("depth", [50, 150, 400, 900, 100_000])
def test_a_schema_nested_however_deeply_is_accepted_or_refused_but_fails_nothing(depth: int):
    text = '{"type": "object", "properties": {"a": ' * depth + "{}" + "}}" * depth
    try:
        parsed(text)
    except SchemaRefused as refused:
        assert "nested too deeply" in str(refused)  # noqa: PT017


def test_a_number_that_json_has_not_is_refused():
    with pytest.raises(SchemaRefused):
        parsed('{"type": "object", "properties": {"n": {"type": "number", "default": NaN}}}')


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        CITY,
        {**CITY, "additionalProperties": False},
        obj(n={"type": ["integer", "null"], "minimum": 0}),
        obj(unit={"enum": ["C", "F"]}),
        obj(to=obj(city={"type": "string"})),
        obj(any=True),
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"город": {"type": "string"}}, "required": ["город"]},
    ],
    ids=json.dumps,
)
def test_a_schema_of_an_object_is_taken_as_it_is(schema: dict[str, Any]):
    check(schema)
    assert parsed(json.dumps(schema, indent=2)) == schema


def test_no_text_is_a_tool_without_arguments():
    assert parsed("") == {}


@pytest.mark.parametrize("name", ["f", "get_weather", "get-weather", "A1", "x" * 64])
def test_a_name_that_servers_take_is_taken(name: str):
    check_name(name, {"other"})


@pytest.mark.parametrize("name", ["", "get weather", "wetter!", "погода", "x" * 65, "a.b", "f\n"])
def test_a_name_that_servers_refuse_is_refused(name: str):
    with pytest.raises(SchemaRefused, match=r"^name: 1 to 64 letters, digits"):
        check_name(name, set())


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(SchemaRefused, match=r"^name: there is a tool 'f' already"):
        check_name("f", {"f", "g"})
