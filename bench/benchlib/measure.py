"""The measurements. Each takes the plan of the run and adds to its results; every program gets one
turn before any gets its next, so that a noisy minute is shared by all."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from benchlib.container import ENVIRONMENT, PRIORITY, Session, WorkloadError, cpu_pair
from benchlib.programs import BARE, Program
from benchlib.rows import LIVE_COUNTS
from benchlib.stats import Results
from benchlib.syscall_count import SyscallCounter, method

PID_MARGIN = 2000
TRICKLE_INTERVAL_US = 333


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


def measure_startup(plan: Plan) -> None:
    """exec to main and whole run, all samples by one C++ process that takes turns itself."""
    samples = 60 if plan.quick else 300
    entries = [(BARE, "-")] + [(p.name, "\t".join(p.argv)) for p in plan.programs]
    reaper_cpu, _ = cpu_pair()
    say(f"start-up: {samples} samples of {len(entries)} programs")
    run = subprocess.run(
        [*PRIORITY, str(plan.tools["startup"]), str(samples),
         str(-1 if reaper_cpu is None else reaper_cpu), str(plan.tools["stamp"])],
        input="".join(line + "\n" for _, line in entries), capture_output=True, text=True,
        check=False, env=ENVIRONMENT)
    if run.returncode != 0:
        for name, _ in entries:
            plan.results.note("exec_to_main", name, run.stderr.strip())
        return
    for line in run.stdout.splitlines():
        index, main_ns, whole_ns = (int(word) for word in line.split())
        name = entries[index][0]
        if main_ns < 0:
            plan.results.note("exec_to_main", name, f"a sample failed, wait status {whole_ns}")
            continue
        plan.results.add("exec_to_main", name, main_ns / 1e3)
        plan.results.add("whole_run", name, whole_ns / 1e3)


def _note_phase(plan: Plan, shape: str, live: int, program: Program, answer: dict,
                limit_ms: int) -> bool:
    """Adds one phase's figures; false when the init did not finish it."""
    results, name = plan.results, program.name
    cpu_row = f"cpu_{shape}_{live}"
    if answer["error"]:
        results.note(cpu_row, name, f"cannot make it: {os.strerror(answer['error'])}")
        return False
    if answer["reaped"] > 0 and answer["cpu_ns"] >= 0:
        results.add(cpu_row, name, answer["cpu_ns"] / answer["reaped"] / 1e3)
    complete = answer["reaped"] == answer["deaths"]
    if not complete:
        results.note(cpu_row, name, f"cut off after {limit_ms / 1000:.0f} s: "
                                    f"{answer['reaped']} of {answer['deaths']} reaped")
    if shape == "storm":
        return complete
    for q in ("p50", "p99"):
        row = f"{q}_{shape}_{live}"
        if not complete:
            results.note(row, name, "fell behind: cut off")
        elif answer[f"{q}_ns"] < 0:
            results.note(row, name, "this kernel does not report a reap by pidfd (needs 6.15)")
        else:
            results.add(row, name, answer[f"{q}_ns"] / 1e6)
    return complete


def _reap_once(plan: Plan, program: Program, live: int) -> None:
    limit_ms = 5000 if plan.quick else 15000
    # Peers walk all live children for each reap: fewer deaths show the same cost per reap.
    slow = not program.ours and live >= 20_000
    burst = 2000 if plan.quick or slow else 5000
    trickle = 600 if plan.quick else 2000
    wait = 3 * limit_ms / 1000 + 30
    with Session(program, plan.tools["workload"]) as session:
        before = session.ask("memory")
        made = session.ask(f"live {live}", 120)
        if made["error"]:
            plan.results.note(f"cpu_burst_{live}", program.name,
                              f"cannot make {live} orphans: {os.strerror(made['error'])}")
            return
        # Where a burst is short it is the noisiest figure of all: three of them.
        for _ in range(3 if live <= 1000 else 1):
            answer = session.ask(f"burst {burst} {limit_ms}", wait)
            if not _note_phase(plan, "burst", live, program, answer, limit_ms):
                return
        answer = session.ask(f"trickle {trickle} {TRICKLE_INTERVAL_US} {limit_ms}", wait)
        complete = _note_phase(plan, "trickle", live, program, answer, limit_ms)
        if live > 0 and live == max(plan.live_counts):
            after = session.ask("memory")
            grown = after["private_dirty_kib"] - before["private_dirty_kib"]
            plan.results.add("bytes_per_child", program.name, max(grown, 0) * 1024 / live)
        if complete and live == 0:
            answer = session.ask(f"storm {burst} {limit_ms}", wait)
            _note_phase(plan, "storm", live, program, answer, limit_ms)


def measure_reap(plan: Plan) -> None:
    """CPU per reap and death → reaped, per number of live orphans in front."""
    for live in plan.live_counts:
        lack = room_for(live + 5000)
        if lack:
            for program in plan.programs:
                plan.results.note(f"cpu_burst_{live}", program.name, lack)
            continue
        for program in plan.turns(1 if plan.quick else plan.rounds):
            say(f"reaping with {live} live: {program.name}")
            _guard(plan, f"cpu_burst_{live}", program, lambda p, n=live: _reap_once(plan, p, n))


