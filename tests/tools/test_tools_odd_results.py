"""What Python functions return becomes JSON, or a failure that names the type; never the text of an object."""

import functools
import json
from pathlib import Path

import pytest

from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.subprocesses import our_environment
from rtvoice_tui.tools.python import PythonRunner
from rtvoice_tui.tools.python_file import PythonFile
from rtvoice_tui.tools.runner import Call

SOURCE = """
import collections, collections.abc, dataclasses, datetime, enum, pathlib, re

class Plain:
    pass

class Text(str): pass
class Whole(int): pass
class Part(float): pass
class Raw(bytes): pass

class Told:
    def __str__(self):
        return "told"

class Model:
    def model_dump(self):
        return {"a": 1}

class Array:
    def tolist(self):
        return [1, 2]

Point = collections.namedtuple("Point", "x y")

class Day(enum.Enum):
    NEW_YEAR = datetime.date(2026, 1, 1)

@dataclasses.dataclass
class City:
    name: str
    tags: set

class Itself:  # as numpy's long double
    def tolist(self):
        return self
    def __str__(self):
        return "1.5"

class Moment(datetime.datetime): pass
class Span(datetime.timedelta): pass

class Row(collections.abc.Sequence):  # as SQLAlchemy's
    def __len__(self):
        return 1
    def __getitem__(self, index):
        return (1,)[index]
    def _asdict(self):
        return {"a": 1}

@dataclasses.dataclass
class Half:
    a: int
    b: int = dataclasses.field(init=False)
    _c: int = 3

class NAType:  # as pandas'
    def __repr__(self):
        return "<NA>"

def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value

def round():
    value = []
    value.append(value)
    return value

def numbers():
    yield from range(3)

async def later():
    for n in range(3):
        yield n

def endless():
    n = 0
    while True:
        yield n
        n += 1

RESULTS = {
    "generator": lambda: numbers(),
    "async generator": lambda: later(),
    "range": lambda: range(3),
    "map": lambda: map(str, range(2)),
    "keys": lambda: {"a": 1}.keys(),
    "values": lambda: {"a": 1}.values(),
    "deque": lambda: collections.deque([1]),
    "nested generator": lambda: {"all": numbers()},
    "model": Model,
    "array": Array,
    "counter": lambda: collections.Counter("aa"),
    "path": lambda: pathlib.Path("/tmp/x"),
    "told": Told,
    "bytes": lambda: "grau".encode(),
    "object": Plain,
    "nested object": lambda: [Plain()],
    "function": lambda: numbers,
    "class": lambda: Plain,
    "other bytes": lambda: bytes([255, 254, 255]),
    "file": lambda: open("/dev/null"),
    "endless": endless,
    "not a number": lambda: {"a": float("nan"), "b": [float("inf"), -float("inf")], "c": 0.5},
    "nested bytes": lambda: {"a": ["grau".encode(), bytearray(b"x")]},
    "nested other bytes": lambda: [bytes([255, 254, 255])],
    "nested coroutine": lambda: {"a": later_result("map")},
    "coroutines": lambda: [later_result("map")],
    "subclasses": lambda: {"a": [Text("hello")], "b": [Whole(3)], "c": [Part(1.5)], "d": [Raw(b"ab")]},
    "exception": lambda: ValueError("no such city"),
    "odd names": lambda: {None: 1, True: 2, ("a", 1): 3, 1.5: 4, Day.NEW_YEAR: 5, datetime.date(2026, 1, 2): 6},
    "text of a user": lambda: collections.UserString("hey"),
    "enumeration": lambda: [Day.NEW_YEAR],
    "its own form": lambda: {"a": Itself()},
    "named tuple": lambda: [Point(1, 2)],
    "dataclass": lambda: City("Tver", {1}),
    "time": lambda: datetime.timedelta(seconds=3),
    "subclass of a date": lambda: [Moment(2026, 1, 2), Span(seconds=5)],
    "row": lambda: [Row()],
    "field that is not set": lambda: Half(1),
    "nothing of pandas": lambda: [NAType()],
    "200 levels": lambda: deep(200),
    "nested exception": lambda: {"a": [ValueError("no such city")]},
    "match": lambda: [re.match("a", "a")],
    "two keys that are one": lambda: {1: "a", "1": "b"},
    "module": lambda: re,
    "itself": lambda: {"a": round()},
    "too deep": lambda: deep(5000),
}

def result(kind: str):
    return RESULTS[kind]()

async def later_result(kind: str):
    return RESULTS[kind]()
"""


