"""The agent's side of a conversation: responses, their text, their audio, and how they end."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from msgspec.structs import replace

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.objects import Item, Part, Response
from rtvoice_tui.session.effects import EndPlay, Play
from rtvoice_tui.session.facts import AgentSaid, Moment, ResponseCut, ResponseLost, UsageReported
from rtvoice_tui.session.realtime.calls.function_calls import FunctionCalls
from rtvoice_tui.session.realtime.item_text import TEXT, TRANSCRIPT, UNCHANGED, ItemText, TextChange
from rtvoice_tui.session.realtime.last_fault import LastFault
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.failures import ResponseFailures
from rtvoice_tui.session.realtime.responses.heard_ledger import Cut, HeardLedger
from rtvoice_tui.session.realtime.responses.item_keys import ItemKeys
from rtvoice_tui.session.realtime.responses.output_rate import OutputRate
from rtvoice_tui.session.realtime.responses.response_slot import UNNAMED, ResponseSlot, is_out_of_band
from rtvoice_tui.session.realtime.responses.silent_audio import SilentAudio
from rtvoice_tui.session.realtime.turns.listening import Listening

KEPT_LATE = 32
"""Number of items of ended responses whose text is kept."""


@dataclass
class _Response:
    turn: int
    number: int = 0
    out_of_band: bool = False
    items: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    places: dict[int, str] = field(default_factory=dict)
    """Ids of its calls' items by output index."""
    over: bool = False
    spoken: dict[str, None] = field(default_factory=dict)
    """Ids of its items with audio, in order."""


@dataclass
class _Words:
    """The text of one item, and where it belongs."""

    turn: int
    out_of_band: bool = False
    final: bool = False
    cut: bool = False
    text: ItemText = field(default_factory=ItemText)


