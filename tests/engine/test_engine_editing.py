"""Every field of the agent, typed into the real app: what goes over the wire, and what the table says of it."""

from dataclasses import dataclass
from typing import Any

import pytest

from drawing import no_drawing  # noqa: F401
from editing.cockpit import Cockpit, cockpit, own_folders  # noqa: F401 - a fixture
from headless import cheap_apps  # noqa: F401
from protocol.sdk_types import accept_session
from realtime_server import Event
from rtvoice_tui.editing.agent import NEEDS_SESSION
from rtvoice_tui.editing.fields import fields_of, has
from rtvoice_tui.editing.values import shown
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.session.realtime import edits
from rtvoice_tui.ui.widgets.lines import FixedLine

PCM = {"type": "audio/pcm", "rate": 24_000}
VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
BARE = {"type": "server_vad"}
SEMANTIC = {"type": "semantic_vad"}


@dataclass(frozen=True)
class Case:
    """A row of the table with three values to type, and what each is on the wire.

    Attributes:
        path: the field.
        where: the place in ``session``.
        refused: a value that the server refuses.
        silent: a value that it takes over after three seconds of silence.
        changed: a value of which it makes ``made``.
        inside: whether the values are put into the object that is there.
        first: what to send before, so that the row can be typed into.
    """

    path: str
    where: tuple[str, ...]
    refused: tuple[str, Any]
    silent: tuple[str, Any]
    changed: tuple[str, Any]
    made: Any
    inside: bool = False
    first: tuple[str, str, Any] | None = None

    @property
    def name(self) -> str:
        return self.path.partition(".")[0]

    @property
    def key(self) -> str:
        return self.path.partition(".")[2]


IN, OUT = ("audio", "input"), ("audio", "output")


def detail(key: str, refused: str, silent: str, changed: str, kind: type = int, made: Any = 7, **more: Any) -> Case:
    values = [(text, {"on": True, "off": False}.get(text) if kind is bool else kind(text)) for text in
              (refused, silent, changed)]  # fmt: skip
    return Case(f"turn_detection.{key}", IN, *values, made, inside=True, **more)


VOICE = Case("voice", OUT, ("no-such", "no-such"), ("cedar", "cedar"), ("ash", "ash"), "marin")
SPEED = Case("speed", OUT, ("1.5", 1.5), ("0.75", 0.75), ("1.25", 1.25), 1.0)
THRESHOLD = detail("threshold", "0.9", "0.25", "0.6", float, 0.5)
SILENCE = detail("silence_duration_ms", "10", "700", "300", made=500)
IDLE = detail("idle_timeout_ms", "1", "6000", "9000", made=8000)
MAX = Case("max_output_tokens", (), ("1", 1), ("inf", "inf"), ("200", 200), 100)

OPENAI = [
    VOICE,
    SPEED,
    Case("output_modalities", (), ("text", ["text"]), ("audio", ["audio"]), ("text", ["text"]), ["audio"]),
    Case("turn_detection", IN, ("semantic_vad", SEMANTIC), ("server_vad", BARE), ("semantic_vad", SEMANTIC), BARE),
    detail("threshold", "0.9", "0.25", "0.6", float, 0.5, first=("turn_detection", "server_vad", BARE)),
    SILENCE,
    detail("prefix_padding_ms", "60000", "250", "300", made=200),
    IDLE,
    detail("eagerness", "low", "high", "medium", str, "auto", first=("turn_detection", "semantic_vad", SEMANTIC)),
    detail("create_response", "on", "off", "on", bool, False),
    detail("interrupt_response", "on", "off", "on", bool, False),
    Case("transcription.model", IN, ("whisper", "whisper"), ("gpt-live-transcribe", "gpt-live-transcribe"),
         ("gpt-transcribe", "gpt-transcribe"), "gpt-live-transcribe", inside=True),
    Case("transcription.language", IN, ("xx", "xx"), ("en", "en"), ("de", "de"), "fr", inside=True),
    Case("transcription.languages", IN, ("xx", ["xx"]), ("en, de", ["en", "de"]), ("fr", ["fr"]), ["en"], inside=True),
    Case("transcription.prompt", IN, ("no", "no"), ("Omsk, Tomsk", "Omsk, Tomsk"), ("Perm", "Perm"), "", inside=True),
    Case("noise_reduction", IN, ("far_field", {"type": "far_field"}), ("near_field", {"type": "near_field"}),
         ("off", None), {"type": "far_field"}),
    Case("tool_choice", (), ("none", "none"), ("get_weather", {"type": "function", "name": "get_weather"}),
         ("required", "required"), "auto"),
    MAX,
    Case("truncation", (), ("disabled", "disabled"),
         ("0.8", {"type": "retention_ratio", "retention_ratio": 0.8}), ("auto", "auto"), "disabled"),
]  # fmt: skip

