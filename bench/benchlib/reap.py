"""CPU per reap and death → reaped, per number of live orphans in front.

Small crowds: the containers of all programs stand side by side, and one phase of each follows the
other. A burst of a few milliseconds is at the mercy of what the kernel frees behind it, so only
phases that alternate quickly can be compared. Large crowds would not fit into the machine's pids
together; there each program has the machine for itself, and the differences are tenfold."""

from __future__ import annotations

import os
from contextlib import ExitStack

from benchlib.container import Session, WorkloadError
from benchlib.plan import Plan, guarded, room_for, say
from benchlib.programs import Program

TRICKLE_INTERVAL_US = 333
BURSTS_PER_ROUND = 4
BESIDE_EACH_OTHER = 1000  # live orphans up to which all containers run at once
DEATHS = 5000


def measure(plan: Plan) -> None:
    """All crowds that were asked for."""
    for live in plan.live_counts:
        side_by_side = live <= BESIDE_EACH_OTHER
        lack = room_for(live * (len(plan.programs) if side_by_side else 1) + DEATHS)
        if lack:
            for program in plan.programs:
                plan.results.note(f"cpu_burst_{live}", program.name, lack)
        elif side_by_side:
            say(f"reaping with {live} live: all programs in turn")
            _measure_together(plan, live)
        else:
            for program in plan.turns(1 if plan.quick else plan.rounds):
                say(f"reaping with {live} live: {program.name}")
                guarded(plan, f"cpu_burst_{live}", program,
                        lambda p, n=live: _measure_alone(plan, p, n))


class Phases:
    """The phases of one program's container; each adds its figures. Stops at the first that the
    init does not finish: what follows would measure the backlog."""

    def __init__(self, plan: Plan, program: Program, session: Session, live: int) -> None:
        self._plan, self._program, self._session, self._live = plan, program, session, live
        self._limit_ms = 5000 if plan.quick else 15_000
        # Peers walk all live children for each reap: fewer deaths show the same cost per reap.
        slow = not program.ours and live >= 20_000
        self._burst = 2000 if plan.quick or slow else DEATHS
        self._trickle = 600 if plan.quick else 2000
        self._behind = False

    def make_live(self) -> None:
        """The crowd in front."""
        made = self._session.ask(f"live {self._live}", 120)
        if made["error"]:
            raise WorkloadError(f"cannot make {self._live} orphans: {os.strerror(made['error'])}")

    def burst(self) -> None:
        """All dead at one moment."""
        self._run("burst", f"burst {self._burst} {self._limit_ms}")

    def trickle(self) -> None:
        """3000 deaths a second."""
        self._run("trickle", f"trickle {self._trickle} {TRICKLE_INTERVAL_US} {self._limit_ms}")

    def storm(self) -> None:
        """One signal kills a crowd."""
        self._run("storm", f"storm {self._burst} {self._limit_ms}")

    def _run(self, shape: str, command: str) -> None:
        if self._behind:
            return
        answer = self._session.ask(command, 3 * self._limit_ms / 1000 + 30)
        self._behind = not self._note(shape, answer)

    def _note(self, shape: str, answer: dict) -> bool:
        """Adds one phase's figures; false when the init did not finish it."""
        results, name, live = self._plan.results, self._program.name, self._live
        cpu_row = f"cpu_{shape}_{live}"
        if answer["error"]:
            results.note(cpu_row, name, f"cannot make it: {os.strerror(answer['error'])}")
            return True
        if answer["reaped"] > 0 and answer["cpu_ns"] >= 0:
            results.add(cpu_row, name, answer["cpu_ns"] / answer["reaped"] / 1e3)
        complete = answer["reaped"] == answer["deaths"]
        if not complete:
            results.note(cpu_row, name, f"cut off after {self._limit_ms / 1000:.0f} s: "
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


def _measure_together(plan: Plan, live: int) -> None:
    """All containers at once, one phase of each after the other."""
    rounds = 1 if plan.quick else plan.rounds
    with ExitStack() as stack:
        phases: dict[str, Phases] = {}

        def start(program: Program) -> None:
            session = stack.enter_context(Session(program, plan.tools["workload"]))
            made = Phases(plan, program, session, live)
            made.make_live()
            phases[program.name] = made

        def each(turns: int, run: str) -> None:
            for program in plan.turns(turns):
                if program.name in phases:
                    guarded(plan, f"cpu_{run}_{live}", program,
                            lambda p: getattr(phases[p.name], run)())

        for program in plan.programs:
            guarded(plan, f"cpu_burst_{live}", program, start)
        each(BURSTS_PER_ROUND * rounds, "burst")
        each(rounds, "trickle")
        if live == 0:
            each(rounds, "storm")


def _measure_alone(plan: Plan, program: Program, live: int) -> None:
    """One program with a large crowd; at the largest also what it remembers per child."""
    with Session(program, plan.tools["workload"]) as session:
        before = session.ask("memory")
        phases = Phases(plan, program, session, live)
        phases.make_live()
        phases.burst()
        phases.trickle()
        if live == max(plan.live_counts):
            grown = session.ask("memory")["private_dirty_kib"] - before["private_dirty_kib"]
            plan.results.add("bytes_per_child", program.name, max(grown, 0) * 1024 / live)