@pytest.fixture
async def runners(tmp_path: Path):
    path = tmp_path / "odd.py"
    path.write_text(SOURCE, encoding="utf-8")
    file = PythonFile(path, our_environment())
    made = {
        name: PythonRunner(ToolSpec(name=name), PythonRun(target=f"odd.py:{name}"), file)
        for name in ("result", "later_result")
    }
    for runner in made.values():
        await runner.open()
    yield made
    for runner in made.values():
        await runner.close()


GOOD = {
    "generator": [0, 1, 2],
    "async generator": [0, 1, 2],
    "range": [0, 1, 2],
    "map": ["0", "1"],
    "keys": ["a"],
    "values": [1],
    "deque": [1],
    "nested generator": {"all": [0, 1, 2]},
    "model": {"a": 1},
    "array": [1, 2],
    "counter": {"a": 2},
    "path": "/tmp/x",
    "told": "told",
    "bytes": "grau",
    "not a number": {"a": None, "b": ["Infinity", "-Infinity"], "c": 0.5},
    "nested bytes": {"a": ["grau", "x"]},
    "subclasses": {"a": ["hello"], "b": [3], "c": [1.5], "d": ["ab"]},
    "odd names": {"null": 1, "true": 2, '["a", 1]': 3, "1.5": 4, "2026-01-01": 5, "2026-01-02": 6},
    "text of a user": "hey",
    "enumeration": ["2026-01-01"],
    "its own form": {"a": "1.5"},
    "named tuple": [{"x": 1, "y": 2}],
    "dataclass": {"name": "Tver", "tags": [1]},
    "time": "PT3S",
    "subclass of a date": ["2026-01-02T00:00:00", "0:00:05"],
    "row": [{"a": 1}],
    "field that is not set": {"a": 1},
    "nothing of pandas": [None],
    "200 levels": functools.reduce(lambda inner, _: [inner], range(200), []),
}
BAD = {
    "object": "Plain",
    "nested object": "Plain",
    "function": "function",
    "class": "type",
    "other bytes": "not UTF-8",
    "file": "an open file",
    "nested other bytes": "not UTF-8",
    "nested coroutine": "await it first",
    "coroutines": "await it first",
    "exception": "no such city",
    "nested exception": "no such city",
    "match": "Match",
    "two keys that are one": "two of its keys are '1'",
    "module": "module",
    "itself": "contains itself",
    "too deep": "nested too deeply",
}


async def test_values_become_json_whoever_returns_them(runners):
    for name, runner in runners.items():
        for kind, value in GOOD.items():
            outcome = await runner.run(Call(name, {"kind": kind}))
            assert outcome.ok, (name, kind, outcome)
            assert json.loads(outcome.output) == value, (name, kind)


async def test_what_has_no_form_in_json_is_a_failure_that_names_it(runners):
    for name, runner in runners.items():
        for kind, word in BAD.items():
            outcome = await runner.run(Call(name, {"kind": kind}))
            assert not outcome.ok, (name, kind)
            assert word in outcome.output, (name, kind)
            assert " at 0x" not in outcome.output


async def test_an_endless_generator_ends(runners):
    outcome = await runners["result"].run(Call("result", {"kind": "endless"}))
    found = json.loads(outcome.output)
    assert found == [*range(10_000), "[cut after 10000 values]"]
