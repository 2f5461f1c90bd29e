"""A form for a tool's arguments: which fields a schema makes, and how what is typed becomes exact JSON and back."""

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvoice_tui.editing.form import arguments_of, arguments_text, fields_of, texts_of, unknown
from rtvoice_tui.errors import FormRefused

DEEP = sys.getrecursionlimit() * 20


def schema_of(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def typed(schema: dict[str, Any], **texts: str) -> dict[str, Any]:
    return arguments_of(fields_of(schema), texts)


def kind_of(schema: Any) -> str:
    return fields_of(schema_of(value=schema))[0].kind


# --- fields


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer"}, "integer"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "array", "items": {"type": "string"}}, "array"),
        ({"type": "object"}, "object"),
        ({"type": ["string", "null"]}, "string"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"oneOf": [{"type": "boolean"}]}, "boolean"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "json"),
        ({"anyOf": [{"$ref": "#/x"}]}, "json"),
        ({"enum": ["a", "b"]}, "string"),
        ({"enum": [1, "1"]}, "json"),
        ({}, "json"),
        (True, "json"),
        ({"type": 5}, "json"),
        ({"type": [["string"]]}, "json"),
        ({"anyOf": 5}, "json"),
        ({"anyOf": {"type": "string"}}, "json"),
    ],
)
def test_a_schema_says_what_is_typed_into_its_field(schema: Any, kind: str):
    assert kind_of(schema) == kind


def test_a_field_says_what_it_is_what_it_may_be_and_what_it_usually_is():
    schema = {"enum": ["c", "f"], "description": "The unit.", "default": "c"}
    field, other = fields_of(schema_of(("unit",), unit=schema, days={"type": "integer"}))
    assert field.required
    assert not other.required
    assert field.choices == ("c", "f")
    assert field.hint == "c, f; The unit.; usually c"
    assert other.hint == "integer"


@pytest.mark.parametrize("required", [None, 5, [["city"]], [{"a": 1}], "city"])
def test_a_schema_whose_list_of_needed_arguments_is_none_still_makes_a_form(required: Any):
    (field,) = fields_of({"type": "object", "properties": {"city": {"type": "string"}}, "required": required})
    assert (field.name, field.required) == ("city", False)


def test_a_schema_without_properties_takes_nothing_or_everything_as_one_text():
    assert fields_of({"type": "object", "properties": {}}) == ()
    assert arguments_of((), {}) == {}
    for free in ({}, {"type": "object", "additionalProperties": True}, {"additionalProperties": {"type": "string"}}):
        fields = fields_of(free)
        assert len(fields) == 1
        name = fields[0].name
        assert arguments_of(fields, {name: ' {"a": [1]} '}) == {"a": [1]}
        assert arguments_of(fields, {name: ""}) == {}
        assert texts_of(fields, {"a": [1]}) == {name: '{"a": [1]}'}
        for wrong in ("[1]", "{", "5", '{"a": NaN}', '{"a": 1e999}', "[" * DEEP):
            with pytest.raises(FormRefused, match=r"^arguments: "):
                arguments_of(fields, {name: wrong})


def test_an_argument_without_a_name_is_a_field_like_any_other():
    fields = fields_of({"properties": {"": {"type": "integer"}, "n": {"type": "integer"}}})
    assert [field.kind for field in fields] == ["integer", "integer"]
    assert arguments_of(fields, {"": "1", "n": "2"}) == {"": 1, "n": 2}
    assert texts_of(fields, {"": 1, "n": 2}) == {"": "1", "n": "2"}


# --- what is typed


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "5", "5"),
        ({"type": "string"}, "null", "null"),
        ({"type": "string"}, " a b ", " a b "),
        ({"type": "string"}, '"quoted"', '"quoted"'),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["string", "null"]}, '"null"', "null"),
        ({"type": ["string", "null"]}, '"quoted"', '"quoted"'),
        ({"type": "integer"}, " 12 ", 12),
        ({"type": "integer"}, "123456789012345678901234567890", 123456789012345678901234567890),
        ({"type": "integer"}, "1.0", 1),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, "2", 2),
        ({"type": "boolean"}, "yes", True),
        ({"type": "boolean"}, "False", False),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "null", None),
        ({"type": "array"}, '["a", 1]', ["a", 1]),
        ({"type": "object"}, '{"a": {"b": null}}', {"a": {"b": None}}),
        ({"type": ["array", "null"]}, "null", None),
        ({}, "Berlin", "Berlin"),
        ({}, "5", 5),
        ({}, '"5"', "5"),
        ({"enum": [1, "1"]}, "1", 1),
        ({"enum": [1, "1"]}, '"1"', "1"),
        ({"enum": ["a", None]}, "null", None),
        ({"type": "string", "enum": ["null", "x"]}, "null", "null"),
    ],
)
def test_what_is_typed_becomes_exactly_this_value(schema: Any, text: str, value: Any):
    made = typed(schema_of(("v",), v=schema), v=text)
    assert made == {"v": value}
    assert type(made["v"]) is type(value)


