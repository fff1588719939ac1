"""The programs that are compared, and what of their output is not compared: the numbers of versions
and of processes, and the order of lines that two processes write at the same time."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import paths

# Compares every real program with itself: whatever then differs is the engine's fault.
SELF_CHECK = os.environ.get("REAPERD_DIFFERENTIAL_SELF") == "1"

REAL, OURS = "real", "ours"

Lines = list[str]


@dataclass(frozen=True)
class Program:
    """`voice` matches the start of the program's own lines; what follows them up to the next such
    line or line of the command is theirs, too. `order` undoes races of the original's output; where
    two processes of the original have torn each other's lines, as `torn` tells, it is run again."""

    name: str
    real: Path
    voice: re.Pattern[str]
    order: Callable[[Lines], Lines]
    torn: Callable[[str], bool] = lambda _line: False
    pids: tuple[re.Pattern[str], ...] = field(default=())

    def path(self, side: str) -> Path:
        return self.real if side == REAL or SELF_CHECK else paths.reaperd()


def _order_tini(lines: Lines) -> Lines:
    # Whether the death that it reaps was told by SIGCHLD or seen after another signal is chance.
    return [line for line in lines if not line.endswith("] Received SIGCHLD")]


def _move_after(lines: Lines, mine: re.Pattern[str], anchor: re.Pattern[str]) -> Lines:
    """The child's lines, which come at any time around the parent's `anchor`, behind that."""
    at = next((index for index, line in enumerate(lines) if anchor.search(line)), None)
    if at is None:
        return lines
    moved = [line for line in lines if mine.search(line)]
    before = [line for line in lines[:at] if not mine.search(line)]
    after = [line for line in lines[at + 1:] if not mine.search(line)]
    return [*before, lines[at], *moved, *after]


_DUMB_INIT_CHILD = re.compile(r"Unable to attach|setsid complete|^\[dumb-init\] [^ ]*: [A-Z]")
_DUMB_INIT_SPAWNED = re.compile(r"Child spawned with PID")
_DUMB_INIT_SIGCHLD = "[dumb-init] Received signal 17."


def _order_dumb_init(lines: Lines) -> Lines:
    lines = _move_after(lines, _DUMB_INIT_CHILD, _DUMB_INIT_SPAWNED)
    # One SIGCHLD may stand for several deaths, or for a stop: those that a death follows count.
    return [line for index, line in enumerate(lines)
            if line != _DUMB_INIT_SIGCHLD or "A child with PID" in "".join(lines[index + 1:][:1])]


_CATATONIT_CHILD = re.compile(r"using stdin as tty fd|setting foreground process|failed to exec")
_CATATONIT_SPAWNED = re.compile(r"pid1 \(\S+\) spawned")


def _order_catatonit(lines: Lines) -> Lines:
    return _move_after(lines, _CATATONIT_CHILD, _CATATONIT_SPAWNED)


_CATATONIT_WHOLE = re.compile(r"(ERROR|WARN|INFO|DEBUG) \(catatonit:\w+\): \w")
_CATATONIT_PIECES = ("(catatonit:", "pid1 (", "using stdin", "setting foreground", "got ECHILD")


def _is_torn_catatonit(line: str) -> bool:
    if line.count("(catatonit:") > 1:
        return True
    return any(piece in line for piece in _CATATONIT_PIECES) and not _CATATONIT_WHOLE.match(line)


_TINI = Program(
    "tini", Path("/usr/bin/tini"), re.compile(r"\[(FATAL|WARN |INFO |DEBUG|TRACE) tini "),
    _order_tini,
    pids=(re.compile(r"(?<= tini \()\d+"), re.compile(r"(?<=with pid ')\d+"),
     re.compile(r"(?<=child with pid: ')\d+"), re.compile(r"(?<=with pid=)\d+")))
_DUMB_INIT = Program(
    "dumb-init", Path("/usr/bin/dumb-init"), re.compile(r"\[dumb-init\] "), _order_dumb_init,
    pids=(re.compile(r"(?<= PID )\d+"),))
_CATATONIT = Program(
    "catatonit", Path("/usr/bin/catatonit"), re.compile(r"(ERROR|WARN|INFO|DEBUG) \(catatonit:"),
    _order_catatonit,
    _is_torn_catatonit,
    (re.compile(r"(?<=\(catatonit:)\d+"), re.compile(r"(?<=pid1 \()\d+"),
     re.compile(r"(?<=child process )\d+")))

PROGRAMS = {program.name: program for program in (_TINI, _DUMB_INIT, _CATATONIT)}


@cache
def version(name: str, side: str) -> str:
    """As the program itself says it; "tini version 0.19.0" gives "0.19.0"."""
    program = PROGRAMS[name]
    run = subprocess.run([name, "--version"], executable=program.path(side), timeout=10,
                         capture_output=True, text=True, check=True)
    found = re.search(r"\d+\.\d+\.\d+[^\s_]*", run.stdout + run.stderr)
    assert found, f"no version in {run.stdout + run.stderr!r}"
    return found.group()


def masked(name: str, side: str, text: str) -> str:
    """Without version and process numbers."""
    text = text.replace(version(name, side), "VERSION")
    for pattern in PROGRAMS[name].pids:
        text = pattern.sub("PID", text)
    return re.sub(r" at=\d+$", "", text, flags=re.MULTILINE)


def split_voices(name: str, text: str) -> tuple[Lines, Lines]:
    """The program's own lines, in the order of `Program.order`, and those of the command."""
    program = PROGRAMS[name]
    own: Lines = []
    command: Lines = []
    for line in text.splitlines():
        (own if program.voice.match(line) else command).append(line)
    return program.order(own), command
