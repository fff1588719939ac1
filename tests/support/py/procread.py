"""Reads of /proc, seen from the outer pid namespace: it shows the processes of every namespace
below, also when those have no /proc of their own, and also their zombies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One line of /proc/<pid>/stat."""

    pid: int
    comm: str
    state: str
    ppid: int
    pgrp: int
    sid: int
    tty: int
    foreground: int
    threads: int
    started: int

    @property
    def is_zombie(self) -> bool:
        # A leader that ended before its threads shows Z as well.
        return self.state == "Z" and self.threads == 1


def read_process(pid: int) -> Process | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Process(
        pid=pid, comm=head.partition("(")[2], state=fields[0], ppid=int(fields[1]),
        pgrp=int(fields[2]), sid=int(fields[3]), tty=int(fields[4]), foreground=int(fields[5]),
        threads=int(fields[17]), started=int(fields[19]),
    )


def children(pid: int) -> list[int]:
    """Children of every thread of a process, zombies included; empty when it is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            text = Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found += [int(word) for word in text.split()]
    return found


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    queue = children(pid)
    while queue:
        current = queue.pop()
        found.append(current)
        queue += children(current)
    return found


def pid_namespace(pid: int) -> str | None:
    """Names the pid namespace of a process; still told for a zombie (to root)."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def members(namespace: str) -> list[Process]:
    """All processes of a pid namespace, from outside."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and pid_namespace(int(name)) == namespace:
            process = read_process(int(name))
            if process is not None:
                found.append(process)
    return found


def status_field(pid: int, name: str) -> str | None:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(name + ":"):
            return line.partition(":")[2].strip()
    return None


def inner_pid(pid: int) -> int:
    """The number that the process has in its own namespace."""
    numbers = (status_field(pid, "NSpid") or str(pid)).split()
    return int(numbers[-1])


def switches(pid: int) -> tuple[int, int]:
    """Voluntary and involuntary context switches. A process that only waits makes none."""
    voluntary = status_field(pid, "voluntary_ctxt_switches")
    involuntary = status_field(pid, "nonvoluntary_ctxt_switches")
    assert voluntary is not None and involuntary is not None, f"process {pid} is gone"
    return int(voluntary), int(involuntary)


def cpu_ns(pid: int) -> int:
    """What it has used of a processor, in both modes."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as stream:
        return int(stream.read().split()[0])


def signal_pending(pid: int, number: int) -> bool:
    """Whether a signal was sent to a process that has not fetched it yet."""
    bit = 1 << (number - 1)
    fields = (status_field(pid, "SigPnd"), status_field(pid, "ShdPnd"))
    return any(field is not None and int(field, 16) & bit for field in fields)