def _flood_once(plan: Plan, program: Program) -> None:
    zombies = 8000 if plan.quick else 25_000
    limit_ms = 20_000
    with Session(program, plan.tools["workload"]) as session:
        answer = session.ask(f"flood {zombies} {limit_ms}", 120)
    if answer["error"]:
        plan.results.note("stop_flood", program.name,
                          f"cannot make {zombies} zombies: {os.strerror(answer['error'])}")
    elif answer["stop_ns"] < 0:
        plan.results.note("stop_flood", program.name, "no signal within 20 s")
    else:
        plan.results.add("stop_flood", program.name, answer["stop_ns"] / 1e6)
    if plan.quick:
        plan.results.note("stop_flood", program.name, f"{zombies} zombies only (--quick)")


def measure_flood(plan: Plan) -> None:
    """How long a stop signal waits behind the dead."""
    lack = room_for(25_000)
    for program in plan.turns(1 if plan.quick else plan.rounds):
        if lack:
            plan.results.note("stop_flood", program.name, lack)
            continue
        say(f"stop under a flood: {program.name}")
        _guard(plan, "stop_flood", program, lambda p: _flood_once(plan, p))


def _syscalls_once(plan: Plan, program: Program) -> None:
    with Session(program, plan.tools["workload"]) as session:
        for row, phase, deaths in (("syscalls_single", "singles 200 3000 10000", 200),
                                   ("syscalls_burst", "burst 2000 10000", 2000)):
            with SyscallCounter(session.init_pid) as counter:
                answer = session.ask(phase, 60)
            if answer["reaped"] == deaths:
                plan.results.add(row, program.name, counter.count / deaths)
            else:
                plan.results.note(row, program.name, f"{answer['reaped']} of {deaths} reaped")
            if method() == "strace":
                plan.results.note(row, program.name, "counted by strace, which slows the init")


def measure_syscalls(plan: Plan) -> None:
    """System calls per reap, deaths 3 ms apart and 2000 at once."""
    for program in plan.turns(1 if plan.quick else plan.rounds):
        if method() is None:
            plan.results.note("syscalls_single", program.name, "needs perf or strace")
            continue
        say(f"system calls: {program.name}")
        _guard(plan, "syscalls_single", program, lambda p: _syscalls_once(plan, p))


def measure_idle(plan: Plan) -> None:
    """Wake-ups and memory of all programs at the same time, after 100 orphans came and went."""
    seconds = 5.0 if plan.quick else 10.0
    say(f"idle: all programs for {seconds:.0f} s")
    sessions: list[tuple[Program, Session]] = []
    try:
        for program in plan.programs:
            try:
                session = Session(program, plan.tools["workload"])
                sessions.append((program, session))
                session.ask("burst 100 5000")
            except WorkloadError as error:
                plan.results.note("idle_wakeups", program.name, str(error))
        time.sleep(1.0)
        before = [_switches(session) for _, session in sessions]
        start = time.monotonic()
        time.sleep(seconds)
        after = [_switches(session) for _, session in sessions]
        scale = 60.0 / (time.monotonic() - start)
        for (program, session), first, last in zip(sessions, before, after):
            plan.results.add("idle_wakeups", program.name, (last - first) * scale)
            memory = session.ask("memory")
            plan.results.add("rss", program.name, memory["rss_kib"])
            plan.results.add("pss", program.name, memory["pss_kib"])
            plan.results.add("private_dirty", program.name, memory["private_dirty_kib"])
    finally:
        for _, session in sessions:
            session.close()


def _switches(session: Session) -> int:
    answer = session.ask("switches")
    return answer["voluntary"] + answer["nonvoluntary"]


def measure_size(plan: Plan) -> None:
    """The program file without symbols: what an image would carry."""
    strip = shutil.which("strip")
    for program in plan.programs:
        if strip is None:
            plan.results.note("size", program.name, "needs strip (binutils)")
            continue
        with tempfile.NamedTemporaryFile(prefix="reaperd-bench-") as copy:
            subprocess.run([strip, "-o", copy.name, os.path.realpath(program.path)], check=True)
            plan.results.add("size", program.name, os.stat(copy.name).st_size / 1000)


def _guard(plan: Plan, row: str, program: Program, body: Callable[[Program], None]) -> None:
    """One program's trouble is a remark in its cell, not the end of the run."""
    try:
        body(program)
    except (WorkloadError, RuntimeError, subprocess.SubprocessError) as error:
        plan.results.note(row, program.name, str(error))
    except OSError as error:
        name = errno.errorcode.get(error.errno, "?")
        plan.results.note(row, program.name, f"{name}: {error}")


MEASURES: dict[str, Callable[[Plan], None]] = {
    "startup": measure_startup,
    "reap": measure_reap,
    "flood": measure_flood,
    "syscalls": measure_syscalls,
    "idle": measure_idle,
    "size": measure_size,
}