class Responses:
    """Handles all ``response.*`` events.

    Args:
        out: collects the effects.
        ledger: the heard ledger, which counts received and played audio.
        calls: the function calls in responses.
        listening: knows the turn that a new response belongs to.
        fault: the last fault that the server reported.

    Attributes:
        ledger: the heard ledger.
        rate: compares the received audio with the configured output rate.
        slot: the response slot.
        recalled: texts of an earlier conversation, which the server repeats as items.
    """

    def __init__(
        self, out: Outbox, ledger: HeardLedger, calls: FunctionCalls, listening: Listening, fault: LastFault
    ) -> None:
        self._out = out
        self._failures = ResponseFailures(out, fault)
        self.ledger = ledger
        self.rate = OutputRate(ledger.rate, out)
        self._silence = SilentAudio(ledger.rate, out)
        self.slot = ResponseSlot()
        self._calls = calls
        self._listening = listening
        self._responses: dict[str, _Response] = {}
        self._count = 0
        self._keys = ItemKeys()
        self._words: dict[str, _Words] = {}
        self._late: OrderedDict[str, _Words] = OrderedDict()
        self._done_ids: deque[str] = deque(maxlen=256)
        self._completed: deque[str] = deque(maxlen=KEPT_LATE)
        self._last_ended = ""
        self._unpaid: dict[str, int] = {}  # turns of ended responses whose tokens were not told
        self.recalled: frozenset[str] = frozenset()

    def want_for_this_turn(self) -> None:
        """Request one response to the current turn of the user, and to everything before it."""
        self.slot.want_for_turn(self._listening.turn)

    def close(self) -> None:
        """The session ended: report incomplete responses, and reset all state; the next session may reuse ids."""
        self._report_incomplete()
        self.slot = ResponseSlot()
        self.rate.clear()
        self._silence.clear()
        self._responses.clear()
        self._words.clear()
        self._late.clear()
        self._done_ids.clear()
        self._keys.clear()
        self._unpaid.clear()
        self._completed.clear()
        self._last_ended = ""

    def _report_incomplete(self) -> None:
        """Report incomplete responses that were not interrupted; those with function calls are skipped."""
        for response_id, answer in self._responses.items():
            if self.slot.is_cut(response_id) or answer.calls:
                for item_id in answer.items:
                    if item_id in self._words:
                        self._end_text(item_id, self._words[item_id])
                continue
            items = dict.fromkeys([*answer.items, *answer.spoken])
            for item_id in items or [""]:
                self._out.report(ResponseLost(answer.turn, item_id))

    def handle(self, event: ev.ServerEvent) -> None:
        """Handle one ``response.*`` event. Ignores all other events."""
        if isinstance(event, ev.OfContent):
            key = self._key(event.response_id, event.item_id)
            self._content(event if key == event.item_id else replace(event, item_id=key), event.item_id)
            return
        match event:
            case ev.ResponseCreated():
                self._created(event.response)
            case ev.OutputItemAdded():
                self._item_added(event.response_id, self._placed(event))
            case ev.OutputItemDone():
                self._item_done(event.response_id, self._placed(event))
            case ev.ArgumentsDelta():
                answer = self._response_of(event.response_id)
                item_id = self._id_at(answer, event.output_index, event.item_id, event.call_id)
                key = self._calls.stream(answer.turn, item_id, event.call_id, event.delta, self._calls_of(answer))
                self._collect(answer, key)
            case ev.ArgumentsDone():
                answer = self._response_of(event.response_id)
                item_id = self._id_at(answer, event.output_index, event.item_id, event.call_id)
                call = Item(id=item_id, call_id=event.call_id, name=event.name, arguments=event.arguments)
                self._collect(answer, self._calls.complete(answer.turn, call, self._calls_of(answer)))
                self._run_late(event.response_id, answer)
            case ev.ResponseDone():
                self._done(event.response)

    def _content(self, event: ev.OfContent, server_id: str) -> None:
        """Handle an event about a content part; its item id is a key, ``server_id`` the id at the server."""
        match event:
            case ev.OutputTextDelta():
                self._text_delta(event, TEXT, event.delta)
            case ev.OutputTranscriptDelta():
                self._text_delta(event, TRANSCRIPT, event.delta)
            case ev.OutputTextDone():
                self._text_done(event, TEXT, event.text)
            case ev.OutputTranscriptDone():
                self._text_done(event, TRANSCRIPT, event.transcript)
            case ev.ContentPartAdded():
                self._begins_with(event.response_id, event.item_id, event.content_index, event.part)
            case ev.ContentPartDone():
                self._part_done(event)
            case ev.OutputAudioDelta():
                self._audio(event, server_id)
            case ev.OutputAudioDone():
                self._audio_done(event.item_id)

    def _response_of(self, response_id: str, turn: int = 0) -> _Response:
        """The response that an event belongs to; the server may omit its id, or send no ``response.created`` for it.

        Args:
            response_id: its id; may be empty.
            turn: the turn of a new one; 0: the current turn.
        """
        key = response_id or self.slot.active or UNNAMED
        if key not in self._responses:
            answer = _Response(turn or self._listening.current_turn())
            if key in self._done_ids:
                answer.over = True
                return answer  # late event: no second response.done will remove it
            self._count += 1
            answer.number = self._count
            self._responses[key] = answer
        return self._responses[key]

    def _key(self, response_id: str, item_id: str) -> str:
        """The key of an item of a response; see `ItemKeys`."""
        answer = self._responses.get(response_id or self.slot.active or UNNAMED)
        if answer is None and self._keys.knows(item_id):
            return self._keys.of(item_id, 0)
        new = self._count + 1 if response_id and response_id not in self._done_ids else 0
        return self._keys.of(item_id, answer.number if answer is not None else new)

    def key_of_item(self, item_id: str) -> str:
        """The key of the item that had this id last."""
        return self._keys.of(item_id, 0)

    def _dropped(self, response_id: str, item_id: str) -> bool:
        """Whether an event belongs to an interrupted response or item, so that it is dropped."""
        item = self.ledger.get(item_id)
        return self.slot.is_cut(response_id or self.slot.active) or (item is not None and item.cut)

    def _created(self, response: Response) -> None:
        out_of_band = is_out_of_band(response)
        if response.id and response.id in self._done_ids:
            if response.status not in ("", "in_progress"):
                return  # it has ended, and its beginning is told again
            # else the server uses its id again
            self._done_ids = deque((known for known in self._done_ids if known != response.id), self._done_ids.maxlen)
        if not out_of_band and self.slot.active not in ("", UNNAMED, response.id):
            self._done(Response(id=self.slot.active))  # its end was not told, but the server does not run two
        asked = self.slot.requested
        wanted = self.slot.created(response.id, self._out, out_of_band)
        answer = self._response_of(response.id, self.slot.turn if asked else 0)
        answer.out_of_band = out_of_band
        if wanted and not answer.out_of_band:
            self._calls.receipts.begun(asked)
            self._out.reach(answer.turn, Moment.ANSWERING)

    def _item_added(self, response_id: str, item: Item) -> None:
        answer = self._response_of(response_id)
        if item.type == "function_call":
            self._collect(answer, self._calls.added(answer.turn, item, self._calls_of(answer)))
        elif item.of_agent:
            key = self._key(response_id, item.id)
            for index, part in enumerate(item.parts):
                self._begins_with(response_id, key, index, part)

    def _item_done(self, response_id: str, item: Item) -> None:
        answer = self._response_of(response_id)
        if item.type == "function_call":
            self._collect(answer, self._calls.complete(answer.turn, item, self._calls_of(answer)))
            self._run_late(response_id, answer)
        else:
            key = self._key(response_id, item.id)
            self._settle(response_id, item, key)
            self._audio_done(key)
            self._failures.item(item)

    def _placed(self, event: ev.OutputItemAdded | ev.OutputItemDone) -> Item:
        """The item of an event; a call without ids gets one from its place in the response."""
        answer, item = self._response_of(event.response_id), event.item
        if item.type != "function_call":
            return item
        item = replace(item, id=self._id_at(answer, event.output_index, item.id, item.call_id))
        answer.places[event.output_index] = item.id or item.call_id
        return item

    def _id_at(self, answer: _Response, index: int, item_id: str, call_id: str) -> str:
        """The id of a call's item: as told, or as it was told of the item at this place, or one made of the place."""
        if item_id or call_id:
            return item_id
        return answer.places.get(index) or f"call {answer.number}.{index}"

    def _run_late(self, response_id: str, answer: _Response) -> None:
        """Run the calls that a completed response tells only after its end."""
        if answer.over and response_id in self._completed:
            late = Response(id=response_id, status="completed")
            if self._calls.response_done(answer.turn, late, answer.calls, cut=False, out_of_band=False):
                self.slot.want()

    def _calls_of(self, answer: _Response) -> list[str] | None:
        """Keys of a response's calls; ``None`` for one that has ended, so that late events make no new call."""
        return None if answer.over else answer.calls

    def _collect(self, answer: _Response, key: str) -> None:
        if key not in answer.calls:
            answer.calls.append(key)

    def report_cut_words(self) -> None:
        """Responses were interrupted: report those of their items as cut that have text and no audio yet.

        The others are reported once the speaker is silent, by the heard ledger.
        """
        for response_id, answer in self._responses.items():
            for item_id in answer.items if self.slot.is_cut(response_id) else ():
                words = self._words.get(item_id)
                if words is None or words.cut or not words.text.text.strip() or self.ledger.get(item_id) is not None:
                    continue
                written = not words.text.is_speech
                if written and words.final:
                    continue
                words.cut = True
                outcome = Cut.WRITTEN if written else Cut.UNSPOKEN
                self._out.report(ResponseCut(words.turn, item_id, 0, 0, outcome, written))

    # --- text

    def _text_delta(self, event: ev.OfContent, source: str, delta: str) -> None:
        if not delta or self._dropped(event.response_id, event.item_id):
            return
        words = self._words_of(event.response_id, event.item_id)
        self._begun(words)
        words.final = False
        change = words.text.append(event.content_index, source, delta)
        if change != UNCHANGED:
            self._out.report(
                AgentSaid(words.turn, event.item_id, change.text, change.replace, out_of_band=words.out_of_band)
            )

    def _text_done(self, event: ev.OfContent, source: str, text: str) -> None:
        if self._dropped(event.response_id, event.item_id):
            return
        words = self._words_of(event.response_id, event.item_id)
        if text.strip():
            self._begun(words)
        self._complete(event.item_id, words, words.text.complete(event.content_index, source, text))

    def _part_done(self, event: ev.ContentPartDone) -> None:
        if event.part.words:
            self._text_done(event, _source_of(event.part), event.part.words)

    def _begins_with(self, response_id: str, key: str, index: int, part: Part) -> None:
        """A part has words when it is announced: some servers tell them nowhere else, others repeat them in deltas."""
        if not part.words.strip() or self._dropped(response_id, key):
            return
        words = self._words_of(response_id, key)
        if words.text.empty:
            self._begun(words)
        change = words.text.announce(index, _source_of(part), part.words)
        if change != UNCHANGED:
            self._out.report(AgentSaid(words.turn, key, change.text, change.replace, out_of_band=words.out_of_band))

    def item(self, item: Item, finished: bool) -> None:
        """Handle an item of the conversation: some servers tell the agent's words nowhere else.

        Items that we created, such as an earlier conversation, belong to no response: they are ignored.

        Args:
            item: the item.
            finished: whether the event says that it is final. Else it is only announced, as OpenAI does with the
                items of a response before their deltas, unless its status or its arguments say otherwise.
        """
        key = self._keys.of(item.id, 0)  # of the response that it was told in, whichever runs now
        if item.type == "function_call" and self.slot.active and item.call_id:
            answer = self._response_of("")
            take = self._calls.complete if _is_whole(item, finished) else self._calls.added
            self._collect(answer, take(answer.turn, item, self._calls_of(answer)))
        elif item.type == "function_call":
            if not (item.call_id and self._last_ended and _is_whole(item, finished)):
                return
            answer = self._response_of(self._last_ended)
            self._collect(answer, self._calls.complete(answer.turn, item, None))
            self._run_late(self._last_ended, answer)
        elif (
            key in self._words
            or key in self._late
            or self.ledger.get(key) is not None
            or (self.slot.active and item.text not in self.recalled)
        ):
            self._settle("", item, key if self._keys.knows(item.id) else self._key("", item.id))

    def _settle(self, response_id: str, item: Item, key: str) -> None:
        """Take over the text of a finished item, where no other event has told it."""
        if not item.of_agent or not item.text.strip():
            return
        if self._dropped(response_id, key):
            return
        words = self._words_of(response_id, key)
        self._begun(words)
        change = words.text.settle(item.parts)
        if change != UNCHANGED:
            self._complete(key, words, change)

    def _begun(self, words: _Words) -> None:
        if words.text.empty and not words.out_of_band:
            self._listening.unanswered = False
            self._out.reach(words.turn, Moment.FIRST_TEXT)

    def _complete(self, item_id: str, words: _Words, change: TextChange) -> None:
        text, replace = change
        words.final = True
        self._out.report(AgentSaid(words.turn, item_id, text, replace, final=True, out_of_band=words.out_of_band))

    def _end_text(self, item_id: str, words: _Words) -> None:
        """No more text of an item will come: some servers never say so, and that of an interrupted one is dropped."""
        if not words.final:
            self._complete(item_id, words, UNCHANGED)

    def _words_of(self, response_id: str, item_id: str) -> _Words:
        over = response_id in self._done_ids if response_id else not self.slot.active
        known = self._words.get(item_id) or (self._late.get(item_id) if over else None)
        if known is not None:
            return known
        answer = self._response_of(response_id)
        spoken = self.ledger.get(item_id)
        turn = spoken.turn if spoken is not None and over else answer.turn
        words = _Words(turn, answer.out_of_band)
        if response_id and response_id in self._done_ids:
            self._keep_late(item_id, words)
        else:
            self._words[item_id] = words
            answer.items.append(item_id)
        return words

    def _keep_late(self, item_id: str, words: _Words) -> None:
        """Keep the text of an item whose response has ended, for events that come after it."""
        if item_id:
            self._late[item_id] = words
        if len(self._late) > KEPT_LATE:
            self._late.popitem(last=False)

    # --- audio

    def _audio(self, event: ev.OutputAudioDelta, server_id: str) -> None:
        if self._dropped(event.response_id, event.item_id) or not event.delta:
            return
        answer = self._response_of(event.response_id)
        known = self.ledger.get(event.item_id)
        response_id = event.response_id or self.slot.active or UNNAMED
        item = self.ledger.receive(event.item_id, response_id, event.content_index, answer.turn, len(event.delta))
        item.out_of_band, item.server_id = answer.out_of_band, server_id
        answer.spoken[event.item_id] = None
        item.received_all = False  # another content part follows: EndPlay is needed again
        if known is None and not answer.out_of_band:
            self._listening.unanswered = False
            self._out.reach(answer.turn, Moment.FIRST_AUDIO)
        self._silence.received(event.delta)
        self._out.add(Play(event.item_id, event.delta))
        if item.response_done:
            self._audio_done(event.item_id)

    def _audio_done(self, item_id: str) -> None:
        item = self.ledger.get(item_id)
        if item is not None and not item.cut and not item.received_all:
            item.received_all = True
            self._out.add(EndPlay(item_id))

    # --- the end

    def _done(self, response: Response) -> None:
        if response.id and response.id in self._done_ids:
            if response.usage is not None and response.id in self._unpaid:
                self._out.report(UsageReported(self._unpaid.pop(response.id), response.usage))
            return
        response_id = response.id or self.slot.active
        if response_id not in self._responses and UNNAMED in self._responses:
            response_id = UNNAMED  # its events had no id
        cut = self.slot.is_cut(response_id)
        answer = self._response_of(response_id)
        for output in response.output:
            self._settle(response_id, output, self._key(response_id, output.id))
        self._done_ids.append(response.id)
        self._last_ended = response.id
        self._responses.pop(response_id or UNNAMED, None)
        self.slot.done(response_id if response_id != UNNAMED else response.id)
        for item in self.ledger.of_response(response_id):
            self._audio_done(item.item_id)
            item.response_done = True
        if not cut and response.status == "completed":
            self._completed.append(response_id)
            self._compare(answer, response_id)
        for item_id in answer.items:
            if (words := self._words.pop(item_id, None)) is not None:
                self._end_text(item_id, words)
                self._keep_late(item_id, words)
        if not answer.out_of_band:
            self._out.reach(answer.turn, Moment.GENERATED)
        if response.usage is not None:
            self._out.report(UsageReported(answer.turn, response.usage))
        elif response.id:
            self._unpaid = dict([*self._unpaid.items(), (response.id, answer.turn)][-KEPT_LATE:])
        answered = self._calls.response_done(answer.turn, response, answer.calls, cut, answer.out_of_band)
        if answered and not self._calls.running:
            self.slot.want()
        self._failures.ended(response, cut)

    def _compare(self, answer: _Response, response_id: str) -> None:
        """Compare the length of a response's audio with its text, to detect a wrong output rate."""
        text = " ".join(self._words[item_id].text.text for item_id in answer.items if item_id in self._words)
        self.rate.spoke(text, sum(item.received_bytes for item in self.ledger.of_response(response_id)))


def _is_whole(call: Item, finished: bool) -> bool:
    """Whether an item holds all of a call's arguments; ``finished``: whether its event says that it is final."""
    return finished or call.status == "completed" or (not call.status and bool(call.arguments))


def _source_of(part: Part) -> str:
    """Whether the words of a part are its text, or the transcript of its audio."""
    return TEXT if part.text or not (part.transcript or part.audio) else TRANSCRIPT
