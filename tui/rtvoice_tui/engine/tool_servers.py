"""What the person is told of the servers that bring tools: how each stands, and once why one cannot be used."""

from collections.abc import Callable, Iterable

from rtvoice_tui.session.facts import ServerChanged, ServerState
from rtvoice_tui.store.calls import CallHistory


class ToolServers:
    """Compares how servers stand with what was told of them.

    Args:
        calls: remembers what was told.
        tell: takes what is new.
        warn: takes why a server cannot be used, and what shows more.
    """

    def __init__(
        self, calls: CallHistory, tell: Callable[[ServerChanged], None], warn: Callable[[str, str], None]
    ) -> None:
        self._calls = calls
        self._tell = tell
        self._warn = warn
        self._known: set[str] = set()
        self._failures: dict[str, str] = {}

    def take(self, statuses: Iterable[ServerChanged]) -> None:
        """All servers as they stand now; others are there no more."""
        now = {server.name: server for server in statuses}
        self._calls.forget_servers(self._known - set(now))
        self._known = set(now)
        for name, server in now.items():
            before = self._calls.servers.get(name)
            if server != before:
                self._tell(server)
                self._warn_of(server)

    def _warn_of(self, server: ServerChanged) -> None:
        """That a server still cannot be used after every try needs no saying."""
        if server.state is not ServerState.FAILED:
            if server.state is ServerState.CONNECTED:
                self._failures.pop(server.name, None)
            return
        reason = server.detail.partition("; ")[0]
        if self._failures.get(server.name) != reason:
            self._failures[server.name] = reason
            self._warn(f"{server.name}: {server.detail}", "pane 4 shows how it stands")
