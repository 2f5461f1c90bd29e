"""Checks the token that a client of one of our servers presents."""

import hmac
from collections.abc import Mapping

SUBPROTOCOL = "realtime"
"""The subprotocol of Realtime servers; browsers offer it together with the key."""

_IN_BROWSERS = "openai-insecure-api-key."
"""Prefix of the subprotocol in which pages send a key: they cannot set headers."""


def presents(headers: Mapping[str, str], token: str) -> bool:
    """Whether the headers of an upgrade hold a token: as ``Authorization: Bearer``, or as a subprotocol."""
    scheme, _, told = headers.get("Authorization", "").partition(" ")
    offered = [told] if scheme.lower() == "bearer" else []
    named = (name.strip() for name in headers.get("Sec-WebSocket-Protocol", "").split(","))
    offered += [name.removeprefix(_IN_BROWSERS) for name in named if name.startswith(_IN_BROWSERS)]
    return any(hmac.compare_digest(word.encode("utf-8", "surrogateescape"), token.encode()) for word in offered)
