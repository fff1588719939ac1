"""Kernels and profiles that refuse: seccomp filters, process and descriptor limits, big command
lines."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import procread
from launch import (
    PID1, SANITIZED, SUBREAPER, Launcher, Run, roles, strays, without_leak_check)
from waiting import wait_until

NEWER_CALLS = ["pidfd_open", "pidfd_send_signal", "waitid:P_PIDFD", "clone:CLONE_PIDFD", "clone3"]
REFUSED: list[list[str]] = [
    ["pidfd_open"], ["pidfd_send_signal"], ["pidfd_open", "pidfd_send_signal"],
    ["waitid"], ["waitid:WNOWAIT"], ["waitid:P_PIDFD"],
    ["clone:CLONE_PIDFD"], ["clone:CLONE_VFORK"], ["clone:CLONE_VM"], ["clone3"],
    ["clone:CLONE_VM", "clone:CLONE_VFORK", "clone:CLONE_PIDFD"],
    NEWER_CALLS,
    [*NEWER_CALLS, "waitid", "clone:CLONE_VM"],
]
# An older kernel knows the call but not the flag.
UNKNOWN_FLAG = [calls for calls in REFUSED
                if all(":" in call for call in calls) and "clone:CLONE_VM" not in calls]
CASES = [*((calls, error) for calls in REFUSED for error in ("ENOSYS", "EPERM")),
         *((calls, "EINVAL") for calls in UNKNOWN_FLAG)]
EACH_CASE = pytest.mark.parametrize("calls, error", CASES,
                                    ids=["+".join([*calls, error]) for calls, error in CASES])
LONE_USER = 23454


def refusing(calls: list[str], error: str) -> list[str]:
    return roles("refuse", *(f"{call}={error}" for call in calls), "--")


@EACH_CASE
def test_refused_calls_change_nothing_a_user_sees(launch: Launcher, mode: str,
                                                  calls: list[str], error: str) -> None:
    command = roles("orphans", 20, "--orphan-end=exit:3", "--",
                    *roles("beside", "--", "negligent", 20, "--end=after:20", "++", "echo",
                           "--exit-on=USR1=42"))
    run = launch.start([], command, mode=mode, prefix=refusing(calls, error),
                       environment=without_leak_check())
    run.wait_line("^ready echo")
    run.wait_only_children(1)
    run.send(signal.SIGUSR1)
    assert run.end().code == 42, run.err()


@EACH_CASE
def test_refused_calls_change_no_failure(launch: Launcher, calls: list[str], error: str) -> None:
    ended = launch.run([], ["/no/such/program"], prefix=refusing(calls, error),
                       environment=without_leak_check())
    assert ended.code == 127
    assert "cannot start /no/such/program: exec: No such file or directory" in ended.err


@EACH_CASE
def test_refused_calls_do_not_spare_anybody_in_the_grace(
        launch: Launcher, mode: str, calls: list[str], error: str) -> None:
    command = roles("orphans", 5, "--setsid", "--orphan-end=sleep", "--end=exit:4")
    ended = launch.run(["--grace", "10s"], command, mode=mode, prefix=refusing(calls, error),
                       environment=without_leak_check())
    assert ended.code == 4, ended.err
    assert ended.seconds < 6
    assert strays() == []


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
def test_refused_pidfds_cause_no_wakeups(launch: Launcher, mode: str, error: str) -> None:
    run = launch.start([], ["sleep", "1000"], mode=mode, prefix=refusing(NEWER_CALLS, error))
    wait_until(run.children, "main")
    last: list[int] = []

    def same_for_a_while() -> bool:
        last.append(sum(procread.switches(run.pid)))
        return len(last) > 20 and len(set(last[-20:])) == 1

    wait_until(same_for_a_while, "a second without a wake-up", 10, pause=0.05)


def test_no_process_left_for_this_user(launch: Launcher, mode: str) -> None:
    """RLIMIT_NPROC: the init itself is the one that the limit allows."""
    prefix = [*roles("as-user", LONE_USER, "--"), *roles("limit", "nproc=1", "--")]
    ended = launch.run([], ["sleep", "1000"], mode=mode, prefix=prefix,
                       environment=without_leak_check())
    assert ended.code == 125
    assert len(ended.errors()) == 1, ended.err
    assert "cannot start sleep" in ended.err
    assert "Resource temporarily unavailable" in ended.err
    assert strays() == []


def test_no_process_left_for_the_user_that_main_becomes(launch: Launcher, mode: str) -> None:
    """The kernel tells of it in execve, and the command is not to blame."""
    one = launch.start([], roles("echo"), mode=SUBREAPER, prefix=roles("as-user", LONE_USER, "--"))
    one.wait_line("^ready echo")
    ended = launch.run(["--user", str(LONE_USER)], ["/bin/sleep", "1000"], mode=mode,
                       prefix=roles("limit", "nproc=1", "--"), environment=without_leak_check())
    assert ended.code == 125
    assert "cannot start /bin/sleep: exec: Resource temporarily unavailable" in ended.err


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    """A cgroup of the v1 or v2 pids controller, removed afterwards."""
    for root in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")):
        folder = root / f"reaperd-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if (folder / "pids.max").exists():
            break
        folder.rmdir()
    else:
        pytest.skip("no writable pids controller on this machine")
    try:
        yield folder
    finally:
        wait_until(lambda: not (folder / "cgroup.procs").read_text(encoding="ascii"),
                   "the cgroup to be empty")
        folder.rmdir()


def test_no_process_left_in_the_cgroup(launch: Launcher, mode: str, small_cgroup: Path) -> None:
    (small_cgroup / "pids.max").write_text("1", encoding="ascii")
    ended = launch.run([], ["sleep", "1000"], mode=mode,
                       prefix=roles("enter-cgroup", small_cgroup, "--"),
                       environment=without_leak_check())
    assert ended.code == 125
    assert len(ended.errors()) == 1, ended.err
    assert "Resource temporarily unavailable" in ended.err
    assert (small_cgroup / "cgroup.procs").read_text(encoding="ascii") == ""


def test_just_enough_processes_in_the_cgroup(launch: Launcher, mode: str,
                                             small_cgroup: Path) -> None:
    (small_cgroup / "pids.max").write_text("2", encoding="ascii")
    ended = launch.run([], roles("exit", 9), mode=mode,
                       prefix=roles("enter-cgroup", small_cgroup, "--"))
    assert ended.code == 9


def test_zombies_at_the_limit_are_given_back(launch: Launcher, small_cgroup: Path) -> None:
    """Main forks without end under pids.max: it can go on only because orphans are reaped."""
    (small_cgroup / "pids.max").write_text("12", encoding="ascii")
    run = launch.start([], roles("storm", 600, "--burst=6", "--", *roles("exit", 42)), mode=PID1,
                       prefix=roles("enter-cgroup", small_cgroup, "--"))
    assert run.end(30).code == 42


@pytest.mark.parametrize("descriptors", [16, 12])
def test_few_descriptors_are_enough(launch: Launcher, mode: str, descriptors: int) -> None:
    prefix = roles("limit", f"nofile={descriptors}", "--")
    command = roles("storm", 500, "--burst=50", "--", *roles("echo", "--exit-on=INT=42"))
    run = launch.start(["--drain", "50ms", "--stop-timeout", "5s"], command, mode=mode,
                       prefix=prefix)
    run.wait_line("^ready echo")
    run.wait_only_children(1)
    run.send(signal.SIGINT)
    assert run.end().code == 42, run.err()


def test_many_descendants_are_killed_with_few_descriptors(launch: Launcher, mode: str) -> None:
    command = roles("orphans", 60, "--setsid", "--orphan-end=sleep", "--end=exit:4")
    ended = launch.run(["--grace", "10s"], command, mode=mode,
                       prefix=roles("limit", "nofile=16", "--"))
    assert ended.code == 4, ended.err
    assert strays() == []


def fnv(words: list[str]) -> int:
    value = 14695981039346656037
    for word in words:
        for byte in word.encode() + b"\0":
            value = (value ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return value


def test_two_megabytes_of_arguments(launch: Launcher, mode: str) -> None:
    # The kernel's bound is a quarter of the stack limit, pointers and environment included.
    words = [letter * 100_000 for letter in "abcdefghijklmnopq"] + ["w"] * 20_000
    ended = launch.run([], roles("check-arguments", *words), mode=mode)
    assert ended.code == 0, ended.err
    total = sum(len(word) + 1 for word in words)
    assert ended.out == f"words={len(words)} bytes={total} fnv={fnv(words):016x}\n"


def test_empty_and_odd_arguments(launch: Launcher) -> None:
    words = ["", " ", "a b", "\n", "'\"$(x)`", "\x01\x7f", "ö€"]
    ended = launch.run([], ["printf", "<%s>", *words])
    assert ended.out == "".join(f"<{word}>" for word in words)


@pytest.mark.skipif(SANITIZED, reason="the address sanitizer reserves terabytes")
def test_a_small_address_space(launch: Launcher) -> None:
    """64 MiB for the process and for what it starts."""
    ended = launch.run([], roles("exit", 9), mode=SUBREAPER,
                       prefix=roles("limit", f"as={64 << 20}", "--"))
    assert ended.code == 9


def test_stdin_goes_to_the_child(launch: Launcher, mode: str) -> None:
    run: Run = launch.start([], ["cat"], mode=mode, stdin=subprocess.PIPE)
    assert run.process.stdin is not None
    run.process.stdin.write(b"through\n")
    run.process.stdin.close()
    assert run.end().out == "through\n"
