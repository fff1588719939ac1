"""Shells: pipelines, background jobs, traps, and daemons started by a script."""
from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import procread
import pytest
from launch import Run
from need import need
from waiting import wait_until


@pytest.fixture
def bash() -> Callable[[str], list[str]]:
    """A bash script as a command line."""
    program = need("bash")
    return lambda script: [program, "-c", script]


def test_a_pipeline_with_background_jobs_gives_its_result(
        supervise: Callable[..., Run], bash: Callable[[str], list[str]]) -> None:
    run = supervise(bash("""
        set -o pipefail
        for i in 1 2 3 4 5; do (sleep 0.0$i; exit $i) & jobs+=($!); done
        seq 20000 | sort -rn | awk '{ sum += $1 } END { print sum; exit 3 }'
        echo "pipeline ${PIPESTATUS[*]}"
        for job in "${jobs[@]}"; do wait "$job"; echo "job $?"; done
        exit 9"""))
    ended = run.end()
    assert ended.code == 9
    assert ended.out.splitlines() == ["200010000", "pipeline 0 0 3",
                                      "job 1", "job 2", "job 3", "job 4", "job 5"]


def test_jobs_left_in_the_background_get_term_and_time(
        supervise: Callable[..., Run], bash: Callable[[str], list[str]]) -> None:
    """The last job tells when it has its trap; only then main ends."""
    run = supervise(bash("""
        for i in 1 2 3; do
          bash -c 'trap "echo tidied '$i'; exit 0" TERM; echo set '$i'; sleep 600 & wait' &
        done
        read -r _
        exit 4"""), stdin=subprocess.PIPE)
    for number in (1, 2, 3):
        run.wait_line(f"^set {number}$")
    assert run.process.stdin is not None
    run.process.stdin.write(b"\n")
    run.process.stdin.close()
    ended = run.end()
    assert ended.code == 4
    assert sorted(line for line in ended.out.splitlines() if "tidied" in line) == [
        "tidied 1", "tidied 2", "tidied 3"]


@pytest.mark.parametrize("name, status", [("HUP", 11), ("INT", 12), ("TERM", 13), ("USR1", 14)])
def test_a_trap_decides_the_status(supervise: Callable[..., Run],
                                   bash: Callable[[str], list[str]], name: str,
                                   status: int) -> None:
    run = supervise(bash(f"trap 'echo in the trap; kill $!; wait; exit {status}' {name}; "
                         "sleep 600 & echo ready; wait"))
    run.wait_line("^ready$")
    run.send(getattr(signal, f"SIG{name}"))
    ended = run.end()
    assert (ended.code, "in the trap" in ended.out) == (status, True)


def test_a_script_that_forgets_its_children_leaves_no_zombies(
        supervise: Callable[..., Run], bash: Callable[[str], list[str]]) -> None:
    """Every round's subshell ends before its own background child does."""
    run = supervise(bash("""
        for round in $(seq 100); do ( sleep 0.2 & ); done
        echo started
        exec sleep 600"""))
    run.wait_line("^started$")
    run.wait_only_children(1)
    run.send(signal.SIGTERM)
    assert run.end().code == 143


DAEMON = Path(__file__).parent / "daemonize.py"


def test_a_double_forking_daemon_is_waited_for(supervise: Callable[..., Run],
                                               folder: Path) -> None:
    """As sshd and the like do: the command ends, its daemon lives in a session of its own."""
    run = supervise([sys.executable, DAEMON, folder], "--wait-for=all")
    wait_until(lambda: (folder / "pid").exists(), "the daemon")
    (daemon,) = wait_until(lambda: one if len(one := run.children()) == 1 else [],
                           "the command to end and the daemon to be ours")
    seen = procread.read_process(daemon)
    assert seen is not None and procread.inner_pid(seen.sid) != 0
    assert procread.inner_pid(daemon) == int((folder / "pid").read_text())
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    assert (folder / "log").read_text() == "started\nended by TERM\n"


def test_a_double_forking_daemon_gets_term_when_main_ends(supervise: Callable[..., Run],
                                                          folder: Path) -> None:
    """Without --wait-for=all the end of the command is the end of the run."""
    run = supervise([sys.executable, DAEMON, folder])
    assert run.end().code == 0
    assert (folder / "log").read_text() == "started\nended by TERM\n"


def test_a_daemon_that_ends_by_itself_ends_the_run(supervise: Callable[..., Run],
                                                   folder: Path) -> None:
    run = supervise([sys.executable, DAEMON, folder, "0.3"], "--wait-for=all")
    assert run.end().code == 0
    assert (folder / "log").read_text() == "started\nended by itself\n"
