"""Counts the system calls of one running process.

By the kernel's tracepoint through `perf stat` where that works: it costs the process some 100 ns a
call. Else by `strace -c`, which stops the process twice a call; an init that adapts to what its
calls cost then behaves differently, so the method is part of the result."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

EVENT = "raw_syscalls:sys_enter"
# tracefs is not mounted everywhere; a mount of our own goes away with the namespace.
WITH_TRACEFS = ["unshare", "--mount", "sh", "-c",
                "[ -e /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing"
                " 2>/dev/null; exec \"$@\"", "sh"]


@lru_cache(maxsize=1)
def method() -> str | None:
    """'perf', 'strace' or None."""
    if shutil.which("perf"):
        probe = subprocess.run([*WITH_TRACEFS, "perf", "stat", "-x,", "-e", EVENT, "true"],
                               capture_output=True, text=True, check=False)
        if _perf_count(probe.stderr):
            return "perf"
    return "strace" if shutil.which("strace") else None


def _perf_count(text: str) -> int | None:
    for line in text.splitlines():
        fields = line.split(",")
        if len(fields) <= 2 or fields[2] != EVENT:
            continue
        # "Not counted": the counter was on, and the process never ran.
        if fields[0] == "<not counted>":
            return 0
        return int(fields[0]) if fields[0].isdigit() else None
    return None


class SyscallCounter:
    """`with SyscallCounter(pid) as c: …`, then `c.count`: the calls made inside the block."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._report = Path(tempfile.mkstemp(prefix="reaperd-bench-")[1])
        self._process: subprocess.Popen | None = None
        self.count = -1

    def __enter__(self) -> "SyscallCounter":
        if method() == "perf":
            self._start_perf()
        elif method() == "strace":
            self._start_strace()
        else:
            raise RuntimeError("needs perf with tracepoints, or strace")
        return self

    def _start_perf(self) -> None:
        """Starts disabled and switches on by the control pipe: the acknowledgement is the proof."""
        control_read, control_write = os.pipe()
        ack_read, ack_write = os.pipe()
        self._process = subprocess.Popen(
            [*WITH_TRACEFS, "perf", "stat", "-x,", "-e", EVENT, "-p", str(self._pid), "-D", "-1",
             "--control", f"fd:{control_read},{ack_write}", "-o", str(self._report)],
            pass_fds=(control_read, ack_write), stderr=subprocess.DEVNULL)
        os.close(control_read)
        os.close(ack_write)
        os.write(control_write, b"enable\n")
        answer = os.read(ack_read, 16)
        os.close(control_write)
        os.close(ack_read)
        if not answer.startswith(b"ack"):
            raise RuntimeError("perf stat did not start")

    def _start_strace(self) -> None:
        self._process = subprocess.Popen(
            ["strace", "-c", "-U", "calls,name", "-o", str(self._report), "-p", str(self._pid)],
            stderr=subprocess.PIPE, text=True)
        line = self._process.stderr.readline()
        if "attached" not in line:
            raise RuntimeError(f"strace did not attach: {line.strip()}")

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        if self._process.stderr:
            self._process.stderr.close()
        text = self._report.read_text(encoding="utf-8", errors="replace")
        self._report.unlink()
        count = _perf_count(text) if method() == "perf" else _strace_count(text)
        if count is None:
            raise RuntimeError(f"no count in: {text.strip()[:200]}")
        self.count = count


def _strace_count(text: str) -> int | None:
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1] == "total":
            return int(words[0])
    return None