@pytest.mark.parametrize(
    ("schema", "text", "words"),
    [
        ({"type": "integer"}, "1.5", "integer expected"),
        ({"type": "integer"}, "true", "integer expected"),
        ({"type": "integer"}, "null", "integer expected"),
        pytest.param({"type": "integer"}, "9" * 5000, "integer expected", id="long"),
        ({"type": "number"}, "NaN", "number expected"),
        ({"type": "number"}, "-Infinity", "number expected"),
        ({"type": "number"}, "1e999", "number expected"),
        ({"type": "number"}, "ten", "number expected"),
        ({"type": "boolean"}, "1", "boolean expected"),
        ({"type": "array"}, "a, b", "a JSON array expected"),
        ({"type": "array"}, "{}", "a JSON array expected"),
        ({"type": "array"}, "[1", "a JSON array expected"),
        pytest.param({"type": "array"}, "[" * DEEP, "a JSON array expected", id="deep"),
        ({"type": "object"}, "[]", "a JSON object expected"),
        ({"enum": ["c", "f"]}, "k", "one of c, f"),
        ({"type": "integer", "enum": [1, 2]}, "3", "one of 1, 2"),
    ],
)
def test_what_is_no_value_is_refused_with_the_name_of_its_field(schema: Any, text: str, words: str):
    with pytest.raises(FormRefused) as refused:
        typed(schema_of(v=schema), v=text)
    assert str(refused.value) == f"v: {words}"


def test_an_empty_field_is_left_out_but_a_needed_text_is_then_empty():
    schema = schema_of(("a", "n"), a={"type": "string"}, b={"type": "string"}, n={"type": "integer"})
    assert typed(schema) == {"a": ""}
    assert typed(schema, a="", b="", n="") == {"a": ""}
    assert typed(schema, b='""') == {"a": "", "b": ""}, "an empty text where none is needed is two quotes"


def test_arguments_that_the_form_has_no_field_for_are_named():
    fields = fields_of(schema_of(city={"type": "string"}))
    assert unknown(fields, {"n": 1, "city": "Oslo", "m": 2}) == ["n", "m"]
    assert unknown(fields_of({}), {"n": 1}) == []


# --- there and back


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
TEXTS = st.text() | st.sampled_from(["", "null", '""', '"null"', '"\\"\\""', " ", "true", "{", '"a"'])
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "integer": st.integers(),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "boolean": st.booleans(),
    "array": st.lists(ANY, max_size=3),
    "object": st.dictionaries(st.text(), ANY, max_size=3),
}


@st.composite
def schema_and_arguments(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    properties, arguments, required = {}, {}, []
    for name in draw(st.lists(st.text(), max_size=5, unique=True)):
        kind = draw(st.sampled_from([*OF_TYPE, "any"]))
        nullable = draw(st.booleans())
        values = OF_TYPE.get(kind, ANY)
        if kind == "any":
            properties[name] = {}
        elif nullable:
            values |= st.none()
            way = {"type": [kind, "null"]}
            properties[name] = way if draw(st.booleans()) else {"anyOf": [{"type": kind}, {"type": "null"}]}
        else:
            properties[name] = {"type": kind}
        if needed := draw(st.booleans()):
            required.append(name)
        if needed or draw(st.booleans()):
            arguments[name] = draw(values)
    return {"type": "object", "properties": properties, "required": required}, arguments


@given(schema_and_arguments())
@settings(max_examples=40, deadline=None)
def test_arguments_in_a_form_come_out_of_it_as_they_went_in(made: tuple[dict[str, Any], dict[str, Any]]):
    schema, arguments = made
    fields = fields_of(schema)
    back = arguments_of(fields, texts_of(fields, arguments))
    assert json.dumps(back, sort_keys=True) == json.dumps(arguments, sort_keys=True)


@given(ANY, st.dictionaries(st.text(), st.text(), max_size=3))
@settings(max_examples=40, deadline=None)
def test_whatever_stands_in_a_schema_there_is_a_form_and_a_wrong_text_is_refused(schema: Any, texts: dict[str, str]):
    fields = fields_of({"properties": {"v": schema, "w": {"type": schema, "anyOf": schema, "enum": schema}}})
    assert [field.name for field in fields] == ["v", "w"]
    for text in texts.values():
        try:
            made = arguments_of(fields, {"v": text, "w": text})
        except FormRefused as refused:
            assert str(refused).startswith(("v: ", "w: "))  # noqa: PT017 - either may happen
        else:
            assert json.loads(arguments_text(made)) == made


def test_arguments_are_sent_as_json_that_any_program_can_read():
    assert arguments_text({"city": "Zürich"}) == '{"city": "Zürich"}'
    text = arguments_text({"half": "a\ud800"})
    text.encode("utf-8")
    assert json.loads(text) == {"half": "a\ud800"}


def test_a_value_that_json_cannot_say_never_leaves_the_form():
    with pytest.raises(FormRefused, match="v: "):
        typed(schema_of(v={"type": "array"}), v="[NaN]")
    assert typed(schema_of(v={}), v="NaN") == {"v": "NaN"}, "as a text it can be said"
    assert all(math.isfinite(value) for value in typed(schema_of(v={"type": "number"}), v="1e308").values())
