"""The word about a call's arguments counts for that call alone, whenever it comes."""

from rtvoice_tui.protocol.realtime.objects import Item, Response
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.effects import CheckArguments, RunTool
from rtvoice_tui.session.realtime.calls.function_calls import FunctionCalls
from rtvoice_tui.session.realtime.outbox import Outbox

TOOL = ToolSpec(name="open", parameters={"properties": {"a": {"pattern": "^ok$"}}})


def checking(calls: FunctionCalls, out: Outbox, arguments: str) -> CheckArguments:
    """An answer calls the tool; the check that is asked for."""
    item = Item(id="item", type="function_call", call_id="call_1", name="open", arguments=arguments)
    calls.response_done(1, Response(id="R", status="completed", output=[item]), [], cut=False, out_of_band=False)
    (check,) = [effect for effect in out.drain() if isinstance(effect, CheckArguments)]
    return check


def test_a_late_word_about_an_earlier_session_s_call_lets_no_other_call_run() -> None:
    out = Outbox(lambda prefix: prefix)
    calls = FunctionCalls(out)
    calls.approvals.known = {"open": TOOL}
    earlier = checking(calls, out, '{"a": "ok"}')
    calls.close()
    out.drain()
    later = checking(calls, out, '{"a": "; rm -rf"}')

    assert calls.checked("call_1", "", earlier.check) is False
    assert [effect for effect in out.drain() if isinstance(effect, RunTool)] == []
    assert calls.checked("call_1", "it does not match", later.check) is True
    assert [effect for effect in out.drain() if isinstance(effect, RunTool)] == []


def test_a_word_that_nobody_waits_for_changes_nothing() -> None:
    out = Outbox(lambda prefix: prefix)
    calls = FunctionCalls(out)
    calls.approvals.known = {"open": TOOL}
    check = checking(calls, out, '{"a": "ok"}')
    assert calls.checked("call_2", "", check.check) is False
    assert calls.checked("call_1", "", check.check) is False
    assert [effect.call_id for effect in out.drain() if isinstance(effect, RunTool)] == ["call_1"]
    assert calls.checked("call_1", "", check.check) is False
    assert out.drain() == []
