"""Holding hides nobody: with one held, and with a thousand, every other death is seen, recorded and
reaped, and nothing wakes up while nothing happens."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from crew import Crew, hold_file, reason
from idle import settle, wakeups_in_window
from launch import MODES, PID1, Launcher
from paths import reaperctl
from waiting import wait_until

MANY_HELD = 1000
ALIVE = 10_000


def hold_many(folder: Path, **end: object) -> list[str]:
    return ["--hold", hold_file(folder, {
        "rules": [{"name": "keeper", "match": {"comm": "kept"}, **end}],
        "limits": {"max_held": 1100}})]


def check_accounts(crew: Crew, deaths: int) -> None:
    """So many deaths were reaped, each with a number and a line of its own or said to be dropped;
    one more that is written after them tells."""
    crew.say("dead", "last", "exit:0")
    crew.log.wait_named("last", seconds=20)
    seqs = {record["seq"] for record in crew.log.found}
    assert len(seqs) == len(crew.log.found)
    assert crew.log.accounted() == deaths + 1


@pytest.mark.limit(120)
def test_ten_thousand_deaths_beside_one_held(launch: Launcher, mode: str) -> None:
    crew = Crew(launch, ["--hold", "comm=kept,until=released"], mode=mode, log_level="warn")
    kept = crew.one("dead", "kept", "exit:3")
    for _ in range(20):
        crew.order("dead", "passing", "exit:0", 250)
        crew.order("die", "passing", "exit:0", 250)
    wait_until(lambda: crew.zombies() == [kept], "all the others reaped", 20)
    check_accounts(crew, 10_000)
    assert crew.zombies() == [kept]
    assert crew.end().code == 0
    assert reason(crew.log.wait_named("kept")[0]) == "shutdown"
    assert all(record["hold"] is None for record in crew.log.named("passing"))


@pytest.mark.slow
@pytest.mark.limit(180)
def test_bursts_beside_a_thousand_held_and_many_alive(launch: Launcher, tmp_path: Path) -> None:
    socket = str(tmp_path / "sock")
    crew = Crew(launch, [*hold_many(tmp_path, until="released"), "--grace", "0",
                         "--status-socket", socket], mode=PID1, log_level="warn")
    kept = crew.order("dead", "kept", "exit:3", MANY_HELD)
    crew.order("live", "alive", ALIVE, seconds=60)
    crew.order("dead", "first", "exit:0")
    crew.log.wait_named("first")  # the writer of the log is a child, too
    left = len(crew.run.children())
    assert left >= MANY_HELD + ALIVE
    for size in (1000, 2500, 5000):
        crew.order("dead", "burst", "exit:0", size, seconds=60)
        wait_until(lambda: len(crew.run.children()) == left, f"a burst of {size} reaped", 20,
                   pause=0.05)
    check_accounts(crew, 8501)
    assert set(crew.zombies()) == set(kept)
    # To look at ten thousand within 1 % of the time takes minutes; who asks gets them at once.
    subprocess.run([reaperctl(), "--socket", socket, "ps"], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    settle([crew.run], 1.0)
    assert wakeups_in_window([crew.run]) == [0]
    assert crew.end("exit:9", 30).code == 9
    crew.check_all_told("kept", MANY_HELD, "shutdown")


def test_holding_a_thousand_costs_no_wakeup_until_they_are_due(launch: Launcher,
                                                               tmp_path: Path) -> None:
    hold_s = 12
    crew = Crew(launch, hold_many(tmp_path, **{"for": f"{hold_s}s"}), mode=PID1, log_level="warn")
    begun = time.monotonic()
    crew.order("dead", "kept", "exit:3", MANY_HELD)
    settle([crew.run], 1.0)
    assert wakeups_in_window([crew.run]) == [0]
    assert time.monotonic() - begun < hold_s, "the machine is too slow for this test"
    assert len(crew.zombies()) == MANY_HELD
    wait_until(lambda: not crew.zombies(), "all to go when their time is over", hold_s + 5)
    settle([crew.run], 1.0)
    assert wakeups_in_window([crew.run]) == [0]
    assert {reason(record) for record in crew.log.named("kept")} == {"timeout"}


def test_holds_of_each_kind_cost_no_wakeup(launch: Launcher, tmp_path: Path) -> None:
    """Until somebody asks; by a barrier that waits for a living one; main itself."""
    barrier = hold_file(tmp_path, {
        "rules": [{"name": "jobs", "match": {"comm": "kept"}, "until": {"barrier": "jobs"}}],
        "barriers": {"jobs": {"release_when": {"all": True}}}})
    runs = []
    for mode in MODES:
        for rule in ("comm=kept,until=released", barrier):
            crew = Crew(launch, ["--hold", rule], mode=mode)
            crew.order("live", "kept")
            crew.wait_held(*crew.order("dead", "kept", "exit:3", 5))
            runs.append(crew.run)
        crew = Crew(launch, ["--hold", "role=main,until=released"], mode=mode)
        crew.say("end", "exit:5")
        crew.wait_held(crew.main)
        runs.append(crew.run)
    settle(runs, 1.0)
    assert wakeups_in_window(runs) == [0] * len(runs)
    assert all(run.is_running() for run in runs)
