"""postgres: many processes below one, run as a user that is not root, stopped by three signals."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import procread
import pytest
from launch import Run, base_environment, kill_quietly
from need import missing
from waiting import wait_until

USER = "postgres"


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where Debian keeps the version's programs; they are not on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        missing("postgres")
    return found[-1].parent


@pytest.fixture(scope="session")
def cluster(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh database cluster, made once and copied by each test."""
    made = tmp_path_factory.mktemp("postgres") / "data"
    as_user([programs / "initdb", "--nosync", "--auth=trust", "--locale=C", "-D", own(made)])
    return made


def own(path: Path) -> Path:
    """A directory of the user's, reachable through those above it."""
    path.mkdir()
    shutil.chown(path, USER, USER)
    path.chmod(0o700)
    for above in path.parents[:3]:
        if str(above).startswith("/tmp/"):
            above.chmod(above.stat().st_mode | 0o011)
    return path


def as_user(words: list[str | Path]) -> str:
    """Output of a program run as the user; a failure shows what it said."""
    done = subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                           *map(str, words)], capture_output=True, text=True, timeout=60, cwd="/",
                          env=base_environment(), stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def postgres(programs: Path, cluster: Path, folder: Path) -> list[str | Path]:
    """The server's command line, with its socket in the folder."""
    sockets = own(folder / "sockets")
    subprocess.run(["cp", "-a", cluster, folder / "data"], check=True)
    return [programs / "postgres", "-D", folder / "data", "-k", sockets, "-c",
            "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=1MB"]


@pytest.fixture
def query(programs: Path, folder: Path) -> Callable[[str], str]:
    """Asks the server one thing."""
    def ask(text: str) -> str:
        return as_user([programs / "psql", "-h", folder / "sockets", "-d", "postgres", "-X", "-A",
                        "-t", "-c", text]).strip()
    return ask


def start(supervise: Callable[..., Run], command: list[str | Path]) -> Run:
    """The server as its user, ready for connections."""
    run = supervise(command, f"--user={USER}")
    run.wait_log("database system is ready to accept connections", 30)
    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT],
                         ids=["TERM", "INT", "QUIT"])
def test_stops_with_its_own_status(supervise: Callable[..., Run], postgres: list[str | Path],
                                   query: Callable[[str], str], number: signal.Signals) -> None:
    run = start(supervise, postgres)
    assert query("select 6*7") == "42"
    run.send(number)
    ended = run.end(30)
    assert ended.code == 0
    assert {signal.SIGTERM: "received smart shutdown", signal.SIGINT: "received fast shutdown",
            signal.SIGQUIT: "received immediate shutdown"}[number] in ended.err


def test_reloads_by_hup(supervise: Callable[..., Run], postgres: list[str | Path],
                        query: Callable[[str], str], folder: Path) -> None:
    run = start(supervise, postgres)
    with open(folder / "data/postgresql.conf", "a", encoding="ascii") as config:
        config.write("\nwork_mem = '7MB'\n")
    run.send(signal.SIGHUP)
    wait_until(lambda: query("show work_mem") == "7MB", "the new setting", 20, pause=0.1)
    run.send(signal.SIGINT)
    assert run.end(30).code == 0


def test_many_short_connections_leave_no_zombie(supervise: Callable[..., Run],
                                                postgres: list[str | Path],
                                                query: Callable[[str], str]) -> None:
    run = start(supervise, postgres)
    backends = {query("select pg_backend_pid()") for _ in range(8)}
    assert len(backends) == 8
    wait_until(lambda: not run.zombies(), "every backend to be reaped")
    assert len(run.children()) == 1
    run.send(signal.SIGINT)
    assert run.end(30).code == 0


def test_recovers_when_a_backend_is_killed(supervise: Callable[..., Run],
                                           postgres: list[str | Path],
                                           query: Callable[[str], str]) -> None:
    """The server then kills all its processes and starts them again."""
    run = start(supervise, postgres)
    (server,) = run.children()
    before = set(procread.children(server))
    os.kill(max(before), signal.SIGKILL)
    run.wait_log("all server processes terminated; reinitializing", 20)
    wait_until(lambda: run.err().count("ready to accept connections") == 2, "the restart", 20)
    assert query("select 6*7") == "42"
    wait_until(lambda: not run.zombies(), "every old process to be reaped")
    run.send(signal.SIGINT)
    assert run.end(30).code == 0


def test_a_killed_server_ends_the_run_and_what_it_leaves(supervise: Callable[..., Run],
                                                         postgres: list[str | Path]) -> None:
    run = start(supervise, postgres)
    (server,) = run.children()
    kill_quietly(server)
    assert run.end(30).code == 137
