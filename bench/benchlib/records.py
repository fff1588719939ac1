"""What death records cost, of our program alone: no peer writes any.

Differences between containers that stand side by side and take turns: the same program with
--records off is what a reap costs, the rest is the record."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchlib.container import Session, WorkloadError
from benchlib.plan import Plan, guarded, room_for, say
from benchlib.programs import OURS, Program

DETAILS = ("minimal", "standard", "full")
DEATHS = 2000
BURSTS = 5
RING = 1024  # records that are kept by default
LIVE = 5000
NOISE_PERCENT = 0.5  # half of the budget
TRICKLE = (1200, 3333)  # deaths and µs between them: 4 s


def recording(program: Program, *options: str) -> Program:
    """The same program with other options."""
    return replace(program, argv=(program.path, *options, *program.argv[1:]))


def measure(plan: Plan) -> None:
    """All rows of the group, for our static program."""
    ours = next((p for p in plan.programs if p.name == OURS), None)
    if ours is None:
        return
    for row, body in (("record_minimal", _measure_details), ("record_bytes", _measure_bytes),
                      ("pss_scribe", _measure_scribe), ("discovery_share", _measure_discovery)):
        say(f"records: {row}")
        guarded(plan, row, ours, lambda p, run=body: run(plan, p))


def _burst(session: Session, deaths: int) -> float:
    """CPU per reap in µs."""
    answer = session.ask(f"burst {deaths} 15000", 60)
    if answer["error"] or answer["reaped"] != deaths:
        raise WorkloadError(f"burst {deaths}: {answer}")
    return answer["cpu_ns"] / deaths / 1e3


def _measure_details(plan: Plan, program: Program) -> None:
    turns = BURSTS * (1 if plan.quick else plan.rounds)
    with ExitStack() as stack:
        sessions = {mode: stack.enter_context(Session(recording(program, "--records", mode),
                                                      plan.tools["workload"]))
                    for mode in ("off", *DETAILS)}
        for _ in range(turns):
            cost = {mode: _burst(session, DEATHS) for mode, session in sessions.items()}
            for mode in DETAILS:
                plan.results.add(f"record_{mode}", program.name, cost[mode] - cost["off"])


def _measure_bytes(plan: Plan, program: Program) -> None:
    """A full ring against none, after the same deaths."""
    grown = {}
    for mode in ("off", "auto"):
        with Session(recording(program, "--records", mode), plan.tools["workload"]) as session:
            # Whatever grows once has grown.
            _burst(session, 64)
            before = session.ask("memory")["rss_kib"]
            answer = session.ask(f"trickle {2 * RING} 333 15000", 60)
            if answer["reaped"] != answer["deaths"]:
                raise WorkloadError(f"trickle: {answer}")
            grown[mode] = session.ask("memory")["rss_kib"] - before
    plan.results.add("record_bytes", program.name,
                     max(0, grown["auto"] - grown["off"]) * 1024 / RING)


def _pss_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def _measure_scribe(plan: Plan, program: Program) -> None:
    """With a death log: the init and its scribe."""
    logging = recording(program, "--death-log", "/dev/null")
    with Session(logging, plan.tools["workload"]) as session:
        session.ask("burst 100 5000")
        init = session.init_pid
        ours = os.path.realpath(program.path)
        children = Path(f"/proc/{init}/task/{init}/children").read_text(encoding="ascii").split()
        scribes = [pid for pid in map(int, children)
                   if os.path.realpath(f"/proc/{pid}/exe") == ours]
        if not scribes:
            raise WorkloadError("there is no scribe")
        plan.results.add("pss_scribe", program.name, sum(map(_pss_kib, [init, *scribes])))


def _share(plan: Plan, program: Program, mode: str) -> float:
    """CPU of one trickle beside a crowd, in % of its time."""
    with Session(recording(program, "--records", mode), plan.tools["workload"]) as session:
        made = session.ask(f"live {LIVE}", 120)
        if made["error"]:
            raise WorkloadError(f"cannot make {LIVE} orphans: {os.strerror(made['error'])}")
        answer = session.ask(f"trickle {TRICKLE[0]} {TRICKLE[1]} 30000", 120)
        if answer["reaped"] != TRICKLE[0]:
            raise WorkloadError(f"{answer['reaped']} of {TRICKLE[0]} reaped")
        return 100 * answer["cpu_ns"] / answer["elapsed_ns"]


def _measure_discovery(plan: Plan, program: Program) -> None:
    """Looking for the living, in the time that a trickle takes, with a crowd to look at: with
    --records off nobody looks. The runs without must agree with each other, or the difference is
    that of the machine's load; whether they do does not depend on what the difference is."""
    lack = room_for(LIVE + TRICKLE[0])
    if lack:
        raise WorkloadError(lack)
    without, looking = [], []
    for _ in range(max(2, plan.rounds)):
        without.append(_share(plan, program, "off"))
        looking.append(_share(plan, program, "minimal"))
    noise = max(without) - min(without)
    if noise > NOISE_PERCENT:
        plan.results.note("discovery_share", program.name,
                          f"too noisy to tell: without it {min(without):.2f} to "
                          f"{max(without):.2f} %, with it {min(looking):.2f} to "
                          f"{max(looking):.2f} %")
        return
    for off, on in zip(without, looking):
        plan.results.add("discovery_share", program.name, on - off)
