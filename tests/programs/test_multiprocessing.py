"""Python's multiprocessing: pools, killed workers, and the helper processes that it starts."""
from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import procread
import pytest
from launch import Run, kill_quietly
from waiting import wait_until

WORK = Path(__file__).parent / "pools.py"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_computes_and_leaves_nothing(supervise: Callable[..., Run], method: str) -> None:
    """spawn and forkserver start a resource tracker, which ends after main: an orphan."""
    run = supervise([sys.executable, WORK, "compute", method])
    ended = run.end(30)
    assert (ended.code, ended.out) == (5, "sum 328350\n")


def test_a_killed_worker_is_replaced_without_a_zombie(supervise: Callable[..., Run]) -> None:
    run = supervise([sys.executable, WORK, "serve", "fork"])
    run.wait_line("^ready$")
    (main,) = run.children()
    wait_until(lambda: len(procread.children(main)) == 3, "three workers")
    victim = min(procread.children(main))
    kill_quietly(victim)
    wait_until(lambda: victim not in procread.children(main) and len(procread.children(main)) == 3,
               "another worker")
    assert not run.zombies()
    run.send(signal.SIGTERM)
    assert run.end().code == 6


def test_a_killed_main_leaves_workers_that_are_ended(supervise: Callable[..., Run]) -> None:
    """The workers wait on a queue that nobody will ever fill again."""
    run = supervise([sys.executable, WORK, "serve", "fork"])
    run.wait_line("^ready$")
    (main,) = run.children()
    kill_quietly(main)
    assert run.end().code == 137


def test_children_of_workers_are_adopted_and_reaped(supervise: Callable[..., Run]) -> None:
    run = supervise([sys.executable, WORK, "abandon", "fork"])
    run.wait_line("^abandoned$")
    run.wait_only_children(1)
    run.send(signal.SIGTERM)
    assert run.end().code == 143
