"""Death records of deaths that the test makes: cause, end, role, and the fact that shows it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import death_log
import procread
from death_log import ECHO, Log, Record, others
from launch import PID1, SUBREAPER, Launcher, Run, roles
from waiting import wait_until

DEAF = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
DEAF_ORPHAN = roles("with-signals", "--ignore=TERM", "--", *roles("orphans", 1,
                                                                 "--orphan-end=sleep"))


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
    return roles("orphans", 1, f"--orphan-end={end}")


# The run ends when the orphan has been reaped.
UNTIL_ALL = ["--wait-for", "all", "--grace", "off"]


def by_code(code: int) -> list[Death]:
    cause = "success" if code == 0 else "exit-error"
    evidence = f"exit code {code}$"
    return [Death(f"main exits {code}", roles("exit", code), end_of(code), cause, evidence),
            Death(f"orphan exits {code}", orphan(f"exit:{code}"), end_of(code), cause, evidence,
                  "adopted", UNTIL_ALL)]


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
                  evidence, "adopted", UNTIL_ALL)]


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
          ["sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"], end_of(7),
          "exit-error", rf"^exit code 7; SIGTERM was forwarded {AGO}$",
          stop=signal.SIGTERM),
    Death("stopped by the grace", roles("orphans", 1, "--orphan-end=sleep"),
          end_of(name="SIGTERM"), "stopped", rf"^our SIGTERM asked it to end {AGO}$", "adopted",
          options=["--grace", "10s"]),
    Death("deaf to the grace", DEAF_ORPHAN, end_of(name="SIGKILL"), "escalated",
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


def orphans_beside_echo(launch: Launcher, *words: object, mode: str, options: tuple[str, ...] = (),
                        **how: object) -> tuple[Run, Log]:
    """Orphans as the words say, and a main that ends when the test says so."""
    run, log = death_log.start(launch, roles(*words, "--", *ECHO), "--log-level", "debug",
                               *options, mode=mode, **how)
    run.wait_line("^ready echo")
    return run, log


def inner_pids(run: Run) -> list[int]:
    return [int(found) for found in re.findall(r"^orphan (\d+)$", run.out(), re.MULTILINE)]


def outer_pid(run: Run, inner: int) -> int:
    return next(pid for pid in run.children() if procread.inner_pid(pid) == inner)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGUSR2])
def test_a_signal_past_us_has_no_sender(launch: Launcher, mode: str, number: int) -> None:
    """Sent by this test, as PID 1 from outside the namespace. The kernel does not tell by whom."""
    run, log = orphans_beside_echo(launch, "orphans", 1, "--orphan-end=sleep", mode=mode)
    inner, = inner_pids(run)
    os.kill(outer_pid(run, inner), number)
    verdict = log.wait_pid(inner)["verdict"]
    name = signal.Signals(number).name
    assert verdict == {"cause": "signal", "evidence": f"{name}, not from us"}
    death_log.finish(run)


def test_a_core_is_told_by_the_kernels_flag(launch: Launcher, mode: str,
                                            open_folder: Path) -> None:
    """Whether one is written depends on the machine's core_pattern."""
    with_core = roles("limit", "core=100000000", "--", *roles("kill-self", "SEGV"))
    run, log = death_log.start(launch, with_core, mode=mode, cwd=open_folder)
    assert run.end().code == 128 + signal.SIGSEGV
    record, = log.find(role="main")
    assert (record["end"]["how"], record["end"]["signal"]) == ("signal", "SIGSEGV")
    if record["end"]["core"]:
        assert record["verdict"] == {"cause": "core-dump",
                                     "evidence": "SIGSEGV, and the kernel dumped a core"}
    else:
        assert record["verdict"] == {"cause": "signal", "evidence": "SIGSEGV, not from us"}
    assert record["end"]["core"] == bool(list(open_folder.glob("core*")))\
        or not Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").startswith("core")


