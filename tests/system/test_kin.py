"""Where an orphan comes from: --watch sees its parents while they live, and who came by nsenter is
told from who was made inside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import procread
from launch import PID1, Launcher, Run, roles
from waiting import wait_until

LOG = ("--death-log", "-")
WATCH = (*LOG, "--watch", "100ms")
ECHO = roles("echo", "--exit-on=USR1=42")
IN_A_SESSION = ("setsid",)


def records(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.err().splitlines() if line.startswith('{"seq"')]


def record_of(run: Run, code: int) -> dict[str, Any]:
    """Of the one that exited with `code`."""
    found = wait_until(lambda: [record for record in records(run)
                                if record["end"]["code"] == code],
                       f"a record of exit {code}")
    assert len(found) == 1
    return found[0]


def start(launch: Launcher, options: Sequence[str], command: Sequence[str], mode: str,
          prefix: Sequence[str] = ()) -> Run:
    run = launch.start(options, command, mode=mode, prefix=prefix)
    run.wait_line("^ready")
    return run


def finish(run: Run) -> None:
    run.send(signal.SIGUSR1)
    assert run.end().code == 42


class Gates:
    """FIFOs on which a process of a test waits until it is told to go on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str) -> Path:
        path = self.folder / name
        os.mkfifo(path)
        return path

    def open(self, path: Path) -> None:
        with path.open("w"):
            pass


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


def watched_family(launch: Launcher, gates: Gates, mode: str, options: Sequence[str]) -> Run:
    """main (echo, as `beside` leaves it) -> sh -> sh -> a worker that exits with 23; the shells
    between end at one gate, the worker at another."""
    parents, worker = gates.make("parents"), gates.make("worker")
    inner = f'(read x < {worker}; exit 23) & read x < {parents}'
    outer = f"sh -c '{inner}' & echo ready family; read x < {parents}2; exit 0"
    gates.make("parents2")
    main = 'sh -c "$1" & exec "$2" echo --exit-on=USR1=42'
    run = launch.start(options, ["sh", "-c", main, "sh", outer, roles()[0]], mode=mode)
    run.wait_line("^ready family")
    run.wait_line("^ready echo")
    return run


def let_parents_go(run: Run, gates: Gates) -> None:
    gates.open(gates.folder / "parents")
    gates.open(gates.folder / "parents2")
    # Main does wait for its child; the worker came to us.
    wait_until(lambda: len(run.children()) >= 2 + scribes(run), "the worker to be an orphan")


def scribes(run: Run) -> int:
    seen = [procread.read_process(pid) for pid in run.children()]
    return sum(process is not None and "scribe" in process.comm for process in seen)


def looked(run: Run) -> None:
    """A walk has gone by: each is a wake-up or two, and nothing else happens meanwhile. Nobody
    tells of it in another way."""
    before = procread.switches(run.pid)[0]
    wait_until(lambda: procread.switches(run.pid)[0] >= before + 8, "some walks", 30, pause=0.05)


def test_an_orphan_has_the_parents_that_were_seen(launch: Launcher, mode: str,
                                                  gates: Gates) -> None:
    run = watched_family(launch, gates, mode, WATCH)
    looked(run)
    let_parents_go(run, gates)
    gates.open(gates.folder / "worker")
    record = record_of(run, 23)
    comms = [ancestor["comm"] for ancestor in record["lineage"]]
    assert comms[:2] == ["sh", "sh"] and len(comms) == 3, record
    assert comms[2].startswith("reaperd_roles") or comms[2] == "sh"
    assert record["first_seen"] == "discovery"
    assert (record["role"], record["comm"]) == ("adopted", "sh")
    assert record["exe"] is not None
    finish(run)


def test_without_watching_nobody_is_named(launch: Launcher, mode: str, gates: Gates) -> None:
    run = watched_family(launch, gates, mode, LOG)
    let_parents_go(run, gates)
    gates.open(gates.folder / "worker")
    assert record_of(run, 23)["lineage"] is None
    finish(run)


