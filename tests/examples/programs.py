"""The programs of docs/examples: what each must print when its claim holds, and how it is run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import paths
from launch import PID1, UNSHARE, Ended, Launcher

SMALL_PID_MAX = 400
_SET_PID_MAX = f"echo {SMALL_PID_MAX} >/proc/sys/kernel/pid_max"
_PID_MAX = Path("/proc/sys/kernel/pid_max")
# What chance decides, in a real run and in a page alike.
_VARIES = re.compile(r"\d+(?= signals)")


@dataclass(frozen=True)
class Example:
    name: str
    lines: Sequence[str]  # with what varies as N
    few_pids: bool = False  # in a pid namespace in which numbers wrap soon

    @property
    def source(self) -> str:
        return f"examples/{self.name.replace('-', '_')}.cpp"


# TABLE: one row for each file of docs/examples, in the order of the pages.
EXAMPLES = (
    Example("ten-zombies", [
        "the parent sleeps: 10 zombies",
        "the parent has ended: 0 zombies, 10 of 10 reaped"]),
    Example("double-fork", [
        "the middle process: exit 0",
        "the grandchild was adopted by reaperd",
        "its grandparent waits for it: ECHILD",
        "who adopted it, reaped it: yes"]),
    Example("both-at-once", [
        "200 families ended, parent and child at once",
        "families without a zombie left: 200"]),
    Example("deferred-release", [
        "         alive  zombie  reaped",
        "cmdline  there  empty   gone",
        "maps     there  empty   gone",
        "exe      there  gone    gone",
        "cwd      there  gone    gone",
        "fd       there  empty   gone",
        "stat     there  there   gone",
        "status   there  there   gone",
        "io       there  there   gone",
        "limits   there  there   gone",
        "comm     there  there   gone",
        "pid      there  there   gone"]),
    Example("ignore-sigchld", [
        "default:                  a zombie, wait says exit 7",
        "SIG_IGN:                  no zombie, wait says ECHILD",
        "SIG_IGN, after exec:      no zombie, wait says ECHILD",
        "SA_NOCLDWAIT:             no zombie, wait says ECHILD",
        "SA_NOCLDWAIT, after exec: a zombie, wait says exit 7"]),
    Example("count-sigchld", [
        "blocked: 50 deaths, 1 signal",
        "  reaped by one wait for each signal: 1, by a wait loop: 49",
        "handled at once: 50 deaths, N signals",
        "  reaped by a wait loop: 50"]),
    Example("wait-late", [
        "4 dead, 1 signal fetched, pending now: no",
        "child 4: signal 9",
        "child 3: exit 3",
        "child 2: exit 2",
        "child 1: exit 1"]),
    Example("negligent-parent", [
        "a careless parent: 5 zombies",
        "after a SIGCHLD: 0 zombies",
        "a deaf parent, after a SIGCHLD: 5 zombies",
        "after its end by signal 15: 0 zombies"]),
    Example("held-pid", [
        "3 wraps while the zombie is kept: its number is given again: no",
        "state: Z",
        "3 wraps after wait: yes"], few_pids=True),
    Example("successor", [
        "the predecessor is dead, nobody has waited for it",
        "a successor with its number: EEXIST",
        "a successor with any other number: started",
        "now wait: exit 1",
        "a successor with its number: started"]),
    Example("barrier", [
        "all 6 jobs are dead: 6 zombies",
        "job 0: exit 0",
        "job 1: exit 1",
        "job 2: exit 2",
        "job 3: signal 9",
        "job 4: exit 4",
        "job 5: exit 5",
        "collected: 0 zombies"]),
    Example("kill-marks", [
        "stopped, TERM:               state T",
        "  then CONT:                 signal 15",
        "stopped, KILL:               signal 9",
        "traced, TERM:                stopped by 15",
        "  KILL:                      exit stop",
        "  KILL once more:            state t",
        "  the tracer lets it go:     signal 9",
        "zombie, KILL:                state Z",
        "  then wait:                 exit 7"]),
)


def masked(text: str) -> list[str]:
    return _VARIES.sub("N", text).splitlines()


def run(launch: Launcher, mode: str, name: str, *arguments: str, options: Sequence[str] = (),
        few_pids: bool = False) -> Ended:
    """The program as the command of reaperd."""
    words = [str(paths.example(name)), *arguments]
    if not few_pids:
        return launch.run(options, words, mode=mode, seconds=30)
    return _run_with_few_pids(launch, mode, options, words)


def _run_with_few_pids(launch: Launcher, mode: str, options: Sequence[str],
                       words: Sequence[str]) -> Ended:
    """As a subreaper, reaperd stands below a shell that is PID 1 of the namespace."""
    need_own_pid_max()
    before = _PID_MAX.read_text(encoding="ascii")
    if mode == PID1:
        prefix = ("sh", "-c", f'{_SET_PID_MAX} && exec "$0" "$@"')
        ended = launch.run(options, words, mode=mode, prefix=prefix, seconds=30)
    else:
        outer = (*UNSHARE, "--mount-proc", "sh", "-c", f'{_SET_PID_MAX} && "$0" "$@"; exit $?')
        ended = launch.run(options, words, mode=mode, outer=outer, seconds=30)
    assert _PID_MAX.read_text(encoding="ascii") == before, "pid_max of the machine was changed"
    return ended


def need_own_pid_max() -> None:
    """Before Linux 6.14 kernel.pid_max is one for all namespaces: it must not be touched there."""
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    if release < (6, 14):
        pytest.skip("kernel.pid_max belongs to a pid namespace from Linux 6.14 on")
