"""Held ones use up what others need: limits on processes, and what makes room for whom."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew import Crew, DeathLog, hold_file, reason
from launch import PID1, Ended, Launcher, roles
from test_hold_proc import need_own_pid_max
from waiting import wait_until

PIDS_CGROUP = Path("/sys/fs/cgroup/pids")
LIMIT = 64
# With the default share a quarter is held at most, ourselves included; the rest is the workload's.
SHARE = LIMIT // 4
WORKLOAD = LIMIT - SHARE
FORKS = 5000
UID = 54321
RELEASED = r"released kept \(pid (\d+)\): pressure\n"
EVERYBODY = {"rules": [{"name": "all", "match": {}, "until": "released"}],
             "limits": {"max_held": 1000}}


@pytest.fixture
def pids_group(launch: Launcher) -> Iterator[Path]:
    """A cgroup with room for 64 processes; v1, or v2 where that counts them."""
    if PIDS_CGROUP.is_dir():
        parent = PIDS_CGROUP
    elif "pids" in Path("/sys/fs/cgroup/cgroup.subtree_control").read_text().split():
        parent = Path("/sys/fs/cgroup")
    else:
        pytest.skip("no cgroup counts processes here")
    group = parent / f"reaperd-hold-{os.getpid()}"
    group.mkdir()
    (group / "pids.max").write_text(str(LIMIT))
    try:
        yield group
    finally:
        launch.clean()
        wait_until(lambda: not (group / "cgroup.procs").read_text(), "the cgroup to be empty")
        group.rmdir()


def in_group(group: Path) -> list[str]:
    return roles("enter-cgroup", group, "--")


def steady_forks(launch: Launcher, folder: Path, prefix: list[str]) -> tuple[Ended, DeathLog]:
    """A workload that takes all that is not the share of holding: itself, one between, and as many
    dead that nobody has seen yet. It goes on when only the share is left."""
    log = DeathLog(folder / "deaths")
    ended = launch.run(
        ["--log-level", "warn", "--death-log", str(log.path), "--hold",
         hold_file(folder, EVERYBODY)],
        roles("steady-forks", FORKS, WORKLOAD - 2, SHARE + 1), mode=PID1, prefix=prefix,
        seconds=50)
    return ended, log


def check_budget(ended: Ended, log: DeathLog) -> None:
    assert "refused 0" in ended.out, (ended.out, ended.err)
    assert ended.code == 0
    held = [record for record in log.records() if record["hold"]]
    assert {reason(record) for record in held} == {"budget", "shutdown"}
    # Whoever made room was older than all that stayed.
    gone = [record["seq"] for record in held if reason(record) == "budget"]
    stayed = [record["seq"] for record in held if reason(record) == "shutdown"]
    assert 0 < len(stayed) < SHARE
    assert max(gone) < min(stayed)
    assert log.accounted() > FORKS


def test_pids_max_leaves_the_workload_its_part(launch: Launcher, tmp_path: Path,
                                               pids_group: Path) -> None:
    check_budget(*steady_forks(launch, tmp_path, in_group(pids_group)))


def test_rlimit_nproc_leaves_the_workload_its_part(launch: Launcher, open_folder: Path) -> None:
    """The limit counts per user; root is not held to it."""
    as_user = [*roles("limit", f"nproc={LIMIT}", "--"), *roles("as-user", UID, "--")]
    own = open_folder / "own"
    own.mkdir()
    os.chown(own, UID, UID)
    check_budget(*steady_forks(launch, own, as_user))


def test_pid_max_leaves_the_workload_its_part(launch: Launcher, tmp_path: Path) -> None:
    """With 364 there are 64 numbers when the first 300 are used up."""
    need_own_pid_max()
    few = ["sh", "-c", f'echo {300 + LIMIT} >/proc/sys/kernel/pid_max && exec "$0" "$@"']
    check_budget(*steady_forks(launch, tmp_path, few))


def test_a_refused_fork_makes_half_of_the_held_go(launch: Launcher, tmp_path: Path,
                                                  pids_group: Path) -> None:
    """Where rules were given more than is good: the next look at the counter makes room."""
    greedy = {**EVERYBODY, "limits": {"max_held": 40, "max_share_of_pids": 1.0}}
    crew = Crew(launch, ["--hold", hold_file(tmp_path, greedy)], mode=PID1,
                prefix=in_group(pids_group))
    crew.wait_held(*crew.order("dead", "kept", "exit:3", 32))
    one = crew.one("live", "one")
    crew.order("fill", "filler")
    (filled,) = (int(text) for text in re.findall(r"^filled (\d+)$", crew.run.out(), re.MULTILINE))
    assert 20 < filled < 32
    assert len(crew.zombies()) == 32, "this kernel does not tell of refused forks, and nobody asked"
    crew.kill(one)
    gone = re.findall(RELEASED, crew.run.wait_log(rf"(?s)({RELEASED}.*){{16}}").group())
    assert [int(pid) for pid in gone] == crew.held_in_order()[:len(gone)]
    records = crew.log.wait_named("kept", 16)
    assert {reason(record) for record in records} == {"pressure"}
    # Of 32, or of 33 with the one that was killed.
    wait_until(lambda: len(crew.zombies()) <= 17, "half of them to go")
    assert len(crew.zombies()) >= 16


def test_a_limit_that_is_lowered_is_heeded(launch: Launcher, tmp_path: Path,
                                           pids_group: Path) -> None:
    """As by `docker update --pids-limit`; at a death, if the last look is ten seconds old."""
    crew = Crew(launch, ["--hold", hold_file(tmp_path, EVERYBODY)], mode=PID1,
                prefix=in_group(pids_group))
    crew.order("dead", "kept", "exit:3", 10)
    wait_until(lambda: len(crew.zombies()) == 10, "ten held")
    (pids_group / "pids.max").write_text("28")  # a quarter is 7
    begun = time.monotonic()

    def fewer() -> bool:
        crew.order("dead", "kept", "exit:3")
        return len(crew.zombies()) <= 6

    wait_until(fewer, "the new limit to be heeded", 20, pause=3)
    assert time.monotonic() - begun < 18
    assert {reason(record) for record in crew.log.wait_named("kept", 4)} == {"budget"}


def test_a_stop_signal_lets_five_hundred_go_at_once(launch: Launcher, tmp_path: Path,
                                                    mode: str) -> None:
    crew = Crew(launch, ["--hold", hold_file(tmp_path, EVERYBODY)], mode=mode)
    crew.order("dead", "kept", "exit:3", 500)
    wait_until(lambda: len(crew.held_in_order()) == 500, "500 held")
    begun = time.monotonic()
    crew.run.send(15)
    ended = crew.run.end()
    assert time.monotonic() - begun < 1.0
    assert ended.code == 143
    assert ended.err.count(": shutdown\n") == 500
    crew.check_all_told("kept", 500, "shutdown")


def test_after_a_stop_signal_nobody_is_held(launch: Launcher, mode: str) -> None:
    """Also while main goes on: what stops may need every number."""
    crew = Crew(launch, ["--hold", "comm=kept,until=released", "--rewrite", "TERM=URG"], mode=mode)
    crew.wait_held(*crew.order("dead", "kept", "exit:3", 3))
    crew.run.send(15)
    wait_until(lambda: not crew.zombies(), "all to go")
    crew.order("dead", "kept", "exit:4", 3)
    records = crew.log.wait_named("kept", 6)
    assert [reason(record) for record in records] == ["shutdown"] * 3 + [None] * 3
    assert crew.end("exit:6").code == 6
