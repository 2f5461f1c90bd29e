"""What is written to a journal is read again as it was, whatever the settings and tools are."""

import msgspec
from hypothesis import given, settings

from protocol.any_settings import ANY_DIALECT, SETTINGS, TOOLS
from rtvoice_tui.engine.observers import MachineMade
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.recording.format import JournalLine, encoded
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE


def read(line: JournalLine) -> JournalLine:
    data = encoded(line)
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    return msgspec.json.decode(data, type=JournalLine)


@settings(deadline=None)
@given(SETTINGS, TOOLS, ANY_DIALECT)
def test_any_settings_and_tools(given_settings: SessionSettings, tools: list[ToolSpec], dialect: Dialect) -> None:
    rules = (OPEN_MICROPHONE, AudioSettings(gate_db=-43.0), 20)
    made = MachineMade(dialect.name, given_settings, tuple(tools), *rules, 3, "mine", "server model")
    line = JournalLine(at=1.25, machine=made, frames=7)
    assert read(line) == line
    line = JournalLine(at=2.5, happened=EditSession(given_settings, tuple(tools), "edit-1"))
    assert read(line) == line
