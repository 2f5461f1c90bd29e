"""Checks everything that a session needs, without opening the cockpit."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.doctor.sound import Sound, unknown_devices
from rtvoice_tui.doctor.tools import tool_problems, tool_urls
from rtvoice_tui.errors import ConnectionFailed, NeedsConsent, ProfileError
from rtvoice_tui.network import missing_certificates, proxy_for, shown_proxy
from rtvoice_tui.profiles import paths, secrets
from rtvoice_tui.profiles.library import Listed
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import profile_path, unlisted_files
from rtvoice_tui.protocol.realtime import codec
from rtvoice_tui.protocol.realtime.server_events import ErrorEvent, SessionCreated
from rtvoice_tui.protocol.remedies import remedy_for
from rtvoice_tui.protocol.wire import Endpoint

GREETING_S = 10.0


class Verdict(StrEnum):
    """Result of a check."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One result of the checks.

    Attributes:
        about: what was checked: ``terminal``, ``sound``, ``speech``, ``temporary``, ``profiles``, or a profile's name.
        verdict: the result.
        sentence: what was found.
        remedy: how to fix it, as a command if possible; empty if nothing has to be fixed.
    """

    about: str
    verdict: Verdict
    sentence: str
    remedy: str = ""


def machine(sound: Sequence[Sound]) -> Iterator[Finding]:
    """Check terminal, audio, speech models and folders.

    Args:
        sound: findings about audio, from `doctor.sound`.
    """
    yield from _terminal()
    for found in sound:
        yield Finding("sound", Verdict(found.verdict), found.sentence, found.remedy)
    yield from _speech()
    try:
        tempfile.gettempdir()
    except OSError:
        words = "no temporary file can be made"
        yield Finding("temporary", Verdict.BAD, words, "set TMPDIR to a folder that can be written")
    yield _profiles_folder(paths.profiles_folder())
    for file in unlisted_files():
        words = f"{file.name} is not read: a profile's file is NAME.toml, with letters, digits, '-' and '_'"
        yield Finding("profiles", Verdict.NOTE, words, f"rename it in {file.parent}")


def _profiles_folder(folder: Path) -> Finding:
    """Whether profiles can be kept in their folder; it may not be there yet, nor those around it."""
    existing = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))
    closed = next((place for place in (*reversed(existing.parents), existing) if not os.access(place, os.X_OK)), None)
    wrong = closed or existing
    base = folder.parents[1]  # of the user's configuration
    if closed is None and os.access(existing, os.W_OK):
        return Finding("profiles", Verdict.OK, f"kept in {folder}")
    if wrong != base and base not in wrong.parents:  # it is not ours, and need not be
        words = f"{base} is not there, and cannot be made in {wrong}"
        return Finding("profiles", Verdict.BAD, words, "set HOME or XDG_CONFIG_HOME to a folder of yours")
    if closed is not None or not _is_ours(existing):
        words = f"{wrong} belongs to somebody else"
        return Finding("profiles", Verdict.BAD, words, f"sudo chown -R $(id -un) {wrong}")
    return Finding("profiles", Verdict.BAD, f"{existing} cannot be written", f"chmod u+w {existing}")


def _is_ours(folder: Path) -> bool:
    """Whether a folder can be written by us, or at least belongs to us, so that we can change its rights."""
    return os.access(folder, os.W_OK) or not hasattr(os, "getuid") or os.stat(folder).st_uid == os.getuid()


def _terminal() -> Iterator[Finding]:
    if not sys.stdout.isatty():
        yield Finding("terminal", Verdict.NOTE, "the output is no terminal: the cockpit needs one")
        return
    columns, rows = shutil.get_terminal_size()
    if columns < 80 or rows < 24:
        yield Finding("terminal", Verdict.BAD, f"{columns}x{rows} is too small", "make it 80x24 or larger")
    else:
        yield Finding("terminal", Verdict.OK, f"{columns}x{rows}, {os.environ.get('TERM', 'no TERM')}")
    encoding = (sys.stdout.encoding or "").lower()
    if "utf" not in encoding:
        yield Finding("terminal", Verdict.BAD, f"text is written as {encoding}", "export LANG=C.UTF-8")


def _speech() -> Iterator[Finding]:
    from rtvoice_tui.local_agent.speech import missing

    if names := missing():
        words = f"the built-in agent cannot hear or speak: {', '.join(names)} missing"
        yield Finding("speech", Verdict.NOTE, words, "pip install 'rtvoice-tui[local]'")
    else:
        yield Finding("speech", Verdict.OK, "the built-in agent hears and speaks")


def profile_findings(entry: Listed, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check a profile's tools, address, key and model."""
    profile = entry.profile
    if profile is None:
        yield Finding(entry.name, Verdict.BAD, entry.problem, entry.remedy)
        return
    for sentence, remedy in tool_problems(profile, profile_path(entry.name), environ):
        yield Finding(entry.name, Verdict.BAD, sentence, remedy)
    local = profile.provider == "local" and not profile.url
    for url in dict.fromkeys(map(_plain, tool_urls(profile))):
        yield from _network(entry.name, url, "its tools connect")
    if local:
        yield Finding(entry.name, Verdict.OK, "needs no key and no network")
        return
    try:
        endpoint = secrets.endpoint(profile, environ)
        key = secrets.find_key(profile, environ)
    except NeedsConsent as error:
        verdict = Verdict.BAD if entry.own else Verdict.NOTE
        yield Finding(entry.name, verdict, error.sentence, f"rtvoice-tui profiles trust {entry.name}")
        return
    except ProfileError as error:
        yield Finding(entry.name, Verdict.BAD if entry.own else Verdict.NOTE, error.sentence, error.remedy)
        return
    from rtvoice_tui.transport.websocket import login_problem

    yield from _network(entry.name, endpoint.url)
    if problem := login_problem(endpoint):
        yield Finding(entry.name, Verdict.BAD, *problem)
    words = f"{_plain(endpoint.url)}, model {profile.model or profile.dialect.model or '(the server chooses)'}"
    yield Finding(entry.name, Verdict.OK, f"{words}, {f'key from {key.source}' if key else 'no key'}")
    known = profile.dialect.models
    if profile.model and known and not any(profile.model.endswith(model) for model in known):
        yield Finding(
            entry.name, Verdict.NOTE, f"model {profile.model} is not known here; known are: {', '.join(known)}"
        )