def test_a_drain_command_that_is_gone(launch: Launcher, mode: str, open_folder: Path) -> None:
    """It was there when we looked, and is not when it is needed."""
    drain = open_folder / "drain"
    drain.write_text("#!/bin/sh\n", encoding="ascii")
    drain.chmod(0o755)
    run, log = death_log.start(launch, ["sh", "-c", "echo ready; exec sleep 100"],
                               "--drain", "10s", "--drain-command", str(drain), mode=mode)
    run.wait_line("^ready")
    drain.unlink()
    run.send(signal.SIGTERM)
    assert run.end().code == 128 + signal.SIGTERM
    hook, = log.find(role="hook")
    assert hook["verdict"] == {"cause": "exec-failed",
                               "evidence": "exec failed: No such file or directory"}
    assert hook["service"] is None and hook["first_seen"] == "spawn"


def test_a_dead_helper_has_a_record(launch: Launcher, mode: str) -> None:
    run, log = orphans_beside_echo(launch, "orphans", 1, "--orphan-end=exit:0", mode=mode)
    scribe = death_log.wait_scribe(run)
    inner = procread.inner_pid(scribe)
    os.kill(scribe, signal.SIGKILL)
    record = log.wait("of the scribe", lambda each: each["role"] == "helper")
    assert record["pid"] == inner
    assert record["verdict"]["cause"] == "unknown-sigkill"
    death_log.finish(run)
    # What it was told and had not written yet is counted; and perhaps what it had written, too.
    assert death_log.missing(log.records()) <= 0


def test_a_leader_that_ended_before_its_threads_has_no_record(launch: Launcher,
                                                              mode: str) -> None:
    """/proc shows Z; the process is as alive as any."""
    run, log = death_log.start(launch, roles("beside", "--", "leader-exit", 9, "++", *ECHO[1:]),
                               mode=mode, stdin=subprocess.PIPE)
    run.wait_line(r"^ready leader-exit (\d+)$")
    run.wait_line("^ready echo")
    main = next(pid for pid in others(run))
    leader, = procread.children(main)
    wait_until(lambda: (own := procread.read_process(leader)) is not None and own.state == "Z",
               "the leader to end")
    inner = procread.inner_pid(leader)
    run.send(signal.SIGUSR1)  # main ends, the leader is an orphan
    if mode == PID1:
        record = log.wait_pid(inner)  # the grace ended it
        assert record["verdict"]["cause"] == "stopped"
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.end().code == 42


def test_a_main_without_its_leader_is_recorded_at_its_real_end(launch: Launcher,
                                                               mode: str) -> None:
    run, log = death_log.start(launch, roles("leader-exit", 9), mode=mode,
                               stdin=subprocess.PIPE)
    run.wait_line("^ready leader-exit")
    main, = others(run)
    wait_until(lambda: (own := procread.read_process(main)) is not None and own.state == "Z",
               "the leader to end")
    run.send_and_see(signal.SIGCHLD)
    assert log.records() == []
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.end().code == 9
    record, = log.records()
    assert (record["end"]["code"], record["role"]) == (9, "main")


@pytest.mark.parametrize("who", ["main", "adopted"])
def test_a_traced_death_is_recorded_when_the_tracer_lets_go(launch: Launcher, mode: str,
                                                            who: str) -> None:
    run, log = orphans_beside_echo(launch, "orphans", 1, "--orphan-end=sleep", mode=mode)
    inner, = inner_pids(run)
    orphan_pid = outer_pid(run, inner)
    victim = orphan_pid
    if who == "main":
        victim = next(pid for pid in others(run) if pid != orphan_pid)
    inner = procread.inner_pid(victim)
    tracer = subprocess.Popen(roles("tracer", victim, "--end=eof"), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    assert tracer.stdout is not None and tracer.stdin is not None
    assert tracer.stdout.readline().startswith(b"ready tracer")
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: (own := procread.read_process(victim)) is not None and own.is_zombie,
               "the traced one to die")
    run.send_and_see(signal.SIGCHLD)
    assert not log.find(pid=inner)
    assert run.is_running()
    tracer.stdin.close()
    assert tracer.wait(10) == 0
    record = log.wait_pid(inner)
    assert (record["role"], record["verdict"]["cause"]) == (who, "unknown-sigkill")
    if who == "adopted":
        death_log.finish(run)
    else:
        assert run.end().code == 128 + signal.SIGKILL


