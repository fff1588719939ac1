"""Rows: what the command inherits: signals, descriptors, environment, folder, terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from cases_ends import PLAIN
from diff_engine import CHILD, PID1, Case, roles
from diff_steps import (SENTINEL_END, Step, await_text, finish, kill_main, note_folder, note_holds,
                        nothing_pending, ready, send, type_keys)

WITH_SIGNALS = (
    ("--ignore=HUP",), ("--ignore=PIPE,USR1,RTMIN+3",), ("--ignore=TTOU,TTIN,TSTP",),
    ("--ignore=INT,QUIT",), ("--ignore=TERM",), ("--block=USR2",),
    ("--block=TERM,INT,SEGV,RTMIN+6",), ("--block=TSTP,TTIN,TTOU",), ("--block=CHLD",),
    ("--ignore=HUP,USR1", "--block=USR2,TERM,HUP"),
)


def _signals() -> Iterator[Case]:
    for program, plain in PLAIN.items():
        for mode in (CHILD, PID1):
            yield Case(program, "report", (*plain, *roles("report")), mode=mode)
            for options in WITH_SIGNALS:
                yield Case(program, f"inherits {list(options)}", (*plain, *roles("report")),
                           mode=mode, prefix=roles("with-signals", *options, "--"))
        # What was ignored or blocked is forwarded all the same; what the command sees is above.
        for options in (("--ignore=TERM",), ("--block=TERM,CHLD",)):
            yield Case(program, f"forwards TERM in spite of {list(options)}",
                       (*plain, *roles("echo", "--exit-on=TERM=5")), mode=CHILD,
                       prefix=roles("with-signals", *options, "--"),
                       steps=(ready(), send(signal.SIGTERM)))
        yield Case(program, "reaps although SIGCHLD came ignored", (*plain, *roles("exit", "6")),
                   mode=CHILD, prefix=roles("with-signals", "--ignore=CHLD", "--"), patience=3.0,
                   racy=True)


def _modes() -> Iterator[Case]:
    """Groups and sessions as the command sees them."""
    for program, options in (("tini", ("-sg",)), ("dumb-init", ("-c",)), ("catatonit", ("-g",))):
        for mode in (CHILD, PID1):
            yield Case(program, f"report {list(options)}", (*options, "--", *roles("report")),
                       mode=mode)
    yield Case("dumb-init", "report with DUMB_INIT_SETSID=0", ("--", *roles("report")), mode=PID1,
               environment={"DUMB_INIT_SETSID": "0"})


def _environments() -> Iterator[Case]:
    variables = {"EMPTY": "", "LISTEN_FDS": "1", "LISTEN_PID": "99999", "TINI_SUBREAPER": "1",
                 "NOTIFY_SOCKET": "/nonexistent", "WATCHDOG_PID": "99999", "CATATONIT_DEBUGS": "1"}
    for program, plain in PLAIN.items():
        yield Case(program, "environment of the command", (*plain, *roles("report")), mode=PID1,
                   environment=variables)
        yield Case(program, "LISTEN_PID that names the program", (*plain, *roles("report")),
                   mode=PID1, environment={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
        yield Case(program, "closed standard input", (*plain, *roles("exit", "3")), mode=PID1,
                   prefix=roles("close", "0", "--"))
        yield Case(program, "no standard descriptor", (*plain, *roles("exit", "3")), mode=PID1,
                   prefix=roles("close", "0", "1", "2", "--"))


def _other_users() -> Iterator[Case]:
    """The program may not signal its command, which runs as root by a setuid bit. Not catatonit: it
    takes that for a failed start if the command is root by the time it looks."""
    for program in ("tini", "dumb-init"):
        yield Case(program, "may not signal its command",
                   (*PLAIN[program], "{files}/setuid-roles", "as-user", "0", "--", *roles("echo")),
                   mode=CHILD, prefix=roles("as-user", "65534", "--"),
                   steps=(ready(), send(signal.SIGUSR1), kill_main(signal.SIGKILL)))


def _descriptors(pipe: int) -> Iterator[Case]:
    for program, plain in PLAIN.items():
        for mode in (PID1, CHILD):
            yield Case(program, "descriptors of the command", (*plain, *roles("report")), mode=mode,
                       inherited=(pipe,))
            yield Case(program, "what the program itself keeps", (*plain, *roles(*SENTINEL_END)),
                       mode=mode, inherited=(pipe,),
                       # Who forwards a signal has done all that it does after the start.
                       steps=(ready(), send(signal.SIGUSR1), await_text("signal USR1"),
                              note_holds(pipe), note_folder, finish))


def _terminals() -> Iterator[Case]:
    interrupted: tuple[Step, ...] = (ready(), type_keys("\x03"), await_text("signal INT"),
                                     type_keys("\x1c"), await_text("signal QUIT"), finish)
    modes = {"tini": (("-s",), ("-sg",), ("-svv",)), "dumb-init": ((), ("-c",), ("-v",), ("-cv",)),
             "catatonit": ((), ("-g",))}
    for program, lines in modes.items():
        for options in lines:
            for mode in (PID1, CHILD):
                yield Case(program, f"terminal: report {list(options)}",
                           (*options, "--", *roles("report")), mode=mode, terminal=True)
            if "-c" in options or "-cv" in options:
                # The terminal signals both, then dumb-init forwards: two that may become one.
                continue
            yield Case(program, f"terminal: keys {list(options)}",
                       (*options, "--", *roles(*SENTINEL_END)), mode=PID1, terminal=True,
                       steps=interrupted)
        yield Case(program, "terminal: keys, told", (*lines[0], "--", *roles(*SENTINEL_END)),
                   mode=PID1, terminal=True, steps=interrupted,
                   environment={"CATATONIT_DEBUG": "", "DUMB_INIT_DEBUG": "1"})
        yield Case(program, "terminal: HUP and CONT after the hand-off",
                   (*lines[0], "--", *roles(*SENTINEL_END)), mode=PID1, terminal=True,
                   steps=(ready(), nothing_pending, send(signal.SIGHUP), send(signal.SIGCONT),
                          finish))
        yield Case(program, "terminal of another session", (*lines[0], "--", *roles("report")),
                   mode=PID1, terminal=True, prefix=("setsid", "--wait"))
        yield Case(program, "terminal: not the leader of the session",
                   (*lines[0], "--", *roles("report")), mode=CHILD, terminal=True,
                   prefix=roles("wait", "--"), environment={"DUMB_INIT_DEBUG": "1"})


def cases() -> Iterator[Case]:
    # Any descriptor that is open for the whole test run and does no harm.
    pipe = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(pipe, True)
    yield from _signals()
    yield from _modes()
    yield from _environments()
    yield from _other_users()
    yield from _descriptors(pipe)
    yield from _terminals()
