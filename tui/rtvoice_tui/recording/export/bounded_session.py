"""A session of requests that goes to the named address alone, and reads no endless answer."""

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

MOST_ANSWER = 1 << 16
"""Bytes of an answer that are read; it is a short message, or nothing."""


def bounded_session() -> "requests.Session":
    """A session that follows no redirect, takes one for a failure, and reads a bounded part of the answer."""
    import requests

    class Session(requests.Session):
        def request(self, *arguments: Any, **options: Any) -> Any:
            response = super().request(*arguments, **options | {"allow_redirects": False, "stream": True})
            with contextlib.closing(response):
                if 300 <= response.status_code < 400:
                    raise requests.HTTPError(f"{response.status_code}: it redirects to another address")
                response._content = next(response.iter_content(MOST_ANSWER), b"")
            return response

    return Session()
