"""A conversation of thousands of turns as fast as it goes: does a turn cost at the end what it cost at the beginning?

Each turn is a question, a function call that is run, and an answer; every seventh answer is interrupted. Then one
answer comes in a hundred thousand pieces. First a session without a screen, then the installed command in a pty.
Printed are processor time and memory of every thousand turns and of a hundred thousand events; the budgets compare the
least of the last three thousands with the least of the second to the fourth.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from reporting import Row, print_table
from ui_runs import COMMAND, TICKS_PER_S, Pty, bench_environment, told_by_server

PROFILE = """
provider = "generic"
url = "{url}"
[[tools]]
name = "get_weather"
description = "Weather."
parameters = {{type = "object", properties = {{city = {{type = "string"}}}}, required = ["city"]}}
run = {{kind = "mock", result = "It rains."}}
"""
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
LIMIT_RATIO = 1.25


@dataclass
class Soaked:
    """What a process had taken when the server was at a certain point.

    Attributes:
        cpu: seconds of processor time after 0, 1 000, 2 000, ... turns.
        memory: megabytes at the same points.
        pieces: both after the pieces.
    """

    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    pieces: tuple[float, float] = (0.0, 0.0)

    def follow(self, told: IO[str], pid: int, settle: Callable[[], None] = lambda: None) -> None:
        """Look at a process whenever the server says where it is, until it is through."""
        for line in told:
            settle()
            cpu, memory = _cpu_s(pid), _memory_mb(pid)
            if line.startswith("pieces"):
                self.pieces = cpu, memory
                return
            self.cpu.append(cpu)
            self.memory.append(memory)
        raise RuntimeError(f"the conversation ended after {(len(self.cpu) - 1) * 1_000} turns")

    def thousands(self) -> list[tuple[float, float]]:
        """Processor time and memory that each thousand turns took."""
        cpu = [after - before for before, after in zip(self.cpu, self.cpu[1:], strict=False)]
        memory = [after - before for before, after in zip(self.memory, self.memory[1:], strict=False)]
        return list(zip(cpu, memory, strict=True))


def without_screen(turns: int, events: int) -> Soaked:
    """A session in a process of its own."""
    with told_by_server("turns", str(turns), str(events)) as (url, told):
        command = [sys.executable, __file__, "--headless", url]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as client:
            try:
                soaked = Soaked()
                soaked.follow(told, client.pid)
            finally:
                client.kill()
    return soaked


def under_cockpit(turns: int, events: int, folder: Path) -> Soaked:
    """The installed command."""
    environment = bench_environment(folder)
    with told_by_server("turns", str(turns), str(events)) as (url, told):
        profiles = folder / "config" / "rtvoice-tui" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "soak.toml").write_text(PROFILE.format(url=url))
        with Pty([COMMAND, "--profile", "soak", "--no-audio"], environment) as terminal:
            soaked = Soaked()
            soaked.follow(told, terminal.process.pid, settle=terminal.output.clear)
    return soaked


def run_headless(url: str) -> None:
    """Hold the client's side of the conversation until somebody ends this process."""
    import asyncio

    from rtvoice_tui.controller.planner import Options, make_plan
    from rtvoice_tui.engine.worker import SessionWorker
    from rtvoice_tui.garbage import enable_tuned_gc
    from rtvoice_tui.profiles.store import parse_profile
    from rtvoice_tui.store.store import Store

    async def main() -> None:
        plan = make_plan(parse_profile(PROFILE.format(url=url), "soak"), Options(no_audio=True), {})
        await SessionWorker(plan, Store()).run()

    enable_tuned_gc()
    asyncio.run(main())


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB


def _least_cpu(thousands: list[tuple[float, float]]) -> float:
    """Of several thousand turns the one that was disturbed the least."""
    return min(cpu for cpu, _ in thousands)


def rows(what: str, soaked: Soaked, events: int) -> list[Row]:
    """The budgets of one run."""
    thousands = soaked.thousands()
    cpu, memory = soaked.pieces
    settled = soaked.memory[2:]
    return [
        Row(
            f"{what}: a thousand of the last 3 000",
            "s cpu",
            _least_cpu(thousands[1:4]),
            _least_cpu(thousands[-3:]),
            ratio=LIMIT_RATIO,
        ),
        Row(f"{what}: memory per 1 000 turns", "MB", None, (settled[-1] - settled[0]) / (len(settled) - 1), limit=8),
        Row(f"{what}: {events} pieces", "s cpu", None, cpu - soaked.cpu[-1]),
        Row(f"{what}: memory per 100 000 events", "MB", None, (memory - soaked.memory[-1]) * 1e5 / events, limit=25),
    ]


def main(turns: int, events: int) -> None:
    table: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        runs = {"no screen": without_screen(turns, events), "cockpit": under_cockpit(turns, events, Path(folder))}
    for what, soaked in runs.items():
        print(f"{what}: {soaked.cpu[0]:.2f} s and {soaked.memory[0]:.0f} MB at the start")
        for number, (cpu, memory) in enumerate(soaked.thousands(), 1):
            print(f"  turns {number * 1_000:>6}  {cpu:6.2f} s cpu  {memory:+6.1f} MB")
        table += rows(what, soaked, events)
    print()
    print_table("Soak", "turns 1 001 to 4 000", table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A conversation of thousands of turns.")
    parser.add_argument("--turns", type=int, default=7_000, help="at least 7 000, in thousands")
    parser.add_argument("--events", type=int, default=100_000, help="pieces of the last answer")
    parser.add_argument("--headless", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.headless:
        run_headless(given.headless)
    else:
        main(max(7_000, given.turns), given.events)
