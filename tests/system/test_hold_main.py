"""The most wanted case, "why did my container crash": main is held and the rest of the run goes on.
And no hold delays the end of a run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import procread
from crew import Crew, DeathLog, hold_file, reason
from launch import PID1, SUBREAPER, Launcher, roles
from waiting import wait_until

CRASHES = [("exit:1", 1), ("signal:SEGV", 139), ("signal:ABRT", 134)]


@pytest.mark.parametrize("how, code", CRASHES)
def test_a_crashed_main_stays_to_be_read(launch: Launcher, tmp_path: Path, mode: str, how: str,
                                         code: int) -> None:
    note = tmp_path / "note"
    note.write_text("")
    crew = Crew(launch, ["--hold", "role=main,cause=abnormal,for=2s", "--grace", "5s",
                         "--termination-log", str(note)], mode=mode)
    others = crew.order("live", "other", 2)
    outer = crew.outer(crew.main)
    begun = time.monotonic()
    crew.say("end", how)
    crew.wait_held(crew.main)
    # Written at once, not at the end.
    assert note.read_text().startswith("main reaperd_roles (pid ")
    assert time.monotonic() - begun < 1.5
    state = procread.read_process(outer)
    assert state is not None and state.is_zombie
    assert "VmPeak" not in Path(f"/proc/{outer}/status").read_text()
    wait_until(lambda: all(procread.read_process(crew.outer(pid)).state  # type: ignore[union-attr]
                           == "S" for pid in others), "the others to sleep", 1)
    ended = crew.run.end()
    lasted = time.monotonic() - begun
    assert ended.code == code
    assert 2.0 <= lasted < 4.0
    (record,) = crew.log.wait_named("reaperd_roles")
    assert reason(record) == "timeout"
    if mode == PID1:  # the grace began with the release, not with the death
        assert [one["verdict"]["cause"] for one in crew.log.wait_named("other", 2)] == [
            "stopped"] * 2
    assert note.read_text().count("\n") == 1


@pytest.mark.parametrize("how, code", CRASHES)
def test_a_stop_signal_ends_the_hold_of_main_at_once(launch: Launcher, mode: str, how: str,
                                                     code: int) -> None:
    crew = Crew(launch, ["--hold", "role=main,until=released"], mode=mode)
    crew.order("live", "other")
    crew.say("end", how)
    crew.wait_held(crew.main)
    begun = time.monotonic()
    crew.run.send(signal.SIGTERM)
    assert crew.run.end().code == code
    assert time.monotonic() - begun < 1.0
    (record,) = crew.log.wait_named("reaperd_roles")
    assert reason(record) == "shutdown"


def test_holds_of_others_stay_while_main_is_held(launch: Launcher, mode: str) -> None:
    """And new ones are held, adopted and reaped as before."""
    crew = Crew(launch, ["--hold", "comm=worker,until=released", "--hold",
                         "role=main,until=released"], mode=mode)
    first = crew.one("dead", "worker", "exit:1")
    second = crew.one("live", "worker")
    passing = crew.one("live", "passing")
    crew.wait_held(first)
    crew.say("end", "signal:SEGV")
    crew.wait_held(crew.main)
    crew.kill(second)
    crew.kill(passing)
    crew.wait_held(second)
    crew.log.wait_named("passing")
    assert set(crew.zombies()) == {first, second, crew.main}
    crew.run.send(signal.SIGTERM)
    assert crew.run.end().code == 139


def test_a_main_that_succeeds_is_not_held_as_abnormal(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "role=main,cause=abnormal,until=released"], mode=mode)
    ended = crew.end("exit:0", 5)
    assert ended.code == 0
    (record,) = crew.log.wait_named("reaperd_roles")
    assert record["hold"] is None


def test_a_main_that_was_asked_to_end_is_not_held(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "role=main,until=released"], mode=mode)
    crew.run.send(signal.SIGTERM)
    assert crew.run.end(5).code == 143


def test_a_rule_that_does_not_name_the_role_never_holds_main(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "cause=abnormal,until=released"], mode=mode)
    assert crew.end("exit:3", 5).code == 3


def test_other_endings_of_a_held_main(launch: Launcher) -> None:
    """--exit-by-signal, --map and --wait-for all see its real end."""
    crew = Crew(launch, ["--hold", "role=main,for=300ms", "--exit-by-signal"])
    assert crew.end("signal:INT").code == -signal.SIGINT
    crew = Crew(launch, ["--hold", "role=main,for=300ms", "--map", "3=0"])
    assert crew.end("exit:3").code == 0
    crew = Crew(launch, ["--hold", "role=main,for=300ms", "--wait-for", "all"])
    other = crew.one("live", "other")
    crew.say("end", "exit:4")
    crew.run.wait_log("released .*: timeout")
    assert crew.run.is_running()
    crew.kill(other)
    assert crew.run.end().code == 4


def test_main_held_by_a_barrier(launch: Launcher, tmp_path: Path) -> None:
    """Collected with its workers."""
    path = tmp_path / "hold.json"
    path.write_text("""{"hold": {
      // main, and who works for it
      "rules": [{"name": "all", "match": {"role": ["main", "adopted"]}, "until": {"barrier": "b"}}],
      "barriers": {"b": {"release_when": {"count": 2}, "timeout": "1m"}}}}""")
    crew = Crew(launch, ["--hold", f"@{path}"], mode=PID1)
    worker = crew.one("live", "worker")
    crew.say("end", "signal:SEGV")
    crew.wait_held(crew.main)
    crew.kill(worker)
    assert crew.run.end().code == 139
    assert {reason(record) for record in crew.log.records()} == {"barrier"}


# --- the end of a run


def test_wait_for_all_ends_when_only_held_ones_are_left(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "comm=worker,until=released", "--wait-for", "all"], mode=mode)
    crew.wait_held(*crew.order("dead", "worker", "exit:1", 3))
    last = crew.outer(crew.one("live", "worker"))
    crew.say("end", "exit:5")
    crew.log.wait_named("reaperd_roles")
    assert crew.run.is_running() and len(crew.zombies()) == 3
    begun = time.monotonic()
    os.kill(last, signal.SIGTERM)
    assert crew.run.end(5).code == 5
    assert time.monotonic() - begun < 1.5
    assert {reason(record) for record in crew.log.wait_named("worker", 4)} == {"shutdown"}


def test_wait_for_all_ends_when_the_last_die_together(launch: Launcher, mode: str) -> None:
    """Of two deaths one is told by a signal, and no later death brings another look."""
    crew = Crew(launch, ["--hold", "comm=worker,until=released", "--wait-for", "all"], mode=mode)
    last = [crew.outer(pid) for pid in crew.order("live", "worker", 2)]
    crew.say("end", "exit:5")
    crew.log.wait_named("reaperd_roles")
    crew.run.send(signal.SIGSTOP)
    for pid in last:
        os.kill(pid, signal.SIGTERM)
    crew.run.send(signal.SIGCONT)
    assert crew.run.end(5).code == 5
    assert [reason(record) for record in crew.log.named("worker")] == ["shutdown"] * 2


def test_every_held_one_has_its_line_at_the_end(launch: Launcher, tmp_path: Path,
                                                mode: str) -> None:
    """They are more than a turn of the loop can reap, and no grace gives another."""
    rule = hold_file(tmp_path, {"rules": [{"name": "all", "match": {"comm": "worker"},
                                           "until": "released"}], "limits": {"max_held": 400}})
    crew = Crew(launch, ["--hold", rule, "--grace", "off"], mode=mode)
    crew.order("dead", "worker", "exit:3", 400)
    wait_until(lambda: crew.run.err().count("holding") == 400, "400 held")
    assert crew.end("exit:6").code == 6
    crew.check_all_told("worker", 400, "shutdown")


def test_holds_do_not_delay_the_end_after_main(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "comm=worker,until=released", "--grace", "5s"], mode=mode)
    crew.wait_held(*crew.order("dead", "worker", "exit:1", 10))
    begun = time.monotonic()
    assert crew.end("exit:6").code == 6
    assert time.monotonic() - begun < 1.5


def test_those_who_die_in_the_grace_are_not_held(launch: Launcher) -> None:
    crew = Crew(launch, ["--hold", "until=released", "--grace", "20s"], mode=PID1)
    crew.order("live", "worker", 10)
    begun = time.monotonic()
    assert crew.end("exit:6").code == 6
    assert time.monotonic() - begun < 5
    assert [record["hold"] for record in crew.log.wait_named("worker", 10)] == [None] * 10


def test_a_stop_with_a_timeout_is_as_without_holds(launch: Launcher, tmp_path: Path,
                                                   mode: str) -> None:
    log = DeathLog(tmp_path / "deaths")
    run = launch.start(["--death-log", str(log.path), "--hold", "until=released",
                        "--stop-timeout", "500ms"],
                       roles("orphans", 3, "--", *roles("echo")), mode=mode)
    run.wait_line("^ready echo")
    wait_until(lambda: run.err().count("holding") == 3, "three held")
    begun = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.end().code == 137
    assert 0.5 <= time.monotonic() - begun < 2.0
    assert [reason(record) for record in log.records()][:3] == ["shutdown"] * 3


def test_main_that_cannot_be_started_is_not_held(launch: Launcher) -> None:
    for mode in (PID1, SUBREAPER):
        ended = launch.run(["--hold", "role=main,until=released"], ["/no/such"], mode=mode,
                           seconds=5)
        assert ended.code == 127
