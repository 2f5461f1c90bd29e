"""The row of meters and the ten seconds below it: every state is read without a colour, at every width."""

from collections.abc import Callable

import pytest
from rich.cells import cell_len
from still import pulse, screen_text, still_app

from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.media import AudioSettings, DeviceState, Level
from rtvoice_tui.session.facts import AudioSet, Phase, PhaseChanged
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.glyphs import ascii_only
from rtvoice_tui.ui.widgets.bars import bar
from rtvoice_tui.ui.widgets.meters import MeterRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel

NOW = 60.0


def talking() -> Store:
    store = Store()
    store.record(PhaseChanged(Phase.SPEAKING), 1.0)
    store.audio.input = DeviceView("microphone", state=DeviceState.OPEN)
    store.audio.output = DeviceView("headset", state=DeviceState.OPEN)
    store.mic.update(Level(-21, -9), NOW)
    store.speaker.update(Level(-27, -14), NOW)
    store.session.turn = 7
    return store


def _echo(word: str, db: float | None = None, is_open: bool = True) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        store.audio.echo, store.audio.echo_db, store.audio.gate_open = word, db, is_open

    return change


def _input(state: DeviceState) -> Callable[[Store], None]:
    return lambda store: setattr(store.audio.input, "state", state)


def _wanted(**fields: bool) -> Callable[[Store], None]:
    return lambda store: store.record(AudioSet(AudioSettings(**fields)), NOW)


def _audio(**fields: object) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        for name, value in fields.items():
            setattr(store.audio, name, value)

    return change


STATES: list[tuple[Callable[[Store], None], str, str]] = [
    (_audio(), "-21 MIC -27 OUT SPEAKING", "AEC GATE HALF you DUCK CLIP shut open MUTED none lost"),
    (lambda store: store.mic.update(Level(-1, 0, clipped=True), NOW), "CLIP", ""),
    (lambda store: store.speaker.update(Level(-1, 0, clipped=True), NOW), "CLIP", ""),
    (_audio(local_speech=True), "you", "shut"),
    (_audio(ducked=True), "DUCK", ""),
    (_audio(buffered_ms=2360.0), "2.4s", ""),
    (_echo("converging"), "AEC …", "open"),
    (_echo("cancelling", 27.4), "AEC 27", "open"),
    (_echo("gate", None), "GATE open", "shut"),
    (_echo("gate", None, is_open=False), "GATE shut", "open"),
    (_echo("half-duplex", None, is_open=False), "HALF shut", "open"),
    (_wanted(muted=True), "MUTED -27", ""),
    (_wanted(agent_muted=True), "MUTED -21", ""),
    (_audio(input=DeviceView()), "none -27", ""),
    (_input(DeviceState.SILENT), "SILENT", ""),
    (_input(DeviceState.GONE), "GONE", ""),
    (_input(DeviceState.FROZEN), "FROZEN", ""),
    (_input(DeviceState.WRONG), "WRONG?", ""),
    (_input(DeviceState.DENIED), "DENIED", ""),
    (_input(DeviceState.REFUSED), "REFUSED", ""),
]


@pytest.mark.parametrize("width", [120, 100, 80])
async def test_every_state_of_the_sound_is_a_word_in_the_row(width: int) -> None:
    store = talking()
    async with still_app(store, (width, 24)) as pilot:
        row = pilot.app.query_one(MeterRow)
        for change, shown, hidden in STATES:
            fresh = talking()
            store.audio, store.mic, store.speaker = fresh.audio, fresh.mic, fresh.speaker
            store.audio_settings, store.talk = fresh.audio_settings, fresh.talk
            change(store)
            row.sync(NOW)
            said = set(row.words.replace("AEC …", "AEC…").split())
            assert set(shown.replace("AEC …", "AEC…").split()) <= said, row.words
            assert not said & set(hidden.split()), row.words
            assert cell_len(row.words) <= width
            assert "SPEAKING" in row.words[-20:], "the state word is whole"


