"""What a run measures, and how its parts report trouble."""

from __future__ import annotations

import errno
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from benchlib.container import WorkloadError
from benchlib.programs import Program
from benchlib.rows import LIVE_COUNTS
from benchlib.stats import Results

PID_MARGIN = 2000


@dataclass
class Plan:
    """What to measure and how much of it."""

    programs: list[Program]
    tools: dict[str, Path]
    rounds: int
    quick: bool
    live: tuple[int, ...]  # as asked for
    results: Results

    @property
    def live_counts(self) -> tuple[int, ...]:
        """Live orphans in front; the quick run leaves out the largest crowd unless it is asked for
        by itself."""
        if self.quick and self.live == LIVE_COUNTS:
            return LIVE_COUNTS[:-1]
        return self.live

    def turns(self, rounds: int) -> list[Program]:
        """Round robin, each round from another first program."""
        order = []
        for turn in range(rounds):
            shift = turn % len(self.programs)
            order += self.programs[shift:] + self.programs[:shift]
        return order


def say(text: str) -> None:
    """Progress for who waits, on stderr: stdout is for results."""
    print(text, file=sys.stderr, flush=True)


def room_for(count: int) -> str | None:
    """Why the machine's pids do not suffice for `count` more processes, or None."""
    limit = int(Path("/proc/sys/kernel/pid_max").read_text(encoding="ascii"))
    used = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[1])
    if used + count + PID_MARGIN > limit:
        return f"needs {count} pids, {limit - used} of {limit} are free"
    return None


def guarded(plan: Plan, row: str, program: Program, body: Callable[[Program], None]) -> None:
    """One program's trouble is a remark in its cell, not the end of the run."""
    try:
        body(program)
    except (WorkloadError, RuntimeError, subprocess.SubprocessError) as error:
        plan.results.note(row, program.name, str(error))
    except OSError as error:
        name = errno.errorcode.get(error.errno, "?")
        plan.results.note(row, program.name, f"{name}: {error}")
