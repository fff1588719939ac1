"""Runs one case of the tables with the real program and with ours and says what could be seen.

Three surroundings: DIRECT, a plain child of the test; PID1, the first process of a pid namespace;
CHILD, a plain child within a pid namespace that outlives it, so that whatever the program leaves
behind can still be asked, and dies with the namespace.
"""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import paths
import procread
from diff_programs import OURS, PROGRAMS, REAL, SELF_CHECK, masked, split_voices
from launch import base_environment
from waiting import wait_until

DIRECT, PID1, CHILD = "direct", "pid1", "child"
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclass(frozen=True)
class Case:
    """One row: `arguments` are the program's, `steps` happen while it runs, `after` when it has
    ended (CHILD only). "{files}" in an argument is the folder of prepared programs, "{folder}" the
    run's own folder."""

    program: str
    name: str
    arguments: tuple[str, ...]
    mode: str = DIRECT
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    terminal: bool = False
    argv0: str = ""
    inherited: tuple[int, ...] = ()
    patience: float = 15.0
    racy: bool = False  # the original does now this, now that
    steps: tuple[Callable[[Run], None], ...] = ()
    after: tuple[Callable[[Run], None], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.program}: {self.name} ({self.mode})"


@dataclass(frozen=True)
class Outcome:
    """All that is compared. `voice_*` are the program's own lines, the rest is the command's."""

    status: str
    out: tuple[str, ...] = ()
    err: tuple[str, ...] = ()
    voice_out: tuple[str, ...] = ()
    voice_err: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def roles(*words: str) -> tuple[str, ...]:
    return (str(paths.reaperd_roles()), *words)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return str(number)


