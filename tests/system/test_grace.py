"""After main's end: what happens to those that are left."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

import procread
from launch import PID1, SUBREAPER, Launcher, Run, roles, strays
from waiting import wait_until


def command_that_leaves(count: int, end: str, *, setsid: bool = True) -> list[str]:
    """Main that ends with 4 and leaves orphans behind, in sessions of their own."""
    words = ["--setsid"] if setsid else []
    return roles("orphans", count, f"--orphan-end={end}", *words, "--end=exit:4")


def stubborn_helper(launch: Launcher, *words: str) -> tuple[list[str], str]:
    """Main that ends with 4 at USR1 and an echo beside it that blocks TERM; its file."""
    file = str(launch.folder / "helper")
    command = roles("beside", "--", "echo", f"--out={file}", *words, "++", "echo",
                    "--exit-on=USR1=4", "--exit-on=TERM=4")
    return command, file


def start_with_helper(launch: Launcher, mode: str, options: list[str], *words: str
                      ) -> tuple[Run, str]:
    command, file = stubborn_helper(launch, *words)
    run = launch.start(options, command, mode=mode)
    run.wait_line("^ready echo")
    wait_until(lambda: os.path.exists(file) and "ready" in text_of(file), "the helper")
    return run, file


def text_of(file: str) -> str:
    with open(file, encoding="ascii") as stream:
        return stream.read()


def test_grace_asks_and_ends_early_when_nobody_is_left(launch: Launcher, mode: str) -> None:
    run, file = start_with_helper(launch, mode, ["--grace", "30s"], "--exit-on=CONT=0")
    run.send(signal.SIGUSR1)
    ended = run.end(5)
    assert ended.code == 4
    assert re.findall(r"^signal (\w+)", text_of(file), re.MULTILINE) == ["TERM", "CONT"]


def test_the_default_as_pid_1_asks(launch: Launcher) -> None:
    run, file = start_with_helper(launch, PID1, [], "--exit-on=CONT=0")
    run.send(signal.SIGUSR1)
    assert run.end(4).code == 4
    assert re.findall(r"^signal (\w+)", text_of(file), re.MULTILINE) == ["TERM", "CONT"]


def test_the_default_as_subreaper_leaves_them(launch: Launcher) -> None:
    run, file = start_with_helper(launch, SUBREAPER, [])
    run.send(signal.SIGUSR1)
    assert run.end(5).code == 4
    left = strays()
    assert len(left) == 1
    os.kill(left[0], signal.SIGUSR2)
    wait_until(lambda: "USR2" in text_of(file), "the one that was left to go on")
    assert "TERM" not in text_of(file)


def test_grace_off_as_subreaper_leaves_them(launch: Launcher) -> None:
    ended = launch.run(["--grace", "off"], command_that_leaves(3, "sleep"))
    assert ended.code == 4
    assert len(strays()) == 3


def test_grace_off_as_pid_1_ends_at_once(launch: Launcher) -> None:
    run, file = start_with_helper(launch, PID1, ["--grace", "off"])
    run.send(signal.SIGUSR1)
    assert run.end(4).code == 4
    assert "TERM" not in text_of(file)


def test_grace_0_kills_at_once(launch: Launcher, mode: str) -> None:
    run, file = start_with_helper(launch, mode, ["--grace", "0"])
    run.send(signal.SIGUSR1)
    assert run.end(4).code == 4
    assert "TERM" not in text_of(file)
    assert strays() == []


def test_after_the_grace_they_are_killed(launch: Launcher, mode: str) -> None:
    run, file = start_with_helper(launch, mode, ["--grace", "800ms"])
    sent = time.monotonic()
    run.send(signal.SIGUSR1)
    assert run.end(10).code == 4
    assert 0.79 <= time.monotonic() - sent < 4
    assert "TERM" in text_of(file)
    assert strays() == []


def test_grace_reaches_many_in_sessions_of_their_own(launch: Launcher, mode: str) -> None:
    ended = launch.run(["--grace", "10s"], command_that_leaves(50, "sleep"), mode=mode)
    assert ended.code == 4
    assert ended.seconds < 5
    assert strays() == []


def test_stopped_ones_are_continued_and_end_early(launch: Launcher, mode: str) -> None:
    """TERM does nothing to a stopped process before CONT."""
    ended = launch.run(["--grace", "20s"], command_that_leaves(3, "stop"), mode=mode)
    assert ended.code == 4
    assert ended.seconds < 5
    assert strays() == []


def test_what_forks_while_it_is_killed_is_killed_too(launch: Launcher) -> None:
    """Grandchildren appear only when their parents die: the tree is walked until none is left."""
    deep = "for i in 1 2 3; do (setsid sh -c 'sleep 1000 & sleep 1000 & wait' &); done; exit 4"
    ended = launch.run(["--grace", "0"], ["sh", "-c", deep], mode=SUBREAPER)
    assert ended.code == 4
    assert strays() == []


@pytest.mark.parametrize("grace", ["200ms", "0"])
def test_who_cannot_be_killed_is_named_and_left(launch: Launcher, grace: str) -> None:
    """A tracer holds the helper on its way out: not even SIGKILL ends it."""
    run, _ = start_with_helper(launch, SUBREAPER, ["--grace", grace])
    main = run.children()[0]
    helper = procread.children(main)[0]
    tracer = launch.start(["tracer", str(helper), "--hold-exit"], [], program=roles()[0])
    tracer.wait_line("^ready tracer")
    sent = time.monotonic()
    run.send(signal.SIGUSR1)
    ended = run.end(10)
    assert ended.code == 4
    assert time.monotonic() - sent < 3
    assert str(helper) in ended.err and "reaperd_roles" in ended.err


def test_a_running_stop_shortens_a_long_grace(launch: Launcher, mode: str) -> None:
    """So that main's status gets out before the runtime's KILL: the explicit stop timeout counts
    from the forward, and main's end is allowed one second more."""
    run, _ = start_with_helper(launch, mode, ["--grace", "60s", "--stop-timeout", "500ms"])
    sent = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.end(20).code == 4
    assert 0.4 <= time.monotonic() - sent < 4


@pytest.mark.slow
def test_without_a_stop_timeout_a_stop_leaves_eight_seconds(launch: Launcher) -> None:
    run, _ = start_with_helper(launch, PID1, ["--grace", "60s"])
    sent = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.end(20).code == 4
    assert 7.5 <= time.monotonic() - sent < 10


def test_a_second_stop_signal_in_the_grace_does_not_hang(launch: Launcher) -> None:
    run, _ = start_with_helper(launch, PID1, ["--grace", "700ms"])
    run.send(signal.SIGUSR1)
    wait_until(lambda: len(run.children()) == 1, "main to be reaped")
    run.send(signal.SIGTERM)
    run.send(signal.SIGTERM)
    assert run.end(10).code == 4


def test_force_on_second_ends_the_grace(launch: Launcher) -> None:
    run, file = start_with_helper(launch, PID1, ["--grace", "60s", "--force-on-second"])
    run.send(signal.SIGTERM)
    wait_until(lambda: "TERM" in text_of(file), "the grace")
    sent = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.end(20).code == 4
    assert time.monotonic() - sent < 3


def test_main_that_leaves_nobody_ends_without_grace(launch: Launcher, mode: str) -> None:
    ended = launch.run(["--grace", "30s"], roles("exit", 4), mode=mode)
    assert ended.code == 4
    assert ended.seconds < 5
