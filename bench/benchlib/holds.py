"""What holding costs, of our program alone: no peer can hold.

CPU per reap while others are held, from bursts of deaths that no rule takes, and how promptly one
is kept and let go."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Iterator

from benchlib.container import Session, WorkloadError
from benchlib.plan import Plan, guarded, room_for, say
from benchlib.programs import OURS, Program

HELD_COUNTS = (0, 64, 1000, 10_000)
HELD_CODE = 7  # as kHeldCode in bench/tools/orphans.h
BURSTS = 4
DEATHS = 5000
TIMED_MS = 200  # a rule that lets go by itself: what is above it is ours
RELEASED = 1000


@contextmanager
def _rule_file(end: dict[str, str]) -> Iterator[str]:
    """A rule for our deaths, with limits that let all of them be held."""
    rule = {"name": "bench", "match": {"exit_codes": [str(HELD_CODE)]}, **end}
    limits = {"max_held": 30_000, "max_share_of_pids": 1, "max_time": "1h"}
    with tempfile.TemporaryDirectory(prefix="reaperd-bench-") as folder:
        path = Path(folder) / "hold.json"
        path.write_text(json.dumps({"rules": [rule], "limits": limits}), encoding="utf-8")
        yield f"@{path}"


def holding(program: Program, rule: str) -> Program:
    """The same program with hold rules."""
    return replace(program, argv=(program.path, "--hold", rule, *program.argv[1:]))


def measure(plan: Plan) -> None:
    """All rows of the group, for our static program."""
    ours = next((p for p in plan.programs if p.name == OURS), None)
    if ours is None:
        return
    with _rule_file({"until": "released"}) as rule:
        for count in HELD_COUNTS:
            _measure_held(plan, holding(ours, rule), count)
        say("holding: release by a stop signal")
        for _ in range(plan.rounds):
            guarded(plan, "hold_release", ours,
                    lambda p: _release_once(plan, holding(p, rule)))
    with _rule_file({"for": f"{TIMED_MS}ms"}) as rule:
        say(f"holding: {TIMED_MS} ms each")
        guarded(plan, "hold_over_p50", ours, lambda p: _timed(plan, holding(p, rule)))


def _hold(session: Session, count: int) -> None:
    """Makes `count` that are held."""
    answer = session.ask(f"held {count}", 60)
    if answer["error"]:
        raise WorkloadError(f"cannot make {count} deaths: {os.strerror(answer['error'])}")
    if answer["held"] != count:
        raise WorkloadError(f"{answer['held']} of {count} are held")


def _measure_held(plan: Plan, program: Program, count: int) -> None:
    row = f"cpu_held_{count}"
    deaths = 2000 if plan.quick else DEATHS
    lack = room_for(count + deaths)
    if lack:
        plan.results.note(row, program.name, lack)
        return
    say(f"reaping with {count} held")

    def run(which: Program) -> None:
        with Session(which, plan.tools["workload"]) as session:
            if count:
                _hold(session, count)
            for _ in range(BURSTS * (1 if plan.quick else plan.rounds)):
                answer = session.ask(f"burst {deaths} 15000", 60)
                if answer["reaped"] != deaths:
                    raise WorkloadError(f"{answer['reaped']} of {deaths} reaped")
                plan.results.add(row, which.name, answer["cpu_ns"] / deaths / 1e3)

    guarded(plan, row, program, run)


def _release_once(plan: Plan, program: Program) -> None:
    with Session(program, plan.tools["workload"]) as session:
        _hold(session, RELEASED)
        answer = session.ask("release 10000", 30)
    if answer["release_ns"] < 0:
        raise WorkloadError("not all were let go within 10 s")
    plan.results.add("hold_release", program.name, answer["release_ns"] / 1e6)


def _timed(plan: Plan, program: Program) -> None:
    deaths = 100 if plan.quick else 256
    with Session(program, plan.tools["workload"]) as session:
        answer = session.ask(f"timed {deaths} 3000 15000", 60)
    for q in ("p50", "p99"):
        row = f"hold_over_{q}"
        if answer["reaped"] != deaths:
            plan.results.note(row, program.name, f"{answer['reaped']} of {deaths} reaped")
        elif answer[f"{q}_ns"] < 0:
            plan.results.note(row, program.name,
                              "this kernel does not report a reap by pidfd (needs 6.15)")
        else:
            plan.results.add(row, program.name, answer[f"{q}_ns"] / 1e6 - TIMED_MS)