class Run:
    """One running program. Steps use it; everything waits with a deadline."""

    def __init__(self, case: Case, side: str, folder: Path, files: Path) -> None:
        self.case = case
        self.folder = folder
        self.notes: list[str] = []
        self._status_file = folder / "status"
        self._init: int | None = None
        self._master: int | None = None
        self._ended = ""
        folder.mkdir()
        self.path = PROGRAMS[case.program].path(side)
        self.process = self._start(self.path, files)

    def _start(self, path: Path, files: Path) -> subprocess.Popen[bytes]:
        case = self.case

        def filled(word: str) -> str:
            return word.replace("{files}", str(files)).replace("{folder}", str(self.folder))

        arguments = [filled(word) for word in case.arguments]
        self._environment = {name: filled(value) for name, value in case.environment.items()}
        argv0 = case.argv0 or case.program
        words = [*case.prefix, *roles("with-name", argv0, "--", str(path)), *arguments]
        if case.mode == DIRECT and not case.prefix and not case.terminal:
            return self._popen([argv0, *arguments], executable=path)
        if case.terminal:
            words = ["setsid", "--ctty", *words]
        if case.mode == PID1:
            words = [*UNSHARE, *words]
        elif case.mode == CHILD:
            words = [*UNSHARE, *roles("beside", "--", "wait", f"--out={self._status_file}", "--"),
                     *words, "++", "echo", f"--out={self.folder}/first"]
        return self._popen(words)

    def _popen(self, words: list[str], executable: Path | None = None) -> subprocess.Popen[bytes]:
        stdin = subprocess.DEVNULL
        if self.case.terminal:
            self._master, stdin = pty.openpty()
        try:
            with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
                return subprocess.Popen(
                    words, executable=executable, stdin=stdin, stdout=out, stderr=err,
                    env={**base_environment(), **self._environment},
                    cwd=self.folder, pass_fds=self.case.inherited, start_new_session=True)
        finally:
            if self.case.terminal:
                os.close(stdin)

    @property
    def first(self) -> int:
        """PID 1 of the namespace, numbered from outside."""
        return wait_until(lambda: procread.children(self.process.pid) or self.has_ended(),
                          "the namespace")[0]

    @property
    def init(self) -> int:
        """The program under test, numbered from outside; valid once its command is running."""
        if self._init is None:
            self._init = self.process.pid
            if self.case.mode != DIRECT:
                self._init = self.first
            if self.case.mode == CHILD:
                for what in ("the waiting parent", "the program"):
                    above = self._init
                    self._init = wait_until(lambda: procread.children(above), what)[0]
        return self._init

    @property
    def main(self) -> int | None:
        found = procread.children(self.init)
        return found[0] if found else None

    def text(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / name).read_text(encoding="utf-8", errors="replace")
        return ""

    def wait_text(self, words: str, name: str = "out") -> None:
        wait_until(lambda: words in self.text(name) or self.has_ended(), f"{words!r} in {name}")
        assert words in self.text(name), f"ended without {words!r}: {self.text('err')}"

    def send(self, number: int) -> None:
        """Returns when the program has fetched the signal, has died of it or was stopped by it."""
        init = self.init
        with contextlib.suppress(ProcessLookupError):
            os.kill(init, number)
        wait_until(lambda: not procread.signal_pending(init, number) or self._is_stopped(init)
                   or self.has_ended(), f"signal {number} to be fetched")

    def type(self, keys: str) -> None:
        assert self._master is not None
        os.write(self._master, keys.encode())

    def note(self, text: str) -> None:
        self.notes.append(text)

    @staticmethod
    def _is_stopped(pid: int | None) -> bool:
        process = procread.read_process(pid) if pid is not None else None
        return process is not None and process.state == "T"

    def _wake(self) -> None:
        """Who stopped itself, or the command, is continued, once for each stop, by way of the
        program: nobody else would."""
        if not (self._is_stopped(self.init) or self._is_stopped(self.main)):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGCONT)
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline and not self.has_ended():
            if not (self._is_stopped(self.init) or self._is_stopped(self.main)):
                return
            time.sleep(0.003)

    def has_ended(self) -> bool:
        if not self._ended and self.case.mode == CHILD:
            self._ended = self.text("status").partition("\n")[0]
        if not self._ended and self.process.poll() is not None:
            code = self.process.returncode
            self._ended = f"exited {code}" if code >= 0 else f"killed {signal_name(-code)}"
        return bool(self._ended)

    def forget(self) -> None:
        """Its parent is gone, so its status is nobody's."""
        self._ended = "gone"

    def end(self) -> str:
        deadline = time.monotonic() + self.case.patience
        while not self.has_ended():
            if time.monotonic() > deadline:
                return "still running"
            if self.case.steps:
                self._wake()
            time.sleep(0.002)
        return self._ended

    def outcome(self) -> Outcome:
        for step in self.case.steps:
            if not self.has_ended():
                step(self)
        status = self.end()
        for step in self.case.after:
            step(self)
        return Outcome(status, notes=tuple(self.notes))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        if self._master is not None:
            os.close(self._master)


def run_side(case: Case, side: str, folder: Path, files: Path) -> Outcome:
    run = Run(case, side, folder, files)
    try:
        seen = run.outcome()
    except AssertionError as error:
        raise AssertionError(f"{side}: {error}") from None
    finally:
        run.stop()
    texts = {}
    for name in ("out", "err"):
        text = masked(case.program, side, run.text(name)).replace(str(folder), "FOLDER")
        texts[f"voice_{name}"], texts[name] = map(tuple, split_voices(case.program, text))
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(seen.status, notes=seen.notes, **texts)


def run_original(case: Case, side: str, folder: Path, files: Path) -> Outcome:
    torn = PROGRAMS[case.program].torn
    for _ in range(20):
        seen = run_side(case, side, folder, files)
        if not any(torn(line) for line in (*seen.err, *seen.voice_err)):
            return seen
    raise AssertionError(f"{side}: always torn: {seen}")


@dataclass(frozen=True)
class Pair:
    real: Outcome
    ours: Outcome


def run_pair(case: Case, folder: Path, files: Path) -> Pair:
    folder.mkdir()
    run_ours = run_original if SELF_CHECK else run_side
    return Pair(run_original(case, REAL, folder / "1", files),
                run_ours(case, OURS, folder / "2", files))
