"""How a tool is run: one shape for each kind, checked when a profile is read."""

from typing import Annotated, Any, Literal

import msgspec


class _Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """What all kinds have in common: a name, and one line that says what is run."""

    @property
    def kind(self) -> str:
        """The kind's name in a profile."""
        return str(self.__struct_config__.tag)

    @property
    def summary(self) -> str:
        """What is run, as the profile says it."""
        return ""

    @property
    def of_this_machine(self) -> bool:
        """Whether it runs code here or uses secrets of this machine: such a tool needs a trusted profile."""
        return True


class PythonRun(_Run, frozen=True, kw_only=True, tag="python"):
    """A function of a file beside the profile (``tools.py:get_weather``), or of the demo (``demo:get_weather``).

    Attributes:
        target: file and function.
        env: variables of its process's environment, beside the few that every program needs.
        pass_env: names of our own variables that it gets too.
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
        """The demo ships with the app and is harmless in the environment that it gets by itself."""
        module, _, function = self.target.partition(":")
        return bool(self.env or self.pass_env) or not (module == "demo" and function.isidentifier())


class CommandRun(_Run, frozen=True, kw_only=True, tag="command"):
    """A program that is started without a shell: arguments as JSON on its stdin and as ``{placeholders}`` in ``argv``.

    Attributes:
        argv: program and arguments; a placeholder never makes two of one.
        env: variables of its environment, beside the few that every program needs.
        pass_env: names of our own variables that it gets too.
        options: whether a value may begin with ``-`` where it begins an argument.
        paths: whether a value may be an absolute path or hold ``..``.
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
    """A request. ``{placeholders}`` of ``url`` and ``body`` are filled; what is left over goes as query or JSON body.

    Attributes:
        url: address; placeholders may stand in its path and its query only.
        method: of the request.
        headers: may name secrets as ``${VARIABLE}``: from the environment, or else from the system's key store.
        body: what is sent as JSON, with placeholders; absent: the arguments that ``url`` does not use.
        redirects: whether redirects are followed.
        key_in_clear: whether secrets in headers may go unencrypted to another machine.
        private: whether addresses of this machine and of private networks may be asked.
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
        return f"{self.method} {self.url}"


class McpRun(_Run, frozen=True, kw_only=True, tag="mcp"):
    """An MCP server, whose tools appear with the entry's name before theirs (``files_read``).

    Attributes:
        argv: a server that is started and spoken to over stdio.
        url: or a server that is there already, over streamable HTTP.
        env: variables of a started server's environment.
        pass_env: names of our own variables that it gets too.
        headers: of requests; may name secrets as ``${VARIABLE}``.
        only: the server's tools that are offered; empty for all.
        key_in_clear: whether secrets in headers may go unencrypted to another machine.
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
        """Where the server is."""
        return self.url or " ".join(self.argv)


class MockRun(_Run, frozen=True, kw_only=True, tag="mock"):
    """A fixed result.

    Attributes:
        result: the result; a text may hold ``{placeholders}`` of the arguments.
        delay_ms: how long it takes.
        failure_rate: share of the calls that fail.
        original: what is run when it is no mock any more.
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
        question: what the user is asked, beside name and arguments.
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
    """A tool of the provider: a reserved name, or an MCP server that the provider asks.

    Attributes:
        index_id: search index of ``file_search``.
        server_url: an MCP server; the entry's name is its label.
        authorization: the token for it, as ``${VARIABLE}``.
        allowed_tools: the server's tools that may be called; empty for all.
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
        """A token of this machine is given away with it."""
        return bool(self.authorization)


ToolRun = PythonRun | CommandRun | HttpRun | McpRun | MockRun | AskRun | HostedRun

KINDS: dict[str, type[ToolRun]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (PythonRun, CommandRun, HttpRun, McpRun, MockRun, AskRun, HostedRun)
}


def with_kind(tool: Any) -> Any:
    """A ``[[tools]]`` table whose ``run`` names its kind: one that says only what is run is a Python function."""
    run = tool.get("run") if isinstance(tool, dict) else None
    return {**tool, "run": {"kind": "python", **run}} if isinstance(run, dict) and "kind" not in run else tool
