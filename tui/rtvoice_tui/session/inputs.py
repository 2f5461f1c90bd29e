"""Everything that can happen to a session, as values.

`SessionMachine.step` takes these and nothing else, each with the time at which it happened: a list of inputs with their
times is a whole session, and feeding it to a fresh machine again leads to the same effects.
"""

import msgspec

from rtvoice_tui.protocol.realtime.server_events import ServerEvent
from rtvoice_tui.session.commands import Command


class Connecting(msgspec.Struct, frozen=True):
    """A connection is being tried."""


class Opened(msgspec.Struct, frozen=True):
    """The socket is up; the server speaks first."""


class Received(msgspec.Struct, frozen=True):
    """The server sent an event.

    Attributes:
        event: decoded, in the names of the GA protocol.
    """

    event: ServerEvent


class Closed(msgspec.Struct, frozen=True):
    """The socket is gone, for whatever reason.

    Attributes:
        unsent: ids of client events that never left.
    """

    unsent: tuple[str, ...] = ()


Input = Connecting | Opened | Received | Closed | Command
