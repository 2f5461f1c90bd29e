"""Everything that can happen to a session, as values.

`SessionMachine.step` takes these and nothing else, each with the time at which it happened: a list of inputs with their
times is a whole session, and feeding it to a fresh machine again leads to the same effects.
"""

import msgspec

from rtvoice_tui.protocol.wire import WireEvent
from rtvoice_tui.session.commands import Command
from rtvoice_tui.session.facts import Fact


class Started(msgspec.Struct, frozen=True):
    """The machine was made: it reports what it starts with, such as the talk mode."""


class Connecting(msgspec.Struct, frozen=True):
    """A connection is being tried."""


class Opened(msgspec.Struct, frozen=True):
    """The socket is up; the server speaks first."""


class Received(msgspec.Struct, frozen=True):
    """The server sent an event.

    Attributes:
        event: decoded, of the machine's own wire.
    """

    event: WireEvent


class Closed(msgspec.Struct, frozen=True):
    """The socket is gone, or never came up.

    Attributes:
        sentence: why.
        remedy: what the user can do.
        wanted: whether the user ended it, so that no error is reported.
        unsent: ids of client events that never left.
        unsent_words: typed messages among them.
    """

    sentence: str = ""
    remedy: str = ""
    wanted: bool = True
    unsent: tuple[str, ...] = ()
    unsent_words: tuple[str, ...] = ()


class Observed(msgspec.Struct, frozen=True):
    """A part beside the machine has something to report: a device, a tool server, a manual run, a file.

    The machine passes the fact on, so that a journal of inputs holds everything that is remembered.
    """

    fact: Fact


Input = Started | Connecting | Opened | Received | Closed | Observed | Command
