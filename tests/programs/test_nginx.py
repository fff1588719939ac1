"""nginx: a master with workers that it replaces, three ways to stop, and a daemon mode."""
from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import procread
import pytest
from launch import Run, kill_quietly
from need import need
from unix_client import http_get
from waiting import wait_until

WORKERS = 2


@pytest.fixture
def nginx(folder: Path) -> list[str | Path]:
    """nginx's command line for the configuration in the folder."""
    program = need("nginx")
    configure(folder, "first", "daemon off;")
    return [program, "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]


def configure(folder: Path, answer: str, more: str) -> None:
    """A server on a unix socket that answers one word."""
    temp = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
{more}
worker_processes {WORKERS};
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 64; }}
http {{ access_log off; {temp} server {{ listen unix:{folder}/http; return 200 {answer}; }} }}
""")


def wait_answer(folder: Path, answer: str) -> None:
    """Until the server gives this word."""
    wait_until(lambda: http_get(folder / "http") == answer, f"the answer {answer!r}", pause=0.05)


def workers(master: int) -> set[int]:
    """The master's children: workers only, once it runs."""
    return set(procread.children(master))


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM, signal.SIGINT],
                         ids=["QUIT", "TERM", "INT"])
def test_stops_with_its_own_status(supervise: Callable[..., Run], nginx: list[str | Path],
                                   folder: Path, number: signal.Signals) -> None:
    run = supervise(nginx)
    wait_answer(folder, "first")
    run.send(number)
    assert run.end().code == 0
    assert not (folder / "nginx.pid").exists(), "nginx has tidied up"


def test_reloads_by_hup_and_replaces_its_workers(supervise: Callable[..., Run],
                                                 nginx: list[str | Path], folder: Path) -> None:
    run = supervise(nginx)
    wait_answer(folder, "first")
    (master,) = run.children()
    old = wait_until(lambda: found if len(found := workers(master)) == WORKERS else set(),
                     "both workers")
    for turn in range(3):
        configure(folder, f"turn{turn}", "daemon off;")
        run.send(signal.SIGHUP)
        wait_answer(folder, f"turn{turn}")
        new = wait_until(lambda: found if len(found := workers(master)) == WORKERS
                         and not found & old else set(), "new workers only")
        old = new
    assert run.children() == [master]
    assert not run.zombies()
    run.send(signal.SIGTERM)
    assert run.end().code == 0


def test_replaces_a_killed_worker(supervise: Callable[..., Run], nginx: list[str | Path],
                                  folder: Path) -> None:
    run = supervise(nginx)
    wait_answer(folder, "first")
    (master,) = run.children()
    victim = min(workers(master))
    kill_quietly(victim)
    wait_until(lambda: victim not in workers(master) and len(workers(master)) == WORKERS,
               "a new worker")
    wait_answer(folder, "first")
    assert not run.zombies()
    run.send(signal.SIGQUIT)
    assert run.end().code == 0


def test_a_killed_master_ends_the_run_and_its_workers(supervise: Callable[..., Run],
                                                      nginx: list[str | Path],
                                                      folder: Path) -> None:
    run = supervise(nginx)
    wait_answer(folder, "first")
    (master,) = run.children()
    kill_quietly(master)
    assert run.end().code == 137


def test_as_a_daemon_it_is_waited_for_and_stopped(supervise: Callable[..., Run],
                                                  nginx: list[str | Path], folder: Path) -> None:
    """The command ends at once with 0; its daemon is adopted and keeps the run going."""
    configure(folder, "daemon", "daemon on;")
    run = supervise(nginx, "--wait-for=all")
    wait_answer(folder, "daemon")
    wait_until(lambda: (folder / "nginx.pid").exists(), "the daemon's pid file")
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    assert not (folder / "nginx.pid").exists(), "nginx was asked, not killed"
