"""The figures that the regression gate holds fast: instructions under callgrind, system calls,
wake-ups, memory, size. None of them depends on how fast or busy the machine is.

tests/gate compares them with bench/limits.json; `bench/run.py --update-limits` writes new baselines
there. A limit is either a `baseline` with a `margin` (a fraction; the reason says where the play
comes from), or a `budget`, which no update touches."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Callable

from benchlib import tools
from benchlib.container import ENVIRONMENT, UNSHARE, Session
from benchlib.programs import OURS, OURS_DYNAMIC, ROOT, Program, copied, default_paths
from benchlib.syscall_count import SyscallCounter

LIMITS_FILE = ROOT / "bench" / "limits.json"
CALLGRIND = ("valgrind", "--tool=callgrind", "--quiet", "--trace-children=no")
SINGLES_GAP_US = 5000
IDLE_SECONDS = 3.0
SIZES = (20, 120)  # deaths of the two runs whose difference is the cost per reap
REPEATS = 3
# The bare path: what a reap cost before there were records, held fast beside the default.
OFF = ("--records", "off", "--status-socket", "none")
# Every death its record, none looked at in /proc: what a burst is when its tokens are used up. With
# defaults the share of each would depend on how slow callgrind makes the run.
MINIMAL = ("--records", "minimal")
# It outlives our first look at it, so that a start is the same sequence each time.
SHORT_COMMAND = ("/bin/sleep", "0.1")


@dataclass(frozen=True)
class Limit:
    """One line of limits.json."""

    metric: str
    reason: str
    baseline: float | None = None
    margin: float = 0.0
    budget: float | None = None

    @property
    def most(self) -> float:
        """The largest value that passes."""
        if self.budget is not None:
            return self.budget
        return self.baseline * (1 + self.margin)


def read_limits() -> dict[str, Limit]:
    """Metric → limit."""
    raw = json.loads(LIMITS_FILE.read_text(encoding="utf-8"))
    return {name: Limit(name, **entry) for name, entry in raw.items()}


def write_baselines(measured: dict[str, float]) -> list[str]:
    """Puts measured values in for the baselines; returns what changed, one line each."""
    raw = json.loads(LIMITS_FILE.read_text(encoding="utf-8"))
    changes = []
    for name, value in measured.items():
        entry = raw[name]
        if "baseline" not in entry or entry["baseline"] == value:
            continue
        changes.append(f"{name}: {entry['baseline']} → {value}")
        entry["baseline"] = value
    LIMITS_FILE.write_text(json.dumps(raw, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return changes


def program_path(name: str) -> Path:
    """Where the program under test is."""
    return default_paths()[name]


def _program(name: str, *before: str, options: tuple[str, ...] = ()) -> Program:
    program = copied(Program(name, (str(program_path(name)), *options, "--"), ours=True),
                     ROOT / "build" / "bench" / "gate")
    return replace(program, argv=(*before, *program.argv))


def _callgrind(folder: str) -> tuple[str, ...]:
    return (*CALLGRIND, f"--callgrind-out-file={folder}/callgrind.%p")


def _counted(folder: str) -> int:
    """The sum of callgrind's file for PID 1."""
    for line in (Path(folder) / "callgrind.1").read_text(encoding="utf-8").splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise RuntimeError("callgrind wrote no totals")


def startup_instructions(name: str, options: tuple[str, ...] = ()) -> float:
    """From the first instruction to the exit, as PID 1, around a child that ends soon."""
    with tempfile.TemporaryDirectory(prefix="reaperd-gate-") as folder:
        program = _program(name, *_callgrind(folder), options=options)
        subprocess.run(
            [*UNSHARE, *program.argv, *SHORT_COMMAND],
            env=ENVIRONMENT, check=True, timeout=60, stdin=subprocess.DEVNULL)
        return _counted(folder)


def _instructions_for(options: tuple[str, ...], phase: str) -> int:
    with tempfile.TemporaryDirectory(prefix="reaperd-gate-") as folder:
        program = _program(OURS, *_callgrind(folder), options=options)
        with Session(program, tools.build()["workload"]) as session:
            answer = session.ask(phase)
            if answer["error"] or answer["reaped"] != answer["deaths"]:
                raise RuntimeError(f"{phase}: {answer}")
        return _counted(folder)


def _slope(options: tuple[str, ...], phase: Callable[[int], str],
           choose: Callable[[list[int]], float], repeats: int = REPEATS) -> float:
    """Instructions per death from runs of two sizes; `choose` picks from the repeats of a size."""
    few, many = (choose([_instructions_for(options, phase(size)) for _ in range(repeats)])
                 for size in SIZES)
    return round((many - few) / (SIZES[1] - SIZES[0]), 1)


def burst_instructions(options: tuple[str, ...]) -> float:
    """Per reap when all the dead are there at once. The least of the repeats: on a busy machine
    some walks seem dear and bring a scan, which is another way to the same end."""
    return _slope(options, lambda size: f"burst {size} 20000", min, 2 * REPEATS)


def single_instructions(options: tuple[str, ...]) -> float:
    """Per reap when each death wakes the loop. The middle of the repeats."""
    return _slope(options, lambda size: f"singles {size} {SINGLES_GAP_US} 20000", median)


