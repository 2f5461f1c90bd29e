"""What is reported of the servers that bring tools: each change of a status, and once why one cannot be used."""

from collections.abc import Callable, Iterable

from rtvoice_tui.session.facts import Fact, Level, Notice, ServerChanged, ServersGone, ServerState


class ToolServers:
    """Compares the servers' statuses with those that were reported.

    Args:
        report: takes what is new.
    """

    def __init__(self, report: Callable[[Fact], None]) -> None:
        self._report = report
        self._known: dict[str, ServerChanged] = {}
        self._failures: dict[str, str] = {}

    def compare(self, statuses: Iterable[ServerChanged]) -> None:
        """Report what changed.

        Args:
            statuses: all servers there are now; those that were known and are not among them are gone.
        """
        before, self._known = self._known, {server.name: server for server in statuses}
        if gone := tuple(name for name in before if name not in self._known):
            self._report(ServersGone(gone))
        for name, server in self._known.items():
            if server != before.get(name):
                self._report(server)
                self._warn_of(server)

    def _warn_of(self, server: ServerChanged) -> None:
        """Warn of a failure once, and not again after every retry."""
        if server.state is not ServerState.FAILED:
            if server.state is ServerState.CONNECTED:
                self._failures.pop(server.name, None)
            return
        reason = server.detail.partition("; ")[0]
        if self._failures.get(server.name) != reason:
            self._failures[server.name] = reason
            self._report(Notice(Level.WARNING, f"{server.name}: {server.detail}", "pane 4 shows how it stands"))
