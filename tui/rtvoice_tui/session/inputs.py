"""Inputs of the session machine: everything that can happen to a session, as values.

`SessionMachine.step` accepts only these, each with its time. A list of inputs with their times is a complete journal of
a session: replaying it on a fresh machine returns the same effects.
"""

import msgspec

from rtvoice_tui.protocol.wire import WireEvent
from rtvoice_tui.session.commands import Command
from rtvoice_tui.session.facts import Fact


class Started(msgspec.Struct, frozen=True, tag=True):
    """The machine was created: it reports its initial state, such as the talk mode."""


class Connecting(msgspec.Struct, frozen=True, tag=True):
    """A connection attempt started."""


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The socket is open; the server sends the first event."""


class Received(msgspec.Struct, frozen=True, tag=True):
    """The server sent an event.

    Attributes:
        event: the decoded event; events of another wire family are ignored.
    """

    event: WireEvent


class Closed(msgspec.Struct, frozen=True, tag=True):
    """The socket was closed or could not be opened.

    Attributes:
        sentence: the reason.
        remedy: what the user can do.
        wanted: whether the user ended the session, so that no error is reported.
        unsent: ids of client events that were never sent.
        unsent_words: texts of the typed messages among them.
    """

    sentence: str = ""
    remedy: str = ""
    wanted: bool = True
    unsent: tuple[str, ...] = ()
    unsent_texts: tuple[str, ...] = ()


class Observed(msgspec.Struct, frozen=True, tag=True):
    """A component outside the machine reports a fact: a device, a tool server, a manual run, a file.

    The machine reports the fact unchanged, so that a journal of inputs contains every fact that is stored.
    """

    fact: Fact


Input = Started | Connecting | Opened | Received | Closed | Observed | Command