def _network(name: str, url: str, who: str = "it connects") -> Iterator[Finding]:
    """Report the proxy for an address, and what is wrong with it or with the certificates."""
    try:
        proxy = proxy_for(url)
    except ConnectionFailed as error:
        yield Finding(name, Verdict.BAD, error.sentence, error.remedy)
        return
    if proxy is not None:
        words = f"{who} through the proxy {shown_proxy(proxy)}, which is tried with --live"
        yield Finding(name, Verdict.NOTE, words)
    if urlsplit(url).scheme in ("wss", "https") and (missing := missing_certificates()):
        yield Finding(name, Verdict.BAD, missing, "correct the path, or unset the variable")


def device_findings(entry: Listed, devices: list[DeviceInfo] | None) -> Iterator[Finding]:
    """Check that the devices that a profile names exist; ``devices`` is ``None`` if the list is unknown."""
    if entry.profile is not None:
        for found in unknown_devices(entry.profile.audio, devices):
            yield Finding(entry.name, Verdict(found.verdict), found.sentence, found.remedy)


def _plain(url: str) -> str:
    """Return a URL without query, user name and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


async def live(name: str, profile: Profile, environ: Mapping[str, str]) -> Finding:
    """Connect, wait for ``session.created``, and report the time that both took."""
    if profile.provider == "local" and not profile.url:
        from rtvoice_tui.local_agent.process import LocalAgentProcess

        source = LocalAgentProcess()
        try:
            return await _greeted(name, await source.endpoint())
        finally:
            await source.close()
    try:
        endpoint = await asyncio.to_thread(secrets.endpoint, profile, environ)
        return await _greeted(name, endpoint)
    except (ProfileError, ConnectionFailed) as error:
        return Finding(name, Verdict.BAD, error.sentence, _for_shell(error.remedy))


def _for_shell(remedy: str) -> str:
    """A remedy without what only helps in the cockpit: its keys."""
    return re.sub(r"(,? then)? ?press c( to [a-z ]+)?$|,? or press p, then k$| \(F6\)", "", remedy)


async def _greeted(name: str, endpoint: Endpoint) -> Finding:
    from rtvoice_tui.transport.websocket import connect

    start = time.perf_counter()
    try:
        async with connect(endpoint, None) as socket:
            connected = time.perf_counter()
            async with asyncio.timeout(GREETING_S):
                async for frame in socket:
                    event = codec.decode(frame).event
                    if isinstance(event, SessionCreated):
                        took = f"{(connected - start) * 1000:.0f} ms to connect"
                        greeting = f"{(time.perf_counter() - connected) * 1000:.0f} ms to session.created"
                        return Finding(name, Verdict.OK, f"live: {took}, {greeting}")
                    if isinstance(event, ErrorEvent):
                        error = event.error
                        told = endpoint.redacted(error.message or error.word or "the server gave no reason")
                        return Finding(name, Verdict.BAD, told, remedy_for(error.word, told) or "check key and model")
            closed = socket.closed
            return Finding(name, Verdict.BAD, endpoint.redacted(closed.sentence), _for_shell(closed.remedy))
    except TimeoutError:
        return Finding(name, Verdict.BAD, f"the server has not greeted us within {GREETING_S:.0f} s", "check the url")
    except ConnectionFailed as error:
        return Finding(name, Verdict.BAD, error.sentence, _for_shell(error.remedy))
