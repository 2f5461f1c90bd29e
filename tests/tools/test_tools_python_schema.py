"""What the model is told of a Python function comes from its signature, its type hints and its docstring."""

import dataclasses
import datetime
import enum
from typing import Annotated, Any, Literal, Optional

import msgspec
import pytest
from jsonschema import Draft202012Validator

from rtvoice_tui.tools.python_host import _description, bound, schema_of


@dataclasses.dataclass
class Place:
    city: str
    zip: int = 0


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def properties(function: Any) -> dict[str, Any]:
    schema = schema_of(function)
    Draft202012Validator.check_schema(schema)
    return schema["properties"]


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Literal["c", "f"], {"enum": ["c", "f"]}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045 - people write it
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (datetime.date, {"type": "string", "format": "date"}),
        (Annotated[int, msgspec.Meta(ge=1, le=9)], {"type": "integer", "minimum": 1, "maximum": 9}),
        (Any, {}),
        (object, {}),
    ],
    ids=str,
)
def test_a_hint_becomes_a_schema_and_one_that_json_has_not_takes_everything(hint, schema):
    def tool(value):
        return value

    tool.__annotations__ = {"value": hint}
    assert properties(tool) == {"value": schema}


def test_an_enum_lists_its_values():
    def tool(colour: Colour) -> None: ...

    schema = schema_of(tool)
    assert schema["properties"]["colour"] == {"$ref": "#/$defs/Colour"}
    assert sorted(schema["$defs"]["Colour"]["enum"]) == ["blue", "red"]


def test_a_dataclass_is_described_where_the_schema_can_refer_to_it():
    def tool(where: Place, also: list[Place]) -> None: ...

    schema = schema_of(tool)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"where": {"city": "Omsk"}, "also": [{"city": "Ufa", "zip": 4}]})
    assert not validator.is_valid({"where": {"zip": 4}, "also": []})
    assert not validator.is_valid({"where": {"city": "Omsk"}, "also": [{}]})


def test_what_has_no_default_is_required_and_a_default_is_told():
    def tool(city: str, unit: Literal["c", "f"] = "c", where: Place = Place("Omsk"), note: str | None = None): ...  # noqa: B008

    schema = schema_of(tool)
    assert schema["required"] == ["city"]
    assert "default" not in schema["properties"]["city"]
    assert schema["properties"]["unit"]["default"] == "c"
    assert schema["properties"]["where"]["default"] == {"city": "Omsk", "zip": 0}
    assert "default" not in schema["properties"]["note"]


def test_a_function_without_parameters_takes_an_empty_object():
    assert schema_of(lambda: 0) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_only_a_function_that_collects_keywords_takes_unknown_ones():
    def strict(city: str, *more: str): ...
    def open_to_all(city: str, **rest: Any): ...

    assert schema_of(strict)["additionalProperties"] is False
    assert list(schema_of(strict)["properties"]) == ["city"]
    assert "additionalProperties" not in schema_of(open_to_all)
    assert list(schema_of(open_to_all)["properties"]) == ["city"]


def test_hints_that_are_texts_are_understood():
    def tool(city: "str", count: "int | None" = None): ...

    told = properties(tool)
    assert told["city"] == {"type": "string"}
    assert told["count"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def google(city, days=1):
    """Ask for the weather.

    It is made up,
    and quick.

    Args:
        city: Where to look,
            in any language.
        days (int): How far ahead.

    Returns:
        A report.

    Raises:
        LookupError: never.
    """


def numpy(city, days=1):
    """Ask for the weather.

    It is made up,
    and quick.

    Parameters
    ----------
    city : str
        Where to look,
        in any language.
    days : int, optional
        How far ahead.

    Returns
    -------
    str
        A report.
    """


def sphinx(city, days=1):
    """Ask for the weather.

    It is made up,
    and quick.

    :param city: Where to look,
        in any language.
    :param int days: How far ahead.
    :returns: A report.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx], ids=lambda f: f.__name__)
def test_a_docstring_of_any_style_describes_the_tool_and_each_argument(function):
    assert _description(function) == "Ask for the weather.\n\nIt is made up,\nand quick."
    told = properties(function)
    assert told["city"]["description"] == "Where to look, in any language."
    assert told["days"]["description"] == "How far ahead."


def test_a_function_without_a_docstring_has_no_description():
    assert _description(lambda city: city) == ""
    assert properties(lambda city: city) == {"city": {}}


@pytest.mark.parametrize("text", ["Args:", ":param", ":param:", "Parameters\n---", "x\n\nArgs:\n", ":x y z: :", "\n\n"])
def test_a_docstring_that_only_looks_like_one_of_the_styles_keeps_no_function_from_being_described(text):
    def tool(city: str): ...

    tool.__doc__ = text
    assert properties(tool) == {"city": {"type": "string"}}
    assert isinstance(_description(tool), str)


def test_arguments_that_the_schema_takes_can_be_bound():
    def tool(where: Place, day: datetime.date, colour: Colour = Colour.RED, *, loud: bool = False): ...

    arguments = {"where": {"city": "Omsk"}, "day": "2026-07-01", "colour": "blue", "loud": True}
    assert Draft202012Validator(schema_of(tool)).is_valid(arguments)
    assert bound(tool, arguments) == (
        [],
        {"where": Place("Omsk"), "day": datetime.date(2026, 7, 1), "colour": Colour.BLUE, "loud": True},
    )
