"""What a user can do about an error of a server, from its code or from its words.

Servers put the same causes into error events, failed responses, close reasons and HTTP bodies, so all of them ask here.
"""

import re
from typing import Final

TOP_UP: Final = "top up the account at the provider"
CHECK_KEY: Final = "check the key, then press c to connect again"
CHECK_MODEL: Final = "check the model of the profile (F6), then press c"
NEW_SESSION: Final = "press c to begin a new session"
WAIT: Final = "wait a little, then try again"

FATAL: Final = {
    "insufficient_quota": TOP_UP,
    "credit_balance_exhausted": TOP_UP,
    "billing_hard_limit_reached": "raise the billing limit at the provider",
    "account_deactivated": "ask the provider why the account is closed",
    "invalid_api_key": CHECK_KEY,
    "beta_api_shape_disabled": "remove the OpenAI-Beta header from the profile",
    "session_expired": NEW_SESSION,
    "session_limit_reached": "all places are taken: try again later",
    "model_load_error": "check the server's model",
}
"""Codes after which a session cannot go on (section 8 of the Realtime API)."""

_CODES: Final = {
    **FATAL,
    "model_not_found": CHECK_MODEL,
    "rate_limit_exceeded": WAIT,
    "inference_rate_limit_exceeded": WAIT,
    "server_overloaded": WAIT,
    "max_output_tokens": "raise max_output_tokens in pane 5, or ask for shorter answers",
    "content_filter": "the provider's filter stopped it: say it in other words",
}

_WORDS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (r"beta.{0,20}shape|older? (wire )?format", FATAL["beta_api_shape_disabled"]),
        (r"rate.?limit|too many|overload|capacity|\bbusy\b|try again later", WAIT),
        (r"quota|billing|\bbalance\b|\bcredits?\b|payment", TOP_UP),
        (r"deactivated|account.{0,20}(closed|disabled|suspended)", FATAL["account_deactivated"]),
        (r"(key|token|credential\w*|secret).{0,40}expired|expired.{0,20}(key|token|credential)", CHECK_KEY),
        (
            r"expired|maximum (session )?(duration|length)|session.{0,20}(too long|timed? ?out|limit)|\bidle\b",
            NEW_SESSION,
        ),
        (r"api.?key|unauthori[sz]ed|unauthenticated|authentication|credentials?|access token|iam token", CHECK_KEY),
        (r"permission|forbidden|not allowed|access denied", "give the account the right for it at the provider"),
        (r"\bmodels?\b", CHECK_MODEL),
    )
)


_SEARCHED: Final = 2000
"""Characters of a text that are searched: a server may send millions."""


def remedy_for(*words: str) -> str:
    """Return the remedy for an error; empty if none is known.

    Args:
        words: its code, type, message or close reason; a known code in any of them comes first.
    """
    words = tuple(text[:_SEARCHED] for text in words)
    for text in words:
        for code, remedy in _CODES.items():
            if code in text:
                return remedy
    return next((remedy for pattern, remedy in _WORDS if any(pattern.search(text) for text in words)), "")
