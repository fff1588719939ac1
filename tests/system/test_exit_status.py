"""What becomes our exit status: main's own, in all its forms, and the options that change it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess

import pytest

import paths
import procread
from launch import PID1, SANITIZED, SUBREAPER, Launcher, Run, roles
from waiting import wait_until

# Those whose default action does not end a process.
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN,
            signal.SIGTTOU, signal.SIGURG, signal.SIGWINCH}
DEADLY = [number for number in (*range(1, 32), *range(signal.SIGRTMIN, signal.SIGRTMAX + 1))
          if number not in HARMLESS]
# A start of the sanitized build is twenty times as slow; what it looks for is not in the number.
CODES = range(0, 256, 5 if SANITIZED else 1)


@pytest.mark.limit(120)
def test_each_of_the_256_exit_codes_becomes_ours(launch: Launcher, mode: str) -> None:
    got = {code: launch.run([], roles("exit", code), mode=mode).code for code in CODES}
    assert {code: value for code, value in got.items() if code != value} == {}


def test_each_deadly_signal_becomes_128_and_its_number(launch: Launcher, mode: str) -> None:
    got = {number: launch.run([], roles("kill-self", number), mode=mode).code
           for number in DEADLY}
    assert {number: code for number, code in got.items() if code != 128 + number} == {}


def test_stdout_is_the_childs_alone(launch: Launcher, mode: str) -> None:
    ended = launch.run([], ["echo", "only this"], mode=mode)
    assert (ended.code, ended.out) == (0, "only this\n")


def test_parsing_stops_at_the_first_word_that_is_no_option(launch: Launcher) -> None:
    ended = launch.run([], ["echo", "--version", "--", "--grace"], separator=False)
    assert (ended.code, ended.out) == (0, "--version -- --grace\n")


def test_after_the_separator_even_an_option_is_a_command(launch: Launcher) -> None:
    assert launch.run([], ["--version"]).code == 127


@pytest.mark.parametrize("options, main, expected", [
    (["--map", "143=0"], ["kill-self", "TERM"], 0),
    (["--map=143=0"], ["kill-self", "TERM"], 0),
    (["--map", "SIGTERM=0"], ["kill-self", "TERM"], 0),
    (["--map", "TERM=5"], ["kill-self", "TERM"], 5),
    (["--map", "RTMIN+3=6"], ["kill-self", "RTMIN+3"], 6),
    (["--map", "7=9", "--map", "8=10"], ["exit", "8"], 10),
    (["--map", "7=9", "--map", "9=11"], ["exit", "7"], 9),
    (["--map", "143=0"], ["exit", "143"], 0),
    (["--map", "0=3"], ["exit", "0"], 3),
    (["--map", "143=0"], ["exit", "142"], 142),
])
def test_map_replaces_a_status_once(launch: Launcher, mode: str, options: list[str],
                                    main: list[str], expected: int) -> None:
    assert launch.run(options, roles(*main), mode=mode).code == expected


def test_the_map_applies_to_main_and_not_to_our_own_failures(launch: Launcher) -> None:
    assert launch.run(["--map", "125=0", "--chdir", "/no/such/folder"], ["true"]).code == 125


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT", "SEGV", "ABRT", "USR1", "RTMIN+3"])
def test_exit_by_signal_dies_of_what_killed_main(launch: Launcher, name: str) -> None:
    number = (signal.SIGRTMIN + 3 if name == "RTMIN+3"
              else getattr(signal, "SIG" + name).value)
    ended = launch.run(["--exit-by-signal"], roles("kill-self", name))
    assert ended.code == -number


def test_exit_by_signal_leaves_no_core_of_ours(launch: Launcher) -> None:
    """A core of the init would only hide main's."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("the hard core limit is 0: nothing could dump here")
    prefix = roles("limit", "core=10000000", "--")
    run = launch.start(["--exit-by-signal"], roles("kill-self", "SEGV"), prefix=prefix,
                       cwd=launch.folder)
    _, status = os.waitpid(run.process.pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status)
    assert list(launch.folder.glob("core*")) == []


def test_exit_by_signal_leaves_exit_codes_alone(launch: Launcher) -> None:
    assert launch.run(["--exit-by-signal"], roles("exit", 143)).code == 143


def test_exit_by_signal_as_pid_1_is_128_and_its_number(launch: Launcher) -> None:
    assert launch.run(["--exit-by-signal"], roles("kill-self", "TERM"), mode=PID1).code == 143


def start_with_orphan(launch: Launcher, mode: str, options: list[str], main_code: int,
                      orphan_code: int) -> Run:
    """Main ends at once with `main_code`; its orphan ends with `orphan_code` when stdin closes."""
    command = roles("orphans", 1, f"--orphan-end=eof:{orphan_code}", f"--end=exit:{main_code}")
    run = launch.start(options, command, mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready orphans")
    return run


def test_wait_for_all_stays_until_the_last_orphan_has_ended(launch: Launcher, mode: str) -> None:
    run = start_with_orphan(launch, mode, ["--wait-for", "all"], 3, 0)
    orphan = run.wait_line(r"^orphan (\d+)").group(1)
    wait_until(lambda: len(run.children()) == 1, "main to be reaped")
    assert procread.inner_pid(run.children()[0]) == int(orphan)
    assert run.process.stdin is not None
    run.process.stdin.close()
    ended = run.end()
    assert ended.code == 3
    assert f"eof {orphan}" in ended.out


def test_without_wait_for_the_run_is_over_when_main_ends(launch: Launcher) -> None:
    run = start_with_orphan(launch, SUBREAPER, [], 3, 0)
    assert run.end().code == 3
    assert "eof" not in run.out()


@pytest.mark.parametrize("main_code, orphan_code, policy, expected", [
    (0, 9, "first-failure", 9),
    (3, 9, "first-failure", 3),
    (0, 0, "first-failure", 0),
    (0, 9, "main", 0),
    (3, 9, "main", 3),
])
def test_exit_status_of_main_or_of_the_first_that_fails(
        launch: Launcher, mode: str, main_code: int, orphan_code: int, policy: str,
        expected: int) -> None:
    run = start_with_orphan(launch, mode, ["--wait-for=all", f"--exit-status={policy}"],
                            main_code, orphan_code)
    wait_until(lambda: len(run.children()) == 1, "main to be reaped")
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.end().code == expected


@pytest.mark.parametrize("name", ["tini", "tini-static", "docker-init", "dumb-init", "catatonit",
                                  "podman-init"])
def test_each_name_runs_a_command(launch: Launcher, mode: str, name: str) -> None:
    program = launch.folder / name
    program.symlink_to(paths.reaperd())
    ended = launch.run([], roles("exit", 42), mode=mode, program=program)
    assert ended.code == 42


def test_the_name_pause_waits_for_a_stop_signal(launch: Launcher) -> None:
    program = launch.folder / "pause"
    program.symlink_to(paths.reaperd())
    run = launch.start([], [], mode=PID1, program=program)
    # Handlers are there once SIGTERM is caught or blocked; before, PID 1 would not even see it.
    wait_until(lambda: takes_signal(run.pid, signal.SIGTERM), "pause to listen")
    run.send(signal.SIGTERM)
    assert run.end().code == 0


def takes_signal(pid: int, number: int) -> bool:
    process = procread.read_process(pid)
    bit = 1 << (number - 1)
    fields = (procread.status_field(pid, "SigBlk"), procread.status_field(pid, "SigCgt"))
    # By its name: the unshare that execs it blocks signals for a moment, too.
    return process is not None and process.comm == "pause" and any(
        field is not None and int(field, 16) & bit for field in fields)
