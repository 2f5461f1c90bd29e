"""Reports the status of tool servers: each change, and one warning per failure."""

from collections.abc import Callable, Iterable

from rtvoice_tui.session.facts import Fact, Level, Notice, ServerChanged, ServersGone, ServerState


class ToolServers:
    """Compares the current statuses of the tool servers with those reported before.

    Args:
        report: called with each new fact.
    """

    def __init__(self, report: Callable[[Fact], None]) -> None:
        self._report = report
        self._known: dict[str, ServerChanged] = {}
        self._failures: dict[str, str] = {}

    def compare(self, statuses: Iterable[ServerChanged]) -> None:
        """Report changed and removed servers.

        Args:
            statuses: all current servers; known servers that are missing were removed.
        """
        before, self._known = self._known, {server.name: server for server in statuses}
        if gone := tuple(name for name in before if name not in self._known):
            self._report(ServersGone(gone))
        for name, server in self._known.items():
            if server != before.get(name):
                self._report(server)
                self._warn_of(server)

    def _warn_of(self, server: ServerChanged) -> None:
        """Warn about a failure once, not again after every retry with the same reason."""
        if server.state is not ServerState.FAILED:
            if server.state is ServerState.CONNECTED:
                self._failures.pop(server.name, None)
            return
        reason = server.detail.partition("; ")[0]
        if self._failures.get(server.name) != reason:
            self._failures[server.name] = reason
            self._report(Notice(Level.WARNING, f"{server.name}: {server.detail}", "pane 4 shows how it stands"))
