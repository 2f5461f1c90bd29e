"""``rtvoice-tui doctor``: checks what is missing and how to fix it."""

import asyncio
import os

import click

from rtvoice_tui.cli.session import stderr_to_log
from rtvoice_tui.doctor import checks as look
from rtvoice_tui.doctor.checks import Finding, Verdict
from rtvoice_tui.doctor.sound import check_audio
from rtvoice_tui.profiles import library
from rtvoice_tui.store.plain import one_line

_MARKS = {Verdict.OK: "✓", Verdict.NOTE: "·", Verdict.BAD: "✗"}


@click.command()
@click.argument("names", nargs=-1, metavar="[PROFILE]...")
@click.option("--live", is_flag=True, help="Connect with each named profile, and report the latency.")
@click.pass_context
def doctor(ctx: click.Context, names: tuple[str, ...], live: bool) -> None:
    """Check terminal, sound, speech and profiles.

    With --live also the servers.

    Exits with 1 if a check fails; with PROFILE given, only if a check of one of these fails.

    \b
    Example:
      rtvoice-tui doctor yandex --live
    """
    sound = check_audio()
    with stderr_to_log():  # speech libraries write there
        findings = list(look.machine(sound.findings))
    entries = [entry for entry in library.listed() if not names or entry.name in names]
    unknown = sorted(set(names) - {entry.name for entry in entries})
    findings += [
        Finding(name, Verdict.BAD, "there is no such profile", "rtvoice-tui profiles list") for name in unknown
    ]
    _print_findings(findings)
    for entry in entries:
        found = list(look.profile_findings(entry, os.environ))
        _print_findings([*found, *look.device_findings(entry, sound.devices)])
        if live and entry.profile is not None and not any(f.verdict is not Verdict.OK and f.remedy for f in found):
            found.append(asyncio.run(look.live(entry.name, entry.profile, os.environ)))
            _print_findings(found[-1:])
        findings += found
    bad = [finding for finding in findings if finding.verdict is Verdict.BAD and (not names or finding.about in names)]
    ctx.exit(1 if bad else 0)


def _print_findings(findings: list[Finding]) -> None:
    for finding in findings:
        click.echo(f"{_MARKS[finding.verdict]} {finding.about:<12} {one_line(finding.sentence, 2000)}")
        if finding.remedy:
            click.echo(f"  {'':<12} -> {one_line(finding.remedy, 2000)}")
