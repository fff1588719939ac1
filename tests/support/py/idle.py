"""Whether a supervisor is idle: one that only waits makes no context switch of either kind."""

from __future__ import annotations

import time

import procread
from launch import Run
from waiting import wait_until

WINDOW_S = 3.0
SETTLED_S = 0.4


def settle(runs: list[Run], quiet_s: float = SETTLED_S) -> None:
    """Until no supervisor has run for a while: start-up is over, and what
    follows a burst in the background."""
    last: list[tuple[int, int]] = []
    since = time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        now = [procread.switches(run.pid) for run in runs]
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > quiet_s

    wait_until(quiet, "all to come to rest", 20, pause=0.05)


def wakeups_in_window(runs: list[Run]) -> list[int]:
    """Switches of both kinds: a process that does not run makes neither."""
    before = [sum(procread.switches(run.pid)) for run in runs]
    time.sleep(WINDOW_S)  # the measurement itself
    return [sum(procread.switches(run.pid)) - start for run, start in zip(runs, before)]
