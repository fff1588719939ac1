"""Reads a death log as a program would that relies on docs/death-records.md: each line is one JSON
object with all keys, in their order, and each death stands in it once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import procread
from launch import SUBREAPER, Launcher, Run, roles
from waiting import wait_until

Record = dict[str, Any]

KEYS = (
    "seq", "instance", "pid", "id", "role", "service", "comm", "cmdline", "exe", "cwd", "uid",
    "gid", "cgroup", "first_seen", "lineage", "session", "process_group", "started_at", "died_at",
    "reaped_at", "run_time_us", "held_us", "end", "verdict", "rusage", "io", "detail", "hold")
OPTIONAL_KEYS = {"cmdline_truncated", "environ", "environ_truncated", "dropped"}
USAGE_KEYS = (
    "user_us", "system_us", "max_rss_kb", "minor_faults", "major_faults", "blocks_in",
    "blocks_out", "voluntary_switches", "involuntary_switches")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SCRIBE = "reaperd-scribe"
ECHO = roles("echo", "--exit-on=TERM=0", "--exit-on=USR1=42")


def parse(text: str | bytes) -> list[Record]:
    """Every line, checked. A last one without its newline is still being written."""
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    whole, _, _ = raw.rpartition(b"\n")
    return [check(json.loads(line.decode("utf-8"))) for line in whole.split(b"\n") if line]


def check(record: Record) -> Record:
    keys = [key for key in record if key not in OPTIONAL_KEYS]
    assert keys == list(KEYS), f"keys of {record}"
    assert list(record["end"]) == ["how", "code", "signal", "core"]
    assert list(record["verdict"]) == ["cause", "evidence"] and record["verdict"]["evidence"]
    assert record["rusage"] is None or tuple(record["rusage"]) == USAGE_KEYS
    assert record["io"] is None or list(record["io"]) == ["read_bytes", "write_bytes"]
    end = record["end"]
    how_matches = (end["code"] is None) == (end["how"] == "signal")
    assert how_matches and (end["signal"] is None) == (end["how"] == "exit"), end
    for key in ("died_at", "reaped_at"):
        assert TIME.fullmatch(record[key]), record
    assert record["started_at"] is None or TIME.fullmatch(record["started_at"]), record
    assert record.get("cmdline_truncated", True) is True
    return record


def read(path: Path) -> list[Record]:
    return parse(path.read_bytes()) if path.exists() else []


def told_lost(records: Sequence[Record]) -> int:
    return sum(record.get("dropped", 0) for record in records)


def assert_gapless(records: Sequence[Record]) -> None:
    """Nothing is missing and nothing is there twice. Lines come in the order of the reaps, numbers
    in that of the deaths, so they are compared sorted."""
    assert sorted(record["seq"] for record in records) == list(range(1, len(records) + 1))


class Log:
    """The death log of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def records(self) -> list[Record]:
        return read(self.path)

    def find(self, **wanted: object) -> list[Record]:
        return [record for record in self.records()
                if all(record[key] == value for key, value in wanted.items())]

    def wait(self, what: str, condition: Callable[[Record], bool],
             seconds: float = 10.0) -> Record:
        def first() -> Record | None:
            return next((record for record in self.records() if condition(record)), None)

        found = wait_until(first, f"a record: {what}", seconds, pause=0.01)
        assert found is not None
        return found

    def wait_pid(self, pid: int, seconds: float = 10.0) -> Record:
        return self.wait(f"of pid {pid}", lambda record: record["pid"] == pid, seconds)


def start(launch: Launcher, command: Sequence[str], *options: str, mode: str = SUBREAPER,
          **how: Any) -> tuple[Run, Log]:
    path = launch.folder / f"deaths{len(launch.runs)}"
    run = launch.start(["--death-log", str(path), *options], command, mode=mode, **how)
    return run, Log(path)


def scribe_of(run: Run) -> int | None:
    """The living scribe, numbered from outside."""
    for pid in run.children():
        process = procread.read_process(pid)
        if process is not None and process.comm == SCRIBE and process.state != "Z":
            return pid
    return None


