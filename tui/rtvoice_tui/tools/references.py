"""References (``$ref``) of a JSON Schema: each must lead to a part of it, or to the standard's own schemas."""

from typing import Any

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")

_NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
"""Keywords whose values are schemas by names of the user."""

_DATA = frozenset(("const", "enum", "default", "example", "examples"))
"""Keywords whose values are data and no schemas."""


def lost_reference(schema: dict[str, Any]) -> str:
    """Return the first reference that leads nowhere; empty if there is none. Nothing is fetched.

    Args:
        schema: a schema that is valid for its draft. Values that are only data, such as examples, have no references.
    """
    from jsonschema_specifications import REGISTRY
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, specification_with

    named = schema.get("$schema")
    draft = specification_with(named, default=DRAFT202012) if isinstance(named, str) else DRAFT202012
    whole = draft.create_resource(schema)
    waiting = [(schema, REGISTRY.resolver_with_root(whole))]
    while waiting:
        part, resolver = waiting.pop()
        if isinstance(part, list):
            waiting += [(entry, resolver) for entry in part]
        if not isinstance(part, dict):
            continue
        try:
            if part is not schema and any(isinstance(part.get(name), str) for name in ("$id", "id")):
                resolver = resolver.in_subresource(draft.create_resource(part))
            for keyword in _REFERENCES:
                reference = part.get(keyword)
                if isinstance(reference, str):
                    resolver.lookup(reference)
        except (Unresolvable, ValueError):  # ValueError: no address, or an odd index
            return str(next(part[keyword] for keyword in (*_REFERENCES, "$id", "id") if keyword in part))
        for name, value in part.items():
            if name in _NAMED and isinstance(value, dict):
                waiting += [(inner, resolver) for inner in value.values()]
            elif name not in _DATA and not name.startswith("x-"):
                waiting.append((value, resolver))
    return ""
