"""A replay at one time, kept in memory, from which it can go on as often as needed."""

import io
import pickle
import threading
from typing import Any

from rtvoice_tui.protocol.realtime.dialects import DIALECTS, Dialect
from rtvoice_tui.recording.replaying import Place
from rtvoice_tui.store.event_log import EventLog, LogState
from rtvoice_tui.store.store import Store

_LOCK, _LOG, _DIALECT = "lock", "log", "dialect"
_Lock = type(threading.Lock())


class Checkpoint:
    """A copy of a replay: where it is, its machine, and the store that it fills.

    Args:
        place: where the replay is.
        store: what it has filled.
    """

    def __init__(self, place: Place, store: Store) -> None:
        self.at = place.at
        self._log: LogState = store.events.state()
        file = io.BytesIO()
        _Pickler(file, pickle.HIGHEST_PROTOCOL).dump((place, store))
        self._data = file.getvalue()

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        log = self._log
        return len(self._data) + 12 * log.rows + 4 * len(log.groups.of_row) + 30 * log.groups.groups

    def restore(self, log: EventLog) -> tuple[Place, Store]:
        """The replay as it was. ``log``: the log of the replay that was copied, which may have gone on since."""
        place, store = _Unpickler(io.BytesIO(self._data), log.at(self._log)).load()
        return place, store


class _Pickler(pickle.Pickler):
    """Leaves out what belongs to this process."""

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, EventLog):
            return (_LOG, "")
        if isinstance(obj, _Lock):
            return (_LOCK, "")
        return (_DIALECT, obj.name) if isinstance(obj, Dialect) else None


class _Unpickler(pickle.Unpickler):
    """Reads what `_Pickler` wrote in this process. Never used for a file."""

    def __init__(self, file: io.BytesIO, log: EventLog) -> None:
        super().__init__(file)
        self._log = log

    def persistent_load(self, pid: tuple[str, str]) -> Any:
        kind, name = pid
        if kind == _LOG:
            return self._log
        return DIALECTS[name] if kind == _DIALECT else threading.Lock()
