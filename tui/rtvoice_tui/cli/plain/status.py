"""The state of the session, its agent and its devices, in words for the ear."""

from rtvoice_tui.cli.plain import turns
from rtvoice_tui.cli.plain.lines import LIVE
from rtvoice_tui.cli.plain.wording import advice, line
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.media import DeviceState
from rtvoice_tui.session.facts import CallChanged, Phase
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.audio import DeviceView
from rtvoice_tui.store.store import Store

_PHASES = {
    Phase.OFFLINE: "not connected",
    Phase.CONNECTING: "connecting",
    Phase.CONFIGURING: "connecting",
    Phase.REFUSED: "the server refuses the settings",
    Phase.READY: "waiting for you",
    Phase.LISTENING: "listening",
    Phase.HEARING: "hearing you",
    Phase.THINKING: "the agent is thinking",
    Phase.TOOL: "a tool is running",
    Phase.SPEAKING: "the agent is speaking",
}


def about(editor: AgentEditor) -> str:
    """Provider, model, voice and profile."""
    agent = editor.kept
    voice = agent.settings.voice
    model = (agent.model or editor.dialect.model).rpartition("/")[2]
    words = [
        editor.dialect.title,
        f"model {model}" if model else "",
        f"voice {voice}" if isinstance(voice, str) and voice else "",
    ]
    return ", ".join([*(word for word in words if word), f"profile {editor.name}"])


def session_words(controller: Controller) -> str:
    """What a session is with: the agent, and how the user talks to it."""
    return f"{about(controller.edits.editor)}; {_microphone(controller)}"


def _microphone(controller: Controller) -> str:
    if controller.session.plan.audio.silent:
        return "no sound, type"
    view = controller.store.audio.input
    if view.absent:
        return "no microphone, type"
    mode = "" if controller.talk.mode is TalkMode.OPEN else ", /talk starts and ends a turn"
    return line(f"microphone {view.name}{mode}")


def status(controller: Controller, now: float, asked: CallChanged | None = None) -> list[str]:
    """Phase, profile, latency, tokens and devices, one line each; first the question that waits.

    Args:
        controller: the session.
        now: seconds on the store's clock.
        asked: the call that waits for the user.
    """
    store = controller.store
    session = store.session
    words = "a question waits for you" if asked is not None else _PHASES[session.phase]
    if session.phase is Phase.OFFLINE and session.reason and session.lost:
        words = f"{words}: {advice(session.reason, session.remedy, controller.profiles.current)}"
    elif session.phase in LIVE and session.opened_at is not None:
        minutes, seconds = divmod(int(now - session.opened_at), 60)
        words = f"{words}, connected for {f'{minutes} min ' if minutes else ''}{seconds} s, turn {session.turn}"
    found = [line(words), line(about(controller.edits.editor)), _latency(store), _tokens(store)]
    servers = [f"tool server {server.name}: {server.state} {server.detail}" for server in store.calls.servers.values()]
    waiting = [turns.question(asked)] if asked is not None else []
    return [*waiting, *(words for words in found if words), *map(line, servers), *devices(controller)]


def _latency(store: Store) -> str:
    timings = store.timings
    last, half, most = timings.last_answered(), timings.percentile(0.5), timings.worst()
    if last is None or last.waited_ms is None or half is None or most is None:
        return "latency: no answer yet"
    return f"latency: last {last.waited_ms:.0f} ms, p50 {half:.0f} ms, worst {most[1]:.0f} ms in turn {most[0]}"


def _tokens(store: Store) -> str:
    usage = store.usage
    if not usage.answers:
        return "tokens: none reported"
    cached = f", {usage.cached_tokens} of them cached" if usage.cached_tokens else ""
    return f"tokens: {usage.input_tokens} in{cached}, {usage.output_tokens} out"


def devices(controller: Controller) -> list[str]:
    """Both devices that are in use, and what is wrong with them."""
    if controller.session.plan.audio.silent:
        return [f"sound: none, {controller.talk.no_devices}"]
    audio, settings = controller.store.audio, controller.session.audio_settings
    found = [
        *_device("microphone", audio.input, settings.muted, settings.mic_gain_db),
        *_device("speaker", audio.output, settings.agent_muted, settings.agent_gain_db),
    ]
    return list(dict.fromkeys(found))  # both may lack the same


def _device(part: str, view: DeviceView, muted: bool, gain_db: float) -> list[str]:
    words = "none" if view.absent else view.name
    if view.state not in (DeviceState.OPEN, DeviceState.NONE):
        words += f", {view.state}"
    if muted:
        words += ", muted"
    if gain_db:
        words += f", volume {gain_db:+.0f} dB"
    found = [line(f"{part}: {words}")]
    if view.sentence:
        found.append(f"warning: {advice(view.sentence, view.remedy)}")
    return found
