"""Company: processes that are none of ours, inits inside inits, odd ways of being called."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

import paths
import procread
from launch import PID1, SUBREAPER, Ended, Launcher, Run, roles
from waiting import wait_until


def lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    return re.findall(r"^signal (\S+)", file.read_text(encoding="ascii"), re.MULTILINE)


def beside_a_neighbour(launch: Launcher, options: list[str], main: list[str]
                       ) -> tuple[Run, Path]:
    """A shell script's situation: a neighbour in our session and in our process group, not below
    us. The script tells our status and then sends USR2 to the neighbour, so that whatever it
    should not have got would have come before."""
    file = launch.folder / "neighbour"
    script = (f"{' '.join(roles('echo', f'--out={file}'))} & "
              f"until grep -q ready {file} 2>/dev/null; do sleep 0.01; done; "
              '"$@"; echo code-$?; kill -USR2 $!; wait')
    run = launch.start(options, main, outer=["sh", "-c", script, "sh"])
    return run, file


@pytest.mark.parametrize("target", ["main", "group", "session", "all"])
def test_no_target_reaches_a_neighbour(launch: Launcher, target: str) -> None:
    run, file = beside_a_neighbour(launch, ["--signal-target", target],
                                   roles("echo", "--exit-on=HUP=3"))
    main = int(run.wait_line(r"^ready echo (\d+)").group(1))
    process = procread.read_process(main)
    assert process is not None
    os.kill(process.ppid, signal.SIGUSR1)
    run.wait_line("^signal USR1")
    os.kill(process.ppid, signal.SIGHUP)
    run.wait_line("^code-3")
    wait_until(lambda: lines(file) != [], "the neighbour's USR2")
    assert lines(file) == ["USR2"]


@pytest.mark.parametrize("options", [
    ["--grace", "5s"], ["--grace", "0"], ["--process-group", "inherit", "--grace", "5s"],
])
def test_the_grace_spares_a_neighbour(launch: Launcher, options: list[str]) -> None:
    run, file = beside_a_neighbour(launch, options,
                                   roles("orphans", 3, "--orphan-end=sleep", "--end=exit:4"))
    run.wait_line("^code-4")
    wait_until(lambda: lines(file) != [], "the neighbour's USR2")
    assert lines(file) == ["USR2"]


def test_a_shared_group_gets_a_signal_once(launch: Launcher) -> None:
    """We are in the group that we signal: our own copy must not start the next round."""
    options = ["--process-group", "inherit", "--signal-target", "group"]
    run = launch.start(options, roles("echo", "--exit-on=HUP=3"))
    try:
        run.wait_line("^ready", 3)
    except AssertionError:
        # Refusing the pair of options is as good an answer.
        assert run.end().code == 125
        return
    run.send(signal.SIGUSR1)
    run.wait_line("^signal USR1")
    run.send(signal.SIGUSR2)
    run.wait_line("^signal USR2")
    run.send(signal.SIGHUP)
    assert run.end().code == 3
    assert re.findall(r"^signal (\S+)", run.out(), re.MULTILINE) == ["USR1", "USR2", "HUP"]


def test_one_init_below_another(launch: Launcher, mode: str) -> None:
    inner = [str(paths.reaperd()), "--", *roles("orphans", 20, "--orphan-end=exit:1", "--",
                                                *roles("echo", "--exit-on=TERM=42"))]
    run = launch.start([], inner, mode=mode)
    run.wait_line("^ready echo")
    wait_until(lambda: not run.zombies(), "the inner one to reap")
    assert len(run.children()) == 1, "orphans go to the nearest subreaper"
    run.send(signal.SIGTERM)
    assert run.end().code == 42


def test_a_namespace_below_ours(launch: Launcher) -> None:
    """The nested namespace's init is an ordinary child; what is below it never reaches us."""
    nested = ["unshare", "--pid", "--fork", "--kill-child", str(paths.reaperd()), "--",
              *roles("orphans", 10, "--orphan-end=exit:1", "--", *roles("exit", 7))]
    assert launch.run([], nested, mode=PID1).code == 7


def test_as_the_interpreter_of_a_script(launch: Launcher) -> None:
    script = launch.folder / "script"
    script.write_text(f'#!{paths.reaperd()} /bin/sh\necho "args $*"\nexit 9\n', encoding="ascii")
    script.chmod(0o755)
    ended = launch.run([], ["one", "two"], program=script, separator=False)
    assert (ended.code, ended.out) == (9, "args one two\n")


@pytest.mark.parametrize("name", ["", "-reaperd", "init", "/sbin/init", "x" * 3000])
def test_any_other_name_is_reaperd(launch: Launcher, name: str) -> None:
    ended = launch.run([], roles("exit", 9), prefix=roles("with-name", name, "--"))
    assert ended.code == 9, ended.err