def wait_scribe(run: Run, other_than: int | None = None) -> int:
    found = wait_until(lambda: (pid := scribe_of(run)) is not None and pid != other_than and pid,
                       "a living scribe")
    assert isinstance(found, int)
    return found


def missing(records: Sequence[Record]) -> int:
    """Deaths that have no line and are not among those that a later line says were dropped."""
    numbers = [record["seq"] for record in records]
    assert len(set(numbers)) == len(numbers)
    return int(max(numbers)) - len(records) - told_lost(records)


def assert_complete(records: Sequence[Record]) -> None:
    assert missing(records) == 0


def wait_complete(log: Log) -> list[Record]:
    """For a run that goes on: lines come in the order in which the causes become clear. Of a scribe
    that was killed, some may be written that count as dropped."""
    wait_until(lambda: missing(log.records()) <= 0, "all lines")
    return log.records()


class Shell:
    """A run whose main does what the test says, line by line."""

    def __init__(self, launch: Launcher, *options: str, mode: str, **how: Any) -> None:
        self.run = launch.start(["--log-level", "debug", *options], ["sh"], mode=mode,
                                stdin=subprocess.PIPE, **how)
        self.told = 0
        self.tell("echo 'ready sh'")
        self.run.wait_line("^ready sh")

    def tell(self, line: str) -> None:
        assert self.run.process.stdin is not None
        self.run.process.stdin.write(line.encode() + b"\n")
        self.run.process.stdin.flush()

    def orphan(self, command: str) -> int:
        """Makes one; its number inside."""
        self.told += 1
        self.tell(f"({command} & echo orphan {self.told} $!)")
        return int(self.run.wait_line(rf"^orphan {self.told} (\d+)$").group(1))

    def dead_orphan(self, code: int) -> int:
        """One that exits, and is reaped by us: a shell might bury its own child first."""
        self.told += 1
        words = " ".join(roles("orphans", 1, f"--orphan-end=exit:{code}"))
        self.tell(f"{words}; echo dead {self.told}")
        line = self.run.wait_line(rf"^orphan (\d+)\nready orphans 1\ndead {self.told}$")
        inner = int(line.group(1))
        self.run.wait_log(rf"reaped pid {inner}: exit {code}$")
        return inner

    def seen_orphan(self, command: str) -> int:
        """The same, and it was seen alive, after its exec."""
        inner = self.orphan(command)
        wait_until(lambda: any(procread.inner_pid(pid) == inner and comm_of(pid) != "sh"
                               for pid in self.run.children()), "the orphan to be adopted")
        self.run.send(signal.SIGCHLD)
        self.run.wait_log(rf"adopted .* \(pid {inner}\)$")
        return inner

    def deaths(self, count: int) -> None:
        """Orphans that die, are reaped, and are told to the scribe, which has done its best."""
        self.told += 1
        reaped = self.run.err().count("debug: reaped pid")
        storm = " ".join(roles("storm", count, "--burst=50"))
        self.tell(f"{storm}; echo storm {self.told}")
        self.run.wait_line(rf"^storm {self.told}$", 30)
        wait_until(lambda: self.run.err().count("debug: reaped pid") >= reaped + count,
                   "all to be reaped", 30)
        wait_until(lambda: (scribe := scribe_of(self.run)) is not None
                   and (process := procread.read_process(scribe)) is not None
                   and process.state == "S", "the scribe to rest", 30)

    def end(self) -> None:
        self.tell("exit 42")
        assert self.run.end().code == 42, self.run.err()


def comm_of(pid: int) -> str:
    process = procread.read_process(pid)
    return process.comm if process is not None else ""


def others(run: Run) -> list[int]:
    """Its children without the scribe."""
    return [pid for pid in run.children()
            if (process := procread.read_process(pid)) is not None and process.comm != SCRIBE]


def finish(run: Run, number: int = signal.SIGUSR1, code: int = 42) -> None:
    run.send(number)
    assert run.end().code == code, run.err()
