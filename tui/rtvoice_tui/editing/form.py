"""A form for a tool's arguments, made of its JSON Schema: what is typed becomes JSON, and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SIMPLE = ("string", "integer", "number", "boolean")

WHOLE = ""
"""Name of the one field that takes all arguments as JSON, where a schema has no properties to make fields of."""


class FormRefused(ValueError):
    """What was typed is no value; the sentence names the field."""


@dataclass(frozen=True)
class FormField:
    """One argument.

    Attributes:
        name: of the argument.
        kind: ``string``, ``integer``, ``number``, ``boolean``, or ``json`` for everything else.
        required: whether a call needs it.
        choices: the only values, as they are typed.
        hint: what it is, in a line.
    """

    name: str
    kind: str
    required: bool
    choices: tuple[str, ...] = ()
    hint: str = ""


def fields_of(parameters: Mapping[str, Any]) -> tuple[FormField, ...]:
    """The fields for a schema."""
    properties = parameters.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        takes_any = parameters.get("additionalProperties", not parameters) is not False and not properties
        return (FormField(WHOLE, "json", False, hint="all arguments as JSON"),) if takes_any else ()
    required = parameters.get("required")
    needed = set(required) if isinstance(required, list) else set()
    return tuple(
        _field(str(name), schema if isinstance(schema, Mapping) else {}, name in needed)
        for name, schema in properties.items()
    )


def _field(name: str, schema: Mapping[str, Any], required: bool) -> FormField:
    kinds = schema.get("type")
    options = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    for way in (*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())):
        options.append(way.get("type", "json") if isinstance(way, Mapping) else "json")
    real = [option for option in options if option != "null"]
    values = schema.get("enum") if isinstance(schema.get("enum"), list) else None
    kind = real[0] if len(real) == 1 and real[0] in _SIMPLE else "json"
    if values and all(isinstance(value, str) for value in values):
        kind = "string"
    choices = tuple(_typed(value) for value in values) if values else ()
    words = [", ".join(choices) if choices else kind, str(schema.get("description") or "")]
    if "default" in schema:
        words.append(f"usually {_typed(schema['default'])}")
    return FormField(name, kind, required, choices, "; ".join(word for word in words if word))


def arguments_of(fields: tuple[FormField, ...], texts: Mapping[str, str]) -> dict[str, Any]:
    """The arguments as typed; an empty field is left out, unless it is a text that is needed.

    Raises:
        FormRefused: a text is no value of its field.
    """
    arguments: dict[str, Any] = {}
    for field in fields:
        text = texts.get(field.name, "")
        if field.name == WHOLE:
            return _object(text)
        if text == "" and not (field.required and field.kind == "string" and not field.choices):
            continue
        arguments[field.name] = _value(field, text)
    return arguments


def texts_of(fields: tuple[FormField, ...], arguments: Mapping[str, Any]) -> dict[str, str]:
    """What is to stand in the fields for these arguments."""
    if any(field.name == WHOLE for field in fields):
        return {WHOLE: json.dumps(dict(arguments), ensure_ascii=False) if arguments else ""}
    return {
        field.name: arguments[field.name]
        if field.kind == "string" and isinstance(arguments[field.name], str)
        else json.dumps(arguments[field.name], ensure_ascii=False)
        for field in fields
        if field.name in arguments
    }


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text.strip() or "{}")
    except (ValueError, RecursionError) as error:
        raise FormRefused(f"arguments: {error}") from None
    if not isinstance(value, dict):
        raise FormRefused("arguments: a JSON object, such as {}")
    return value


def _value(field: FormField, text: str) -> Any:
    word = text.strip()
    if field.kind == "string":
        return text
    if field.kind == "boolean" and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    try:
        value = json.loads(word)
    except (ValueError, RecursionError):
        if field.kind == "json":
            return text
        raise FormRefused(f"{field.name}: {field.kind} expected") from None
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = {"integer": whole, "number": whole or isinstance(value, float), "boolean": isinstance(value, bool)}
    if not fits.get(field.kind, True):
        raise FormRefused(f"{field.name}: {field.kind} expected")
    return value


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
