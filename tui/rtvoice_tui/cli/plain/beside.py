"""Runs the session on a thread of its own beside the head, and brings what happens in it to the head's loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from rtvoice_tui.cli.plain import keyboard
from rtvoice_tui.cli.plain.lines import Lines
from rtvoice_tui.engine.observers import Observed, Stepped
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.session.effects import Report
from rtvoice_tui.session.facts import Fact


class SessionThread:
    """The session's thread. Must be created on the head's loop; its functions are called there.

    Args:
        session: the session, which does not run yet.
        lines: turns facts into lines.
        happened: called on the loop with each fact and its lines, in order.
    """

    def __init__(self, session: SessionWorker, lines: Lines, happened: Callable[[Fact, list[str]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._lines = lines
        self._happened = happened
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)
        session.observers.append(self._observe)

    def start(self) -> None:
        """Start the session."""
        self._thread.start()

    async def stop(self, limit_s: float) -> bool:
        """Stop the session, and wait for its end at most so many seconds; returns whether it has ended."""
        self._session.stop()
        await asyncio.to_thread(self._thread.join, limit_s)
        await asyncio.sleep(0)  # what the session said last
        return not self._thread.is_alive()

    def after_requests(self, done: Callable[[], None]) -> None:
        """Call a function on the loop once all requests made before were passed on, and what they led to is known."""
        self._session.after_requests(lambda: self._deliver(done))

    def _run(self) -> None:
        keyboard.keep_from_children()
        asyncio.run(self._session.run())

    def _observe(self, observed: Observed, at: float) -> None:
        """Turn facts into lines where they happen, so that each line is about the moment of its fact."""
        if not isinstance(observed, Stepped):
            return
        for effect in observed.effects:
            if isinstance(effect, Report):
                self._deliver(self._happened, effect.fact, self._lines.of(effect.fact, at))

    def _deliver(self, function: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the end took too long
            self._loop.call_soon_threadsafe(function, *arguments)