def test_main_of_pid_1_stopped_by_stop_stays_stopped(launch: Launcher) -> None:
    """Only a stop by the terminal is undone: SIGSTOP was meant."""
    run = launch.start([], roles("echo"), mode=PID1)
    run.wait_line("^ready echo")
    main = run.children()[0]
    os.kill(main, signal.SIGSTOP)
    wait_until(lambda: (seen := procread.read_process(main)) is not None and seen.state == "T",
               "main to stand still")
    run.send_and_see(signal.SIGUSR1)
    assert (seen := procread.read_process(main)) is not None and seen.state == "T"
    os.kill(main, signal.SIGCONT)
    run.wait_line("^signal USR1")


def broken_stderr(launch: Launcher, mode: str, main: list[str]) -> Run:
    """The log's reader is gone: each line of ours raises SIGPIPE at us."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        return launch.start(["--log-level", "debug"], main, mode=mode, pass_fds=[write_end],
                            prefix=["bash", "-c", f'exec "$@" 2>&{write_end} {write_end}>&-',
                                    "bash"])
    finally:
        os.close(write_end)


def test_a_log_nobody_reads_does_not_end_us(launch: Launcher, mode: str) -> None:
    run = broken_stderr(launch, mode, roles("orphans", 10, "--",
                                            *roles("echo", "--exit-on=TERM=8")))
    run.wait_line("^ready echo")
    run.send(signal.SIGUSR1)
    run.wait_line("^signal USR1")
    run.send(signal.SIGTERM)
    ended = run.end()
    assert ended.code == 8
    assert "signal PIPE" not in ended.out, "our own broken pipe is not main's"


def test_a_full_disk_behind_stderr_does_not_end_us(launch: Launcher, mode: str) -> None:
    run = launch.start(["--log-level", "debug"], roles("echo", "--exit-on=TERM=8"), mode=mode,
                       prefix=["bash", "-c", 'exec "$@" 2>/dev/full', "bash"])
    run.wait_line("^ready echo")
    run.send(signal.SIGTERM)
    assert run.end().code == 8


@pytest.mark.parametrize("descriptors", [3, 4, 5, 6, 7, 8, 9, 10])
def test_too_few_descriptors_are_a_clear_error_or_enough(launch: Launcher, mode: str,
                                                         descriptors: int) -> None:
    ended: Ended = launch.run([], roles("exit", 9), mode=mode, program=paths.reaperd_static(),
                              prefix=roles("limit", f"nofile={descriptors}", "--"))
    if ended.code != 9:
        assert ended.code == 125
        assert len(ended.errors()) == 1 and "Too many open files" in ended.err


def test_wait_for_all_ends_when_all_obey_the_stop(launch: Launcher, mode: str) -> None:
    family = launch.folder / "family"
    family.mkdir()
    run = launch.start(["--wait-for", "all", "--signal-target", "all"], roles("family", family),
                       mode=mode)
    names = ("main", "group", "session", "other", "orphan")
    wait_until(lambda: all((family / name).exists() for name in names), "the family")
    wait_until(lambda: all("ready" in (family / name).read_text(encoding="ascii")
                           for name in names), "the family to be ready")
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    assert all(lines(family / name) == ["TERM"] for name in names)


def test_wait_for_all_is_bounded_by_the_stop_timeout(launch: Launcher, mode: str) -> None:
    stubborn = roles("beside", "--", "echo", "++", "echo", "--exit-on=TERM=5")
    run = launch.start(["--wait-for", "all", "--stop-timeout", "300ms"], stubborn, mode=mode)
    wait_until(lambda: run.out().count("ready echo") == 2, "both")
    run.send(signal.SIGTERM)
    assert run.end(10).code == 5


def test_who_belongs_to_another_user_is_named_and_left(launch: Launcher,
                                                       open_folder: Path) -> None:
    """An unprivileged init cannot kill what became root; it must not wait for it for ever."""
    helper = open_folder / "set-uid-roles"
    helper.write_bytes(Path(roles()[0]).read_bytes())
    helper.chmod(0o4755)
    command = [str(helper), "as-user", "0", "--", *roles("orphans", 1, "--orphan-end=sleep",
                                                         "--end=exit:4")]
    ended = launch.run(["--grace", "200ms"], command, mode=SUBREAPER,
                       prefix=roles("as-user", 23455, "--"))
    assert ended.code == 4
    assert ended.seconds < 5
    orphan = re.search(r"^orphan (\d+)", ended.out, re.MULTILINE)
    assert orphan is not None and orphan.group(1) in ended.err
