"""Creates the parts of a Realtime session machine and connects them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.realtime.calls.function_calls import FunctionCalls
from rtvoice_tui.session.realtime.calls.tool_calls import ToolCalls
from rtvoice_tui.session.realtime.configuration import Configuration
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.last_fault import LastFault
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.heard_ledger import HeardLedger
from rtvoice_tui.session.realtime.responses.responses import Responses
from rtvoice_tui.session.realtime.turns.barge_in import BargeIn
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.realtime.turns.push_to_talk import PushToTalk
from rtvoice_tui.session.realtime.turns.typed_turns import TypedTurns
from rtvoice_tui.session.realtime.turns.user_turns import UserTurns
from rtvoice_tui.session.realtime.turns.written_events import WrittenEvents
from rtvoice_tui.session.talk_mode import TalkRules


@dataclass(frozen=True)
class Parts:
    """The parts of one session machine."""

    out: Outbox
    configuration: Configuration
    user: UserTurns
    written: WrittenEvents
    responses: Responses
    tools: ToolCalls
    fault: LastFault


def make_parts(
    dialect: Dialect,
    settings: SessionSettings,
    tools: Sequence[ToolSpec],
    new_id: Callable[[str], str],
    talk: TalkRules,
    calls_in_a_row: int,
) -> Parts:
    """Create the parts of one session machine; the arguments are those of `SessionMachine`."""
    out = Outbox(new_id)
    edits = Edits(dialect, settings, tuple(tools), out)
    ledger = HeardLedger(dialect.fixed_rate or settings.output_rate)
    calls = FunctionCalls(out, dialect.out_of_band, calls_in_a_row)
    listening = Listening(out)
    fault = LastFault()
    responses = Responses(out, ledger, calls, listening, fault)
    push_to_talk = PushToTalk(dialect, dialect.fixed_rate or settings.input_rate, edits, listening, out, talk)
    barge_in = BargeIn(dialect, edits, ledger, responses, push_to_talk, out, talk.interrupts)
    typed = TypedTurns(listening, out)
    user = UserTurns(
        edits,
        listening,
        push_to_talk,
        barge_in,
        typed,
        responses.want_for_this_turn,
        recognises_unasked="transcription" not in dialect.settings,
        recognises_by_default=dialect.transcription is not None,
    )
    tool_calls = ToolCalls(dialect, out, edits, calls, responses, listening, ledger.is_heard)
    configuration = Configuration(edits, out)
    return Parts(out, configuration, user, WrittenEvents(out, typed, edits), responses, tool_calls, fault)
