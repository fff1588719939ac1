"""A run whose main makes orphans as it is told (role `crew`), with its death log: what the tests of
holding share.

Pids are those of the run's own namespace, as in its log and records, unless a name says `outer`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import procread
from launch import SUBREAPER, Ended, Launcher, Run, roles
from waiting import wait_until

Record = dict[str, Any]
# What one that is brought is until its program runs.
BEFORE_EXEC = ("reaperd_roles", "env", "setpriv")


def hold_file(folder: Path, hold: dict[str, Any], name: str = "hold.json") -> str:
    """The value of --hold for a file with this object."""
    path = folder / name
    path.write_text(json.dumps(hold))
    return f"@{path}"


class DeathLog:
    """The records of a death log, read on from where it was read before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[Record] = []
        self.dropped = 0  # as the lines after them say
        self._offset = 0

    def records(self) -> list[Record]:
        if not self.path.exists():
            return self.found
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            text = stream.read()
        whole = text[:text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self.found.append(json.loads(line))
            self.dropped += self.found[-1].get("dropped", 0)
        return self.found

    def accounted(self) -> int:
        """Deaths that are written, or said to be left out: a writer without a processor for a
        while drops some, and a later line tells how many."""
        return len(self.records()) + self.dropped

    def named(self, comm: str) -> list[Record]:
        return [record for record in self.records() if record.get("comm") == comm]

    def wait(self, condition: Callable[[list[Record]], bool], what: str,
             seconds: float = 10.0) -> list[Record]:
        """All records, once they fulfil the condition."""
        wait_until(lambda: condition(self.records()), what, seconds, pause=0.01)
        return self.found

    def wait_named(self, comm: str, count: int = 1, seconds: float = 10.0) -> list[Record]:
        self.wait(lambda _: len(self.named(comm)) >= count, f"{count} records of {comm}", seconds)
        return self.named(comm)


def held_by(record: Record) -> str | None:
    return record["hold"]["rule"] if record["hold"] else None


def reason(record: Record) -> str | None:
    return record["hold"]["released_by"] if record["hold"] else None


class Crew:
    def __init__(self, launch: Launcher, options: Sequence[str] = (), *, mode: str = SUBREAPER,
                 log_level: str = "info", **how: Any) -> None:
        self.log = DeathLog(launch.folder / f"deaths{len(launch.runs)}")
        self.run: Run = launch.start(
            ["--death-log", str(self.log.path), "--log-level", log_level, *options],
            roles("crew"), mode=mode, stdin=subprocess.PIPE, **how)
        self._orders = 0
        self._told = 0
        self.main = int(self.run.wait_line(r"^ready crew (\d+)").group(1))

    def _answered(self) -> bool:
        return self.run.out().count("\ndone") >= self._orders

    def order(self, *words: object, seconds: float = 20.0) -> list[int]:
        """Gives an order and returns, when it was carried out, the pids that it made."""
        self.say(*words)
        try:
            wait_until(self._answered, f"the answer to {words}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\nout: {self.run.out()[-500:]}\n"
                                 f"err: {self.run.err()[-1500:]}") from None
        told = self.run.out()
        new, self._told = told[self._told:], len(told)
        return [int(pid) for pid in re.findall(r"^\S+ (\d+)$", new.replace("ready crew", "ready"),
                                               re.MULTILINE) if int(pid) != self.main]

    def say(self, *words: object) -> None:
        """An order that nobody waits for."""
        stdin = self.run.process.stdin
        assert stdin is not None
        self._orders += 1
        stdin.write((" ".join(str(word) for word in words) + "\n").encode())
        stdin.flush()

    def one(self, *words: object) -> int:
        pids = self.order(*words)
        assert len(pids) == 1, pids
        return pids[0]

    def adopted(self, *words: object) -> int:
        """One that reaperd has seen alive, with what it can learn of it. Needs the debug log."""
        pid = self._brought(*words[1:]) if words[0] == "run" else self.one(*words)
        # That it came is told by no signal; that somebody died is, and then all are looked for.
        self.order("dead", "tick", "exit:0")
        self.run.wait_log(rf"adopted .* \(pid {pid}\)")
        return pid

    def _brought(self, *words: object) -> int:
        """One that was this program before it came."""
        told = len(self.run.out())
        self.say("bring", *words)
        self._orders -= 1  # answered when it came
        name = re.compile(rf"^{re.escape(str(words[0]))} (\d+)$", re.MULTILINE)
        found = wait_until(lambda: name.search(self.run.out(), told), f"the pid of {words}")
        pid = int(found.group(1))
        program = Path(f"/proc/{self.outer(pid, procread.descendants)}/exe")
        wait_until(lambda: program.readlink().name not in BEFORE_EXEC, f"{words} to run")
        assert self.order("go") == [pid]
        return pid

    def outer(self, pid: int, among: Callable[[int], list[int]] = procread.children) -> int:
        """A child's number here, or that of another one below reaperd."""
        return next(one for one in among(self.run.pid) if procread.inner_pid(one) == pid)

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        os.kill(self.outer(pid), number)

    def lines_missing(self) -> int:
        """After the end: what the log lacks, as it says itself or a warning does. Its writer has a
        quarter of a second, which may not be enough for hundreds of lines on a busy machine."""
        last = re.findall(r"the death log lacks its last (\d+) lines", self.run.err())
        return self.log.dropped + sum(int(lines) for lines in last)

    def check_all_told(self, comm: str, count: int, why: str) -> None:
        """After the end: each of so many was released for this reason, and has its line."""
        told = [reason(record) for record in self.log.named(comm)]
        assert set(told) == {why}
        assert len(told) <= count <= len(told) + self.lines_missing()

    def zombies(self) -> list[int]:
        """What is held, or about to be reaped; oldest first."""
        found = []
        for child in self.run.children():
            process = procread.read_process(child)
            if process is not None and process.is_zombie:
                found.append(procread.inner_pid(child))
        return found

    def held_in_order(self) -> list[int]:
        """All that were held so far, by what reaperd says."""
        return [int(pid) for pid in re.findall(r"holding .* \(pid (\d+)\) \(", self.run.err())]

    def wait_held(self, *pids: int, seconds: float = 10.0) -> None:
        for pid in pids:
            self.run.wait_log(rf"holding .* \(pid {pid}\) \(", seconds)

    def wait_gone(self, *pids: int, seconds: float = 10.0) -> None:
        wait_until(lambda: not set(pids) & set(self.zombies()), f"{pids} to be reaped", seconds)

    def end(self, how: str = "exit:0", seconds: float = 15.0) -> Ended:
        self.say("end", how)
        return self.run.end(seconds)