@lru_cache(maxsize=None)
def _traced_runs(name: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    """The init's own system calls by name, in order, of some short runs as PID 1.

    strace stays outside: in the namespace it would be PID 1, or a child the init waits for."""
    program = _program(name, options=options)
    runs = []
    with tempfile.TemporaryDirectory(prefix="reaperd-gate-") as folder:
        trace = Path(folder) / "trace"
        for _ in range(REPEATS):
            subprocess.run(["strace", "-f", "-qq", "-e", "signal=none", "-o", str(trace), *UNSHARE,
                            *program.argv, *SHORT_COMMAND],
                           env=ENVIRONMENT, check=True, timeout=60, stdin=subprocess.DEVNULL)
            text = trace.read_text(encoding="utf-8", errors="replace")
            runs.append(calls_after_exec(text, program.path))
    return runs


def calls_after_exec(trace: str, path: str) -> list[str]:
    """What the process that exec'd `path` called from there on; a call cut in two counts once."""
    pid, calls = None, []
    for line in trace.splitlines():
        words = line.split(None, 1)
        if pid is None and words[1].startswith(f'execve("{path}"'):
            pid = words[0]
        elif words[0] == pid and not words[1].startswith("<..."):
            calls.append(words[1].split("(", 1)[0])
    if pid is None:
        raise RuntimeError(f"strace saw no exec of {path}")
    return calls


def startup_syscalls(name: str) -> float:
    """From after the exec to the call that makes the child."""
    makers = {"clone", "clone3", "fork", "vfork"}
    return min(next(i for i, call in enumerate(calls, 1) if call in makers)
               for calls in _traced_runs(name))


def whole_run_syscalls(name: str, options: tuple[str, ...] = ()) -> float:
    """From after the exec to the exit, the child's not counted."""
    return min(len(calls) for calls in _traced_runs(name, options))


@lru_cache(maxsize=None)
def _live_run(options: tuple[str, ...] = ()) -> dict[str, float]:
    """What one running container tells: memory before there are records, calls per reap, idleness
    after it all."""
    found = {}
    with Session(_program(OURS, options=options), tools.build()["workload"]) as session:
        memory = session.ask("memory")
        found["rss_kib"] = memory["rss_kib"]
        found["private_dirty_kib"] = memory["private_dirty_kib"]
        for metric, phase, deaths in (("syscalls_single", "singles 200 3000 10000", 200),
                                      ("syscalls_burst", "burst 2000 10000", 2000)):
            with SyscallCounter(session.init_pid) as counter:
                answer = session.ask(phase)
            if answer["reaped"] != deaths:
                raise RuntimeError(f"{phase}: {answer}")
            found[metric] = round(counter.count / deaths, 2)
        first = session.ask("switches")
        with SyscallCounter(session.init_pid) as counter:
            time.sleep(IDLE_SECONDS)
        last = session.ask("switches")
        found["idle_syscalls"] = counter.count
        found["idle_wakeups"] = sum(last.values()) - sum(first.values())
    return found


def stripped_size() -> float:
    """Bytes of the static program without symbols."""
    with tempfile.NamedTemporaryFile(prefix="reaperd-gate-") as copy:
        subprocess.run(["strip", "-o", copy.name, str(program_path(OURS))], check=True)
        return os.stat(copy.name).st_size


# What each metric needs beside our programs, and how it is measured.
METRICS: dict[str, tuple[tuple[str, ...], Callable[[], float]]] = {
    "startup_instructions_static": (("valgrind",), lambda: startup_instructions(OURS)),
    "startup_instructions_dynamic": (("valgrind",), lambda: startup_instructions(OURS_DYNAMIC)),
    "startup_instructions_off": (("valgrind",), lambda: startup_instructions(OURS, OFF)),
    "burst_instructions": (("valgrind",), lambda: burst_instructions(MINIMAL)),
    "burst_instructions_off": (("valgrind",), lambda: burst_instructions(OFF)),
    "single_instructions": (("valgrind",), lambda: single_instructions(())),
    "single_instructions_off": (("valgrind",), lambda: single_instructions(OFF)),
    "startup_syscalls_static": (("strace",), lambda: startup_syscalls(OURS)),
    "startup_syscalls_dynamic": (("strace",), lambda: startup_syscalls(OURS_DYNAMIC)),
    "whole_run_syscalls_static": (("strace",), lambda: whole_run_syscalls(OURS)),
    "whole_run_syscalls_off": (("strace",), lambda: whole_run_syscalls(OURS, OFF)),
    "syscalls_single": ((), lambda: _live_run()["syscalls_single"]),
    "syscalls_minimal": ((), lambda: _live_run(MINIMAL)["syscalls_single"]),
    "syscalls_burst": ((), lambda: _live_run()["syscalls_burst"]),
    "idle_syscalls": ((), lambda: _live_run()["idle_syscalls"]),
    "idle_wakeups": ((), lambda: _live_run()["idle_wakeups"]),
    "rss_kib": ((), lambda: _live_run()["rss_kib"]),
    "private_dirty_kib": ((), lambda: _live_run()["private_dirty_kib"]),
    "size_bytes": (("strip",), stripped_size),
}


def measure_all() -> dict[str, float]:
    """Every metric, for --update-limits."""
    return {name: measure() for name, (_, measure) in METRICS.items()}
