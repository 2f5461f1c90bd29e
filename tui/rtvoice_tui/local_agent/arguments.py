"""Matches a sentence with a tool of the session and extracts the arguments."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from rtvoice_tui.local_agent.numbers import in_digits

_STOP_WORDS = frozenset(
    (
        "a an and are at be brief by can could do does for from get give have here how i in is it its me my of on or"
        " please report tell that the there this to turn was what whats which will with would you your now another"
        " other make set show find"
    ).split()
)
_VALUE = re.compile(
    r"\b(?:in|for|at|of|about|to|called|named|from)\s+(?:the\s+city\s+of\s+|the\s+)?"
    r"([\w'’-]+(?:\s+(?!(?:in|for|at|of|about|to|today|tomorrow|now|please|right|and|this|like)\b)[\w'’-]+){0,3})",
    re.IGNORECASE,
)
_LATER = re.compile(r"\s*\b(?:today|tomorrow|to-morrow|now|please|right now|like|this week)\b.*$", re.IGNORECASE)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; ``get_weather`` and ``getWeather`` have two words."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", split.lower())


def tool_score(said: str, tool: Mapping[str, Any]) -> float:
    """Score of a tool for a sentence, for each shared word: name 2, description 1, enum values 0.7."""
    spoken = {word for word in words_of(said) if word not in _STOP_WORDS}
    score = 2.0 * _shared(spoken, words_of(str(tool.get("name", ""))))
    score += 1.0 * _shared(spoken, words_of(str(tool.get("description", ""))))
    for schema in _properties(tool.get("parameters") or {}).values():
        values = [str(value) for value in _choices(schema)]
        score += 0.7 * _shared(spoken, [word for value in values for word in words_of(value)])
    return score


def fill(said: str, parameters: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Extract arguments from a sentence; returns them and the names of missing required ones.

    Args:
        said: the sentence.
        parameters: JSON Schema of the tool's arguments.
    """
    found: dict[str, Any] = {}
    numbers = _numbers(said)
    phrases = [_LATER.sub("", match).strip(" .,!?") for match in _VALUE.findall(said)]
    phrases = [phrase for phrase in phrases if phrase]
    for name, schema in _properties(parameters).items():
        value = _value(said, schema, numbers, phrases)
        if value is not None:
            found[name] = value
    required = parameters.get("required")
    names = [str(name) for name in required] if isinstance(required, list) else []
    return found, [name for name in names if name not in found]


def as_value(said: str, parameters: Mapping[str, Any], name: str) -> Any:
    """Convert the user's reply to a question for one argument to its type; ``None`` if it does not fit."""
    schema = _properties(parameters).get(name, {})
    return _value(said, schema, _numbers(said), [said.strip(" .,!?")])


def _numbers(said: str) -> list[str]:
    return re.findall(r"(?<!\w)\d+(?:\.\d+)?", in_digits(said))


def _value(said: str, schema: Mapping[str, Any], numbers: list[str], phrases: list[str]) -> Any:
    if _choices(schema):
        spoken = " ".join(words_of(said))
        return next((v for v in _choices(schema) if " ".join(words_of(str(v))) in spoken), None)
    kind = schema.get("type", "string")
    if kind in ("integer", "number"):
        if not numbers:
            return None
        number = float(numbers.pop(0))
        return int(number) if kind == "integer" else number
    if kind == "boolean":
        return not re.search(r"\b(off|no|not|don't|without)\b", said.lower())
    if kind == "string" and phrases:
        phrase = phrases.pop(0)
        return phrase if any(letter.isupper() for letter in phrase) else phrase.title()
    return None


def _properties(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    properties = parameters.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {str(name): schema for name, schema in properties.items() if isinstance(schema, dict)}


def _shared(spoken: set[str], words: list[str]) -> int:
    meant = {word for word in words if word not in _STOP_WORDS}
    return sum(1 for word in meant if word in spoken or _alike(word, spoken))


def _alike(word: str, spoken: set[str]) -> bool:
    """Whether a similar word was spoken: inflected (lights, light) or misrecognised (whether, weather)."""
    if len(word) < 5:
        return word + "s" in spoken
    return bool(difflib.get_close_matches(word, spoken, n=1, cutoff=0.84))


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    """The enum values of a schema; empty if ``enum`` is not a list, since clients may send anything."""
    choices = schema.get("enum")
    return choices if isinstance(choices, list) else []
