"""redis: a fork that saves in the background, an orderly stop, a crash, and a daemon mode."""
from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from launch import Run
from need import need
from unix_client import talk
from waiting import wait_until


@pytest.fixture
def redis(folder: Path) -> list[str | Path]:
    """redis's command line: a unix socket in the folder, saving on demand and at the end."""
    return [need("redis-server"), "--port", "0", "--unixsocket", folder / "redis",
            "--dir", folder, "--save", "3600 1", "--enable-debug-command", "yes"]


def ask(folder: Path, *words: str) -> str:
    """A command by redis's inline protocol; empty while redis is not there."""
    return talk(folder / "redis", " ".join(words).encode() + b"\r\n", b"\r\n").decode().strip()


def wait_ready(folder: Path) -> None:
    """Until redis answers."""
    wait_until(lambda: ask(folder, "PING") == "+PONG", "redis to answer", pause=0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_saves_and_stops_with_its_own_status(supervise: Callable[..., Run],
                                             redis: list[str | Path], folder: Path,
                                             number: signal.Signals) -> None:
    run = supervise(redis)
    wait_ready(folder)
    assert ask(folder, "SET", "key", "value") == "+OK"
    run.send(number)
    assert run.end().code == 0
    assert (folder / "dump.rdb").exists(), "it had time to save"


def test_a_background_save_leaves_no_zombie(supervise: Callable[..., Run],
                                            redis: list[str | Path], folder: Path) -> None:
    run = supervise(redis)
    wait_ready(folder)
    for turn in range(1, 4):
        assert ask(folder, "SET", "key", str(turn)) == "+OK"
        assert "started" in ask(folder, "BGSAVE")
        wait_until(lambda count=turn: run.out().count("terminated with success") == count,
                   "the save to end")
    assert len(run.children()) == 1
    assert not run.zombies()
    run.send(signal.SIGTERM)
    assert run.end().code == 0


def test_ends_when_a_client_asks_it_to(supervise: Callable[..., Run], redis: list[str | Path],
                                       folder: Path) -> None:
    run = supervise(redis)
    wait_ready(folder)
    ask(folder, "SHUTDOWN", "NOSAVE")
    assert run.end().code == 0


def test_a_crash_gives_139(supervise: Callable[..., Run], redis: list[str | Path],
                           folder: Path) -> None:
    run = supervise(redis)
    wait_ready(folder)
    ask(folder, "DEBUG", "SEGFAULT")
    ended = run.end(30)
    assert ended.code == 128 + signal.SIGSEGV
    assert "crashed by signal: 11" in ended.out


def test_as_a_daemon_it_is_waited_for_and_saves(supervise: Callable[..., Run],
                                                redis: list[str | Path], folder: Path) -> None:
    """The command ends with 0 once its daemon runs; a stop gives that daemon TERM and time."""
    run = supervise([*redis, "--daemonize", "yes", "--logfile", folder / "log"],
                    "--wait-for=all")
    wait_ready(folder)
    assert ask(folder, "SET", "key", "value") == "+OK"
    assert run.is_running()
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    assert (folder / "dump.rdb").exists(), "it had time to save"
