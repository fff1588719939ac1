"""Stopping: which signals start it, the drain before, the time limit after, the second signal."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

import procread
from launch import PID1, SUBREAPER, Launcher, Run, roles, strays
from waiting import wait_until


def start_echo(launch: Launcher, mode: str, options: list[str], *words: str) -> Run:
    run = launch.start(options, roles("echo", *words), mode=mode)
    run.wait_line("^ready echo")
    return run


def time_of(run: Run, name: str) -> float:
    """When main got a signal, in seconds of the monotonic clock."""
    line = run.wait_line(rf"^signal {name} .* at=(\d+)$")
    return int(line.group(1)) / 1e9


def count(run: Run, name: str) -> int:
    return len(re.findall(rf"^signal {name} ", run.out(), re.MULTILINE))


def make_script(path: Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text, encoding="ascii")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGPWR,
                                  signal.SIGRTMIN + 3])
def test_the_default_stop_signals_start_the_timeout(launch: Launcher, mode: str,
                                                    sent: int) -> None:
    run = start_echo(launch, mode, ["--stop-timeout", "150ms", "--grace", "0"])
    run.send(sent)
    assert run.end().code == 137


def test_other_signals_do_not(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--stop-timeout", "1ms"])
    run.send(signal.SIGHUP)
    run.send(signal.SIGUSR1)
    run.wait_line("^signal USR1")
    run.send(signal.SIGUSR2)
    run.wait_line("^signal USR2")
    assert run.is_running()


def test_stop_signal_replaces_the_defaults(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--stop-signal", "HUP", "--stop-signal=RTMIN+9",
                                    "--stop-timeout", "150ms", "--grace", "0"])
    run.send(signal.SIGTERM)
    run.wait_line("^signal TERM")
    run.send(signal.SIGUSR1)
    run.wait_line("^signal USR1")
    assert run.is_running()
    run.send(signal.SIGRTMIN + 9)
    assert run.end().code == 137


def test_the_stop_timeout_counts_from_the_forward_and_then_kills(launch: Launcher,
                                                                 mode: str) -> None:
    run = start_echo(launch, mode, ["--stop-timeout", "300ms", "--grace", "0"])
    run.send(signal.SIGTERM)
    forwarded = time_of(run, "TERM")
    ended = run.end()
    assert ended.code == 137
    assert 0.29 <= time.monotonic() - forwarded < 3


def test_a_main_that_ends_in_time_keeps_its_status(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--stop-timeout", "30s"], "--exit-on=TERM=17")
    run.send(signal.SIGTERM)
    assert run.end().code == 17


def test_the_stop_timeout_kills_every_descendant(launch: Launcher, mode: str) -> None:
    echo = roles("echo")
    stubborn = roles("beside", "--", "echo", "++", "orphans", 3, "--setsid",
                     "--orphan-end=sleep", "--", *echo)
    run = launch.start(["--stop-timeout", "200ms"], stubborn, mode=mode)
    wait_until(lambda: run.out().count("ready echo") == 2, "both echoes")
    assert len(run.children()) == 4
    run.send(signal.SIGTERM)
    assert run.end().code == 137
    assert strays() == []


def test_the_second_stop_signal_is_forwarded_again(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, [], "--exit-on=INT=3")
    run.send(signal.SIGTERM)
    wait_until(lambda: count(run, "TERM") == 1, "the first TERM")
    run.send(signal.SIGTERM)
    wait_until(lambda: count(run, "TERM") == 2, "the second TERM")
    run.send(signal.SIGINT)
    assert run.end().code == 3


def test_force_on_second_kills_at_once(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--force-on-second"])
    run.send(signal.SIGTERM)
    run.wait_line("^signal TERM")
    run.send(signal.SIGINT)
    ended = run.end(5)
    assert ended.code == 137
    assert count(run, "INT") == 0


def test_force_on_second_counts_stop_signals_only(launch: Launcher) -> None:
    run = start_echo(launch, SUBREAPER, ["--force-on-second"])
    run.send(signal.SIGTERM)
    run.wait_line("^signal TERM")
    run.send(signal.SIGHUP)
    run.wait_line("^signal HUP")
    assert run.is_running()


def test_the_drain_delays_the_forward(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--drain", "400ms"], "--exit-on=TERM=5")
    sent = time.monotonic()
    run.send(signal.SIGTERM)
    assert 0.39 <= time_of(run, "TERM") - sent < 3
    assert run.end().code == 5


def test_other_signals_pass_during_the_drain(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--drain", "30s"])
    run.send_and_see(signal.SIGTERM)
    run.send(signal.SIGHUP)
    run.wait_line("^signal HUP")
    assert count(run, "TERM") == 0


def test_a_second_stop_signal_ends_the_drain(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--drain", "30s"], "--exit-on=TERM=5")
    run.send_and_see(signal.SIGTERM)
    run.send(signal.SIGTERM)
    assert run.end(5).code == 5


def test_main_may_end_by_itself_during_the_drain(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--drain", "30s"], "--exit-on=HUP=6")
    run.send_and_see(signal.SIGTERM)
    run.send(signal.SIGHUP)
    ended = run.end(5)
    assert ended.code == 6
    assert count(run, "TERM") == 0


def test_mains_end_ends_the_drain_command(launch: Launcher, mode: str) -> None:
    script = make_script(launch.folder / "drain", "echo drain-began\nexec sleep 1000\n")
    run = start_echo(launch, mode, ["--drain", "30s", "--drain-command", script, "--grace", "off"],
                     "--exit-on=HUP=6")
    run.send(signal.SIGTERM)
    run.wait_line("^drain-began")
    run.send(signal.SIGHUP)
    assert run.end(5).code == 6
    wait_until(lambda: not strays(), "the drain command to die of its KILL")


def test_the_drain_command_runs_before_the_forward(launch: Launcher, mode: str) -> None:
    gate = launch.folder / "gate"
    os.mkfifo(gate)
    script = make_script(launch.folder / "drain", f"echo drain-began\nread x < {gate}\n"
                         "echo drain-ended\n")
    run = start_echo(launch, mode, ["--drain", "30s", "--drain-command", script],
                     "--exit-on=TERM=5")
    run.send(signal.SIGTERM)
    run.wait_line("^drain-began")
    assert count(run, "TERM") == 0
    gate.write_text("go\n", encoding="ascii")
    ended = run.end(10)
    assert ended.code == 5
    lines = ended.out.splitlines()
    ends = [index for index, line in enumerate(lines) if line == "drain-ended"]
    terms = [index for index, line in enumerate(lines) if line.startswith("signal TERM")]
    assert ends < terms


def test_a_drain_command_without_a_drain_time_is_waited_for(launch: Launcher) -> None:
    script = make_script(launch.folder / "drain", "echo drained\n")
    run = start_echo(launch, SUBREAPER, ["--drain-command", script], "--exit-on=TERM=5")
    run.send(signal.SIGTERM)
    ended = run.end(10)
    assert ended.code == 5
    assert ended.out.index("drained") < ended.out.index("signal TERM")


def test_a_second_stop_signal_ends_a_hanging_drain_command(launch: Launcher, mode: str) -> None:
    script = make_script(launch.folder / "drain", "echo drain-began\nexec sleep 1000\n")
    run = start_echo(launch, mode, ["--drain", "30s", "--drain-command", script],
                     "--exit-on=TERM=5")
    run.send(signal.SIGTERM)
    run.wait_line("^drain-began")
    run.send(signal.SIGTERM)
    assert run.end(10).code == 5
    assert strays() == []


def test_the_drain_time_bounds_the_drain_command(launch: Launcher, mode: str) -> None:
    script = make_script(launch.folder / "drain", "echo drain-began\nexec sleep 1000\n")
    run = start_echo(launch, mode, ["--drain", "300ms", "--drain-command", script],
                     "--exit-on=TERM=5")
    run.send(signal.SIGTERM)
    assert run.end(10).code == 5
    assert strays() == []


def test_a_failing_drain_command_does_not_stop_the_stop(launch: Launcher) -> None:
    script = make_script(launch.folder / "drain", "exit 9\n")
    run = start_echo(launch, SUBREAPER, ["--drain", "30s", "--drain-command", script],
                     "--exit-on=TERM=5")
    run.send(signal.SIGTERM)
    assert run.end(10).code == 5


def test_the_drain_command_takes_arguments(launch: Launcher) -> None:
    script = make_script(launch.folder / "drain", 'echo "drain with $# words: $1,$2"\n')
    run = start_echo(launch, SUBREAPER, ["--drain", "30s", "--drain-command", f"{script} a bc"],
                     "--exit-on=TERM=5")
    run.send(signal.SIGTERM)
    assert run.end(10).code == 5
    assert "drain with 2 words: a,bc" in run.out()


def test_the_stop_timeout_starts_after_the_drain(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--drain", "300ms", "--stop-timeout", "300ms",
                                    "--grace", "0"])
    sent = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.end().code == 137
    assert 0.59 <= time.monotonic() - sent < 4
    assert count(run, "TERM") == 1


def test_a_main_that_stopped_itself_is_still_killed(launch: Launcher, mode: str) -> None:
    run = start_echo(launch, mode, ["--stop-timeout", "200ms", "--grace", "0"])
    main = run.children()[0]
    os.kill(main, signal.SIGSTOP)
    wait_until(lambda: (seen := procread.read_process(main)) is not None and seen.state == "T",
               "main to stand still")
    run.send(signal.SIGTERM)
    assert run.end().code == 137


def test_our_own_parents_death_reaches_main(launch: Launcher) -> None:
    gate = launch.folder / "gate"
    os.mkfifo(gate)
    parent = ["sh", "-c", f'"$@" & read x < {gate}', "sh"]
    run = launch.start(["--parent-death-signal", "USR1"], roles("echo", "--exit-on=USR1=9"),
                       outer=parent)
    run.wait_line("^ready")
    assert procread.children(run.process.pid) != []
    run.process.kill()
    run.wait_line("^signal USR1")
    wait_until(lambda: strays() == [], "both to end")


def test_parent_death_signal_is_ours_and_not_mains(launch: Launcher, mode: str) -> None:
    ended = launch.run(["--parent-death-signal", "TERM"], roles("report"), mode=mode)
    assert '"parent_death_signal":0' in ended.out


def test_stop_is_quick_when_main_obeys(launch: Launcher) -> None:
    run = start_echo(launch, PID1, [], "--exit-on=TERM=0")
    sent = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    assert time.monotonic() - sent < 1
