"""Barriers: wait for all, then collect; and `keep`, which lets the oldest of a rule go."""

from __future__ import annotations

import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from crew import Crew, Record, hold_file, reason
from launch import Launcher
from waiting import wait_until

# One turn of the loop is 2 ms at most; the rest is for a machine with too few processors.
TOGETHER_US = 250_000


def barrier(folder: Path, release_when: dict[str, Any], timeout: str = "1m") -> list[str]:
    return ["--hold", hold_file(folder, {
        "rules": [{"name": "jobs", "match": {"comm": "job*"}, "until": {"barrier": "all-jobs"}}],
        "barriers": {"all-jobs": {"release_when": release_when, "timeout": timeout}}})]


def reaped_within_us(records: list[Record]) -> int:
    """How far the ends are apart; records tell them to a millisecond."""
    def milliseconds(text: str) -> int:
        return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)

    times = [milliseconds(record["reaped_at"]) for record in records]
    return (max(times) - min(times)) * 1000


def test_none_is_reaped_before_the_tenth_is_dead(launch: Launcher, tmp_path: Path,
                                                 mode: str) -> None:
    crew = Crew(launch, barrier(tmp_path, {"count": 10}), mode=mode)
    jobs = []
    for number in range(9):
        jobs.append(crew.one("dead", f"job{number}", f"exit:{number}"))
        crew.wait_held(jobs[-1])
        crew.order("dead", "bystander", "exit:0")
    crew.log.wait_named("bystander", 9)
    assert sorted(crew.zombies()) == sorted(jobs)
    assert not [record for record in crew.log.found if record["hold"]]
    jobs.append(crew.one("dead", "job9", "signal:TERM"))
    records = crew.log.wait(
        lambda found: sum(bool(record["hold"]) for record in found) == 10, "all ten to be reaped")
    held = [record for record in records if record["hold"]]
    assert [record["pid"] for record in held] == jobs, "in the order of their deaths"
    assert {reason(record) for record in held} == {"barrier"}
    assert [record["end"]["code"] for record in held] == [*range(9), None]
    assert reaped_within_us(held) <= TOGETHER_US
    assert not crew.zombies()
    assert "barrier all-jobs complete: 10 dead" in crew.run.err()


def test_a_burst_completes_it_too(launch: Launcher, tmp_path: Path, mode: str) -> None:
    """All within one turn, and one more that begins the next round."""
    crew = Crew(launch, barrier(tmp_path, {"count": 10}), mode=mode)
    jobs = crew.order("dead", "job", "exit:1", 11)
    crew.log.wait_named("job", 10)
    assert len(crew.zombies()) == 1
    assert {reason(record) for record in crew.log.named("job")} == {"barrier"}
    crew.order("dead", "job", "exit:1", 9)
    assert len(crew.log.wait_named("job", 20)) == 20
    assert len(set(jobs)) == 11 and not crew.zombies()
    assert crew.run.err().count("barrier all-jobs complete: 10 dead") == 2


def test_the_timeout_releases_what_is_there(launch: Launcher, tmp_path: Path, mode: str) -> None:
    crew = Crew(launch, barrier(tmp_path, {"count": 10}, "1s"), mode=mode)
    begun = time.monotonic()
    crew.wait_held(*crew.order("dead", "job", "exit:3", 4))
    records = crew.log.wait_named("job", 4)
    assert 1.0 <= time.monotonic() - begun < 2.5
    assert {reason(record) for record in records} == {"barrier"}
    assert reaped_within_us(records) <= TOGETHER_US
    assert "barrier all-jobs ended before it was complete: 4 dead" in crew.run.err()


def test_the_end_of_the_run_releases_what_is_there(launch: Launcher, tmp_path: Path) -> None:
    crew = Crew(launch, barrier(tmp_path, {"count": 10}))
    crew.wait_held(*crew.order("dead", "job", "exit:3", 4))
    ended = crew.end("exit:7")
    assert ended.code == 7
    assert "barrier all-jobs ended before it was complete: 4 dead" in ended.err
    assert {reason(record) for record in crew.log.wait_named("job", 4)} == {"shutdown"}