def test_one_that_dies_with_its_parent_is_known_too(launch: Launcher, mode: str,
                                                    gates: Gates) -> None:
    """It is never seen alive as a child of ours: only the walk before has met it."""
    gate = gates.make("both")
    script = f'sh -c "read x < {gate}; exit 24" & echo ready family; kill -STOP $$'
    main = 'sh -c "$1" & exec "$2" echo --exit-on=USR1=42'
    run = launch.start([*WATCH, "--records", "standard"],
                       ["sh", "-c", main, "sh", script, roles()[0]], mode=mode)
    run.wait_line("^ready family")
    run.wait_line("^ready echo")
    looked(run)
    main_pid = next(pid for pid in run.children() if procread.children(pid))
    parent = procread.children(main_pid)[0]
    wait_until(lambda: (seen := procread.read_process(parent)) is not None and seen.state == "T",
               "the parent to stand still")
    child = procread.children(parent)[0]
    gates.open(gate)
    wait_until(lambda: (seen := procread.read_process(child)) is not None and seen.is_zombie,
               "the child to die")
    os.kill(parent, signal.SIGKILL)
    record = record_of(run, 24)
    assert record["first_seen"] == "discovery"
    assert [ancestor["comm"] for ancestor in record["lineage"]][:1] == ["sh"]
    assert record["exe"] is not None
    finish(run)


@pytest.mark.parametrize("value", ["99ms", "0", "fast", "-1s", ""])
def test_bad_intervals_are_refused(launch: Launcher, value: str) -> None:
    ended = launch.run(["--watch", value], ["echo", "started"])
    assert (ended.code, ended.out) == (125, "")
    assert "100ms" in ended.err and "--watch" in ended.err


def test_watching_can_be_off(launch: Launcher) -> None:
    assert launch.run(["--watch", "off"], ["true"]).code == 0


def test_watching_without_proc_is_refused(launch: Launcher) -> None:
    ended = launch.run(["--watch", "1s"], ["echo", "started"], mode=PID1, mount_proc=False)
    assert (ended.code, ended.out) == (125, "")
    assert "--watch needs a /proc of our own pid namespace" in ended.err


def test_watching_takes_little_time(launch: Launcher, mode: str) -> None:
    run = launch.start(["--watch", "100ms"], roles("live-orphans", 300), mode=mode,
                       stdin=subprocess.PIPE)
    run.wait_line("^ready live-orphans")
    looked(run)
    before, began = cpu_s(run), time.monotonic()
    time.sleep(2)  # the measurement itself
    # 1 % is the rule; waking up for it costs, too.
    assert cpu_s(run) - before < 0.05 * (time.monotonic() - began)


def cpu_s(run: Run) -> float:
    return procread.cpu_ns(run.pid) / 1e9


# --- who came from outside


def enter(run: Run, script: str, *how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["nsenter", "--target", str(run.pid), "--pid", "--mount", *how,
                             "sh", "-c", script], stdin=subprocess.DEVNULL)


def test_an_orphan_of_a_living_session_from_outside_has_entered(launch: Launcher,
                                                                gates: Gates) -> None:
    """As docker exec does: the session's leader was made outside."""
    run = start(launch, LOG, ECHO, PID1)
    gate = gates.make("leader")
    leader = enter(run, f"(sh -c 'sleep 0.3; exit 25' &); read x < {gate}", "setsid")
    assert record_of(run, 25)["role"] == "entered"
    gates.open(gate)
    leader.wait(10)
    finish(run)


def test_so_has_one_below_a_session_of_its_own_making(launch: Launcher, gates: Gates) -> None:
    run = start(launch, LOG, ECHO, PID1)
    gate = gates.make("leader")
    below = f"(sh -c 'exit 26' &); read x < {gate}2"
    gates.make("leader2")
    leader = enter(run, f'setsid sh -c "{below}" & read x < {gate}', "setsid")
    assert record_of(run, 26)["role"] == "entered"
    gates.open(gates.folder / "leader2")
    gates.open(gate)
    leader.wait(10)
    finish(run)