@pytest.mark.parametrize("width", [160, 120, 100, 80, 60])
@pytest.mark.parametrize(("mode", "word"), [(TalkMode.TOGGLE, "push"), (TalkMode.HOLD, "hold")])
async def test_a_way_of_talking_that_waits_for_a_key_is_a_word_beside_the_state(
    mode: TalkMode, word: str, width: int
) -> None:
    store = talking()
    async with still_app(store, (width, 24)) as pilot:
        row = pilot.app.query_one(MeterRow)
        row.sync(NOW)
        assert word not in row.words
        for change, shown, _ in STATES:
            fresh = talking()
            store.audio, store.mic, store.speaker = fresh.audio, fresh.mic, fresh.speaker
            store.audio_settings, store.talk = fresh.audio_settings, fresh.talk
            change(store)
            store.talk.mode = mode
            row.sync(NOW)
            assert f" {word}{' to talk' if width >= 120 else ''} SPEAKING" in row.words
            assert cell_len(row.words) <= width
            if width >= 80:
                assert set(shown.replace("AEC …", "AEC").split()) <= set(row.words.split()), row.words
        store.talk.until = NOW + 29
        store.audio.dropped, store.audio.underruns = 2, 3
        row.sync(NOW)
        assert cell_len(row.words) <= width
        assert f"{word}{' to talk' if width >= 120 else ''} TALK 29s" in row.words


async def test_counters_and_delivery_are_shown_where_there_is_room():
    store = talking()
    store.audio.underruns, store.audio.dropped, store.audio.overflows = 3, 1, 2
    store.audio.jitter_buffer_ms, store.audio.jitter_ms = 60.0, 18.0
    async with still_app(store, (160, 24)) as pilot:
        row = pilot.app.query_one(MeterRow)
        row.sync(NOW)
        assert all(words in row.words for words in ("under 3", "lost 3", "pre  60ms jitter  18ms", "turn 7"))
        await pilot.resize_terminal(60, 20)
        row.sync(NOW)
        assert all(words in row.words for words in ("MIC", "-21", "OUT", "-27", "SPEAKING", "t7"))
        assert cell_len(row.words) <= 60


@pytest.mark.drawn
async def test_the_row_is_painted_again_only_when_its_words_change():
    store = talking()
    async with still_app(store) as pilot:
        row = pilot.app.query_one(MeterRow)
        row.sync(NOW)
        await pilot.pause(0)
        painted = []
        row.refresh = lambda *args, **more: painted.append(row.words) or row  # type: ignore[method-assign]
        for _ in range(15):
            row.sync(NOW)
        assert painted == []
        store.mic.update(Level(-12, -9), NOW)
        row.sync(NOW)
        assert len(painted) == 1


def test_a_bar_in_ascii_is_filled_up_to_the_level_and_marked_at_the_peak():
    meter = Meter()
    words = ["".join(text for text, _ in bar(meter.read(NOW), 10, True))]
    for level in (Level(-30, -12), Level(-18, -12), Level(-1, 0)):
        meter.update(level, NOW)
        words.append("".join(text for text, _ in bar(meter.read(NOW), 10, True)))
    assert words == ["[          ]", "[#####---| ]", "[#######-| ]", "[#########|]"]


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "linux"}, True),
        ({"TERM": "linux", "RTVOICE_ASCII": "0"}, False),
        ({"TERM": "xterm", "RTVOICE_ASCII": "1"}, True),
    ],
)
def test_a_terminal_without_blocks_is_known_or_said_to_be_one(
    environ: dict[str, str], plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "UTF-8")
    assert ascii_only(environ) is plain
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "ISO-8859-5")
    assert ascii_only({"TERM": "xterm"})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The session's time, which goes on only where a test says so."""
    time = [49.0]
    monkeypatch.setattr(IdleSession, "clock", property(lambda session: time[0]))
    return time


