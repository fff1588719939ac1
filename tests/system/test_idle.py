"""Idle means zero wake-ups, whatever is below: sleepers, stopped ones, an absent-minded tracer."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import procread
from idle import settle, wakeups_in_window
from launch import MODES, Launcher, Run, roles
from waiting import wait_until


def start_sleeper(launch: Launcher, mode: str) -> Run:
    return launch.start([], ["sleep", "1000"], mode=mode)


def start_with_options(launch: Launcher, mode: str) -> Run:
    return launch.start(["--grace", "7s", "--stop-timeout", "10s", "--drain", "1s",
                         "--wait-for", "all"], ["sleep", "1000"], mode=mode)


def start_with_orphans(launch: Launcher, mode: str) -> Run:
    run = launch.start([], roles("live-orphans", 200), mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready live-orphans")
    return run


def start_with_stopped(launch: Launcher, mode: str) -> Run:
    run = launch.start([], roles("orphans", 3, "--orphan-end=stop", "--setsid", "--end=sleep"),
                       mode=mode)
    run.wait_line("^ready orphans")
    return run


def start_with_zombies(launch: Launcher, mode: str) -> Run:
    run = launch.start([], roles("negligent", 50), mode=mode)
    run.wait_line("^ready negligent")
    return run


def start_with_dead_leader(launch: Launcher, mode: str) -> Run:
    run = launch.start([], roles("leader-exit", 9), mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready leader-exit")
    return run


def start_after_storm(launch: Launcher, mode: str) -> Run:
    run = launch.start([], roles("storm", 2000, "--end=sleep"), mode=mode)
    run.wait_line("^ready storm")
    return run


def start_that_lost_main(launch: Launcher, mode: str) -> Run:
    """Only an orphan is left and is waited for."""
    run = launch.start(["--wait-for", "all"], roles("orphans", 1, "--orphan-end=sleep",
                                                    "--end=exit:3"), mode=mode)
    run.wait_line("^ready orphans")
    return run


def start_talkative(launch: Launcher, mode: str) -> Run:
    run = launch.start(["--log-level", "debug"], roles("storm", 200, "--end=sleep"), mode=mode)
    run.wait_line("^ready storm")
    return run


def start_drained(launch: Launcher, mode: str) -> Run:
    """In a stop without a time limit, main not caring."""
    run = launch.start([], roles("echo"), mode=mode)
    run.wait_line("^ready echo")
    run.send(signal.SIGTERM)
    run.wait_line("^signal TERM")
    return run


IDLE: dict[str, Callable[[Launcher, str], Run]] = {
    "one sleeper": start_sleeper,
    "options with times": start_with_options,
    "live orphans": start_with_orphans,
    "stopped orphans": start_with_stopped,
    "another's zombies": start_with_zombies,
    "a dead leader": start_with_dead_leader,
    "after a storm": start_after_storm,
    "main ended, waiting for all": start_that_lost_main,
    "a debug log": start_talkative,
    "in a stop": start_drained,
}


def test_no_wakeup_while_nothing_happens(launch: Launcher) -> None:
    """All at once: the window costs its time only once."""
    started = {(name, mode): start(launch, mode) for name, start in IDLE.items() for mode in MODES}
    runs = list(started.values())
    settle(runs)
    woken = dict(zip(started, wakeups_in_window(runs)))
    assert {case: count for case, count in woken.items() if count != 0} == {}


def trace(launch: Launcher, pid: int) -> Run:
    tracer = launch.start(["tracer", str(pid)], [], program=roles()[0])
    tracer.wait_line("^ready tracer")
    return tracer


def kill_and_wait_for_zombie(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: (seen := procread.read_process(pid)) is not None and seen.is_zombie,
               f"{pid} to be a zombie")


def test_a_tracer_that_never_waits_costs_no_wakeup_and_loses_nothing(launch: Launcher) -> None:
    """The dead child is the tracer's to wait for first: its pidfd is readable, waitid gives
    nothing. It must neither spin nor be forgotten once the tracer lets go."""
    runs, tracers = [], []
    for mode in MODES:
        run = launch.start([], roles("echo"), mode=mode)
        run.wait_line("^ready echo")
        main = run.children()[0]
        tracers.append(trace(launch, main))
        kill_and_wait_for_zombie(main)
        runs.append(run)
    settle(runs)
    assert wakeups_in_window(runs) == [0, 0]
    assert all(run.is_running() for run in runs)
    for tracer in tracers:
        tracer.process.kill()
    assert [run.end().code for run in runs] == [137, 137]


def test_a_traced_dead_orphan_neither_wakes_nor_hides_the_others(launch: Launcher) -> None:
    runs, tracers = [], []
    for mode in MODES:
        run = launch.start([], roles("orphans", 1, "--orphan-end=sleep", "--",
                                     *roles("beside", "--", "negligent", 100, "++", "echo",
                                            "--exit-on=USR1=42")), mode=mode)
        run.wait_line("^ready echo")
        run.wait_line("^ready negligent")
        orphan = int(run.wait_line(r"^orphan (\d+)").group(1))
        outer = next(pid for pid in run.children() if procread.inner_pid(pid) == orphan)
        tracers.append(trace(launch, outer))
        kill_and_wait_for_zombie(outer)
        main = next(pid for pid in run.children() if pid != outer)
        os.kill(procread.children(main)[0], signal.SIGKILL)
        # A hundred zombies come past the traced one, which stays.
        wait_until(lambda run=run: len(run.children()) == 2, "the hundred to be reaped")
        runs.append(run)
    settle(runs)
    assert wakeups_in_window(runs) == [0, 0]
    for tracer in tracers:
        tracer.process.kill()
    for run in runs:
        run.wait_only_children(1)
        run.send(signal.SIGUSR1)
    assert [run.end().code for run in runs] == [42, 42]
