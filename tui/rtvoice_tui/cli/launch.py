"""From options and a profile to a running cockpit."""

import asyncio
import contextlib
import dataclasses
import io
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.cli.console import COULD_NOT_RUN
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.errors import NoTemporaryFolder, ProfileError
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles import paths, secrets
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.state import load_state, remember
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from rtvoice_tui.store.store import Store
from rtvoice_tui.tools.registry import Registry, Toolset

if TYPE_CHECKING:
    from rtvoice_tui.ui.terminal.endings import Endings


@dataclass(frozen=True)
class Options:
    """What was given on the command line; ``None`` where the profile decides."""

    profile: str | None = None
    provider: str | None = None
    url: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    voice: str | None = None
    instructions: str | None = None
    input_device: str | None = None
    output_device: str | None = None
    input_file: Path | None = None
    output_file: Path | None = None
    no_audio: bool = False
    no_connect: bool = False

    @property
    def override(self) -> bool:
        """Whether the agent is another than the profile's, so that its edits do not belong there."""
        return self.provider is not None or self.url is not None


class RemoteServer:
    """A server elsewhere: its key is looked up at every connect, and not before.

    Args:
        profile: whose server.
        chosen: whether the user gave its address on the command line.
    """

    def __init__(self, profile: Profile, chosen: bool = False) -> None:
        self._profile = profile
        self._chosen = chosen

    async def endpoint(self) -> Endpoint:
        """Address and headers."""
        return await asyncio.to_thread(secrets.endpoint, self._profile, os.environ, self._chosen)

    async def close(self) -> None:
        """Nothing to end."""


def launch(options: Options) -> int:
    """Open the cockpit; returns the exit code.

    Raises:
        ProfileError: the profile or an option cannot be used.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("rtvoice-tui needs a terminal (see 'rtvoice-tui --help' for other commands)")
    # another provider's agent begins as the built-in one does, and not with whatever was open last
    name = options.profile or ("local" if options.provider else load_state().profile) or "local"
    profile, problem = _profile_or_local(name, explicit=options.profile is not None)
    name = name if not problem else "local"
    profile = with_options(profile, options)
    for size in ("COLUMNS", "LINES"):  # exported by some shells: the terminal itself knows better, also when resized
        os.environ.pop(size, None)
    with own_stderr():
        code, told = _run(name, profile, options, problem)
    if told:  # now that standard error is the user's again
        click.echo(f"rtvoice-tui {told}", err=True)
    return code


def _run(name: str, profile: Profile, options: Options, problem: str) -> tuple[int, str]:
    """Run the cockpit; the exit code, and what is to be told on the terminal afterwards."""
    from rtvoice_tui.ui.terminal.endings import Endings

    endings = Endings()
    with endings.handled():
        return _run_until(endings, name, profile, options, problem)


def _run_until(endings: "Endings", name: str, profile: Profile, options: Options, problem: str) -> tuple[int, str]:
    from rtvoice_tui.editing.editor import AgentEditor
    from rtvoice_tui.session.facts import Level, Notice
    from rtvoice_tui.ui.app import RtvoiceApp
    from rtvoice_tui.ui.themes import DEFAULT

    store = _new_store()
    planner = OptionsPlanner(options)
    plan, problems = planner.plan(profile, None)
    session = SessionWorker(plan, store)
    for sentence in [problem, *problems]:
        if sentence:
            session.report(Notice(Level.WARNING, sentence))
    app = RtvoiceApp(
        session,
        store,
        AgentEditor(name, profile, "" if options.override else profile_text(name)),
        planner,
        remember=remember,
        theme_name=load_state().theme or DEFAULT,
    )
    if not load_state().profile and profile.provider == "local":
        words = "this is the built-in agent; p sets up Yandex, OpenAI or another provider"
        session.report(Notice(Level.INFO, words))
    if not problem:
        remember(profile=name)
    endings.use(app.end)
    app.run()
    if app.failure:
        return app.return_code or 1, f"failed: {app.failure} (details are in {paths.log_file()})"
    told = f"ended: {app.ended_by}" if app.ended_by and not endings.terminal_gone else ""
    return app.return_code or 0, told


class NoTerminal(click.ClickException):
    """Standard input or output is no terminal."""

    exit_code = COULD_NOT_RUN


def _new_store() -> Store:
    try:
        return Store()
    except OSError:
        raise NoTemporaryFolder("no temporary file can be made", "set TMPDIR to a folder that can be written") from None


class OptionsPlanner:
    """Makes plans from profiles; the command line's devices hold for all of them.

    Args:
        options: what was given on the command line.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._registry = Registry(paths.profiles_folder())

    def toolset(self, profile: Profile) -> tuple[Toolset, list[str]]:
        """The tools that run here, and a sentence for each that cannot."""
        return self._registry.toolset(profile)

    def device_chosen(self, direction: str) -> None:
        """Another device was chosen in the app: the command line's holds no more."""
        if direction == "input":
            self._options = dataclasses.replace(self._options, input_device=None, input_file=None)
        else:
            self._options = dataclasses.replace(self._options, output_device=None, output_file=None)

    def plan(self, profile: Profile, source: EndpointSource | None) -> tuple[Plan, list[str]]:
        """A plan, and what is wrong with it; a local agent that runs already is used again."""
        toolset, problems = self.toolset(profile)
        plan = make_plan(profile, self._options, toolset)
        if source is not None and type(plan.source) is type(source) and not isinstance(source, RemoteServer):
            plan = dataclasses.replace(plan, source=source)
        return plan, problems


