"""Checks against a schema are ended when they take too long; meanwhile the session and all other calls go on."""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_schemas import SCHEMAS

import rtvoice_tui
from rtvoice_tui.tools import checker

PROGRAM = Path(__file__).with_name("hostile_program.py")
LIMIT_S = 100
"""What all sessions of a kind take at most; a check that is not ended takes for ever."""

ENDED_S = 12.0
"""A few seconds, and a busy machine."""

GAP_S = 5.0
"""The session's loop is never away for half a second; the rest is for a busy machine. The checks take far longer."""

LIMITED = re.compile(r"could not be checked.* \d+(\.\d+)? s\b")


KINDS = [kind for kind in SCHEMAS if kind != "nothing"]
CHECK_S = 0.3
"""The limit of a check that is made without a session; the checks take far longer."""

MET = {
    "arguments": ["pattern", "allOf"],
    "by hand": ["pattern"],
    "input": ["allOf"],
    "output": ["propertyNames", "uniqueItems"],
}
"""Which schemas are met in which way; each also with one that can be checked."""

pytestmark = pytest.mark.xdist_group("hostile schemas")


@functools.cache
def sessions(how: str) -> dict[str, dict[str, Any]]:
    """What the program told of every session in which schemas are met in one way."""
    kinds = ["nothing", *MET[how]]
    tests = PROGRAM.parents[1]
    folders = (Path(rtvoice_tui.__file__).parents[1], PROGRAM.parent, tests, tests / "support")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    command = [sys.executable, str(PROGRAM), how, *kinds]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as late:
        ended = (late.stdout or b"").count(b"\n")
        raise AssertionError(f"the check of {kinds[ended]} is not ended within {LIMIT_S} s") from None
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(kinds, map(json.loads, done.stdout.splitlines()), strict=True))


def ran(how: str, kind: str) -> dict[str, Any]:
    """What the program told of one session."""
    return sessions(how)[kind]


def assert_ended(told: dict[str, Any]) -> None:
    assert told["state"] == "failed"
    assert LIMITED.search(told["note"]), told["note"]
    assert told["took"] < ENDED_S
    assert told["gap"] < GAP_S
    assert told["plain"] == "fine", "the other call ran"


async def test_every_check_that_takes_too_long_is_ended_and_the_next_one_is_made(monkeypatch):
    monkeypatch.setattr(checker, "LIMIT_S", CHECK_S)
    plain, arguments = SCHEMAS["nothing"]
    checks = checker.Checker()
    try:
        for kind in KINDS:
            schema, hostile = SCHEMAS[kind]
            assert LIMITED.search(await checks.arguments(json.dumps(hostile), schema)), kind
        monkeypatch.undo()
        assert await checks.arguments(json.dumps(arguments), plain) == ""
    finally:
        await checks.close()


@pytest.mark.parametrize("how", MET)
def test_what_can_be_checked_runs_as_ever(how: str):
    told = ran(how, "nothing")
    assert (told["state"], told["note"]) == ("ok", "")
    assert told["plain"] == "fine"
    assert told["gap"] < GAP_S


@pytest.mark.parametrize("kind", MET["arguments"])
def test_arguments_that_cannot_be_checked_fail_the_call_and_nothing_waits_for_them(kind: str):
    told = ran("arguments", kind)
    assert_ended(told)
    assert LIMITED.search(json.loads(told["told"]["k1"])["error"])
    assert told["told"]["k2"] == "fine"


@pytest.mark.parametrize("kind", MET["by hand"])
def test_a_run_by_hand_whose_arguments_cannot_be_checked_fails(kind: str):
    assert_ended(ran("by hand", kind))


@pytest.mark.parametrize("kind", MET["input"])
def test_the_schema_that_a_server_gives_its_tool_is_no_more_trusted(kind: str):
    told = ran("input", kind)
    assert_ended(told)
    assert LIMITED.search(json.loads(told["told"]["k1"])["error"])


@pytest.mark.parametrize("kind", MET["output"])
def test_a_result_that_cannot_be_checked_against_the_server_s_own_schema_fails_the_call(kind: str):
    told = ran("output", kind)
    assert_ended(told)
    assert LIMITED.search(json.loads(told["told"]["k1"])["error"])
    assert told["told"]["k2"] == "fine"
