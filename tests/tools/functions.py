"""Functions that the tests of the `python` kind call, in a process of their own."""

import asyncio
import dataclasses
import datetime
import decimal
import enum
import os
import sys
import threading
import uuid
from typing import Literal


@dataclasses.dataclass
class Place:
    city: str
    zip: int = 0


class Colour(enum.Enum):
    RED = "red"


class Unprintable:
    def __str__(self):
        raise ValueError("no words")


def circular():
    circle = []
    circle.append(circle)
    return circle


RESULTS = {
    "text": "[/b] fine, ещё\n",
    "object": {"city": "Омск", "temperature": 4},
    "nothing": None,
    "number": 5,
    "truth": True,
    "list": [],
    "dataclass": Place("Omsk", 644),
    "nested": [{"place": Place("Omsk"), "when": datetime.date(2026, 7, 1)}],
    "moment": datetime.datetime(2026, 7, 1, 12, 30),
    "enum": {"colour": Colour.RED},
    "uuid": uuid.UUID(int=1),
    "decimal": decimal.Decimal("1.50"),
    "numbered": {1: "one"},
    "bytes": b"x",
    "set": {7},
    "module": {"what": sys},
    "odd keys": {(1, 2): 3},
    "circular": circular(),
    "no words": [Unprintable()],
    "lone half": "a\ud800b",
}


def result(kind: str):
    return RESULTS[kind]


async def later(city: str) -> str:
    await asyncio.sleep(0)
    return city


def big(size: int) -> str:
    return "x" * size


def weekday(day: datetime.date) -> str:
    assert type(day) is datetime.date
    return day.strftime("%A")


def place(where: Place, unit: Literal["c", "f"] = "c", note: str | None = None, count: int = 1) -> str:
    assert isinstance(where, Place)
    return f"{where.city}-{where.zip}-{unit}-{note}-{count}"


def places(stops: list[Place]) -> str:
    return "+".join(each.city for each in stops)


def only_by_position(a: int, b: int = 2, /, c: int = 3) -> list:
    return [a, b, c]


def anything(first: str, **rest) -> dict:
    return {"first": first, "rest": rest}


def untyped(value):
    return [type(value).__name__, value]


def lost():
    def inner():
        raise LookupError("no such station\nin the second line")

    inner()


async def lost_later():
    await asyncio.sleep(0)
    raise LookupError("no such station")


def chained():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise RuntimeError("sums are off") from error


def silent():
    raise ValueError


def end(code=3):
    sys.exit(code)


async def end_later():
    raise SystemExit(3)


def interrupt():
    raise KeyboardInterrupt


def base():
    raise BaseException("of the lowest kind")


def exhausted():
    return next(iter(()))


async def exhausted_later():
    return next(iter(()))


def own_timeout():
    raise TimeoutError("the station does not answer")


async def own_cancellation():
    task = asyncio.ensure_future(asyncio.sleep(3600))
    task.cancel()
    await task


async def cancels_itself():
    raise asyncio.CancelledError


def asks():
    return input("who? ")


def reads():
    return sys.stdin.read()


barrier = threading.Barrier(4)


def speaks(word: str):
    for part in range(50):
        print(word, part)
        if part in (0, 25):
            barrier.wait(20)
    return word


turns = [asyncio.Event(), asyncio.Event()]


async def speaks_later(mine: int):
    print("first", mine)
    turns[mine].set()
    await turns[1 - mine].wait()
    print("second", mine)


def floods():
    for _ in range(300):
        print("y" * 100_000)
    return "dry again"


def prints_and_fails():
    print("as far as here")
    raise ValueError("not further")


def prints_to_everything():
    print("to stdout", flush=True)
    print("to stderr", file=sys.stderr)
    os.write(1, b"straight to the pipe\n")
    os.write(2, b"z" * 1_000_000)
    return "still understood"


meeting = threading.Barrier(8)


def meets() -> int:
    return meeting.wait(20)


visits = 0


def count() -> int:
    global visits
    visits += 1
    return visits


def counted() -> int:
    return visits
