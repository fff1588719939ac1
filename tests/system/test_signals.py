"""Forwarding: which signals reach whom, rewrites, what is told about the sender."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import procread
from launch import PID1, SUBREAPER, Launcher, Run, roles
from waiting import wait_until

# Not forwardable, or (faults and ABRT) left alone so that a watchdog can still kill us by them.
# TSTP, TTIN and TTOU are the terminal stage's.
NOT_FORWARDED = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGILL, signal.SIGTRAP,
                 signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS,
                 signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
REWRITTEN = signal.SIGRTMIN + 3
FORWARDED = [number for number in (*range(1, 32), *range(signal.SIGRTMIN, signal.SIGRTMAX + 1))
             if number not in NOT_FORWARDED]


def name_of(number: int) -> str:
    """The helper program's word for a signal."""
    if number >= signal.SIGRTMIN:
        offset = number - signal.SIGRTMIN
        return f"RTMIN+{offset}" if offset else "RTMIN"
    # 16 has no name in Python; IO and POLL are the same number.
    special = {16: "STKFLT", int(signal.SIGIO): "IO"}
    return special.get(number) or signal.Signals(number).name.removeprefix("SIG")


def start_echo(launch: Launcher, mode: str, options: list[str], *words: str) -> Run:
    run = launch.start(options, roles("echo", *words), mode=mode)
    run.wait_line("^ready echo")
    return run


def received(text: str) -> list[str]:
    return [line.split()[1] for line in text.splitlines() if line.startswith("signal ")]


def test_every_forwardable_signal_reaches_main(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, [])
    for number in FORWARDED:
        seen = "TERM" if number == REWRITTEN else name_of(number)
        wanted = received(run.out()).count(seen) + 1
        run.send(number)
        wait_until(lambda seen=seen, wanted=wanted: received(run.out()).count(seen) >= wanted,
                   f"signal {number} as {seen}")
    assert run.is_running()


def test_queued_real_time_signals_are_all_forwarded(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, [])
    for _ in range(5):
        run.send(signal.SIGRTMIN + 7)
    wait_until(lambda: received(run.out()).count("RTMIN+7") == 5, "all five")


@pytest.mark.parametrize("options, sent, expected", [
    (["--rewrite", "HUP=USR1"], signal.SIGHUP, "USR1"),
    (["--rewrite", "SIGHUP=SIGUSR1"], signal.SIGHUP, "USR1"),
    (["--rewrite", "1=12"], signal.SIGHUP, "USR2"),
    (["--rewrite=RTMIN+5=HUP"], signal.SIGRTMIN + 5, "HUP"),
    (["--rewrite", "HUP=RTMIN+6"], signal.SIGHUP, "RTMIN+6"),
    (["--rewrite", "RTMAX=HUP"], signal.SIGRTMAX, "HUP"),
    (["--rewrite", "64=1"], 64, "HUP"),
    (["--rewrite", "RTMIN+3=RTMIN+3"], REWRITTEN, "RTMIN+3"),
    (["--rewrite", "RTMIN+3=HUP"], REWRITTEN, "HUP"),
    (["--rewrite", "TERM=QUIT"], signal.SIGTERM, "QUIT"),
    (["--rewrite", "HUP=USR1", "--rewrite", "USR1=USR2"], signal.SIGHUP, "USR1"),
    (["--rewrite", "HUP=USR1", "--rewrite", "WINCH=USR2"], signal.SIGWINCH, "USR2"),
    ([], REWRITTEN, "TERM"),
])
def test_a_rewrite_changes_what_main_gets(launch: Launcher, mode: str, options: list[str],
                                          sent: int, expected: str) -> None:
    run = start_echo(launch, mode, options)
    run.send(sent)
    run.wait_line("^signal ")
    assert received(run.out()) == [expected]


def test_a_rewrite_to_none_drops_the_signal(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--rewrite", "USR1=none"])
    run.send_and_see(signal.SIGUSR1)
    run.send(signal.SIGUSR2)
    run.wait_line("^signal USR2")
    assert received(run.out()) == ["USR2"]


def test_a_rewritten_stop_signal_still_starts_the_stop(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--rewrite", "TERM=USR1", "--stop-timeout", "200ms",
                                    "--grace", "0"])
    run.send(signal.SIGTERM)
    run.wait_line("^signal USR1")
    assert run.end().code == 137


