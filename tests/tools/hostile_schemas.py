"""JSON Schemas, each with an object whose check takes longer than anybody can wait."""

from typing import Any

LETTERS = "a" * 40 + "!"
PATTERN = "^([a-z]+)+$"
DEPTH = 40


def folded(word: str, leaf: dict[str, Any]) -> dict[str, Any]:
    """A definition that names the next one twice, and so on."""
    definitions: dict[str, Any] = {f"d{DEPTH}": leaf}
    for number in range(DEPTH):
        definitions[f"d{number}"] = {word: [{"$ref": f"#/$defs/d{number + 1}"}] * 2}
    return {"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": definitions}


def nested(depth: int) -> dict[str, Any]:
    """A list of alternatives inside each of its own alternatives, of which none is met."""
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        inner = {"anyOf": [inner, inner]}
    return inner


def of(**schema: Any) -> dict[str, Any]:
    """A schema of an object."""
    return {"type": "object", **schema}


SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pattern": (of(properties={"x": {"type": "string", "pattern": PATTERN}}), {"x": LETTERS}),
    "patternProperties": (of(patternProperties={PATTERN: {"type": "string"}}), {LETTERS: "x"}),
    "propertyNames": (of(propertyNames={"pattern": PATTERN}), {LETTERS: "x"}),
    "additionalProperties": (of(patternProperties={PATTERN: {}}, additionalProperties=False), {LETTERS: "x"}),
    "allOf": (folded("allOf", {"type": "integer"}), {"x": 1}),
    "anyOf": (folded("anyOf", {"type": "string"}), {"x": 1}),
    "oneOf": (folded("oneOf", {"type": "string"}), {"x": 1}),
    "uniqueItems": (
        of(properties={"x": {"type": "array", "uniqueItems": True}}),
        {"x": [{"number": number} for number in range(20_000)]},
    ),
}
"""Schema and object, by the keyword that takes so long."""

SCHEMAS["nothing"] = (of(properties={"x": {"type": "integer", "minimum": 1}}, required=["x"]), {"x": 5})
"""One whose check is done at once."""