YANDEX = [
    VOICE,
    SPEED,
    Case("role", OUT, ("angry", "angry"), ("good", "good"), ("strict", "strict"), "neutral"),
    Case("output_modalities", (), ("text", ["text"]), ("audio, text", ["audio", "text"]), ("audio", ["audio"]),
         ["text"]),
    THRESHOLD,
    SILENCE,
    IDLE,
    Case("languages", IN, ("xx", ["xx"]), ("ru-RU, kk-KZ", ["ru-RU", "kk-KZ"]), ("en-US", ["en-US"]), ["ru-RU"]),
    MAX,
]  # fmt: skip

NO_KEYS_OF_YANDEX = ("prefix_padding_ms", "create_response", "interrupt_response")
"""Parts of turn detection that the fake refuses by itself, as that service was seen to do."""


class Walk:
    """Goes over the rows of one dialect, and knows what the session must hold by then."""

    def __init__(self, here: Cockpit, deeply: bool) -> None:
        self.here = here
        self.deeply = deeply
        self.held: dict[str, dict[str, Any]] = {"input": {"turn_detection": VAD}, "output": {}}
        self.events = 0

    def hold(self, case: Case, value: Any) -> None:
        """The client wants this from now on."""
        if case.where:
            self.held[case.where[1]][case.name] = value

    def value(self, case: Case, typed: Any) -> Any:
        """A typed value as the setting has it: alone, or with what is in its object already."""
        if not case.inside:
            return typed
        return {**self.held["input"].get(case.name, {}), case.key: typed}

    def session(self, case: Case, value: Any) -> Event:
        """The whole ``session`` of an update that carries a setting and nothing else."""
        session: Event = {"type": "realtime"} if self.deeply else {}
        if not case.where:
            return {**session, case.name: value}
        side = case.where[1]
        if self.deeply:
            return {**session, "audio": {side: {case.name: value}}}
        return {**session, "audio": {side: {"format": PCM, **self.held[side], case.name: value}}}

    async def sends(self, case: Case, typed: tuple[str, Any]) -> Event:
        """Type a value, send it, and judge what arrives."""
        here, (text, wire) = self.here, typed
        await here.type_value(case.path, text)
        await here.settled(case.path, "●")
        assert here.columns(case.path)[0] == text
        assert here.wire.nothing_new(), "what is typed is not sent before F7"
        await here.press("f7")
        update = await here.wire.update()
        value = self.value(case, wire)
        assert update == {"type": "session.update", "event_id": update["event_id"],
                          "session": self.session(case, value)}  # fmt: skip
        if self.deeply:
            accept_session(update["session"])
        await here.settled(case.path, "…")
        assert here.columns(case.path)[:2] == (text, text)
        return update

    async def take(self, case: Case) -> None:
        """A row through refusal, silence and a late answer, and an answer that is something else."""
        here = self.here
        if case.first is not None:
            path, text, wire = case.first
            await here.edit(path, text)
            update = await here.wire.update()
            self.held["input"]["turn_detection"] = wire
            await here.wire.acknowledge(update)
            await here.settled(path, "✓")
        in_force = here.columns(case.path)[2]
        update = await self.sends(case, case.refused)
        await here.wire.refuse(update, ".".join(["session", *case.where, case.path]))
        await here.settled(case.path, "✗")
        assert here.columns(case.path) == (case.refused[0], case.refused[0], in_force)
        assert "No such value." in here.state
        assert "No such value." in here.about, "the field itself says why"

        update = await self.sends(case, case.silent)
        assert here.columns(case.path)[2] == in_force
        await here.pass_three_seconds(update)
        await here.settled(case.path, "?")
        await here.wire.acknowledge(update)
        await here.settled(case.path, "✓")
        assert here.columns(case.path) == (case.silent[0],) * 3
        self.hold(case, self.value(case, case.silent[1]))

        update = await self.sends(case, case.changed)
        made = self.value(case, case.made)
        await here.wire.acknowledge(update, **{"__".join([*case.where, case.name]): made})
        await here.settled(case.path, "≠")
        self.hold(case, self.value(case, case.changed[1]))
        assert here.columns(case.path) == (case.changed[0], case.changed[0], seen(case, case.made))
        assert "the server applied another value" in here.state


def seen(case: Case, made: Any) -> str:
    """How a value of the server is read."""
    return shown(made) or "·"


async def test_every_field_of_openai_is_typed_sent_alone_and_followed_to_the_end():
    async with cockpit("openai") as here:
        walk = Walk(here, deeply=True)
        walk.held["input"]["transcription"] = {"model": "gpt-transcribe"}
        walked = {case.path for case in OPENAI}
        absent = {field.path for field in fields_of(DIALECTS["openai"]) if not has(DIALECTS["openai"], field)}
        assert walked | absent | NEEDS_SESSION == {field.path for field in fields_of(DIALECTS["openai"])}
        await here.open_table()
        for case in OPENAI:
            await walk.take(case)
        for path in sorted(absent):
            await is_absent(here, path)


