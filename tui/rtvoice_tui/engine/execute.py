"""Carries out the machine's effects, by passing them to the connection, devices, tools and timers."""

import asyncio
from collections.abc import Callable, Sequence

from rtvoice_tui.engine.sound import SessionSound
from rtvoice_tui.engine.tools import SessionTools
from rtvoice_tui.protocol.wire import WireEvent
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session.timers import Timer


class Executor:
    """Carries out effects. Must be used on the session's loop.

    Args:
        send: queues a client event for the current connection.
        sound: the session's devices.
        tools: the session's tools.
        timer_fired: called when a timer fires.
    """

    def __init__(
        self,
        send: Callable[[WireEvent], None],
        sound: SessionSound,
        tools: SessionTools,
        timer_fired: Callable[[Timer], None],
    ) -> None:
        self._send = send
        self._sound = sound
        self._tools = tools
        self._timer_fired = timer_fired
        self._timers: set[asyncio.TimerHandle] = set()

    def carry_out(self, effects: Sequence[fx.Effect]) -> None:
        """Carry out the effects of one step, in order. Skips `Report`, which is for observers only."""
        for effect in effects:
            match effect:
                case fx.Report():
                    pass
                case fx.Send():
                    self._send(effect.event)
                case fx.Schedule():
                    self._schedule(effect)
                case fx.CheckArguments() | fx.PreviewCall() | fx.RunTool() | fx.StopTool():
                    self._tools.do(effect)
                case _:
                    self._sound.do(effect)

    def _schedule(self, effect: fx.Schedule) -> None:
        def fire() -> None:
            self._timers.discard(handle)
            self._timer_fired(effect.timer)

        handle = asyncio.get_running_loop().call_later(effect.after_s, fire)
        self._timers.add(handle)

    def forget_timers(self) -> None:
        """Cancel all timers before the machine is replaced: the new one could not distinguish them from its own."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
