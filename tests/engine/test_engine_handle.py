"""All that a head may hold as a session takes the same calls."""

import inspect

import pytest

from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.engine.worker import SessionWorker

METHODS = {name: member for name, member in inspect.getmembers(SessionHandle, inspect.isfunction) if name[0] != "_"}
READ = {name for name, _ in inspect.getmembers(SessionHandle, lambda member: isinstance(member, property))}


@pytest.mark.parametrize("kind", [SessionWorker, IdleSession])
def test_it_has_every_method_of_the_handle_with_the_same_arguments(kind: type):
    assert len(METHODS) > 12
    wrong = [
        name
        for name, method in METHODS.items()
        if [*inspect.signature(getattr(kind, name)).parameters] != [*inspect.signature(method).parameters]
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", [SessionWorker, IdleSession])
def test_it_has_everything_that_may_be_read(kind: type):
    source = inspect.getsource(kind)
    assert len(READ) > 4
    assert [name for name in READ if not (hasattr(kind, name) or f"self.{name}" in source)] == []
