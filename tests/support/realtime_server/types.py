"""What all modules of the fake server share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

RATE = 24_000
"""Hz of both directions, unless the client asks for another."""

REQUESTED = "(requested)"
"""Stands for a response that was asked for and has no id yet."""


@dataclass
class Record:
    """What a server keeps of all its sessions.

    Attributes:
        on_event: called with each event of any client, after the server has obeyed it.
        received: all client events, in order.
        offences: what a strict server objects to, in words.
        reached: for a script to say that it has come to a certain point.
    """

    on_event: Callable[[Event], None] = lambda event: None
    received: list[Event] = field(default_factory=list)
    offences: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