def ten_seconds(store: Store, panel: SoundPanel, clock: list[float]) -> None:
    """A word of the user, then an answer with a gap; the microphone loses frames and fails in between."""
    for step in range(1, 151):
        at = clock[0] = 50 + step / 15
        spoke = step > 75
        if not 30 < step <= 45:
            store.mic.update(Level(-12, -2, clipped=step == 20) if 15 < step < 30 else Level(-60, -60), at)
        if spoke:
            store.speaker.update(Level(-24, -15), at)
        store.audio.local_speech = 15 < step < 30
        store.audio.buffered_ms = 1200.0 if spoke else 0.0
        store.audio.ducked = step > 140
        store.audio.underruns, store.audio.overflows = int(step > 100), int(step > 60)
        store.record(PhaseChanged(Phase.SPEAKING if spoke else Phase.HEARING if step < 36 else Phase.THINKING), at)
        panel.sync(at)


@pytest.mark.parametrize(("size", "columns"), [((120, 40), 100), ((80, 24), 50)])
async def test_ten_seconds_of_sound_show_who_spoke_and_what_was_lost(
    size: tuple[int, int], columns: int, clock: list[float]
) -> None:
    store = talking()
    store.audio.jitter_buffer_ms, store.audio.jitter_buffer_bounds_ms = 60.0, (20.0, 200.0)
    async with still_app(store, size) as pilot:
        panel = pilot.app.query_one(SoundPanel)
        await pilot.press("H")
        await pilot.pause(0)
        ten_seconds(store, panel, clock)
        lines = panel.words.splitlines()
        per_s = columns // 10
        graphs = {line[:7].split()[0]: line[8 : 8 + columns] for line in lines if line[:3].strip()}
        assert {"MIC", "you", "OUT", "agent", "buffer"} <= set(graphs)
        assert graphs["MIC"].count("!") == 1, "one column clipped"
        assert 0.7 * per_s <= graphs["you"].count("━") <= 1.3 * per_s
        assert graphs["you"].count("x") == 1, "the lost frame is in one column"
        assert graphs["agent"].rstrip().endswith("┄")
        assert graphs["buffer"].count("u") == 1
        assert len(graphs["agent"].strip()) == pytest.approx(5 * per_s, abs=1)
        assert "pre 60 ms (20–200)" in panel.words
        assert "under 1" in panel.words
        assert "CLIP ×1" in panel.words
        assert all(cell_len(line) <= size[0] - 2 for line in lines)


async def test_a_gap_of_the_microphone_is_empty_and_silence_is_a_line(clock: list[float]) -> None:
    store = talking()
    async with still_app(store) as pilot:
        panel = pilot.app.query_one(SoundPanel)
        await pilot.press("H")
        await pilot.pause(0)
        ten_seconds(store, panel, clock)
        floor = panel.words.splitlines()[3][8:108]
        assert floor[:8] == "▁" * 8
        assert floor[22:29] == " " * 7
        assert floor[50:60] == "▁" * 10


async def test_a_closed_panel_is_not_laid_out_and_still_knows_the_last_ten_seconds(clock: list[float]) -> None:
    store = talking()
    async with still_app(store) as pilot:
        panel = pilot.app.query_one(SoundPanel)
        ten_seconds(store, panel, clock)
        assert panel.words == ""
        await pilot.press("H")
        await pilot.pause(0)
        await pulse(pilot)
        assert "━" * 8 in panel.words
        assert "Sound" in screen_text(pilot)


async def test_a_plain_terminal_sees_both_meters_and_their_history_in_ascii(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    monkeypatch.setenv("RTVOICE_ASCII", "1")
    store = talking()
    async with still_app(store) as pilot:
        panel = pilot.app.query_one(SoundPanel)
        await pilot.press("H")
        await pilot.pause(0)
        ten_seconds(store, panel, clock)
        store.mic.update(Level(-21, -9), NOW)
        await pulse(pilot)
        lines = screen_text(pilot).splitlines()
    assert " MIC __________=" in lines[1], "a second of silence, then speech"
    assert "OUT ====" in lines[1]
    painted = "\n".join([*lines[:2], *lines[3:14]])
    assert painted.isascii(), [sign for sign in painted if not sign.isascii()]