async def test_every_field_of_yandex_is_typed_sent_with_its_side_and_followed_to_the_end():
    dialect = DIALECTS["yandex"]
    async with cockpit("yandex", offences=True) as here:
        walk = Walk(here, deeply=False)
        walk.held["output"] = {"voice": "dasha"}
        absent = {field.path for field in fields_of(dialect) if not has(dialect, field)}
        refused = {f"turn_detection.{key}" for key in NO_KEYS_OF_YANDEX}
        others = {"turn_detection", *NEEDS_SESSION}
        assert {case.path for case in YANDEX} | absent | others | refused == {f.path for f in fields_of(dialect)}
        await here.open_table()
        for case in YANDEX:
            await walk.take(case)
        for path in sorted(absent):
            await is_absent(here, path)
        assert here.wire.server.offences == []


async def test_of_two_fields_refused_together_the_one_to_blame_has_the_reason_and_the_other_is_held():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.type_value("voice", "no-such")
        await here.settled("voice", "●")
        await here.type_value("speed", "1.5")
        await here.settled("speed", "●")
        await here.press("f7")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "audio": {"output": {"voice": "no-such", "speed": 1.5}}}
        await here.wire.refuse(update, "session.audio.output.voice", "There is no voice 'no-such'.")
        await here.settled("voice", "✗")
        assert here.mark("speed") == "✗"
        await here.go_to("voice")
        await here.until(lambda: "There is no voice 'no-such'." in here.about, "the field to blame has the reason")
        await here.go_to("speed")
        await here.until(lambda: "refused together with voice" in here.about, "the other one says with what")
        assert "There is no voice" not in here.about

        await here.edit("voice", "cedar")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "audio": {"output": {"voice": "cedar", "speed": 1.5}}}
        await here.wire.acknowledge(update)
        await here.settled("voice", "✓")
        assert here.mark("speed") == "✓"


async def test_an_error_about_something_else_refuses_no_field():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.edit("voice", "cedar")
        update = await here.wire.update()
        await here.settled("voice", "…")
        await here.wire.refuse({"event_id": "e-999"}, "item_id", "There is no such item.")
        notices = here.app.store.notices
        await here.until(lambda: any("no such item" in n.text for _, n in notices), "the error has arrived")
        here.app.pulse()
        assert here.mark("voice") == "…"
        await here.wire.acknowledge(update)
        await here.settled("voice", "✓")


async def test_three_seconds_without_an_answer_are_three_seconds(monkeypatch: pytest.MonkeyPatch):
    assert edits.UNANSWERED_S == 3.0
    async with cockpit("openai") as here:
        monkeypatch.setattr(edits, "UNANSWERED_S", 0.05)
        await here.open_table()
        await here.edit("voice", "cedar")
        update = await here.wire.update()
        await here.settled("voice", "?")
        assert "sent, not answered" in here.state
        monkeypatch.setattr(edits, "UNANSWERED_S", 3.0)  # this time the answer is to come before that
        await here.press("f7")
        again = await here.wire.update()
        assert again["session"] == update["session"], "F7 asks once more"
        await here.wire.acknowledge(again)
        await here.settled("voice", "✓")


async def test_turn_detection_is_switched_off_as_null_and_comes_back_by_its_name():
    async with cockpit("openai") as here:
        await here.open_table()
        for text, value in (("none", None), ("server_vad", {"type": "server_vad"})):
            await here.edit("turn_detection", text)
            update = await here.wire.update()
            assert update["session"] == {"type": "realtime", "audio": {"input": {"turn_detection": value}}}
            accept_session(update["session"])
            await here.settled("turn_detection", "…")
            await here.wire.acknowledge(update)
            await here.settled("turn_detection", "✓")
            assert here.columns("turn_detection") == (text,) * 3


async def test_transcription_is_switched_off_as_null_and_all_three_columns_say_off():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.edit("transcription.model", "off")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "audio": {"input": {"transcription": None}}}
        accept_session(update["session"])
        await here.wire.acknowledge(update)
        await here.until(lambda: here.state.endswith("✓ acknowledged  transcription"), "it is acknowledged")
        assert here.mark("transcription.model") == "✓"
        assert here.columns("transcription.model") == ("off",) * 3


async def test_instructions_are_sent_alone_and_marked():
    async with cockpit("yandex") as here:
        await here.press("e")
        await here.until(lambda: here.app.query("#fields") and here.app.focused is here.instructions, "it is open")
        await here.press("end", *"!!", "f7")
        update = await here.wire.update()
        assert update["session"] == {"instructions": "Be brief.!!"}
        head = here.app.query_one("#agent-count", FixedLine)
        await here.until(lambda: head.words.startswith("instructions …"), "they are marked as sent")
        await here.wire.acknowledge(update)
        await here.until(lambda: head.words.startswith("instructions ✓"), "they are marked as acknowledged")


async def is_absent(here: Cockpit, path: str) -> None:
    """A field that the provider has not says so, and takes nothing."""
    assert here.mark(path) == "–"
    await here.go_to(path)
    await here.until(lambda: "not at this provider" in here.about, "it says so")
    await here.press("enter", "right", "o", "delete", "f7")
    await here.until(lambda: here.state == "nothing changed", "F7 finds nothing to send")
    assert not here.value_field.display
    assert here.wire.nothing_new()