def test_one_of_a_session_outside_has_entered_though_all_above_are_gone(
        launch: Launcher) -> None:
    """nsenter without setsid: the session's number is not to be seen from inside."""
    run = start(launch, LOG, ECHO, PID1, prefix=IN_A_SESSION)
    enter(run, "(sh -c 'sleep 0.2; exit 27' &)").wait(10)
    assert record_of(run, 27)["role"] == "entered"
    finish(run)


def test_where_our_own_session_is_outside_that_proves_nothing(launch: Launcher) -> None:
    run = start(launch, LOG, ECHO, PID1)
    enter(run, "(sh -c 'sleep 0.2; exit 28' &)").wait(10)
    assert record_of(run, 28)["role"] == "adopted"
    finish(run)


def test_when_the_leader_is_gone_nothing_is_guessed(launch: Launcher) -> None:
    run = start(launch, LOG, ECHO, PID1, prefix=IN_A_SESSION)
    enter(run, "(sh -c 'sleep 0.3; exit 29' &)", "setsid").wait(10)
    assert record_of(run, 29)["role"] == "adopted"
    finish(run)


def test_unless_it_was_watched(launch: Launcher, gates: Gates) -> None:
    run = start(launch, WATCH, ECHO, PID1, prefix=IN_A_SESSION)
    gate, worker = gates.make("leader"), gates.make("worker")
    leader = enter(run, f"sh -c 'read x < {worker}; exit 30' & read x < {gate}", "setsid")
    wait_until(lambda: len(procread.members(run.namespace)) >= 4, "both to be inside")
    looked(run)
    gates.open(gate)
    leader.wait(10)
    gates.open(worker)
    record = record_of(run, 30)
    assert record["role"] == "entered"
    assert [ancestor["comm"] for ancestor in record["lineage"]] == ["sh"]
    finish(run)


@pytest.mark.parametrize("prefix", [(), IN_A_SESSION], ids=["session-outside", "own-session"])
@pytest.mark.parametrize("options", [LOG, WATCH], ids=["log", "watch"])
def test_those_made_inside_have_not_entered(launch: Launcher, prefix: Sequence[str],
                                            options: Sequence[str]) -> None:
    """In main's session, in sessions of their own, whose leader lives or is gone."""
    script = ("(sh -c 'sleep 0.2; exit 31' &); (setsid sh -c 'exit 32' &); "
              "setsid sh -c '(sleep 0.2; exit 33) & exit 0' & "
              "setsid sh -c '(sh -c \"exit 34\" &); sleep 1' & "
              'exec "$1" echo --exit-on=USR1=42')
    run = start(launch, options, ["sh", "-c", script, "sh", roles()[0]], PID1, prefix=prefix)
    for code in (31, 32, 33, 34):
        assert record_of(run, code)["role"] == "adopted"
    finish(run)


def test_a_subreaper_does_not_speak_of_it(launch: Launcher) -> None:
    script = "(sh -c 'sleep 0.2; exit 35' &); exec \"$1\" echo --exit-on=USR1=42"
    run = start(launch, LOG, ["sh", "-c", script, "sh", roles()[0]], "subreaper")
    assert record_of(run, 35)["role"] == "adopted"
    finish(run)


def test_a_rule_can_hold_those_that_entered(launch: Launcher, gates: Gates) -> None:
    run = start(launch, [*LOG, "--hold", "role=entered,for=10m"], ECHO, PID1)
    gate = gates.make("leader")
    leader = enter(run, f"(sh -c 'sleep 0.2; exit 36' &); read x < {gate}", "setsid")
    wait_until(lambda: [zombie for zombie in run.zombies() if zombie.ppid == run.pid],
               "a held zombie")
    gates.open(gate)
    leader.wait(10)
    finish(run)
