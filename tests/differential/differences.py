"""Where we mean to differ from the original, and why. `expect` turns what the original showed into
what we must show; a row whose difference cannot be seen any more fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from diff_engine import Case, Outcome

Expect = Callable[[Case, Outcome], Outcome]
Report = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """`rows` is searched for in the ids of the cases."""

    name: str
    reason: str
    rows: str
    expect: Expect

    def applies(self, case: Case) -> bool:
        return re.search(self.rows, case.id) is not None


def without(pattern: str) -> Expect:
    """The original's own lines but for these."""
    def keep(lines: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line for line in lines if not re.search(pattern, line))

    return lambda _case, seen: replace(seen, voice_out=keep(seen.voice_out),
                                       voice_err=keep(seen.voice_err))


def with_report(change: Callable[[Case, Report], None]) -> Expect:
    """The line of the role `report`, changed."""
    def expect(case: Case, seen: Outcome) -> Outcome:
        lines = []
        for line in seen.out:
            if line.startswith("{"):
                report = json.loads(line)
                change(case, report)
                line = json.dumps(report, separators=(",", ":"))
            lines.append(line)
        return replace(seen, out=tuple(lines))
    return expect


def given(case: Case, option: str) -> list[str]:
    """The signals that `with-signals` was told to ignore or to block."""
    for word in case.prefix:
        if word.startswith(f"--{option}="):
            return word.partition("=")[2].split(",")
    return []


NUMBERS = {"HUP": 1, "INT": 2, "QUIT": 3, "USR1": 10, "PIPE": 13, "TERM": 15, "TSTP": 20,
           "TTIN": 21, "TTOU": 22, "RTMIN+3": 37}


def _restore_ignored(case: Case, report: Report) -> None:
    report["ignored"] = sorted(NUMBERS[name] for name in given(case, "ignore"))


def _unblock_stoppers(_case: Case, report: Report) -> None:
    report["blocked"] = [number for number in report["blocked"] if number not in (20, 21, 22)]


def _own_listen_pid(_case: Case, report: Report) -> None:
    report["environment"]["LISTEN_PID"] = str(report["pid"])


def _shares_group(_case: Case, report: Report) -> None:
    report["pgrp"] = report["foreground"] = report["sid"]


def _licence(_case: Case, seen: Outcome) -> Outcome:
    return replace(seen, out=LICENCE)


def _reaps(_case: Case, seen: Outcome) -> Outcome:
    return replace(seen, status="exited 6", voice_err=())


def _starts(_case: Case, seen: Outcome) -> Outcome:
    return replace(seen, status="exited 3", voice_err=())


def _survives_refusal(_case: Case, seen: Outcome) -> Outcome:
    return replace(seen, status="exited 137", voice_err=(
        "[WARN  tini (PID)] Cannot pass signal 'User defined signal 1': Operation not permitted",))


def _continues_group(_case: Case, seen: Outcome) -> Outcome:
    return replace(seen, notes=tuple(note + "CONT" if note.startswith("group ") else note
                                     for note in seen.notes))


def _root_folder(_case: Case, seen: Outcome) -> Outcome:
    return replace(seen, notes=tuple(re.sub(r"^program is in .*", "program is in /", note)
                                     for note in seen.notes))


LICENCE = (
    "This is reaperd, which stands in for the program of this name.",
    "",
    'Licensed under the Apache License, Version 2.0 (the "License"); you may not use',
    "it except in compliance with the License. You may obtain a copy of the License at",
    "",
    "    http://www.apache.org/licenses/LICENSE-2.0",
    "",
    "Unless required by applicable law or agreed to in writing, it is distributed on an",
    '"AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or',
    "implied. See the License for what it permits and limits.",
)

DIFFERENCES = (
    Difference(
        "our licence", "what runs is reaperd, under its own licence",
        r"^(tini|catatonit): options \['-[lL]'\]", _licence),
    Difference(
        "no words about tini's loop", "its turns of waitpid are not ours, and no news to a user",
        r"^tini: verbosity (\['-vvv|of -vvv|by)", without(r"TRACE.*No child to (wait|reap)$")),
    Difference(
        "a command that cannot be started was never a child (tini)",
        "the failing exec comes back before the child counts as started",
        r"^tini: command .*, verbose", without(r"Spawned child|Reaped child|Main child exited")),
    Difference(
        "a command that cannot be started was never a child (dumb-init)",
        "the failing exec comes back before the child counts as started",
        r"^dumb-init: command .*, verbose",
        without(r"Child spawned|Unable to attach|setsid complete|signal 17|A child with|"
                r"Forwarded signal|Child exited")),
    Difference(
        "a command that cannot be started was never a child (catatonit)",
        "the failing exec comes back before the child counts as started",
        r"^catatonit: command .*, verbose", without(r"pid1 \(PID\) spawned")),
    Difference(
        "no words about catatonit's loop and its child's terminal",
        "our child function cannot print, and no children left is no news when main has ended",
        r"^catatonit: (verbosity|an orphan ends|tells of|command .*, verbose|terminal: keys, told)",
        without(r"using stdin as tty fd|setting foreground process|got ECHILD")),
    Difference(
        "ignored signals stay ignored below dumb-init",
        "nohup and its like are meant for the command; dumb-init resets them by accident",
        r"^dumb-init: inherits .*--ignore", with_report(_restore_ignored)),
    Difference(
        "catatonit's command can be stopped",
        "catatonit leaves TSTP, TTIN and TTOU blocked in its command",
        r"^catatonit: (report|inherits (?!.*block=TSTP)|environment of|LISTEN_PID|descriptors of|"
        r"terminal: report|terminal of|terminal: not)", with_report(_unblock_stoppers)),
    Difference(
        "SIGCHLD ignored by our parent",
        "then no child can be waited for: tini hangs for ever, catatonit fails or hangs",
        r"^(tini|catatonit): reaps although", _reaps),
    Difference(
        "socket activation reaches the command",
        "LISTEN_PID that names the init means its command; catatonit does the same",
        r"^(tini|dumb-init): LISTEN_PID that names", with_report(_own_listen_pid)),
    Difference(
        "no standard input is no reason to fail", "tini gives up without a descriptor 0",
        r"^tini: (closed standard input|no standard descriptor)", _starts),
    Difference(
        "a command of another user keeps running",
        "tini ends, and its container with it, when it may not signal its command",
        r"^tini: may not signal", _survives_refusal),
    Difference(
        "CONT goes to the command's whole group",
        "^Z has stopped all of it, and fg of a shell that started us must continue all of it",
        r"^(tini: groups \['-s'\]|catatonit: groups \[\]), SIGCONT", _continues_group),
    Difference(
        "a pipeline keeps its process group",
        "who is not the leader of its group stands in a pipeline: to take the foreground for its "
        "command alone would stop the others and deprive them of ^C",
        r"^(tini|catatonit): terminal: not the leader", with_report(_shares_group)),
    Difference(
        "catatonit goes to the root folder", "as newer versions do, to keep no file system busy",
        r"^catatonit: what the program itself keeps", _root_folder),
)


def differences_of(case: Case) -> list[Difference]:
    return [difference for difference in DIFFERENCES if difference.applies(case)]
