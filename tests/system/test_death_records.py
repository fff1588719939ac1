"""Death records of deaths that the test makes: cause, end, role, and the fact that shows it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import death_log
import procread
from death_log import ECHO, Log, Record, others
from launch import PID1, SUBREAPER, Launcher, Run, roles
from waiting import wait_until

DEAF = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
DEAF_ORPHAN = f"({DEAF[2]}) & exec sleep 0.2"


def end_of(code: int | None = None, name: str | None = None) -> Record:
    how = "exit" if name is None else "signal"
    return {"how": how, "code": code, "signal": name, "core": False}


@dataclass(frozen=True)
class Death:
    """One induced death: the command that makes it, and what its record says. `role` finds it."""

    name: str
    command: list[str]
    end: Record
    cause: str
    evidence: str
    role: str = "main"
    options: list[str] = field(default_factory=list)
    stop: int = 0  # sent to the supervisor when the command has said `ready`
    modes: tuple[str, ...] = (PID1, SUBREAPER)


def orphan(end: str) -> list[str]:
    """Main waits until its orphan is dead and buried: it was told of all of them by then."""
    return roles("orphans", 1, f"--orphan-end={end}", "--end=after:300")


def by_code(code: int) -> list[Death]:
    cause = "success" if code == 0 else "exit-error"
    evidence = f"exit code {code}$"
    return [Death(f"main exits {code}", roles("exit", code), end_of(code), cause, evidence),
            Death(f"orphan exits {code}", orphan(f"exit:{code}"), end_of(code), cause, evidence,
                  "adopted")]


def by_signal(name: str) -> list[Death]:
    cause, evidence = ("signal", f"^{re.escape('SIG' + name)}, not from us$")
    if name == "KILL":
        cause, evidence = ("unknown-sigkill",
                           "SIGKILL, not from us, and nothing tells from whom")
    end = end_of(name=f"SIG{name}")
    no_core = roles("limit", "core=0", "--")
    return [Death(f"main dies of {name}", [*no_core, *roles("kill-self", name)], end, cause,
                  evidence),
            Death(f"orphan dies of {name}", [*no_core, *orphan(f"signal:{name}")], end, cause,
                  evidence, "adopted")]


AGO = r"\d+m?s before"
SECCOMP = [*roles("limit", "core=0", "--"), *roles("refuse", "kill=KILL", "--"),
           "sh", "-c", "kill -0 $$"]
DEATHS = [
    *(death for code in (0, 1, 2, 77, 126, 127, 128, 137, 255) for death in by_code(code)),
    *(death for name in ("HUP", "INT", "QUIT", "ABRT", "KILL", "SEGV", "PIPE", "TERM", "USR1",
                         "RTMIN+3") for death in by_signal(name)),
    Death("seccomp", SECCOMP, end_of(name="SIGSYS"), "seccomp", "^SIGSYS, by which a seccomp"),
    Death("no such program", ["/no/such/program"], end_of(127), "exec-failed",
          "^exec failed: No such file or directory$"),
    Death("no program", ["/etc/passwd"], end_of(127), "exec-failed",
          "^exec failed: Permission denied$"),
    Death("forwarded from inside",
          ["sh", "-c", "(sh -c 'kill -TERM '$PPID) & while :; do sleep 1; done"],
          end_of(name="SIGTERM"), "forwarded-signal",
          rf"^SIGTERM forwarded {AGO}, received from pid \d+ \(.*uid 0\)$"),
    Death("forwarded from main itself",
          ["sh", "-c", "kill -TERM $PPID; while :; do sleep 1; done"],
          end_of(name="SIGTERM"), "forwarded-signal",
          rf"^SIGTERM forwarded {AGO}, received from pid \d+ \(sh, uid 0\)$"),
    Death("forwarded from outside our pid namespace", ["sh", "-c", "echo ready; exec sleep 100"],
          end_of(name="SIGTERM"), "forwarded-signal",
          rf"^SIGTERM forwarded {AGO}, received from outside our pid namespace \(uid 0\)$",
          stop=signal.SIGTERM, modes=(PID1,)),
    Death("forwarded from a stranger", ["sh", "-c", "echo ready; exec sleep 100"],
          end_of(name="SIGTERM"), "forwarded-signal",
          rf"^SIGTERM forwarded {AGO}, received from pid {os.getpid()} \(.+, uid 0\)$",
          stop=signal.SIGTERM, modes=(SUBREAPER,)),
    Death("a signal that is no stop", ["sh", "-c", "echo ready; exec sleep 100"],
          end_of(name="SIGUSR2"), "forwarded-signal", rf"^SIGUSR2 forwarded {AGO}, received from",
          stop=signal.SIGUSR2),
    Death("rewritten on the way", ["sh", "-c", "echo ready; exec sleep 100"],
          end_of(name="SIGHUP"), "forwarded-signal", rf"^SIGHUP forwarded {AGO}, received from",
          options=["--rewrite", "TERM=HUP"], stop=signal.SIGTERM),
    Death("caught and exited",
          ["sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"], end_of(7), "exit-error", rf"^exit code 7; SIGTERM was forwarded {AGO}$",
          stop=signal.SIGTERM),
    Death("stopped by the grace", roles("orphans", 1, "--orphan-end=sleep"),
          end_of(name="SIGTERM"), "stopped", rf"^our SIGTERM asked it to end {AGO}$", "adopted",
          options=["--grace", "10s"]),
    Death("deaf to the grace", ["sh", "-c", DEAF_ORPHAN], end_of(name="SIGKILL"), "escalated",
          rf"^our SIGKILL {AGO}, as it had not ended when asked$", "adopted",
          options=["--grace", "200ms"]),
    Death("no grace at all", roles("orphans", 1, "--orphan-end=sleep"), end_of(name="SIGKILL"),
          "stopped", rf"^our SIGKILL asked it to end {AGO}$", "adopted",
          options=["--grace", "0"]),
    Death("deaf to the stop", DEAF, end_of(name="SIGKILL"), "escalated",
          rf"^our SIGKILL {AGO}, as it had not ended when asked$",
          options=["--stop-timeout", "200ms"], stop=signal.SIGTERM),
    Death("a good drain command", ["sh", "-c", "echo ready; exec sleep 100"], end_of(0), "success",
          "^exit code 0$", "hook",
          options=["--drain", "10s", "--drain-command", "true"], stop=signal.SIGTERM),
    Death("a failing drain command", ["sh", "-c", "echo ready; exec sleep 100"], end_of(1),
          "exit-error", "^exit code 1$", "hook",
          options=["--drain", "10s", "--drain-command", "false"], stop=signal.SIGTERM),
]
CASES = [(death, mode) for death in DEATHS for mode in death.modes]


@pytest.mark.parametrize("death, mode", CASES,
                         ids=[f"{death.name}-{mode}" for death, mode in CASES])
def test_the_record_tells_the_death(launch: Launcher, death: Death, mode: str) -> None:
    run, log = death_log.start(launch, death.command, *death.options, mode=mode)
    if death.stop:
        run.wait_line("^ready")
        run.send(death.stop)
    run.end()
    records = log.records()
    death_log.assert_gapless(records)
    found = [record for record in records if record["role"] == death.role]
    assert [(record["end"], record["verdict"]["cause"]) for record in found].count(
        (death.end, death.cause)) >= 1, found
    evidence = [record["verdict"]["evidence"] for record in found if record["end"] == death.end]
    assert any(re.search(death.evidence, sentence) for sentence in evidence), evidence