def test_an_orphan_that_lived_is_described(launch: Launcher, mode: str,
                                           open_folder: Path) -> None:
    """Discovery notes what its zombie will not show; the scribe reads its arguments."""
    command = ["sh", "-c", "for i in $(seq 20); do (sleep 1000 & echo orphan $!); done; "
               f"exec {' '.join(ECHO)}"]
    run, log = death_log.start(launch, command, "--log-level", "debug", mode=mode,
                               cwd=open_folder)
    run.wait_line("^ready echo")
    run.send(signal.SIGCHLD)
    orphans = inner_pids(run)
    for inner in orphans:
        run.wait_log(rf"adopted \S+ \(pid {inner}\)")

    def has_arguments() -> bool:
        inner = orphans.pop()
        os.kill(outer_pid(run, inner), signal.SIGTERM)
        record = log.wait_pid(inner)
        assert record["cmdline"] in (["sleep", "1000"], None)
        return record["cmdline"] is not None

    # A death may be faster than the scribe; not twenty times.
    wait_until(has_arguments, "a record with arguments")
    record = log.records()[-1]
    assert record["first_seen"] in ("discovery", "list")
    assert (record["role"], record["comm"]) == ("adopted", "sleep")
    assert record["exe"] == os.path.realpath("/bin/sleep")
    assert record["cwd"] == str(open_folder)
    assert record["cgroup"] and record["started_at"] and record["run_time_us"] > 0
    assert record["lineage"] is None
    assert (record["uid"], record["gid"], record["detail"]) == (0, 0, "full")
    assert record["rusage"]["max_rss_kb"] > 0
    assert record["io"] is not None
    os.kill(run.pid, signal.SIGUSR1)
    run.end()


def test_an_orphan_that_died_unseen_has_nulls(launch: Launcher, mode: str) -> None:
    """Handed over as a zombie: only its death tells that it was."""
    run, log = orphans_beside_echo(launch, "storm", 5, "--burst=5", "--dead", mode=mode)
    wait_until(lambda: len(log.find(role="adopted")) == 5, "five records")
    death_log.finish(run)
    records = log.find(role="adopted")
    assert len(records) == 5
    for record in records:
        assert [record[key] for key in ("cmdline", "exe", "cwd", "lineage")] == [None] * 4


def test_main_is_known_from_its_start(launch: Launcher, mode: str, open_folder: Path) -> None:
    run, log = death_log.start(launch, ["sh", "-c", "exec sleep 0.01"], mode=mode,
                               cwd=open_folder)
    assert run.end().code == 0
    record, = log.records()
    assert (record["service"], record["first_seen"]) == ("main", "spawn")
    assert record["cmdline"] == ["sh", "-c", "exec sleep 0.01"]
    assert record["lineage"] == []
    assert record["started_at"] <= record["died_at"] <= record["reaped_at"]
    assert record["held_us"] == 0 and record["hold"] is None


def test_each_run_has_an_instance_of_its_own(launch: Launcher) -> None:
    names = set()
    for _ in range(3):
        run, log = death_log.start(launch, roles("orphans", 3), "--wait-for", "all")
        run.end()
        records = log.records()
        death_log.assert_gapless(records)
        assert len(records) >= 4
        names |= {record["instance"] for record in records}
    assert len(names) == 3


def test_a_log_goes_on_after_another_run(launch: Launcher) -> None:
    path = launch.folder / "deaths"
    for _ in range(3):
        launch.run(["--death-log", str(path)], roles("exit", 0))
    assert [record["seq"] for record in death_log.read(path)] == [1, 1, 1]
    assert path.stat().st_mode & 0o777 == 0o640