@pytest.mark.parametrize("target, members", [
    ("main", {"main"}),
    ("group", {"main", "group"}),
    ("session", {"main", "group", "session"}),
    ("all", {"main", "group", "session", "other", "orphan"}),
])
def test_signal_target(launch: Launcher, mode: str, target: str, members: set[str]) -> None:
    family = launch.folder / "family"
    family.mkdir()
    # A session of main's own: else "session" would mean the one that reaperd was started in.
    run = launch.start(["--signal-target", target, "--new-session"], roles("family", family),
                       mode=mode)
    files = {name: family / name for name in ("main", "group", "session", "other", "orphan")}
    wait_until(lambda: all(file.exists() and "ready" in file.read_text(encoding="ascii")
                           for file in files.values()), "the family to be ready")
    run.send(signal.SIGUSR1)
    for name in members:
        wait_until(lambda name=name: "USR1" in files[name].read_text(encoding="ascii"),
                   f"USR1 at {name}")
    # A signal sent to each one directly ends the wait for those that must have got nothing.
    for process in below(run):
        os.kill(process, signal.SIGUSR2)
    for file in files.values():
        wait_until(lambda file=file: "USR2" in file.read_text(encoding="ascii"), "USR2")
    got = {name for name, file in files.items()
           if received(file.read_text(encoding="ascii"))[0] == "USR1"}
    assert got == members


def below(run: Run) -> list[int]:
    if run.mode == PID1:
        return [process.pid for process in procread.members(run.namespace)
                if process.pid != run.pid]
    return procread.descendants(run.pid)


def test_the_group_target_gives_each_member_the_signal_once(launch: Launcher,
                                                            mode: str) -> None:
    family = launch.folder / "family"
    family.mkdir()
    run = launch.start(["--signal-target", "group"], roles("family", family), mode=mode)
    file = family / "group"
    wait_until(lambda: file.exists() and (family / "main").exists(), "the family")
    wait_until(lambda: "ready" in file.read_text(encoding="ascii"), "ready")
    run.send(signal.SIGRTMIN + 9)
    run.send(signal.SIGUSR2)
    wait_until(lambda: "USR2" in file.read_text(encoding="ascii"), "USR2")
    run.send(signal.SIGRTMIN + 10)
    wait_until(lambda: "RTMIN+10" in file.read_text(encoding="ascii"), "RTMIN+10")
    assert received(file.read_text(encoding="ascii")).count("RTMIN+9") == 1


def test_the_log_tells_signal_and_sender(launch: Launcher) -> None:
    run = launch.start(["--log-level", "debug"], roles("echo"))
    run.wait_line("^ready")
    run.send(signal.SIGUSR1)
    run.wait_line("^signal USR1")
    line = run.wait_log(r"^.*USR1.*$").group(0)
    assert str(os.getpid()) in line


def test_the_log_says_when_the_sender_is_outside_our_namespace(launch: Launcher) -> None:
    run = launch.start(["--log-level", "debug"], roles("echo"), mode=PID1)
    run.wait_line("^ready")
    run.send(signal.SIGUSR1)
    run.wait_line("^signal USR1")
    assert "outside" in run.wait_log(r"^.*USR1.*$").group(0)


def test_a_forward_that_fails_is_a_warning_and_not_an_exit(launch: Launcher, mode: str) -> None:
    refusing = roles("refuse", "kill=EPERM", "pidfd_send_signal=EPERM", "--")
    run = launch.start([], roles("echo"), mode=mode, prefix=refusing)
    run.wait_line("^ready echo")
    run.send(signal.SIGUSR1)
    line = run.wait_log(r"^.*USR1.*$").group(0)
    assert "not permitted" in line.lower() or "EPERM" in line
    assert run.is_running()
    os.kill(run.children()[0], signal.SIGKILL)
    assert run.end().code == 137


def test_main_of_another_user_can_still_be_outlived(launch: Launcher, open_folder: Path) -> None:
    """The real case: an unprivileged init whose main became root by a set-uid program."""
    helper = open_folder / "set-uid-roles"
    helper.write_bytes(Path(roles()[0]).read_bytes())
    helper.chmod(0o4755)
    command = [str(helper), "as-user", "0", "--", *roles("echo")]
    run = launch.start([], command, mode=SUBREAPER, prefix=roles("as-user", 23452, "--"))
    run.wait_line("^ready echo")
    run.send(signal.SIGTERM)
    run.wait_log("(?i)term")
    assert run.is_running()
    os.kill(run.children()[0], signal.SIGKILL)
    assert run.end().code == 137


def test_signals_that_come_before_main_is_there_are_not_lost(launch: Launcher) -> None:
    """A stop in the first millisecond, as orchestrators send when they change their mind. The
    signal may end reaperd before it listens; once it listens, main gets it."""
    for _ in range(20):
        run = launch.start([], ["sleep", "1000"])
        run.send(signal.SIGTERM)
        assert run.end(5).code in (-signal.SIGTERM, 143)


def test_abort_still_ends_us_so_that_a_watchdog_can(launch: Launcher) -> None:
    run = launch.start([], roles("echo"))
    run.wait_line("^ready")
    run.send(signal.SIGABRT)
    assert run.end().code == -signal.SIGABRT
