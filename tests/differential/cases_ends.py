"""Rows: how the command ends and what becomes of its status; commands that cannot be started; other
children that end."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import paths
from diff_engine import CHILD, DIRECT, PID1, Case, roles
from diff_steps import SENTINEL_END, await_children, finish, kill_main, ready

# How each program is told that what follows is a command and nothing but.
PLAIN = {"tini": ("-s", "--"), "dumb-init": ("--",), "catatonit": ("--",)}
SIGNALS = [number.value if isinstance(number, signal.Signals) else number
           for number in sorted(signal.valid_signals())]

BROKEN = ("missing", "./missing", "{files}/not-executable", "{files}", "/",
          "{files}/no-interpreter", "{files}/empty", "{files}/no-shebang", "{files}/empty-shebang",
          "{files}/empty/below", "{files}/loop", "{files}/wrong-architecture",
          "{files}/long-name-" + "x" * 300, "")
EXEC_VERBOSE = {"tini": (("-vs", "--"), {}), "dumb-init": (("-v", "--"), {}),
                "catatonit": (("--",), {"CATATONIT_DEBUG": ""})}


def prepare_files(folder: Path) -> None:
    """The programs of BROKEN, and a helper that is root whoever starts it."""
    elf_of_arm = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00"
    for name, content in (("no-interpreter", b"#!/nonexistent/interpreter\n"), ("empty", b""),
                          ("no-shebang", b"echo no shebang $1; exit 9\n"),
                          ("empty-shebang", b"#!\n"), ("wrong-architecture", elf_of_arm)):
        path = folder / name
        path.write_bytes(content)
        path.chmod(0o755)
    (folder / "not-executable").write_bytes(b"#!/bin/sh\n")
    (folder / "loop").symlink_to("loop")
    shutil.copyfile(paths.reaperd_roles(), folder / "setuid-roles")
    (folder / "setuid-roles").chmod(0o4755)


def _codes() -> Iterator[Case]:
    for program, plain in PLAIN.items():
        for code in range(256):
            yield Case(program, f"exit {code}", (*plain, *roles("exit", str(code))))


def _remapped_codes() -> Iterator[Case]:
    for code in (0, 1, 2, 5, 126, 127, 128, 143, 254, 255):
        yield Case("tini", f"exit {code} with -e {code}",
                   ("-s", "-e", str(code), "--", *roles("exit", str(code))))
        yield Case("tini", f"exit {code} with -e 77",
                   ("-s", "-e77", "--", *roles("exit", str(code))))
    yield Case("tini", "TERM with -e 143", ("-s", "-e143", "--", *roles("kill-self", "TERM")))
    yield Case("tini", "KILL with -e 137 -e 9", ("-s", "-e137", "-e9", "--",
                                                 *roles("kill-self", "KILL")))
    yield Case("tini", "missing command with -e 127", ("-s", "-e127", "--", "missing"))


def _deaths() -> Iterator[Case]:
    for program, plain in PLAIN.items():
        for number in SIGNALS:
            words = (*plain, *roles("kill-self", str(number)))
            if number in (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH,
                          signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
                continue  # these do not kill
            yield Case(program, f"killed by {number}", words)
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMAX):
            yield Case(program, f"killed by {number.value}",
                       (*plain, *roles("kill-self", str(number.value))), mode=PID1)
        yield Case(program, "killed from outside", (*plain, *roles("echo")), mode=CHILD,
                   steps=(ready(), kill_main(signal.SIGKILL)))


def _broken_commands() -> Iterator[Case]:
    for program, plain in PLAIN.items():
        for path in BROKEN:
            yield Case(program, f"command {path[:40]!r}", (*plain, path, "argument"))
        for mode in (PID1, CHILD):
            yield Case(program, "command './missing'", (*plain, "./missing"), mode=mode)
        options, variables = EXEC_VERBOSE[program]
        for path in ("./missing", "{files}"):
            yield Case(program, f"command {path!r}, verbose", (*options, path),
                       environment=variables)
        yield Case(program, "command without PATH", (*plain, "true"), environment={"PATH": ""})
        yield Case(program, "command found later in PATH", (*plain, "no-shebang", "x"),
                   environment={"PATH": "/nonexistent:/usr/bin:{files}"})


def _other_children() -> Iterator[Case]:
    """One orphan, or a child of the command that outlives it, ends while the program watches."""
    loud = {"tini": (("-sw", "--"), ("-swvv", "--")), "dumb-init": (("-v", "--"),),
            "catatonit": (("--",),)}
    for program, spellings in loud.items():
        for options in spellings:
            for mode in (PID1, CHILD):
                if program == "dumb-init" and mode == CHILD:
                    continue  # it is no subreaper: nothing comes to it
                for end in ("exit:4", "signal:KILL"):
                    yield Case(
                        program, f"an orphan ends by {end} {list(options)}",
                        (*options, *roles("orphans", "1", f"--orphan-end={end}", "--",
                                          *roles(*SENTINEL_END))),
                        mode=mode, environment={"CATATONIT_DEBUG": ""},
                        steps=(ready(), await_children(1), finish))
    for program, plain in PLAIN.items():
        for mode in (PID1, CHILD):
            yield Case(program, "an orphan lives when the command ends",
                       (*plain, *roles("orphans", "1", "--orphan-end=sleep", "--end=exit:6")),
                       mode=mode)
            yield Case(program, "a thread outlives the command's leader",
                       (*plain, *roles("leader-exit", "5", "--after=30")), mode=mode)


def cases() -> Iterator[Case]:
    yield from _codes()
    yield from _remapped_codes()
    yield from _deaths()
    yield from _broken_commands()
    yield from _other_children()
    for program, plain in PLAIN.items():
        for mode in (DIRECT, PID1, CHILD):
            yield Case(program, "exit 3, with a path", (*plain, *roles("exit", "3")), mode=mode,
                       argv0=f"/sbin/{program}")
