"""Following a run: a snapshot, then every event, or a gap that says exactly which are missing. What
is checked of every message: see varlink.Monitor."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from crew import hold_file
from launch import PID1, Launcher, roles
from status_bed import Bed
from varlink import Closed, Members, Monitor, VarlinkError
from waiting import wait_until

KEPT_EVENTS = 4096


def test_a_snapshot_then_what_happens(launch: Launcher, open_folder: Path, mode: str) -> None:
    options = ["--hold", "comm=kept,until=released,name=keeper"]
    with Bed(launch, open_folder, options, mode=mode) as bed:
        before = bed.crew.one("live", "before")
        held_before = bed.crew.one("dead", "kept", "exit:1")
        bed.wait_held(held_before)
        monitor = bed.monitor()
        shown = {one["pid"]: one["state"] for one in monitor.processes}
        assert shown[before] == "alive" and shown[bed.crew.main] == "alive"
        assert [one["record"]["pid"] for one in monitor.held] == [held_before]

        pid = bed.crew.adopted("live", "worker")
        assert monitor.wait("adopted", pid=pid)["comm"] == "worker"
        bed.crew.kill(pid)
        died = monitor.wait("died", pid=pid)
        assert died["end"]["signal"] == "SIGKILL"
        record = monitor.wait("reaped", pid=pid)
        assert (record["id"], record["seq"]) == (died["id"], died["death_seq"])
        assert record["verdict"]["cause"] == "unknown-sigkill" and record["reaped_at"]

        kept = bed.crew.one("dead", "kept", "exit:2")
        seen = wait_for_held(monitor, kept)
        assert (seen["rule"], seen["record"]["hold"]["released_by"]) == ("keeper", None)
        assert seen["record"]["reaped_at"] is None
        bed.call("Release", rule="keeper")
        for one in (held_before, kept):
            told = monitor.wait("released", pid=one)
            assert (told["rule"], told["released_by"]) == ("keeper", "request")
            assert monitor.wait("reaped", pid=one)["hold"]["released_by"] == "request"
        order = [kind for kind, pid in map(told_of, monitor.events) if pid == kept]
        assert order in (["died", "held", "released", "reaped"],
                         ["adopted", "died", "held", "released", "reaped"])


def told_of(event: Members) -> tuple[str, object]:
    """Its kind, and the pid that it is about."""
    kind = next(name for name in event if name not in ("seq", "at"))
    about = event[kind].get("record", event[kind])
    return kind, about.get("pid")


def wait_for_held(monitor: Monitor, pid: int) -> Members:
    while True:
        for held in monitor.of("held"):
            if held["record"]["pid"] == pid:
                return held
        monitor.step()


def test_a_hook_that_is_started_is_told(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, ["--drain-command", "/bin/true"], mode=PID1) as bed:
        monitor = bed.monitor()
        bed.crew.run.send(signal.SIGTERM)
        bed.crew.run.end()
        drain_out(monitor)
        assert "hook" in [one["role"] for one in monitor.of("spawned")]


def drain_out(monitor: Monitor) -> None:
    """To the end of the run."""
    try:
        while True:
            monitor.step()
    except Closed:
        pass


def test_signals_and_the_stop(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        monitor = bed.monitor()
        bed.crew.run.send_and_see(signal.SIGURG)
        told = monitor.wait("signal", received="SIGURG")
        assert (told["outcome"], told["sent"]) == ("forwarded", "SIGURG")
        assert told["sender"]["kernel"] is False and told["sender"]["uid"] == 0
        bed.crew.run.send(signal.SIGTERM)
        bed.crew.run.end()
        drain_out(monitor)
        assert monitor.wait("signal", received="SIGTERM")["outcome"] == "forwarded"
        phases = [one["phase"] for one in monitor.of("stopping")]
        assert (phases[0], phases[-1]) == ("stopping", "done")
        main = monitor.wait("reaped", pid=bed.crew.main)
        assert (main["role"], main["end"]["signal"]) == ("main", "SIGTERM")


def test_barriers(launch: Launcher, open_folder: Path, mode: str) -> None:
    hold = hold_file(open_folder, {
        "rules": [{"name": "jobs", "match": {"comm": "job"}, "until": {"barrier": "batch"}}],
        "barriers": {"batch": {"release_when": {"count": 3}}}})
    with Bed(launch, open_folder, ["--hold", hold], mode=mode) as bed:
        monitor = bed.monitor()
        bed.crew.order("dead", "job", "exit:1", 2)
        bed.wait_held()
        wait_until(lambda: bed.call("ListHoldRules")["barriers"][0]["dead"] == 2, "two dead")
        bed.crew.order("dead", "job", "exit:2")
        result = monitor.wait("barrier", barrier="batch")
        assert result["complete"] is True and result["unlisted"] == 0
        assert sorted(one["end"]["code"] for one in result["members"]) == [1, 1, 2]
        for member in result["members"]:
            assert monitor.wait("released", pid=member["pid"])["released_by"] == "barrier"


def test_foreign_zombies(launch: Launcher, open_folder: Path, mode: str) -> None:
    options = ["--foreign-zombies", "interval=150ms,min_age=300ms,action=terminate-parent"]
    with Bed(launch, open_folder, options, mode=mode) as bed:
        monitor = Monitor(bed.connect(40))
        bed.crew.order("run", *roles("negligent", 1))
        parent = int(bed.crew.run.wait_line(r"^ready negligent 1 (\d+)").group(1))
        for step in ("found", "nudged", "terminated"):
            told = monitor.wait("foreign", step=step)
            assert told["zombie"]["parent"] == parent and told["error"] is None
        assert monitor.wait("reaped", pid=parent)["end"]["signal"] == "SIGTERM"
        monitor.wait("reaped", pid=told["zombie"]["pid"])


# --- numbers, resuming, gaps


def follow_deaths(bed: Bed, monitor: Monitor, count: int) -> None:
    """Makes deaths, in portions that a reader can follow. At such a rate not every record knows a
    name, so they are counted."""
    reaped = 0
    for ordered in range(500, count + 1, 500):
        bed.crew.order("dead", "many", "exit:0", 500)
        while reaped < ordered:
            event = monitor.step()
            assert event is not None, monitor.gaps
            reaped += event.get("reaped") is not None


def test_who_comes_back_gets_what_came_since(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        first = bed.monitor()
        watcher = bed.monitor()
        bed.crew.order("dead", "one", "exit:1")
        watcher.wait("reaped", comm="one")
        first.client.close()
        bed.crew.order("dead", "two", "exit:2", 20)
        while len([one for one in watcher.of("reaped") if one["comm"] == "two"]) < 20:
            watcher.step()
        again = bed.monitor(after_seq=first.seq)
        while again.seq < watcher.seq:
            again.step()
        assert again.events[:len(watcher.events)] == watcher.events and not again.gaps
        # After the last there is nothing yet; then the next.
        late = bed.monitor(after_seq=watcher.seq)
        bed.crew.order("dead", "three", "exit:3")
        assert late.wait("reaped", comm="three")["end"]["code"] == 3


def test_what_nobody_kept_is_a_gap(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, log_level="warn") as bed:
        watcher = bed.monitor()
        start = watcher.seq
        follow_deaths(bed, watcher, 2500)
        assert watcher.seq - start >= 5000
        again = bed.monitor(after_seq=start)
        while again.seq < watcher.seq:
            again.step()
        assert len(again.gaps) == 1 and again.gaps[0][0] == start + 1
        assert watcher.seq - again.gaps[0][1] <= KEPT_EVENTS
        assert not watcher.gaps and again.events == watcher.events[-len(again.events):]


def test_a_number_of_the_future_makes_no_sense(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        for wrong in (1_000_000, -2):
            with pytest.raises(VarlinkError):
                Monitor(bed.connect(3), after_seq=wrong).step()
        assert bed.client.error("Monitor") == "ExpectedMore"


def test_who_stops_reading_is_told_the_exact_gap(launch: Launcher, open_folder: Path,
                                                 mode: str) -> None:
    with Bed(launch, open_folder, mode=mode, log_level="warn") as bed:
        sleepy = bed.monitor()
        awake = bed.monitor()
        start = sleepy.seq
        follow_deaths(bed, awake, 4000)
        assert not awake.gaps
        while sleepy.seq < awake.seq:
            sleepy.step()
        assert sleepy.gaps, "8000 events were not read and are not all kept"
        missing = sum(last - first + 1 for first, last in sleepy.gaps)
        assert len(sleepy.events) + missing == sleepy.seq - start
        by_seq = {one["seq"]: one for one in awake.events}
        assert all(by_seq[one["seq"]] == one for one in sleepy.events)
        assert bed.client.status()["socket"]["gaps"] == len(sleepy.gaps)


def test_every_death_of_a_burst_is_told_or_in_a_gap(launch: Launcher, open_folder: Path,
                                                    mode: str) -> None:
    burst = 5000
    with Bed(launch, open_folder, mode=mode, log_level="warn") as bed:
        monitor = bed.monitor()
        bed.crew.say("dead", "burst", "exit:0", burst)
        told: set[int] = set()
        last = burst  # the number of the last death is at least this
        deadline = time.monotonic() + 40
        while max(told, default=0) < last:
            assert time.monotonic() < deadline
            event = monitor.step()
            for kind, key in (("died", "death_seq"), ("reaped", "seq")):
                if event is not None and event.get(kind) is not None:
                    told.add(event[kind][key])
        missing = set(range(1, last + 1)) - told
        lost = sum(end - begin + 1 for begin, end in monitor.gaps)
        assert len(missing) <= lost, (len(missing), monitor.gaps)
        assert bed.client.status()["reaping"]["reaped"] >= burst
        assert not bed.crew.zombies()
