"""The microphone is closed when the app has ended, however that was, and while it stands aside."""

import signal
from collections.abc import Callable, Iterator

import pytest
from ends import LIMIT_S, Job, assert_ended, await_ready, codes, job, remote, silent

from realtime_server import FakeServer, in_thread, plain
from virtual_audio import VirtualAudio, wait_until

pytestmark = pytest.mark.device

ENDS: dict[str, Callable[[Job], object]] = {
    "SIGTERM": lambda app: app.send(signal.SIGTERM),
    "the window is closed": lambda app: app.hang_up(),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with in_thread(plain(silent)) as made:
        yield made


def listeners(sound: VirtualAudio) -> int:
    """How many listen at the microphone; the sound server itself listens for it at the mouth."""
    return sound.streams("source-outputs") - 1


def await_closed(sound: VirtualAudio) -> None:
    wait_until(lambda: listeners(sound) == 0, "nobody listens", LIMIT_S)
    wait_until(lambda: sound.streams("sink-inputs") == 0, "nobody plays", LIMIT_S)


def await_listening(sound: VirtualAudio, app: Job) -> None:
    """Until the session is live and the microphone open."""
    await_ready(app)
    wait_until(lambda: listeners(sound) == 1, "it listens", LIMIT_S)


@pytest.mark.parametrize("how", ENDS)
def test_the_microphone_is_closed_when_the_app_has_ended(
    sound: VirtualAudio, on_devices: dict[str, str], server: FakeServer, how: str
) -> None:
    with job(remote(server), on_devices) as app:
        await_listening(sound, app)
        ENDS[how](app)
        app.note("ended")
        await_closed(sound)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=lambda number: number.name)
def test_a_signal_ends_an_app_that_listens_and_gives_the_terminal_back(
    sound: VirtualAudio, on_devices: dict[str, str], server: FakeServer, number: signal.Signals
) -> None:
    """The threads of open devices are in the way of no end."""
    with job(remote(server), on_devices) as app:
        await_listening(sound, app)
        started = app.started
        app.send(number)
        assert_ended(app, codes(number), started)


def test_the_microphone_is_closed_with_the_window_where_hang_ups_are_ignored(
    sound: VirtualAudio, on_devices: dict[str, str], server: FakeServer
) -> None:
    with job(remote(server), on_devices, ["SIGHUP"]) as app:
        await_listening(sound, app)
        app.hang_up()
        await_closed(sound)
        app.note("ended")


@pytest.mark.parametrize("way", ["ctrl+z", "SIGTSTP"])
def test_the_microphone_is_closed_while_the_app_stands_aside_and_open_again_after(
    sound: VirtualAudio, on_devices: dict[str, str], server: FakeServer, way: str
) -> None:
    """A process that stands still can close nothing: it must have been closed before."""
    with job(remote(server), on_devices) as app:
        await_listening(sound, app)
        app.terminal.press("ctrl+z") if way == "ctrl+z" else app.send(signal.SIGTSTP)
        app.note("stopped")
        assert listeners(sound) == 0, "it holds the microphone"
        app.terminal.type("fg\n")
        app.note("continued")
        await_listening(sound, app)
        started = app.started
        app.terminal.press("q")
        assert_ended(app, {0}, started)
        await_closed(sound)
