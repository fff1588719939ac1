"""The measurements. Each takes the plan of the run and adds to its results; every program gets one
turn before any gets its next, so that a noisy minute is shared by all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from typing import Callable

from benchlib import holds, reap, records, status_socket
from benchlib.container import ENVIRONMENT, Session, WorkloadError, cpu_pair
from benchlib.plan import Plan, guarded, room_for, say
from benchlib.programs import BARE, OURS, Program
from benchlib.syscall_count import SyscallCounter, method


def measure_startup(plan: Plan) -> None:
    """exec to main and whole run, all samples by one C++ process that takes turns itself."""
    samples = 60 if plan.quick else 300
    entries = [(BARE, "-")] + [(p.name, "\t".join(p.argv)) for p in plan.programs]
    reaper_cpu, _ = cpu_pair()
    say(f"start-up: {samples} samples of {len(entries)} programs")
    run = subprocess.run(
        [*Session.prefix, str(plan.tools["startup"]), str(samples),
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
        guarded(plan, "stop_flood", program, lambda p: _flood_once(plan, p))


PHASES = {"single": ("singles 200 3000 10000", 200), "burst": ("burst 2000 10000", 2000)}


def _syscalls_once(plan: Plan, program: Program, rows: dict[str, str]) -> None:
    """`rows`: row → phase."""
    with Session(program, plan.tools["workload"]) as session:
        for row, shape in rows.items():
            phase, deaths = PHASES[shape]
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
        guarded(plan, "syscalls_single", program, lambda p: _syscalls_once(
            plan, p, {"syscalls_single": "single", "syscalls_burst": "burst"}))
        if program.name == OURS:
            minimal = records.recording(program, "--records", "minimal")
            guarded(plan, "syscalls_minimal", minimal, lambda p: _syscalls_once(
                plan, p, {"syscalls_minimal": "single"}))


def measure_idle(plan: Plan) -> None:
    """Wake-ups of all programs at the same time, after 100 orphans came and went, and memory before
    that: what records of deaths take is a row of its own."""
    seconds = 5.0 if plan.quick else 10.0
    say(f"idle: all programs for {seconds:.0f} s")
    sessions: list[tuple[Program, Session]] = []
    try:
        for program in plan.programs:
            try:
                session = Session(program, plan.tools["workload"])
                sessions.append((program, session))
                memory = session.ask("memory")
                plan.results.add("rss", program.name, memory["rss_kib"])
                plan.results.add("pss", program.name, memory["pss_kib"])
                plan.results.add("private_dirty", program.name, memory["private_dirty_kib"])
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


MEASURES: dict[str, Callable[[Plan], None]] = {
    "startup": measure_startup,
    "reap": reap.measure,
    "records": records.measure,
    "holds": holds.measure,
    "socket": status_socket.measure,
    "flood": measure_flood,
    "syscalls": measure_syscalls,
    "idle": measure_idle,
    "size": measure_size,
}
