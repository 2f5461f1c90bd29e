"""Lists what a profile may do once it is trusted, to be shown before the user agrees."""

import json
import os
import shlex
from collections.abc import Iterator, Mapping

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.network import is_loopback
from rtvoice_tui.profiles import runs
from rtvoice_tui.profiles.destinations import ENCRYPTED, foreign_owner, host_of, needs_consent
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.secrets import key_variables, server_address, variables_in
from rtvoice_tui.redaction import shown_address


def key_destinations(profile: Profile) -> list[tuple[str, str]]:
    """Return each variable whose value a profile would send, with the URL that it would be sent to."""
    found: list[tuple[str, str]] = []
    if profile.provider != "local" or profile.url:
        try:
            url = server_address(profile, os.environ)
        except ProfileError:  # it has no address yet
            url = ""
        found += [(variable, url) for variable in key_variables(profile) if url]
    for tool in profile.tools:
        if isinstance(tool.run, runs.HttpRun | runs.McpRun) and tool.run.url:
            named = [variable for value in tool.run.headers.values() for variable in variables_in(value)]
            found += [(variable, tool.run.url) for variable in named]
        if isinstance(tool.run, runs.HostedRun):
            found += [(variable, tool.run.server_url) for variable in variables_in(tool.run.authorization)]
    return list(dict.fromkeys(found))


def asks_for_consent(profile: Profile) -> bool:
    """Whether the user has to trust a profile or agree to a host before all of it works."""
    return not profile.trusted or any(needs_consent(*destination) for destination in key_destinations(profile))


def permissions(profile: Profile, environ: Mapping[str, str]) -> list[str]:
    """Return lines that say what a profile does once it is trusted: address, keys, and what its tools run."""
    return [*_connection(profile, environ), *_tools(profile)]


def _connection(profile: Profile, environ: Mapping[str, str]) -> Iterator[str]:
    if profile.provider == "local" and not profile.url:
        yield "talks with the local agent on this machine"
        return
    try:
        url = server_address(profile, environ)
    except ProfileError as error:
        yield f"connects nowhere yet: {error.sentence}"
        return
    host, scheme = host_of(url), url.partition(":")[0]
    clear = scheme not in ENCRYPTED
    yield f"connects to {shown_address(url)} and sends there what you say and type"
    yield f"speaks {scheme}, which is {'not encrypted' if clear else 'encrypted'}"
    if isinstance(extra := profile.session.extra, dict) and extra:
        yield f"sends the server settings of its own: {json.dumps(extra, ensure_ascii=False)}"
    if names := key_variables(profile):
        yield f"sends the key in {' or '.join(names)} to {host}{_foreign(names, url)}"
        if profile.key_in_clear and clear and not is_loopback(host):
            yield "sends that key unencrypted (key_in_clear)"


def _foreign(names: tuple[str, ...], url: str) -> str:
    owners = [foreign_owner(name, url) for name in names]
    return "".join(f", which is not a host of {owner.title}" for owner in owners if owner)


def _tools(profile: Profile) -> Iterator[str]:
    own = [tool for tool in profile.tools if tool.run.of_this_machine]
    yield "runs on this machine, as you:" if own else "runs nothing on this machine"
    for tool in own:
        yield "; ".join([f"  {tool.name}: {tool.run.kind} {_run(tool)}", *_secrets(tool)])


def _run(tool: ToolEntry) -> str:
    match tool.run:
        case (runs.CommandRun() | runs.McpRun()) as run if run.argv:
            return shlex.join(run.argv)
    return tool.run.summary


def _secrets(tool: ToolEntry) -> Iterator[str]:
    run = tool.run
    if isinstance(run, runs.HttpRun | runs.McpRun):
        for name, value in run.headers.items():
            if variables := variables_in(value):
                clear = " unencrypted" if run.key_in_clear and not run.url.startswith("https") else ""
                yield f"sends {' and '.join(variables)}{clear} to {host_of(run.url)} as {name}"
    if isinstance(run, runs.HostedRun) and (variables := variables_in(run.authorization)):
        yield f"has the provider send {' and '.join(variables)} to {host_of(run.server_url)}"
    if isinstance(run, runs.CommandRun | runs.McpRun | runs.PythonRun):
        if run.pass_env:
            yield f"is given {', '.join(run.pass_env)} of your environment"
        if run.env:
            yield f"is started with {', '.join(f'{name}={value}' for name, value in run.env.items())}"
