"""One measured run: an init as PID 1 of a private pid namespace, with the workload as its command.

The session talks to the workload over pipes, one line each way (bench/tools/workload.cpp). It owns
its processes: whatever happens, close() ends the namespace and with it everything inside."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from pathlib import Path

from benchlib.programs import Program

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
# For --high-priority: a session of its own, because where the kernel groups processes by session
# (autogroup), nice counts only within the session.
PRIORITY = ("setsid", "sh", "-c",
            '{ echo -15 >/proc/self/autogroup; } 2>/dev/null; exec nice -n -15 "$@"', "sh")
QUIT_SECONDS = 20.0
# The same for everybody and every caller: loaders walk it, and our own REAPERD_… are not meant.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class WorkloadError(RuntimeError):
    """The workload did not answer as it should; the message says what came instead."""


def cpu_pair() -> tuple[int | None, int | None]:
    """(the reaper's CPU, everybody else's), or Nones where there is only one CPU."""
    cpus = sorted(os.sched_getaffinity(0))
    return (cpus[-1], cpus[0]) if len(cpus) > 1 else (None, None)


class Session:
    """`with Session(program, workload) as s: s.ask("burst 5000 20000")`."""

    # In front of every command line; set once by the driver.
    prefix: tuple[str, ...] = ()

    def __init__(self, program: Program, workload: Path) -> None:
        reaper_cpu, other_cpu = cpu_pair()
        command = [*UNSHARE, *program.argv, str(workload)]
        if reaper_cpu is not None:
            command = ["taskset", "--cpu-list", str(reaper_cpu), *command, "--cpu",
                       str(other_cpu)]
        self._process = subprocess.Popen(
            [*self.prefix, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=ENVIRONMENT)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._buffer = b""
        try:
            self._answer(10.0)
        except WorkloadError:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, line: str, timeout: float = 60.0) -> dict:
        """Sends one command and returns its answer."""
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkloadError(f"the init ended before {line!r}") from error
        return self._answer(timeout)

    def _answer(self, timeout: float) -> dict:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise WorkloadError(f"no answer in {timeout:.0f} s")
            if not select.select([self._process.stdout], [], [], left)[0]:
                continue
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                said = self._process.stderr.read().decode(errors="replace").strip()
                raise WorkloadError(f"the init ended: {said or 'it said nothing'}")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    @property
    def init_pid(self) -> int:
        """The init's pid as we see it: the only child of unshare."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if len(children) != 1:
            raise WorkloadError(f"unshare has {len(children)} children, expected the init")
        return int(children[0])

    def close(self) -> None:
        """Ends the run politely, then by force: --kill-child ends the namespace with unshare."""
        try:
            self._process.stdin.write(b"quit\n")
            self._process.stdin.close()
        except (BrokenPipeError, OSError, ValueError):
            pass
        try:
            self._process.wait(QUIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()
