"""Which deaths a rule holds: each key of the short form over the real program."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from crew import Crew, held_by
from launch import Launcher
from waiting import wait_until


def rules(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--hold", text)]


def check(crew: Crew, held: list[int], let_go: list[int]) -> None:
    """After their deaths: the ones stay, all the others go."""
    crew.wait_held(*held)
    wait_until(lambda: set(crew.zombies()) == set(held), "the others to be reaped")
    crew.log.wait(lambda found: set(let_go) <= {record["pid"] for record in found}, "their records")
    assert all(record["hold"] is None for record in crew.log.found)
    assert sorted(crew.held_in_order()) == sorted(held)


@pytest.mark.parametrize("rule, held, let_go", [
    ("cause=abnormal", ["exit:1", "signal:SEGV", "signal:KILL"], ["exit:0"]),
    ("cause=signal", ["signal:SEGV", "signal:HUP"], ["exit:1", "signal:KILL", "exit:0"]),
    ("cause=unknown-sigkill", ["signal:KILL"], ["exit:137", "signal:TERM"]),
    ("cause=exit-error+success", ["exit:0", "exit:255"], ["signal:SEGV"]),
    ("exit_codes=3", ["exit:3"], ["exit:4", "exit:0", "signal:INT"]),
    ("exit_codes=1-125+255", ["exit:1", "exit:125", "exit:255"], ["exit:126", "exit:0"]),
    ("signals=SEGV+SIGUSR1+12", ["signal:SEGV", "signal:USR1", "signal:USR2"],
     ["signal:TERM", "exit:11"]),
    ("cause=abnormal,exclude_signals=TERM+KILL", ["exit:143", "signal:SEGV"],
     ["signal:TERM", "signal:KILL"]),
])
def test_by_how_they_died(launch: Launcher, rule: str, held: list[str],
                          let_go: list[str]) -> None:
    crew = Crew(launch, rules(f"{rule},comm=d*,until=released"))
    check(crew, [crew.one("dead", "d", how) for how in held],
          [crew.one("dead", "d", how) for how in let_go])


def test_by_the_name_of_one_that_was_seen_only_dead(launch: Launcher, mode: str) -> None:
    """A flood has used up what details cost; a rule asks for the name all the same."""
    crew = Crew(launch, rules(r"comm=wor?er*+g\+\+,until=released"), mode=mode, log_level="info")
    crew.order("dead", "flood", "exit:0", 1500)
    held = [crew.one("dead", name, "exit:0") for name in ("worker", "worXer-2", "g++")]
    let_go = [crew.one("dead", name, "exit:0") for name in ("worke", "Worker", "g")]
    check(crew, held, let_go)


def test_by_what_it_was_when_it_was_alive(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, rules("cmdline=sleep 1111,name=by-cmdline,until=released",
                              "exe=*/tail,name=by-exe,until=released",
                              "cwd=/proc,name=by-cwd,until=released"),
                mode=mode, log_level="debug")
    cmdline = crew.adopted("run", "sleep", "1111")
    exe = crew.adopted("run", "tail", "-f", "/dev/null")
    cwd = crew.adopted("run", "env", "--chdir=/proc", "sleep", "2222")
    other = crew.adopted("run", "sleep", "3333")
    # What the scribe reads comes a moment later; it answers before it writes what came after.
    crew.order("dead", "mark", "exit:0")
    crew.log.wait_named("mark")
    crew.order("dead", "mark", "exit:0")
    crew.log.wait_named("mark", 2)
    for pid in (cmdline, exe, cwd, other):
        crew.kill(pid, signal.SIGTERM)
    check(crew, [cmdline, exe, cwd], [other])
    assert crew.end().code == 0
    records = {record["pid"]: record for record in crew.log.wait_named("sleep", 3)}
    assert held_by(records[cmdline]) == "by-cmdline"
    assert held_by(records[cwd]) == "by-cwd"
    assert held_by(crew.log.named("tail")[0]) == "by-exe"


def test_what_was_never_seen_alive_matches_no_key_about_that(launch: Launcher) -> None:
    crew = Crew(launch, rules("cmdline=*,until=released", "exe=*,until=released",
                              "cwd=*,until=released"))
    check(crew, [], [crew.one("dead", "brief", "exit:1")])


def test_by_user(launch: Launcher) -> None:
    crew = Crew(launch, rules("uid=54321+54322,until=released"), log_level="debug")
    theirs = crew.adopted("run", *as_user(54321))
    ours = crew.adopted("run", "sleep", "1000")
    crew.kill(theirs, signal.SIGTERM)
    crew.kill(ours, signal.SIGTERM)
    check(crew, [theirs], [ours])


def as_user(uid: int) -> list[str]:
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sleep", "1000"]


def test_by_how_long_it_lived(launch: Launcher) -> None:
    crew = Crew(launch, rules("min_run_time=1500ms,name=long,until=released",
                              "max_run_time=1400ms,comm=brief,name=brief,until=released"))
    long_ones = [crew.one("die", "any", "after:1700"), crew.one("dead", "brief", "after:1600")]
    brief = crew.one("dead", "brief", "exit:0")
    other = crew.one("dead", "any", "exit:0")
    check(crew, [*long_ones, brief], [other])
    assert crew.end().code == 0
    found = {record["pid"]: held_by(record) for record in crew.log.records()}
    assert [found[pid] for pid in (*long_ones, brief)] == ["long", "long", "brief"]


def test_by_role(launch: Launcher) -> None:
    crew = Crew(launch, rules("role=main+adopted,for=2s"))
    crew.wait_held(crew.one("dead", "any", "exit:0"))
    assert crew.end().code == 0
    assert held_by(crew.log.wait_named("reaperd_roles")[0]) == "hold-1"


def test_a_rule_that_matches_nobody_holds_nobody(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, rules("comm=nobody,until=released"), mode=mode)
    crew.order("dead", "some", "exit:1", 200)
    crew.order("die", "some", "signal:SEGV", 200)
    crew.log.wait(lambda _: crew.log.accounted() >= 400, "all to be reaped")
    assert not crew.zombies()
    ended = crew.end()
    assert ended.code == 0
    assert "holding" not in ended.err


def test_the_first_rule_that_matches_counts(launch: Launcher) -> None:
    crew = Crew(launch, rules("name=first,comm=a*,for=300ms", "name=second,comm=ab*,for=1h",
                              "name=third,comm=*b,for=300ms"))
    for name in ("a", "ab", "bb"):
        crew.order("dead", name, "exit:0")
    crew.log.wait(lambda found: len(found) == 3, "all three")
    assert {record["comm"]: held_by(record) for record in crew.log.found} == {
        "a": "first", "ab": "first", "bb": "third"}


def test_a_rule_that_takes_all_holds_none_of_our_own(launch: Launcher, tmp_path: Path) -> None:
    """Neither the scribe nor main; hooks are somebody's, and are held."""
    mark = tmp_path / "drained"
    crew = Crew(launch, ["--hold", "role=adopted+hook+helper+entered,until=released",
                         "--drain", "300ms", "--drain-command", f"touch {mark}"])
    crew.wait_held(crew.one("dead", "any", "exit:0"))
    crew.run.send(signal.SIGTERM)
    assert crew.run.end().code == 143
    assert mark.exists()
    assert not [record for record in crew.log.records() if record["role"] == "helper"]


def test_rules_of_a_file_and_of_the_line_stand_in_their_order(launch: Launcher,
                                                              tmp_path: Path) -> None:
    path = tmp_path / "hold.json"
    path.write_text(json.dumps({"hold": {"rules": [
        {"name": "of-file", "match": {"comm": ["x", "y"]}, "for": "200ms"}]}}))
    crew = Crew(launch, rules("comm=x,name=of-line,for=200ms", f"@{path}",
                              "comm=?,name=last,for=200ms"))
    for name in ("x", "y", "z"):
        crew.order("dead", name, "exit:0")
    crew.log.wait(lambda found: len(found) == 3, "all three")
    assert {record["comm"]: held_by(record) for record in crew.log.found} == {
        "x": "of-line", "y": "of-file", "z": "last"}
