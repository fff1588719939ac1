"""What a hold is for: /proc/<pid> of the dead one can be read by anybody else, for exactly as long
as the rule says, and its number is given to nobody meanwhile."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

import procread
from crew import Crew, held_by, reason
from launch import PID1, Launcher
from waiting import wait_until

HOLD_S = 2.0
# What a busy machine may add to the reap.
LATE_S = 1.0
FILES = ("stat", "status", "io", "limits", "cgroup")
SMALL_PID_MAX = 400


def test_proc_of_a_held_one_is_there_for_exactly_the_time_of_its_rule(launch: Launcher,
                                                                      mode: str) -> None:
    crew = Crew(launch, ["--hold", f"comm=worker,for={HOLD_S:.0f}s"], mode=mode)
    before = time.monotonic()
    pid = crew.one("dead", "worker", "exit:3")
    folder = Path(f"/proc/{crew.outer(pid)}")
    texts = {name: (folder / name).read_text() for name in FILES}
    assert re.match(rf"{folder.name} \(worker\) Z ", texts["stat"])
    assert re.search(r"^State:\tZ", texts["status"], re.MULTILINE)
    assert "read_bytes: " in texts["io"]
    assert "Max processes" in texts["limits"]
    assert ":/" in texts["cgroup"]
    wait_until(lambda: not folder.exists(), "the end of the hold", HOLD_S + 5)
    lasted = time.monotonic() - before
    assert HOLD_S <= lasted < HOLD_S + LATE_S
    (record,) = crew.log.wait_named("worker")
    assert reason(record) == "timeout"
    assert HOLD_S * 1e6 <= record["held_us"] < (HOLD_S + LATE_S) * 1e6


def test_another_user_can_read_it_too(launch: Launcher) -> None:
    """Not io, which is the owner's (docs/kernel-facts.md)."""
    crew = Crew(launch, ["--hold", "comm=worker,until=released"])
    outer = crew.outer(crew.one("dead", "worker", "signal:SEGV"))
    for name in ("stat", "status", "limits", "cgroup"):
        shown = subprocess.run(["cat", f"/proc/{outer}/{name}"], capture_output=True, check=False,
                               user=65534, group=65534, extra_groups=[])
        assert (shown.returncode, shown.stderr) == (0, b"") and shown.stdout, name


def test_signals_to_a_held_one_succeed_and_change_nothing(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "comm=worker,until=released"], mode=mode)
    pid = crew.one("dead", "worker", "exit:3")
    crew.wait_held(pid)
    outer = crew.outer(pid)
    for number in (0, 15, 9, 18):
        os.kill(outer, number)
    crew.order("dead", "another", "exit:0")
    crew.log.wait_named("another")
    assert crew.zombies() == [pid]
    assert crew.end().code == 0
    (record,) = crew.log.wait_named("worker")
    assert record["end"] == {"how": "exit", "code": 3, "signal": None, "core": False}


def need_own_pid_max() -> None:
    """Before Linux 6.14 kernel.pid_max is one for all namespaces: it must not be touched there."""
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    if release < (6, 14):
        pytest.skip("kernel.pid_max belongs to a pid namespace from Linux 6.14 on")


FEW_PIDS = ("sh", "-c", f'echo {SMALL_PID_MAX} >/proc/sys/kernel/pid_max && exec "$0" "$@"')


def use_up_the_first_numbers(crew: Crew) -> None:
    """Those below 300 are not given again once they were used (docs/kernel-facts.md#pid_max)."""
    for _ in range(4):
        crew.order("dead", "passing", "exit:0", 80)
        wait_until(lambda: not crew.zombies(), "the passing ones reaped")


def test_its_number_is_not_given_again(launch: Launcher) -> None:
    need_own_pid_max()
    crew = Crew(launch, ["--hold", "comm=worker,until=released"], mode=PID1,
                prefix=FEW_PIDS, log_level="warn")
    use_up_the_first_numbers(crew)
    kept = crew.one("dead", "worker", "exit:3")
    seen: set[int] = set()
    for _ in range(12):
        new = crew.order("dead", "passing", "exit:0", 50)
        assert kept not in new
        seen.update(new)
        wait_until(lambda: crew.zombies() == [kept], "the passing ones reaped")
    assert min(seen) >= 300 and len(seen) <= 100, "600 deaths had the other numbers in turn"
    state = procread.read_process(crew.outer(kept))
    assert state is not None and state.is_zombie


def test_its_number_is_free_when_the_hold_is_over(launch: Launcher) -> None:
    """The counterpart: released, the number does come back."""
    need_own_pid_max()
    crew = Crew(launch, ["--hold", "comm=worker,for=300ms"], mode=PID1, prefix=FEW_PIDS)
    use_up_the_first_numbers(crew)
    kept = crew.one("dead", "worker", "exit:3")
    (record,) = crew.log.wait_named("worker")
    assert held_by(record) == "hold-1"
    for _ in range(40):
        new = crew.order("dead", "passing", "exit:0", 20)
        wait_until(lambda: not crew.zombies(), "the passing ones reaped")
        if kept in new:
            return
    pytest.fail(f"{kept} never came back")
