"""Whether the arguments of a call are what its tool takes. What does not fit is told, never guessed."""

import json
from collections.abc import Mapping
from typing import Any

MAX_TEXT = 300
"""Characters of an objection: it may quote the value it is about."""


class ArgumentsRefused(ValueError):
    """The arguments cannot be used; the sentence names the path."""


def prepare() -> None:
    """Load what checking needs, which takes a while: before a call comes, and off the session's loop."""
    import jsonschema
    import referencing  # noqa: F401

    jsonschema.Draft202012Validator({}).is_valid({})


def read(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, checked against its tool's JSON Schema.

    Args:
        text: JSON as the model wrote it; nothing counts as no arguments.
        parameters: the schema; an empty one takes every object.

    Raises:
        ArgumentsRefused: they are no JSON object, or do not fit the schema.
    """
    try:
        arguments = json.loads(text.strip() or "{}", parse_constant=_no_constant)
    except ValueError as error:
        raise ArgumentsRefused(f"the arguments are not JSON: {error}") from None
    except RecursionError:
        raise ArgumentsRefused("the arguments are not JSON: they are nested too deeply") from None
    if not isinstance(arguments, dict):
        raise ArgumentsRefused("the arguments are not a JSON object")
    _check(arguments, parameters)
    return arguments


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def _check(arguments: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    if not parameters or set(parameters) == {"type"}:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from referencing import Registry

    # a registry of our own: a schema from elsewhere must not make us fetch what it refers to
    draft = parameters.get("$schema")
    named = {"$schema": draft} if isinstance(draft, str) else {}
    validator = validator_for(named, default=Draft202012Validator)(dict(parameters), registry=Registry())
    try:
        error = best_match(validator.iter_errors(arguments))
    except RecursionError:
        raise ArgumentsRefused("the arguments are nested too deeply") from None
    except Exception as fault:  # the schema itself: an unknown reference, a pattern that is none
        reason = _brief(" ".join(str(fault).split()))
        raise ArgumentsRefused(f"the tool's own schema cannot be used: {reason}") from None
    if error is not None:
        raise ArgumentsRefused(f"{_brief(_path(error.absolute_path))}: {_brief(error.message)}")


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in ["arguments", *parts])[1:]


def _brief(text: str) -> str:
    """Both ends of a long text: an objection begins with the value that it is about, and ends with what is wrong."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT // 2]}…{text[-MAX_TEXT // 2 :]}"
