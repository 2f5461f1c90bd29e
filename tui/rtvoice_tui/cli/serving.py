"""What the commands that serve share."""

import asyncio
import signal


def end_on_signals(until: "asyncio.Future[None]") -> None:
    """Stop the server on SIGINT and SIGTERM; repeated signals are ignored."""

    def end() -> None:
        if not until.done():
            until.set_result(None)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:  # Windows: an interrupt is raised instead
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
