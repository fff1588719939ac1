"""Starts reaperd (or another init) for a test, as PID 1 of a namespace of its own or as a plain
process, and cleans up whatever the test left.

Output goes to files, never to pipes: a test that does not read must not block what it watches.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import paths
import procread
from waiting import wait_until

PID1 = "pid1"
SUBREAPER = "subreaper"
MODES = (PID1, SUBREAPER)

PR_SET_CHILD_SUBREAPER = 36
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child")
# What sanitizers and coverage need goes through; anything else of ours must not reach the product.
SANITIZED = "asan" in str(paths.BUILD)
PASSED_ENVIRONMENT = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH",
                      "GCOV_PREFIX", "GCOV_PREFIX_STRIP")


def roles(*words: object) -> list[str]:
    """The command line of a role of the helper program."""
    return [str(paths.reaperd_roles()), *(str(word) for word in words)]


def base_environment() -> dict[str, str]:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C"}
    environment |= {key: os.environ[key] for key in PASSED_ENVIRONMENT if key in os.environ}
    if SANITIZED:
        # By default it sets the core limit to 0, which the child would inherit.
        environment["ASAN_OPTIONS"] = "disable_coredump=0:" + environment.get("ASAN_OPTIONS", "")
    return environment


def without_leak_check() -> dict[str, str]:
    """For places in which the sanitizer's own check at exit cannot work: it needs /proc and a
    thread. Empty for other builds."""
    if not SANITIZED:
        return {}
    return {"ASAN_OPTIONS": base_environment()["ASAN_OPTIONS"] + ":detect_leaks=0"}


@dataclass(frozen=True)
class Ended:
    """How a run ended. `code` is negative for a death by signal, as subprocess has it."""

    code: int
    out: str
    err: str
    seconds: float

    def errors(self) -> list[str]:
        return self.err.splitlines()


class Run:
    """One started init, with the files that its output goes to."""

    def __init__(self, process: subprocess.Popen[bytes], mode: str, folder: Path) -> None:
        self.process = process
        self.mode = mode
        self.folder = folder
        self.started = time.monotonic()
        self._pid: int | None = None

    @property
    def pid(self) -> int:
        """The supervisor, numbered from outside."""
        if self._pid is None:
            self._pid = self.process.pid
            if self.mode == PID1:
                below = wait_until(
                    lambda: procread.children(self.process.pid) or self.process.poll() is not None,
                    "the init below unshare")
                assert isinstance(below, list), f"unshare ended early: {self.err()}"
                self._pid = below[0]
        return self._pid

    @property
    def namespace(self) -> str:
        name = procread.pid_namespace(self.pid)
        assert name is not None
        return name

    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8", errors="replace")

    def err(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8", errors="replace")

    def wait_line(self, pattern: str, seconds: float = 10.0) -> re.Match[str]:
        """The first line of stdout that matches."""
        return self._wait_text(self.out, pattern, seconds)

    def wait_log(self, pattern: str, seconds: float = 10.0) -> re.Match[str]:
        """The same for stderr."""
        return self._wait_text(self.err, pattern, seconds)

    def _wait_text(self, source: Callable[[], str], pattern: str,
                   seconds: float) -> re.Match[str]:
        expression = re.compile(pattern, re.MULTILINE)
        try:
            return wait_until(lambda: expression.search(source()), f"a line with {pattern!r}",
                              seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\nout: {self.out()[-2000:]}\nerr: {self.err()[-2000:]}"
                                 ) from None

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def send_and_see(self, number: int) -> None:
        """Sends a signal and returns when the supervisor has fetched it: two stop signals in a
        row are then two, and not one that was merged while it was pending."""
        self.send(number)
        wait_until(lambda: not procread.signal_pending(self.pid, number),
                   f"signal {number} to be fetched")

    def children(self) -> list[int]:
        return procread.children(self.pid)

    def zombies(self) -> list[procread.Process]:
        """Zombies anywhere below the supervisor; as PID 1: in its namespace."""
        if self.mode == PID1:
            everyone = procread.members(self.namespace)
        else:
            seen = [procread.read_process(pid) for pid in procread.descendants(self.pid)]
            everyone = [process for process in seen if process is not None]
        return [process for process in everyone if process.is_zombie]

    def wait_only_children(self, count: int, seconds: float = 15.0) -> None:
        """Until so many children are left, all alive, and no zombie is anywhere."""
        wait_until(lambda: len(self.children()) == count, f"{count} children left", seconds)
        wait_until(lambda: not self.zombies(), "no zombie left", seconds)

    def end(self, seconds: float = 15.0) -> Ended:
        """Waits for the end; fails if it does not come."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {seconds} s\nout: {self.out()[-2000:]}\n"
                f"err: {self.err()[-2000:]}") from None
        return Ended(code, self.out(), self.err(), time.monotonic() - self.started)

    def is_running(self) -> bool:
        return self.process.poll() is None


class Launcher:
    """Starts runs and, in `clean`, ends and buries everything that they left behind."""

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        self.folder = folder
        self.program = program
        self.runs: list[Run] = []
        become_subreaper()

    def start(
        self, options: Sequence[str], command: Sequence[str], *, mode: str = SUBREAPER,
        prefix: Sequence[str] = (), outer: Sequence[str] = (), program: str | Path | None = None,
        environment: Mapping[str, str] | None = None, mount_proc: bool = True,
        separator: bool = True, stdin: int = subprocess.DEVNULL, pass_fds: Sequence[int] = (),
        cwd: str | Path | None = None, umask: int = -1,
    ) -> Run:
        """`prefix` wraps the init itself (inside its namespace); `outer` wraps everything.
        `separator`: a `--` between options and command."""
        init = str(program or self.program or paths.reaperd())
        words = [*prefix, init, *options]
        if command:
            words += ["--"] if separator else []
            words += command
        if mode == PID1:
            words = [*UNSHARE, *(["--mount-proc"] if mount_proc else []), *words]
        folder = self.folder / f"run{len(self.runs)}"
        folder.mkdir()
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            # In a session of its own, so that a signal to "the session" cannot reach the tests.
            process = subprocess.Popen(
                [*outer, *words], stdin=stdin, stdout=out, stderr=err, cwd=cwd, umask=umask,
                env={**base_environment(), **(environment or {})}, pass_fds=pass_fds,
                start_new_session=True)
        run = Run(process, mode, folder)
        self.runs.append(run)
        return run

    def run(self, options: Sequence[str], command: Sequence[str], *, seconds: float = 15.0,
            **how: object) -> Ended:
        return self.start(options, command, **how).end(seconds)  # type: ignore[arg-type]

    def clean(self) -> None:
        for run in self.runs:
            if run.process.stdin is not None:
                run.process.stdin.close()
            if run.process.poll() is None:
                for pid in (*procread.descendants(run.process.pid), run.process.pid):
                    kill_quietly(pid)
                run.process.wait(20)
        bury_strays()


def become_subreaper() -> None:
    """Whatever a run leaves behind is then a child of this process, and its to find."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_quietly(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def strays() -> list[int]:
    """Living processes that were left to this one, the subreaper of last resort."""
    return [pid for pid in procread.children(os.getpid())
            if (process := procread.read_process(pid)) is not None and not process.is_zombie]


def bury_strays() -> None:
    def buried() -> bool:
        for pid in procread.children(os.getpid()):
            kill_quietly(pid)
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        return not procread.children(os.getpid())

    wait_until(buried, "the last strays to be buried", 20)
