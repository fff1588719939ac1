"""A run whose main makes orphans as it is told, with a status socket; and places of its own for the
socket of a run that looks for one."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paths
import varlink
from crew import Crew
from launch import SUBREAPER, Launcher, Run, base_environment, kill_quietly, roles
from varlink import Client, Monitor
from waiting import wait_until

Members = dict[str, Any]
NAME = "reaperd.sock"
# Its own /run and /dev/shm, so that no other run is in the way; `$PLACES` is done to them.
OWN_PLACES = ("unshare", "--mount", "sh", "-c",
              'mount -t tmpfs none /run && mount -t tmpfs none /dev/shm && eval "$PLACES" && '
              'unset PLACES && exec "$0" "$@"')


class Bed:
    """Pids are those of the run's namespace, as reaperd tells them."""

    _numbers = itertools.count()

    def __init__(self, launch: Launcher, folder: Path, options: Sequence[str] = (), *,
                 mode: str = SUBREAPER, **how: Any) -> None:
        # A short path: that of a socket has 107 bytes.
        self.path = folder / f"s{next(self._numbers)}"
        how.setdefault("log_level", "debug")
        self.crew = Crew(launch, ["--status-socket", str(self.path), *options], mode=mode, **how)
        self._clients: list[Client] = []
        self.client = self.connect()
        self.call = self.client.call

    def __enter__(self) -> Bed:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()

    def connect(self, seconds: float = 10.0) -> Client:
        self._clients.append(Client(self.path, seconds))
        return self._clients[-1]

    def connect_as(self, uid: int, gid: int, groups: Sequence[int] = ()) -> Client:
        self._clients.append(Client(varlink.connect_as(self.path, uid, gid, groups)))
        return self._clients[-1]

    def monitor(self, after_seq: int | None = None) -> Monitor:
        return Monitor(self.connect(), after_seq)

    def processes(self) -> dict[int, Members]:
        return {one["pid"]: one for one in self.client.all("ListProcesses", "processes")}

    def process(self, pid: int) -> Members:
        return self.processes()[pid]

    def deaths(self, **which: object) -> list[Members]:
        return self.client.all("ListDeaths", "deaths", **{"limit": 1000, **which})

    def wait_death(self, pid: int) -> Members:
        return wait_until(lambda: self.deaths(pid=pid), f"the record of {pid}")[-1]

    def held(self) -> list[int]:
        return [one["record"]["pid"] for one in self.client.all("ListHeld", "held")]

    def wait_held(self, *pids: int) -> None:
        wait_until(lambda: set(pids) <= set(self.held()), f"{pids} to be held")

    def ctl(self, *words: object, **how: Any) -> subprocess.CompletedProcess[str]:
        return ctl("--socket", self.path, *words, **how)


def reaperctl() -> Path:
    return paths.reaperctl()


def ctl(*words: object, environment: dict[str, str] | None = None, seconds: float = 20.0,
        prefix: Sequence[str] = (), **how: Any) -> subprocess.CompletedProcess[str]:
    """Runs reaperctl to its end."""
    how.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [*prefix, str(reaperctl()), *(str(word) for word in words)], stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, check=False, timeout=seconds, encoding="utf-8",
        env={**base_environment(), **(environment or {})}, **how)


def in_root_of(run: Run, path: str) -> Path:
    """A path as the run sees it."""
    return Path(f"/proc/{run.pid}/root{path}")


def start_with_places(launch: Launcher, places: str, options: Sequence[str] = (), *,
                      mode: str, command: Sequence[str] = (),
                      log: Sequence[str] = ("--log-level", "debug"), **how: Any) -> Run:
    """A run with an empty /run and /dev/shm of its own, after `places` was done to them."""
    environment = {"PLACES": places or ":", **how.pop("environment", {})}
    run = launch.start([*log, *options],
                       command or roles("echo", "--exit-on=USR1=42"), mode=mode,
                       prefix=OWN_PLACES, environment=environment, **how)
    if not command:
        run.wait_line("^ready echo")
    return run


@contextmanager
def sleeper(uid: int) -> Iterator[int]:
    """A process of another user, below nobody whom reaperd has to do with."""
    process = subprocess.Popen(["sleep", "1000"], user=uid, group=uid, extra_groups=[])
    try:
        yield process.pid
    finally:
        kill_quietly(process.pid)
        process.wait()
