"""Where deaths are only looked at, stops must still be told, and a tracer's dead child must neither
spin nor be lost."""

from __future__ import annotations

import os
import re
import signal

import pytest

import procread
from crew import Crew
from idle import settle, wakeups_in_window
from launch import MODES, PID1, Launcher, Run, roles
from waiting import wait_until

HOLDING = [["--hold", "comm=nobody,until=released"], ["--hold", "role=main+adopted,for=200ms"]]


@pytest.mark.parametrize("options", HOLDING)
@pytest.mark.parametrize("name", ["TSTP", "TTIN", "TTOU"])
def test_as_pid_1_a_stopped_main_is_continued_at_once(launch: Launcher, options: list[str],
                                                       name: str) -> None:
    run = launch.start(["--log-level", "debug", *options],
                       roles("echo", f"--default={name}", "--exit-on=USR1=42"), mode=PID1)
    run.wait_line("^ready echo")
    main = run.children()[0]
    for count in (1, 2, 3):
        os.kill(main, getattr(signal, f"SIG{name}"))
        wait_until(lambda: len(re.findall(f"main was stopped by SIG{name} and continued at once",
                                          run.err())) == count, "the stop to be told")
        wait_until(lambda: procread.read_process(main).state != "T",  # type: ignore[union-attr]
                   "main to be continued")
    os.kill(main, signal.SIGUSR1)
    assert run.end().code == 42


def test_a_stop_is_told_beside_a_hundred_held(launch: Launcher) -> None:
    crew = Crew(launch, ["--hold", "comm=kept,until=released"], mode=PID1, log_level="debug")
    crew.order("dead", "kept", "exit:1", 16)
    crew.order("live", "alive", 50)
    wait_until(lambda: len(crew.held_in_order()) == 16, "16 held")
    crew.kill(crew.main, signal.SIGTSTP)
    crew.run.wait_log("main was stopped by SIGTSTP and continued at once")
    crew.order("dead", "other", "exit:0")
    crew.log.wait_named("other")


def test_a_stopped_orphan_stays_stopped(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "until=released"], mode=mode)
    orphan = crew.one("live", "orphan")
    outer = crew.outer(orphan)
    os.kill(outer, signal.SIGTSTP)
    crew.wait_held(crew.one("dead", "other", "exit:0"))
    state = procread.read_process(outer)
    assert state is not None and state.state == "T"
    os.kill(outer, signal.SIGKILL)
    crew.wait_held(orphan)


# --- tracers


def trace(launch: Launcher, pid: int) -> Run:
    tracer = launch.start(["tracer", str(pid)], [], program=roles()[0])
    tracer.wait_line("^ready tracer")
    return tracer


def kill_and_wait_for_zombie(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: (seen := procread.read_process(pid)) is not None and seen.is_zombie,
               f"{pid} to be a zombie")


def test_a_traced_dead_child_costs_no_wakeup_and_is_held_when_the_tracer_goes(
        launch: Launcher) -> None:
    """Its death is the tracer's to see first: nothing that we can wait for."""
    crews, tracers, traced = [], [], []
    for mode in MODES:
        for rule in ("comm=traced,until=released", "comm=kept,until=released"):
            crew = Crew(launch, ["--hold", rule], mode=mode)
            pid = crew.one("live", "traced")
            kept = crew.one("dead", "kept", "exit:3")
            if "kept" in rule:
                crew.wait_held(kept)
            tracers.append(trace(launch, crew.outer(pid)))
            kill_and_wait_for_zombie(crew.outer(pid))
            # The others go past it.
            crew.order("dead", "passing", "exit:0", 50)
            crew.log.wait_named("passing", 50)
            crews.append((crew, rule))
            traced.append(pid)
    runs = [crew.run for crew, _ in crews]
    settle(runs, 1.0)
    assert wakeups_in_window(runs) == [0] * len(runs)
    for (crew, _), pid in zip(crews, traced):
        assert pid in crew.zombies()
        assert pid not in crew.held_in_order()
    for tracer in tracers:
        tracer.process.kill()
    for (crew, rule), pid in zip(crews, traced):
        if "kept" in rule:
            crew.log.wait_named("traced")
        else:
            crew.wait_held(pid)
            assert pid in crew.zombies()


def test_a_traced_dead_main_is_held_when_the_tracer_goes(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "role=main,for=2s"], mode=mode)
    outer = crew.outer(crew.main)
    tracer = trace(launch, outer)
    kill_and_wait_for_zombie(outer)
    settle([crew.run], 1.0)
    assert wakeups_in_window([crew.run]) == [0]
    assert crew.run.is_running()
    tracer.process.kill()
    crew.wait_held(crew.main)
    assert crew.run.end().code == 137
