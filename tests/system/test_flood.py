"""Floods: 25 000 zombies at once with a signal and a timer behind them, and long storms.

Pid numbers are shared by every namespace of the machine, so these take nearly all of them for a
moment; each test gives them back before it ends.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time

import pytest

import procread
from launch import PID1, Launcher, Run, roles
from waiting import wait_until

ZOMBIES = 25_000
# design budget: 10 ms. The rest is for a loaded machine with two cores.
STOP_BUDGET_S = 0.010
NOISE_FACTOR = 5
DEATHS = int(os.environ.get("REAPERD_TEST_DEATHS", "50000"))


def main_with_negligent(*echo: str) -> list[str]:
    return roles("beside", "--", "negligent", ZOMBIES, "++", "echo", *echo)


def free_numbers() -> int:
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as stream:
        return int(stream.read()) - sum(name.isdigit() for name in os.listdir("/proc"))


@pytest.fixture(autouse=True)
def enough_numbers() -> None:
    """A test before this one may still be giving its numbers back."""
    wait_until(lambda: free_numbers() > ZOMBIES + 3000, "free pid numbers", 30, pause=0.1)


def hand_over_zombies(run: Run) -> None:
    """Stops the supervisor, kills the negligent parent, and returns when all its zombies wait at
    the supervisor's door: whoever continues it sees them and the signals sent since, together."""
    run.wait_line("^ready negligent", 60)
    run.wait_line("^ready echo")
    main = run.children()[0]
    parent = procread.children(main)[0]
    run.send(signal.SIGSTOP)
    wait_until(lambda: (own := procread.read_process(run.pid)) is not None and own.state == "T",
               "the supervisor to stand still")
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: len(run.children()) >= ZOMBIES, "all zombies to be handed over", 30)


def forwarded_at(run: Run, name: str) -> float:
    line = run.wait_line(rf"^signal {name} .* at=(\d+)$", 30)
    return int(line.group(1)) / 1e9


@pytest.mark.slow
def test_a_stop_signal_overtakes_25000_zombies(launch: Launcher) -> None:
    delays = []
    for _ in range(3):
        run = launch.start([], main_with_negligent("--exit-on=USR1=42"), mode=PID1)
        hand_over_zombies(run)
        run.send(signal.SIGTERM)
        continued = time.monotonic()
        run.send(signal.SIGCONT)
        delays.append(forwarded_at(run, "TERM") - continued)
        run.wait_only_children(1, 60)
        run.send(signal.SIGUSR1)
        assert run.end(30).code == 42
    assert statistics.median(delays) < STOP_BUDGET_S * NOISE_FACTOR, delays


@pytest.mark.slow
def test_a_timer_is_served_while_25000_zombies_wait(launch: Launcher) -> None:
    drain_s = 0.030
    delays = []
    for _ in range(3):
        run = launch.start(["--drain", "30ms"], main_with_negligent("--exit-on=USR1=42"),
                           mode=PID1)
        hand_over_zombies(run)
        run.send(signal.SIGTERM)
        continued = time.monotonic()
        run.send(signal.SIGCONT)
        delays.append(forwarded_at(run, "TERM") - continued - drain_s)
        run.wait_only_children(1, 60)
        run.send(signal.SIGUSR1)
        assert run.end(30).code == 42
    assert min(delays) > -0.002, delays
    assert statistics.median(delays) < STOP_BUDGET_S * NOISE_FACTOR, delays


@pytest.mark.slow
@pytest.mark.limit(900)
def test_a_long_storm_leaves_no_zombie(launch: Launcher, mode: str) -> None:
    """REAPERD_TEST_DEATHS sets how many: 50 000, or 1 000 000 where somebody waits for it."""
    run = launch.start([], roles("storm", DEATHS, "--burst=500", "--dead", "--",
                                 *roles("echo", "--exit-on=USR1=42")), mode=mode)
    run.wait_line("^ready echo", 800)
    run.wait_only_children(1, 60)
    run.send(signal.SIGUSR1)
    assert run.end(30).code == 42


@pytest.mark.slow
def test_deaths_behind_many_live_orphans_are_reaped(launch: Launcher, mode: str) -> None:
    live = 5000
    run = launch.start(["--grace", "0"],
                       roles("live-orphans", live, "--",
                             *roles("storm", 4000, "--burst=500", "--",
                                    *roles("echo", "--exit-on=USR1=42"))),
                       mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready echo", 60)
    run.wait_only_children(live + 1, 60)
    run.send(signal.SIGUSR1)
    assert run.end(30).code == 42
