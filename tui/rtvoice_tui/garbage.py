"""How often Python's garbage collector looks at what a process keeps."""

import gc

OBJECTS = 10_000
"""So many more objects made than freed let the collector begin; Python's own number is 700."""


def collect_later() -> None:
    """Collect nothing until `collect_seldom`: what is loaded and built at the start stays for good."""
    gc.disable()


def waits() -> bool:
    """Whether nothing is collected yet."""
    return not gc.isenabled()


def collect_seldom() -> None:
    """Make collections rare, for a process that holds a conversation; call it once everything is loaded.

    A conversation only grows, and frames and events make thousands of short-lived objects: with Python's usual
    thresholds a turn of a session of ten thousand turns takes a third more processor time than one of its beginning.
    """
    gc.freeze()
    gc.set_threshold(OBJECTS, 10, 20)
    gc.enable()
