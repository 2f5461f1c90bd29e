"""Creates session plans from profiles and command-line options."""

import asyncio
import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles import paths, secrets
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from rtvoice_tui.text_files import read_text_file
from rtvoice_tui.tools.registry import Registry, Toolset


@dataclass(frozen=True)
class Options:
    """Command-line options; ``None`` if the profile decides."""

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
    record: str | None = None

    @property
    def override(self) -> bool:
        """Whether provider or URL are overridden, so that edits are not saved in the profile."""
        return self.provider is not None or self.url is not None


class RemoteServer:
    """Endpoint of a remote server; the key is looked up at every connect.

    Args:
        profile: the profile of the server.
        chosen: whether the user gave its address on the command line.
    """

    def __init__(self, profile: Profile, chosen: bool = False) -> None:
        self._profile = profile
        self._chosen = chosen

    @property
    def identity(self) -> str:
        """Provider, address and model of the profile."""
        return f"{self._profile.provider} {self._profile.url} {self._profile.model}"

    async def endpoint(self) -> Endpoint:
        """Return address and headers; the key is looked up in a worker thread.

        Raises:
            ProfileError: key or address is missing, or the key may not be sent there.
        """
        return await asyncio.to_thread(secrets.endpoint, self._profile, os.environ, self._chosen)

    async def close(self) -> None:
        """Do nothing: there is no subprocess to stop."""


class Planner:
    """Creates plans from profiles; audio devices from the command line override those of every profile.

    Args:
        options: the command-line options.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._registry = Registry(paths.profiles_folder())

    def toolset(self, profile: Profile) -> tuple[Toolset, list[str]]:
        """Return the tools that run on this machine, and a sentence for each that cannot."""
        return self._registry.toolset(profile)

    def drop_device_option(self, direction: str) -> None:
        """Drop the command line's device or file of a direction, because the user chose another device in the app."""
        if direction == "input":
            self._options = dataclasses.replace(self._options, input_device=None, input_file=None)
        else:
            self._options = dataclasses.replace(self._options, output_device=None, output_file=None)

    def plan(self, profile: Profile, source: EndpointSource | None, name: str = "") -> tuple[Plan, list[str]]:
        """Create a plan; returns it with a sentence for each tool that cannot run.

        Args:
            profile: the profile.
            source: source of the current plan, if any; a running local agent is reused.
            name: the profile's name.
        """
        toolset, problems = self.toolset(profile)
        plan = dataclasses.replace(make_plan(profile, self._options, toolset), profile=name)
        if source is not None and type(plan.source) is type(source) and not isinstance(source, RemoteServer):
            plan = dataclasses.replace(plan, source=source)
        return plan, problems


def make_plan(profile: Profile, options: Options, toolset: Toolset) -> Plan:
    """Create a plan from a profile, with options that are not part of profiles."""
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
        calls_in_a_row=profile.calls_in_a_row,
        heartbeat=profile.heartbeat_s,
        connect=not options.no_connect,
    )


_OF_ONE_PROVIDER = ("voice", "role", "languages", "transcription", "noise_reduction", "speed", "extra")
"""Settings that are specific to a provider and are reset when ``--provider`` selects another one."""


def with_options(profile: Profile, options: Options) -> Profile:
    """Return the profile with the command line's overrides applied.

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


MAX_INSTRUCTIONS = 1_000_000
"""Maximum size of a file with instructions, in bytes."""


def _instructions(text: str) -> str:
    if not text.startswith("@"):
        return text
    if not text[1:].strip():
        raise ProfileError("--instructions @ names no file", "write the path of a text file right behind the @")
    shown = f"the instructions in {text[1:]} cannot be read"
    try:
        return read_text_file(Path(text[1:]).expanduser(), MAX_INSTRUCTIONS)
    except UnicodeDecodeError:
        raise ProfileError(f"{shown}: the file is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        raise ProfileError(f"{shown}: {error.strerror or error}", "correct the path behind --instructions @") from None
    except ValueError as error:
        raise ProfileError(f"{shown}: {error}", "give a text file behind --instructions @") from None
