"""Leaves out tools that no server would accept, before they are offered; each is reported once."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import Fact, Level, Notice
from rtvoice_tui.tools.definitions import problem_of

REMEDY = "it is not offered: correct it in pane 5 (F6), or in the profile's file"


class ToolChecks:
    """Verdicts on the definitions of a session's tools. For the session's loop.

    Args:
        report: gets a notice about each tool that is left out.
    """

    def __init__(self, report: Callable[[Fact], None]) -> None:
        self._report = report
        self._verdicts: dict[tuple[str, bytes], str] = {}
        self._reported: set[tuple[str, str]] = set()

    def passing(self, specs: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """The tools that were not found invalid; those that were not checked yet are among them."""
        return tuple(spec for spec in specs if not self._verdicts.get(_key(spec)))

    async def check(self, specs: Sequence[ToolSpec], duplicates: Sequence[str]) -> None:
        """Check the definitions that are new, in a helper thread, and report those that cannot be offered.

        Args:
            specs: the tools.
            duplicates: names that several tools have; only the first of each is offered.
        """
        keys = {_key(spec): spec for spec in specs}
        fresh = {key: spec for key, spec in keys.items() if key not in self._verdicts}
        if fresh:
            found = await asyncio.to_thread(lambda: [problem_of(spec) for spec in fresh.values()])
            self._verdicts |= zip(fresh, found, strict=True)
        self._verdicts = {key: verdict for key, verdict in self._verdicts.items() if key in keys}
        for key, spec in keys.items():
            if problem := self._verdicts[key]:
                self._notify(spec.name, f"tool '{spec.name}': {problem}", REMEDY)
        for name in duplicates:
            self._notify(name, f"several tools are called '{name}'", "only the first is offered: rename the others")

    def _notify(self, name: str, sentence: str, remedy: str) -> None:
        if (name, sentence) not in self._reported:
            self._reported.add((name, sentence))
            self._report(Notice(Level.WARNING, sentence, remedy))


def _key(spec: ToolSpec) -> tuple[str, bytes]:
    try:
        return spec.name, b"" if spec.hosted else msgspec.json.encode(spec.parameters)
    except (UnicodeEncodeError, RecursionError):  # the check refuses it
        return spec.name, repr(spec.parameters).encode("utf-8", "replace")
