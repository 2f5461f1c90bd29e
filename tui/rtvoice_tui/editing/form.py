"""Form for a tool's arguments, generated from its JSON Schema; converts between typed text and JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtvoice_tui.errors import FormRefused

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_KINDS = ("string", "integer", "number", "boolean", "array", "object")
_EXPECTED = {"array": "a JSON array", "object": "a JSON object"}

WHOLE = "all"
"""Kind of the single field for all arguments as JSON, used if a schema declares no properties."""


@dataclass(frozen=True)
class FormField:
    """One argument.

    Attributes:
        name: name of the argument.
        kind: a type of JSON Schema, `WHOLE`, or ``json`` if several types are valid.
        required: whether the argument is required.
        nullable: whether ``null`` is valid.
        choices: the only valid values, as typed text; empty: any.
        hint: one line that describes it.
    """

    name: str
    kind: str
    required: bool
    nullable: bool = False
    choices: tuple[str, ...] = ()
    hint: str = ""


def fields_of(parameters: Mapping[str, Any]) -> tuple[FormField, ...]:
    """Return the fields for a tool's JSON Schema."""
    properties = parameters.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        takes_any = parameters.get("additionalProperties", not parameters) is not False and not properties
        return (FormField("arguments", WHOLE, False, hint="all arguments as JSON"),) if takes_any else ()
    required = parameters.get("required")
    needed = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    return tuple(
        _field(str(name), schema if isinstance(schema, Mapping) else {}, name in needed)
        for name, schema in properties.items()
    )


def _field(name: str, schema: Mapping[str, Any], required: bool) -> FormField:
    options = _options(schema)
    real = [option for option in options if option != "null"]
    nullable = "null" in options
    values = schema.get("enum") if isinstance(schema.get("enum"), list) else None
    kind = real[0] if len(real) == 1 and real[0] in _KINDS else "json"
    if values and all(isinstance(value, str) for value in values):
        kind, nullable = "string", False
    choices = tuple(_typed(value) if kind == "string" else _json(value) for value in values) if values else ()
    words = [", ".join(_typed(value) for value in values or ()) or kind, str(schema.get("description") or "")]
    if "default" in schema:
        words.append(f"usually {_typed(schema['default'])}")
    return FormField(name, kind, required, nullable, choices, "; ".join(word for word in words if word))


def _options(schema: Mapping[str, Any]) -> list[Any]:
    """Return the types that a schema allows."""
    kinds = schema.get("type")
    options = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    for several in (schema.get("anyOf"), schema.get("oneOf")):
        for way in several if isinstance(several, list) else ():
            kind = way.get("type") if isinstance(way, Mapping) else None
            options = [*options, *(kind if isinstance(kind, list) else [kind or "json"])]
    return options


def arguments_of(fields: tuple[FormField, ...], texts: Mapping[str, str]) -> dict[str, Any]:
    """Convert the typed texts to arguments; an empty field is left out, unless it is a required string.

    Raises:
        FormRefused: a text is not valid for its field.
    """
    arguments: dict[str, Any] = {}
    for field in fields:
        text = texts.get(field.name, "")
        if field.kind == WHOLE:
            return _object(text)
        if text == "" and not (field.required and field.kind == "string" and not field.choices):
            continue
        arguments[field.name] = _value(field, text)
    return arguments


def texts_of(fields: tuple[FormField, ...], arguments: Mapping[str, Any]) -> dict[str, str]:
    """Convert arguments to the texts of their fields; the inverse of `arguments_of`."""
    if any(field.kind == WHOLE for field in fields):
        return {field.name: _json(dict(arguments)) if arguments else "" for field in fields}
    return {field.name: _text(field, arguments[field.name]) for field in fields if field.name in arguments}


def unknown(fields: tuple[FormField, ...], arguments: Mapping[str, Any]) -> list[str]:
    """Return the names of arguments without a field."""
    if any(field.kind == WHOLE for field in fields):
        return []
    names = {field.name for field in fields}
    return [name for name in arguments if name not in names]


def arguments_text(arguments: Mapping[str, Any]) -> str:
    """Return the arguments as JSON that can be encoded as UTF-8: lone surrogates are escaped."""
    text = _json(arguments)
    return text if text.isascii() or _encodes(text) else json.dumps(arguments)


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _object(text: str) -> dict[str, Any]:
    try:
        value = _loads(text.strip() or "{}")
    except ValueError as error:
        raise FormRefused(f"arguments: {error}") from None
    if not isinstance(value, dict):
        raise FormRefused("arguments: a JSON object, such as {}")
    return value


def _text(field: FormField, value: Any) -> str:
    if field.kind != "string" or not isinstance(value, str):
        return _json(value)
    return _json(value) if _is_special(field, value) else value


def _is_special(field: FormField, value: str) -> bool:
    """Whether a string would be read as another value if typed without quotes, so that it has to be quoted."""
    if field.choices:
        return False
    if value == "":
        return not field.required
    if value == "null":
        return field.nullable
    return _quoted(field, value) is not None


def _quoted(field: FormField, text: str) -> str | None:
    """Return the string in a quoted text, if it has to be quoted; otherwise ``None``."""
    if len(text) < 2 or text[0] != '"':
        return None
    try:
        value = _loads(text)
    except ValueError:
        return None
    return value if isinstance(value, str) and _json(value) == text and _is_special(field, value) else None


def _value(field: FormField, text: str) -> Any:
    value = _of_kind(field, text)
    if field.choices and (_typed(value) if field.kind == "string" else _json(value)) not in field.choices:
        raise FormRefused(f"{field.name}: one of {', '.join(field.choices)}")
    return value


def _of_kind(field: FormField, text: str) -> Any:
    word = text.strip()
    if field.nullable and word == "null":
        return None
    if field.kind == "string":
        quoted = _quoted(field, text)
        return text if quoted is None else quoted
    if field.kind == "boolean" and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    refused = FormRefused(f"{field.name}: {_EXPECTED.get(field.kind, field.kind)} expected")
    try:
        value = _loads(word)
    except ValueError:
        if field.kind == "json":
            return text
        raise refused from None
    if field.kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "integer": whole,
        "number": whole or isinstance(value, float),
        "boolean": isinstance(value, bool),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }
    if not fits.get(field.kind, True):
        raise refused
    return value


def _loads(text: str) -> Any:
    """Parse JSON strictly; raises ``ValueError``, also for NaN, infinities and numbers that are too large."""
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)
