#!/usr/bin/python3
"""A real program under reaperd in a private pid namespace, watched from outside.

`as_pid_1`: reaperd is the namespace's init. `as_subreaper`: the init is a shell that waits for reaperd
and then writes down who else is left in the namespace, so that a lost child shows. Either way nothing
outside the namespace can be hit, and the namespace ends with its init.
"""
from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PRIVATE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

# The init of subreaper mode. `ps` lists itself and the shell; all others are lost children.
SHELL = '"$@" & wait $!; status=$?; ps -A -o pid=,ppid=,stat=,args= > "$LEFT"; exit $status'


def wait_until(condition: Callable[[], object], what: str, timeout: float = 20.0) -> object:
    """Polls until `condition` gives something true and returns that."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout:g} s still not: {what}")
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Seen:
    """A process of the namespace by its numbers outside."""

    pid: int
    ppid: int
    state: str
    args: str


class Supervised:
    """reaperd with a program below it; a context that kills the namespace at its end."""

    def __init__(self, mode: str, reaperd: Path, words: Sequence[str | Path], folder: Path,
                 env: dict[str, str] | None = None) -> None:
        self.mode = mode
        self.output = folder / "output"
        self.left = folder / "left"
        inner = [str(reaperd), *map(str, words)]
        if mode == "as_subreaper":
            inner = ["sh", "-c", SHELL, "sh", *inner]
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [*PRIVATE, *inner], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env={**os.environ, **(env or {}), "LEFT": str(self.left)})

    def __enter__(self) -> "Supervised":
        try:
            first = wait_until(lambda: self._children(self.process.pid), "unshare has a child")
            self.init: int = first[0]  # type: ignore[index]
            self.namespace = os.readlink(f"/proc/{self.init}/ns/pid")
            self.reaperd = self.init
            if self.mode == "as_subreaper":
                second = wait_until(lambda: self._children(self.init), "the shell has a child")
                self.reaperd = second[0]  # type: ignore[index]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()  # --kill-child takes the namespace with it
        self.process.wait()

    def _children(self, pid: int) -> list[int]:
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode} already:\n{self.text()}")
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]

    def text(self) -> str:
        """What the program and reaperd have written."""
        return self.output.read_text(errors="replace")

    def wait_text(self, text: str, count: int = 1, timeout: float = 20.0) -> None:
        """Waits until the text was written so many times; fails at once when all is over."""
        def written_or_over() -> bool:
            over = self.process.poll() is not None
            return self.text().count(text) >= count or over

        try:
            wait_until(written_or_over, "", timeout)
        except AssertionError:
            pass
        assert self.text().count(text) >= count, f"{text!r} is missing in:\n{self.text()}"

    def processes(self) -> list[Seen]:
        """Every process of the namespace but its init's shell and reaperd."""
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in (self.init, self.reaperd):
                seen = look(int(name), self.namespace)
                if seen is not None:
                    found.append(seen)
        return found

    def of(self, text: str) -> list[Seen]:
        """Live processes whose arguments contain the text."""
        return [one for one in self.processes() if text in one.args and one.state != "Z"]

    def wait_no_zombies(self) -> None:
        """Waits until no dead process waits to be reaped; one that stays fails."""
        wait_until(lambda: not [one for one in self.processes() if one.state == "Z"],
                   "no zombie in the namespace")

    def main(self) -> int:
        """The number of the program itself: reaperd's first child."""
        return self._children(self.reaperd)[0]

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to reaperd."""
        os.kill(self.reaperd, number)

    def wait_exit(self, timeout: float = 20.0) -> int:
        """reaperd's exit status. As a subreaper also: nobody was left behind by then."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running; {self.processes()}\n{self.text()}") from None
        if self.mode == "as_subreaper":
            others = [line for line in self.left.read_text().splitlines()
                      if line.split()[0] != "1" and " ps -A -o " not in line]
            assert not others, f"left behind: {others}"
        return status


def look(pid: int, namespace: str) -> Seen | None:
    """A process of the namespace, or nothing when it is another's or gone."""
    try:
        # A zombie has no readable ns link for others than root, and none at all once reaped.
        if os.readlink(f"/proc/{pid}/ns/pid") != namespace:
            return None
        stat = Path(f"/proc/{pid}/stat").read_text()
        args = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    comm, _, rest = stat.partition("(")[2].rpartition(")")
    state, ppid = rest.split()[:2]
    return Seen(pid, int(ppid), state, args or f"[{comm}]")