def make_plan(profile: Profile, options: Options, toolset: Toolset) -> Plan:
    """What the session is made of."""
    source: EndpointSource = RemoteServer(profile, chosen=bool(options.url) and options.url == profile.url)
    if profile.provider == "local" and not profile.url:
        from rtvoice_tui.local_agent.process import LocalAgentProcess

        source = LocalAgentProcess()
    return Plan(
        dialect=profile.dialect,
        settings=profile.session,
        tools=profile.tool_specs,
        toolset=toolset,
        source=source,
        audio=AudioChoice(
            options.input_device or profile.audio.input_device,
            options.output_device or profile.audio.output_device,
            options.input_file,
            options.output_file,
            options.no_audio,
            profile.audio.echo,
            profile.audio.noise_suppression,
        ),
        talk=TalkRules(TalkMode(profile.audio.talk), profile.audio.talk_limit_s, profile.audio.interrupt == "local"),
        audio_settings=AudioSettings(
            mic_gain_db=profile.audio.input_gain_db,
            agent_gain_db=profile.audio.output_gain_db,
            gate_db=profile.audio.gate_db,
        ),
        heartbeat=profile.heartbeat_s,
        connect=not options.no_connect,
    )


_OF_ONE_PROVIDER = ("voice", "role", "languages", "transcription", "noise_reduction", "speed", "extra")
"""Settings that mean nothing to another provider."""


def with_options(profile: Profile, options: Options) -> Profile:
    """The profile with the command line's overrides.

    Raises:
        ProfileError: an instructions file cannot be read.
    """
    given: dict[str, Any] = {
        key: value
        for key in ("provider", "url", "model", "api_key_env")
        if (value := getattr(options, key)) is not None
    }
    session: dict[str, Any] = {}
    if given.get("provider", profile.provider) != profile.provider:
        given = {"model": "", "url": "", "api_key_env": "", **given}
        given["tools"] = [tool for tool in profile.tools if tool.run.kind != "hosted"]
        session = dict.fromkeys(_OF_ONE_PROVIDER, UNSET)
    if options.voice is not None:
        session["voice"] = options.voice
    if options.instructions is not None:
        session["instructions"] = _instructions(options.instructions)
    if options.no_audio:
        session["output_modalities"] = ["text"]
    return replace(profile, **given, session=replace(profile.session, **session))


def _instructions(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"the instructions in {text[1:]} cannot be read: {error}", "give --instructions @FILE"
        ) from None


def _profile_or_local(name: str, explicit: bool) -> tuple[Profile, str]:
    """A profile; one that was only remembered and is broken does not keep the app from opening."""
    try:
        return load_profile(name), ""
    except ProfileError as error:
        if explicit:
            raise
        return load_profile("local"), f"{error.sentence}; the built-in profile local is open instead"


class TerminalOutput(io.TextIOWrapper):
    """What the cockpit draws on. A terminal that is gone swallows everything: whoever writes shall not hang or fail.

    Args:
        descriptor: the terminal; it stays open.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False)), encoding="utf-8")

    def write(self, text: str) -> int:
        """Write a text, if there is still a terminal."""
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what waits, if there is still a terminal."""
        with contextlib.suppress(OSError):
            super().flush()


@contextlib.contextmanager
def own_stderr() -> Iterator[None]:
    """Move descriptor 2 to the log file: sound libraries write there, and Textual draws there."""
    log_file = paths.log_file()
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    logging.basicConfig(
        stream=os.fdopen(os.dup(descriptor), "w", encoding="utf-8"),
        level=logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    screen = os.dup(2)
    before = sys.__stderr__
    sys.__stderr__ = TerminalOutput(screen)  # type: ignore[misc]
    os.dup2(descriptor, 2)
    os.close(descriptor)
    try:
        yield
    finally:
        os.dup2(screen, 2)
        sys.__stderr__ = before  # type: ignore[misc]
        os.close(screen)
