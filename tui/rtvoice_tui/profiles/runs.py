"""How a tool is run: one struct per kind, validated when a profile is read."""

from typing import Annotated, Any, Literal

import msgspec

from rtvoice_tui.redaction import without_login


class _Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """Base of all kinds."""

    @property
    def kind(self) -> str:
        """Name of the kind in a profile."""
        return str(self.__struct_config__.tag)

    @property
    def summary(self) -> str:
        """One line that shows what is run."""
        return ""

    @property
    def of_this_machine(self) -> bool:
        """Whether it runs code on this machine or uses its secrets, so that the profile must be trusted."""
        return True


class PythonRun(_Run, frozen=True, kw_only=True, tag="python"):
    """A Python function in a file beside the profile (``tools.py:get_weather``) or in the demo (``demo:get_weather``).

    Attributes:
        target: file and function.
        env: variables of the subprocess, in addition to those that every program needs.
        pass_env: names of our own environment variables that are passed on.
    """

    target: str = ""
    env: dict[str, str] = {}
    pass_env: list[str] = []

    @property
    def summary(self) -> str:
        """File and function."""
        return self.target

    @property
    def of_this_machine(self) -> bool:
        """False only for the built-in demo with its default environment, which is harmless."""
        module, _, function = self.target.partition(":")
        return bool(self.env or self.pass_env) or not (module == "demo" and function.isidentifier())


class CommandRun(_Run, frozen=True, kw_only=True, tag="command"):
    """A program started without a shell; gets the arguments as JSON on stdin and as ``{placeholders}`` in ``argv``.

    Attributes:
        argv: program and arguments; a placeholder's value never splits into several arguments.
        env: variables of the subprocess, in addition to those that every program needs.
        pass_env: names of our own environment variables that are passed on.
        options: whether a value at the start of an argument may start with ``-``.
        paths: whether a value may be an absolute path or contain ``..``.
    """

    argv: Annotated[list[str], msgspec.Meta(min_length=1)]
    env: dict[str, str] = {}
    pass_env: list[str] = []
    options: bool = False
    paths: bool = False

    @property
    def summary(self) -> str:
        """The command line."""
        return " ".join(self.argv)


class HttpRun(_Run, frozen=True, kw_only=True, tag="http"):
    """An HTTP request with ``{placeholders}`` in ``url`` and ``body``; remaining arguments go to query or JSON body.

    Attributes:
        url: address; placeholders are allowed only in path and query.
        method: HTTP method.
        headers: may contain secrets as ``${VARIABLE}``: from the environment, or else from the system's key store.
        body: JSON body with placeholders; empty: the arguments that ``url`` does not use.
        redirects: whether redirects are followed.
        private: whether loopback and private network addresses are allowed.
        key_in_clear: whether secrets in headers may be sent unencrypted to another machine.
    """

    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}
    redirects: bool = False
    private: bool = False
    key_in_clear: bool = False

    @property
    def summary(self) -> str:
        """Method and address."""
        return f"{self.method} {without_login(self.url)}"


class McpRun(_Run, frozen=True, kw_only=True, tag="mcp"):
    """An MCP server; its tools' names get the entry's name as prefix (``files_read``).

    Attributes:
        argv: command of a server that is started as a subprocess and used over stdio.
        url: or the address of a running server, used over streamable HTTP.
        env: variables of the subprocess.
        pass_env: names of our own environment variables that are passed on.
        headers: HTTP headers; may contain secrets as ``${VARIABLE}``.
        only: the server's tools that are offered; empty: all.
        key_in_clear: whether secrets in headers may be sent unencrypted to another machine.
    """

    argv: list[str] = []
    url: str = ""
    env: dict[str, str] = {}
    pass_env: list[str] = []
    headers: dict[str, str] = {}
    only: list[str] = []
    key_in_clear: bool = False

    @property
    def summary(self) -> str:
        """Address or command line of the server."""
        return without_login(self.url) or " ".join(self.argv)


class MockRun(_Run, frozen=True, kw_only=True, tag="mock"):
    """A fixed result.

    Attributes:
        result: the result; text may contain ``{placeholders}`` of the arguments.
        delay_ms: delay of the result in ms.
        failure_rate: share of the calls that fail, 0 to 1.
        original: how the tool was run before it was mocked; ``None``: always a mock, or mocks an MCP server's tool.
    """

    result: Any = ""
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)] = 0
    failure_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    original: "PythonRun | CommandRun | HttpRun | AskRun | HostedRun | None" = None

    @property
    def summary(self) -> str:
        """The result."""
        return self.result if isinstance(self.result, str) else msgspec.json.encode(self.result).decode()

    @property
    def of_this_machine(self) -> bool:
        """It runs nothing."""
        return False


class AskRun(_Run, frozen=True, kw_only=True, tag="ask"):
    """The user types the result.

    Attributes:
        question: shown to the user, beside name and arguments.
    """

    question: str = ""

    @property
    def summary(self) -> str:
        """The question."""
        return self.question

    @property
    def of_this_machine(self) -> bool:
        """It runs nothing."""
        return False


class HostedRun(_Run, frozen=True, kw_only=True, tag="hosted"):
    """A tool that runs at the provider: a built-in one with a reserved name, or an MCP server that the provider calls.

    Attributes:
        index_id: search index of ``file_search``.
        server_url: address of an MCP server; the entry's name is its label.
        authorization: the token of the MCP server, as ``${VARIABLE}``.
        allowed_tools: the MCP server's tools that may be called; empty: all.
    """

    index_id: str = ""
    server_url: str = ""
    authorization: str = ""
    allowed_tools: list[str] = []

    @property
    def summary(self) -> str:
        """Index or server."""
        return self.server_url or self.index_id

    @property
    def of_this_machine(self) -> bool:
        """Whether a token of this machine is sent to the provider."""
        return bool(self.authorization)


ToolRun = PythonRun | CommandRun | HttpRun | McpRun | MockRun | AskRun | HostedRun

KINDS: dict[str, type[ToolRun]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (PythonRun, CommandRun, HttpRun, McpRun, MockRun, AskRun, HostedRun)
}


def with_kind(tool: Any) -> Any:
    """Return a ``[[tools]]`` table with ``run.kind`` filled in: a ``run`` without it is a Python function."""
    run = tool.get("run") if isinstance(tool, dict) else None
    return {**tool, "run": {"kind": "python", **run}} if isinstance(run, dict) and "kind" not in run else tool