def test_all_waits_for_the_last_living_one(launch: Launcher, tmp_path: Path, mode: str) -> None:
    crew = Crew(launch, barrier(tmp_path, {"all": True}), mode=mode)
    living = crew.order("live", "job", 3)
    dead = crew.order("dead", "job", "exit:0", 3)
    crew.wait_held(*dead)
    for pid in living[:2]:
        crew.kill(pid)
        crew.wait_held(pid)
    assert sorted(crew.zombies()) == sorted([*dead, *living[:2]])
    crew.kill(living[2])
    records = crew.log.wait_named("job", 6)
    assert {reason(record) for record in records} == {"barrier"}
    assert reaped_within_us(records) <= TOGETHER_US
    assert "barrier all-jobs complete: 6 dead" in crew.run.err()


def test_all_waits_for_one_that_came_to_match(launch: Launcher, tmp_path: Path,
                                              mode: str) -> None:
    """It was seen before it ran the program by which it matches."""
    go = tmp_path / "go"
    program = tmp_path / "job-2"
    program.symlink_to("/bin/sleep")
    script = tmp_path / "late"
    script.write_text(f"#!/bin/sh\nuntil [ -e {go} ]; do sleep 0.02; done\nexec {program} 1000\n")
    script.chmod(0o755)
    crew = Crew(launch, barrier(tmp_path, {"all": True}), mode=mode, log_level="debug")
    first = crew.one("live", "job-0")
    late = crew.adopted("run", script)
    go.touch()
    comm = Path(f"/proc/{crew.outer(late)}/comm")
    wait_until(lambda: comm.read_text() == "job-2\n", "it to run its program")
    crew.kill(first)
    crew.wait_held(first)
    crew.order("dead", "passing", "exit:0")
    crew.log.wait_named("passing")
    assert first in crew.zombies()
    crew.kill(late)
    records = crew.log.wait(
        lambda found: sum(bool(record["hold"]) for record in found) == 2, "both to be reaped")
    held = [record for record in records if record["hold"]]
    assert [record["comm"] for record in held] == ["job-0", "job-2"]
    assert {reason(record) for record in held} == {"barrier"}


def test_all_waits_for_one_that_was_adopted_late(launch: Launcher, tmp_path: Path,
                                                 mode: str) -> None:
    """Its parent lived when the first ones died, so it was nobody's to see: then it came."""
    crew = Crew(launch, barrier(tmp_path, {"all": True}), mode=mode)
    first = crew.one("live", "job-0")
    crew.wait_held(crew.one("dead", "job-1", "exit:0"))
    late = crew.one("live", "job-2")
    crew.kill(first)
    crew.wait_held(first)
    assert len(crew.zombies()) == 2
    crew.kill(late, signal.SIGTERM)
    records = crew.log.wait(lambda found: len(found) >= 3, "all three")
    assert [record["comm"] for record in records] == ["job-1", "job-0", "job-2"]
    assert {reason(record) for record in records} == {"barrier"}


def test_all_is_complete_at_once_when_nobody_else_lives(launch: Launcher, tmp_path: Path,
                                                        mode: str) -> None:
    crew = Crew(launch, barrier(tmp_path, {"all": True}), mode=mode)
    crew.order("live", "other", 5)
    crew.order("dead", "job", "exit:0")
    assert reason(crew.log.wait_named("job")[0]) == "barrier"


def test_keep_leaves_the_newest(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "comm=worker,until=released,keep=2",
                         "--hold", "comm=other,until=released"], mode=mode)
    other = crew.one("dead", "other", "exit:1")
    pids = []
    for number in range(5):
        pids.append(crew.one("dead", "worker", f"exit:{number}"))
        crew.wait_held(pids[-1])
    crew.wait_gone(*pids[:3])
    assert crew.zombies() == [other, *pids[3:]]
    records = crew.log.wait_named("worker", 3)
    assert [(record["pid"], reason(record)) for record in records] == [
        (pid, "keep") for pid in pids[:3]]


def test_keep_leaves_as_many_of_a_burst(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "comm=worker,until=released,keep=2"], mode=mode)
    crew.order("dead", "worker", "exit:1", 50)
    records = crew.log.wait_named("worker", 48)
    wait_until(lambda: len(crew.zombies()) == 2, "two of them left")
    assert {reason(record) for record in records} == {"keep"}
    assert sorted(crew.zombies()) == sorted(crew.held_in_order()[-2:])
