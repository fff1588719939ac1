"""No zombie left, none lost: orphans of every kind, negligent parents, storms."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

import procread
from launch import SUBREAPER, Launcher, Run, roles
from waiting import wait_until

MAIN = ("--", *roles("echo", "--exit-on=TERM=0", "--exit-on=USR1=42"))


def finish(run: Run, left: int = 1, seconds: float = 20.0) -> None:
    """Everything but main (and `left` - 1 others) is reaped while main lives; then main ends."""
    run.wait_line("^ready echo")
    run.wait_only_children(left, seconds)
    run.send(signal.SIGUSR1)
    assert run.end().code == 42


@pytest.mark.parametrize("end", ["exit:0", "exit:3", "signal:KILL", "signal:SEGV", "after:20"])
@pytest.mark.parametrize("session", [[], ["--setsid"]], ids=["same-session", "setsid"])
def test_orphans_by_double_fork(launch: Launcher, mode: str, end: str,
                                session: list[str]) -> None:
    finish(launch.start([], roles("orphans", 50, f"--orphan-end={end}", *session, *MAIN),
                        mode=mode))


@pytest.mark.parametrize("by", ["exit", "kill"])
def test_parents_and_children_that_die_at_one_moment(launch: Launcher, mode: str,
                                                     by: str) -> None:
    finish(launch.start([], roles("die-together", 150, f"--by={by}", *MAIN), mode=mode))


@pytest.mark.parametrize("dead", [[], ["--dead"]], ids=["alive", "handed-over-dead"])
def test_a_storm_of_short_lived_orphans(launch: Launcher, mode: str, dead: list[str]) -> None:
    finish(launch.start([], roles("storm", 3000, "--burst=60", *dead, *MAIN), mode=mode))


@pytest.mark.parametrize("thread", [[], ["--from-thread"]], ids=["leader", "from-thread"])
def test_an_exec_storm_is_no_death(launch: Launcher, mode: str, thread: list[str]) -> None:
    """Exec from a second thread takes over the leader's number: neither may look like an end."""
    run = launch.start([], roles("exec-storm", 40, "--width=12", *thread, *MAIN), mode=mode)
    finish(run)


def test_main_itself_may_exec_from_a_thread(launch: Launcher, mode: str) -> None:
    run = launch.start([], roles("exec-storm", 0, "--round=30,1"), mode=mode)
    assert run.end().code == 0


@pytest.mark.parametrize("way", ["killed", "ended"])
def test_a_negligent_parent_dies_with_its_zombies(launch: Launcher, mode: str,
                                                  way: str) -> None:
    end = "sleep" if way == "killed" else "after:100"
    run = launch.start([], roles("beside", "--", "negligent", 800, f"--end={end}", "++", "echo",
                                 "--exit-on=USR1=42"), mode=mode)
    run.wait_line("^ready negligent")
    parent = next(pid for pid in procread.children(run.children()[0]))
    if way == "killed":
        assert len(procread.children(parent)) == 800
        os.kill(parent, signal.SIGKILL)
    finish(run)


def test_zombies_of_a_living_parent_are_left_to_it(launch: Launcher, mode: str) -> None:
    run = launch.start([], roles("beside", "--", "negligent", 30, "++", "echo",
                                 "--exit-on=USR1=42"), mode=mode)
    run.wait_line("^ready negligent")
    run.wait_line("^ready echo")
    parent = procread.children(run.children()[0])[0]
    assert len(run.zombies()) == 30
    assert {zombie.ppid for zombie in run.zombies()} == {parent}
    os.kill(parent, signal.SIGKILL)
    finish(run)


def test_stopped_orphans_are_not_dead(launch: Launcher, mode: str) -> None:
    run = launch.start([], roles("orphans", 5, "--orphan-end=stop", "--setsid", *MAIN), mode=mode)
    run.wait_line("^ready echo")
    main = next(pid for pid in run.children() if is_echo(pid))
    stopped = [pid for pid in run.children() if pid != main]
    wait_until(lambda: all(state_of(pid) == "T" for pid in stopped), "five to stand still")
    assert len(stopped) == 5
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    finish(run)


def is_echo(pid: int) -> bool:
    with open(f"/proc/{pid}/cmdline", "rb") as stream:
        return b"echo" in stream.read().split(b"\0")[:2]


def state_of(pid: int) -> str:
    process = procread.read_process(pid)
    return process.state if process is not None else "gone"


def test_a_leader_that_ended_before_its_threads_is_not_dead(launch: Launcher,
                                                            mode: str) -> None:
    run = launch.start([], roles("leader-exit", 9), mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready leader-exit")
    main = run.children()[0]
    # /proc shows Z although the process lives.
    wait_until(lambda: state_of(main) == "Z", "the leader to end")
    assert run.is_running()
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.end().code == 9


def test_orphans_with_a_dead_leader_are_kept_until_they_end(launch: Launcher,
                                                            mode: str) -> None:
    run = launch.start([], roles("beside", "--", "leader-exit", 9, "++", "echo",
                                 "--exit-on=USR1=42"), mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready leader-exit")
    run.wait_line("^ready echo")
    assert run.process.stdin is not None
    run.process.stdin.close()
    finish(run)


def test_sigchld_ignored_at_entry_hangs_nothing(launch: Launcher, mode: str) -> None:
    ignoring = roles("with-signals", "--ignore=CHLD", "--")
    run = launch.start([], roles("orphans", 40, "--orphan-end=exit:1", *MAIN), mode=mode,
                       prefix=ignoring)
    finish(run)


@pytest.mark.parametrize("code", [0, 7, 42])
def test_mains_end_is_seen_in_the_middle_of_a_storm(launch: Launcher, mode: str,
                                                    code: int) -> None:
    """Deaths coalesce in one SIGCHLD; main's may be the one that is merged away."""
    storm = roles("beside", "--", "storm", 1500, "--burst=100", "++", "exit", code)
    ended = launch.run(["--grace", "0"], storm, mode=mode)
    assert ended.code == code
    assert ended.seconds < 8


def test_a_hundred_mains_that_end_at_once(launch: Launcher) -> None:
    """The child may be dead before we look for it the first time."""
    for _ in range(100):
        assert launch.run([], roles("exit", 3), mode=SUBREAPER).code == 3


def test_a_shell_pipeline_with_background_jobs(launch: Launcher, mode: str) -> None:
    script = ("(sleep 0.05; exit 3) & (sleep 0.02 & exit 1) & "
              "seq 1000 | sort -rn | head -1; wait; exit 42")
    ended = launch.run(["--grace", "0"], ["sh", "-c", script], mode=mode)
    assert (ended.code, ended.out) == (42, "1000\n")


def test_entered_processes_are_adopted_too(launch: Launcher) -> None:
    """As `docker exec` does: made outside, orphaned inside."""
    run = launch.start([], roles("echo", "--exit-on=USR1=42"), mode="pid1")
    run.wait_line("^ready echo")
    subprocess.run(["nsenter", "--target", str(run.pid), "--pid", "--mount",
                    *roles("orphans", 20, "--orphan-end=after:30")], check=True,
                   stdout=subprocess.DEVNULL)
    finish(run)
