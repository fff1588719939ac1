"""Rows: every signal sent to the program, rewrites, groups, the death of the program's parent, and
pause mode."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from cases_ends import PLAIN, SIGNALS
from diff_engine import CHILD, PID1, Case, roles
from diff_steps import (FAMILY_MARK, SENTINEL_END, Step, await_member, await_text, family_ready,
                        finish, kill_main, kill_parent, main_stopped, note_family, ready, send,
                        until_gone, until_listening)

STOPPERS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
LOUD = {"tini": (("-s", "-vv", "--"), {}), "dumb-init": (("-v", "--"), {}),
        "catatonit": (("--",), {"CATATONIT_DEBUG": ""})}
FAMILY_COMMAND = ("/bin/sh", "-c", 'mkdir "$1" && exec "$2" family "$1"', "sh", "{folder}/family")


def family(*extra: str) -> tuple[str, ...]:
    return (*FAMILY_COMMAND, roles()[0], *extra)


def _every_signal() -> Iterator[Case]:
    """Sent to the program; its command tells what it gets of it."""
    for program, plain in PLAIN.items():
        for mode in (PID1, CHILD):
            for number in SIGNALS:
                stops = (main_stopped,) if program == "dumb-init" and number in STOPPERS else ()
                yield Case(program, f"gets signal {number}", (*plain, *roles(*SENTINEL_END)),
                           mode=mode, steps=(ready(), send(number), *stops, finish))


def _told_signals() -> Iterator[Case]:
    """What the program says about it when asked for more words."""
    for program, (options, variables) in LOUD.items():
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGCONT, *STOPPERS,
                       signal.SIGRTMIN + 6):
            stops = (main_stopped,) if program == "dumb-init" and number in STOPPERS else ()
            yield Case(program, f"tells of signal {int(number)}",
                       (*options, *roles(*SENTINEL_END)), mode=CHILD, environment=variables,
                       steps=(ready(), send(number), *stops, finish))
    yield Case("dumb-init", "tells of signal 11", ("-v", *roles(*SENTINEL_END)), mode=CHILD,
               steps=(ready(), send(signal.SIGSEGV), finish))


def _default_actions() -> Iterator[Case]:
    """A command with the default action: ended or stopped by what is forwarded."""
    command = ("sh", "-c", "echo ready; exec sleep 1000")
    for program, plain in PLAIN.items():
        for mode in (PID1, CHILD):
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM,
                           signal.SIGUSR2, signal.SIGALRM, signal.SIGPWR, signal.SIGRTMAX):
                yield Case(program, f"passes {int(number)} to a command without handlers",
                           (*plain, *command), mode=mode, steps=(ready("ready"), send(number)))
            yield Case(program, "passes TERM twice", (*plain, *roles(*SENTINEL_END)), mode=mode,
                       steps=(ready(), send(signal.SIGTERM), await_text("signal TERM"),
                              send(signal.SIGTERM), finish))


def _rewrites() -> Iterator[Case]:
    def rewritten(name: str, options: tuple[str, ...], *numbers: int) -> Case:
        steps: tuple[Step, ...] = (ready(), *(send(number) for number in numbers), finish)
        return Case("dumb-init", name, (*options, "--", *roles(*SENTINEL_END)), mode=CHILD,
                    steps=steps)

    for number in range(1, 32):
        if number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD):
            continue
        target = signal.SIGUSR2 if number != signal.SIGUSR2 else signal.SIGUSR1
        yield rewritten(f"rewrites {number} to {int(target)}", ("-r", f"{number}:{int(target)}"),
                        number)
        yield rewritten(f"drops {number}", (f"-r{number}:0",), number)
    for options in (("-r", "15:2"), ("-c", "-r", "15:2"), ("-r15:2", "-r2:15"),
                    ("-r15:2", "-r15:3"), ("-r15:15",), ("--rewrite=15:10",)):
        yield rewritten(f"rewrites with {list(options)}", options, signal.SIGTERM)
    yield rewritten("rewrites none of the others", ("-r15:2",), signal.SIGHUP)
    for target in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGCONT):
        stops = (main_stopped,) if target == signal.SIGSTOP else ()
        yield Case("dumb-init", f"rewrites 15 to {int(target)}",
                   (f"-r15:{int(target)}", *roles(*SENTINEL_END)), mode=CHILD,
                   steps=(ready(), send(signal.SIGTERM), *stops, finish))
    yield Case("dumb-init", "tells of rewrites", ("-v", "-r15:0", "-r1:2", *roles(*SENTINEL_END)),
               mode=CHILD, steps=(ready(), send(signal.SIGTERM), send(signal.SIGHUP), finish))


# Options, and who of the family they reach.
GROUPS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("tini", ("-s",), ("main",)), ("tini", ("-sg",), ("main", "group")),
    ("dumb-init", (), ("main", "group")), ("dumb-init", ("-c",), ("main",)),
    ("catatonit", (), ("main",)), ("catatonit", ("-g",), ("main", "group")),
)


def _groups() -> Iterator[Case]:
    """Who gets a forwarded signal, and what is done about the rest when the command has ended. The
    next signal waits until the last has arrived: two that are pending come in any order."""
    for program, options, reached in GROUPS:
        for number in (signal.SIGUSR2, signal.SIGCONT, signal.SIGTERM):
            steps: tuple[Step, ...] = (family_ready, send(number))
            if number != signal.SIGTERM:
                steps += tuple(await_member(name, f"signal {number.name[3:]}") for name in reached)
                steps += (send(signal.SIGTERM),)
            yield Case(program, f"groups {list(options)}, {number.name}",
                       (*options, "--", *family()), mode=CHILD, steps=steps, after=(note_family,))
    yield Case("tini", "groups by environment", ("-s", "--", *family()), mode=CHILD,
               environment={"TINI_KILL_PROCESS_GROUP": ""}, after=(note_family,),
               steps=(family_ready, send(signal.SIGTERM)))
    # The family ends on TERM only, which becomes USR1 here, also when the command has ended.
    yield Case("dumb-init", "groups with TERM rewritten", ("-r15:10", "--", *family()), mode=CHILD,
               steps=(family_ready, send(signal.SIGTERM), await_member("main", "signal USR1"),
                      await_member("group", "signal USR1"), kill_main(signal.SIGTERM)),
               after=(note_family,))


def _parent_death() -> Iterator[Case]:
    """tini -p: what the program gets when its own parent dies."""
    term = (send(signal.SIGTERM), until_gone)
    for options, then in (((), term), (("-p", "SIGTERM"), (until_gone,)),
                          (("-p", "SIGUSR1"), (await_text("signal USR1"), *term)),
                          (("-p", "SIGKILL"), (until_gone,))):
        yield Case("tini", f"parent dies {list(options)}",
                   ("-s", *options, "--", *roles("echo", "--exit-on=TERM=3")), mode=CHILD,
                   steps=(ready(), kill_parent, *then))


def _pause() -> Iterator[Case]:
    for mode in (PID1, CHILD):
        for number in (signal.SIGTERM, signal.SIGINT):
            yield Case("catatonit", f"pause ended by {number.name}", ("-P",), mode=mode,
                       steps=(until_listening, send(number)))
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT, signal.SIGPIPE,
                       signal.SIGTSTP, signal.SIGCONT, FAMILY_MARK):
            yield Case("catatonit", f"pause survives {signal.Signals(number).name}", ("-P", "x"),
                       mode=mode, steps=(until_listening, send(number), send(signal.SIGTERM)))


def cases() -> Iterator[Case]:
    yield from _every_signal()
    yield from _told_signals()
    yield from _default_actions()
    yield from _rewrites()
    yield from _groups()
    yield from _parent_death()
    yield from _pause()
