"""What an HTTP request of a tool is made of, checked when the profile is read: its address and its headers."""

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from rtvoice_tui.errors import ToolError
from rtvoice_tui.redaction import shown_address

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_url(name: str, url: str) -> None:
    """Check the address of a tool or of an MCP server.

    Raises:
        ToolError: it is no http(s) address, or contains a key.
    """
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        fit = False
    if not fit:
        raise ToolError(f"tool {name}: '{shown_address(url)}' is no http:// or https:// address")
    if "${" in url:
        raise ToolError(f"tool {name}: keys belong into headers: '{shown_address(url)}' would be shown and logged")


def login_keys(url: str) -> list[str]:
    """The password in an address, as it may occur in texts."""
    password = urlsplit(url).password
    return [password, unquote(password)] if password else []


def check_headers(name: str, headers: Mapping[str, str]) -> None:
    """Check the headers of a tool's requests, before their ``${VARIABLES}`` are filled in.

    Raises:
        ToolError: a name or a value cannot be sent.
    """
    for header, value in headers.items():
        if not _HEADER_NAME.fullmatch(header):
            raise ToolError(f"tool {name}: {header[:40]!r} is no name of a header")
        if any(ord(sign) < 32 and sign != "\t" for sign in value):
            raise ToolError(f"tool {name}: the header {header} has a line break or another control character in it")
