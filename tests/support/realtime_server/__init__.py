"""The fake Realtime server of tests and benchmarks: real sockets on loopback, and a script for what it says.

Dialects: ``openai`` and ``yandex`` refuse what those servers refuse; ``plain`` accepts everything.
"""

from realtime_server.rules import Raced, Refused
from realtime_server.server import FakeServer, Script, in_thread, plain
from realtime_server.session import Session
from realtime_server.types import Event

__all__ = ["Event", "FakeServer", "Raced", "Refused", "Script", "Session", "in_thread", "plain"]
