"""Zombies of living parents: told, nudged away, or handed over by their parent's end. Never
touched: main, who is exempt, the init of a nested namespace."""

from __future__ import annotations

import json
import re
import signal

import pytest

import procread
from launch import MODES, PID1, SUBREAPER, UNSHARE, Ended, Launcher, Run, roles
from test_idle import settle, wakeups_in_window
from waiting import wait_until

FAST = "interval=150ms,min_age=300ms"
END = "--exit-on=USR1=42"
# A look pauses for a hundred times of what it took, and a subreaper's sees all of the machine.
PATIENCE = 40.0
FOUND = r"does not wait for (\d+) zombies, one of them .*: found$"


def start(launch: Launcher, mode: str, how: str, *negligent: object, options: tuple[str, ...] = (),
          before: tuple[str, ...] = ()) -> Run:
    """An echo as main, and beside it, below main, the negligent one."""
    run = launch.start(["--foreign-zombies", how, "--death-log", "-", *options],
                       roles("beside", "--", *before, "negligent", *negligent, "++", "echo", END),
                       mode=mode)
    run.wait_line("^ready echo")
    run.wait_line("^ready negligent")
    return run


def negligent_pid(run: Run) -> int:
    """By the number that it has itself."""
    return int(run.wait_line(r"^ready negligent \d+ (\d+)").group(1))


def finish(run: Run) -> Ended:
    run.send(signal.SIGUSR1)
    ended = run.end()
    assert ended.code == 42, ended.err
    return ended


def records(ended: Ended) -> list[dict[str, object]]:
    return [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]


def said(err: str, words: str) -> list[str]:
    return [line for line in err.splitlines() if line.endswith(words)]


def foreign(run: Run) -> int:
    """Zombies below the supervisor that are not its own, in namespaces below, too."""
    own = run.children()
    seen = [procread.read_process(pid) for pid in procread.descendants(run.pid) if pid not in own]
    return sum(1 for process in seen if process is not None and process.is_zombie)


def test_what_is_found_is_told_once_for_each(launch: Launcher, mode: str) -> None:
    run = start(launch, mode, FAST + ",action=report", 3)
    wait_until(lambda: len(re.findall(FOUND, run.err(), re.MULTILINE)) == 3, "three lines",
               PATIENCE)
    pid = negligent_pid(run)
    assert re.search(rf"reaperd_roles \(pid {pid}\) does not wait for 3 zombies", run.err())
    settle_looks(run, 4)
    ended = finish(run)
    assert len(re.findall(FOUND, ended.err, re.MULTILINE)) == 3
    assert len(records(ended)) >= 1
    assert "nudged" not in ended.err


def settle_looks(run: Run, looks: int) -> None:
    """Until it has looked again so often: each look is a wake-up."""
    start_count = sum(procread.switches(run.pid))
    wait_until(lambda: sum(procread.switches(run.pid)) >= start_count + looks, "more looks",
               PATIENCE)


def test_a_nudge_heals_a_parent_that_would_have_reaped(launch: Launcher, mode: str) -> None:
    run = start(launch, mode, FAST + ",action=nudge", 5, "--reap-on-sigchld")
    pid = negligent_pid(run)
    wait_until(lambda: foreign(run) == 0, "the zombies to be reaped by their parent",
               PATIENCE)
    wait_until(lambda: len(said(run.err(), "is gone")) == 5, "five to be told as gone",
               PATIENCE)
    ended = finish(run)
    assert len(said(ended.err, "nudged by SIGCHLD")) == 1
    assert not said(ended.err, "asked to end by SIGTERM")
    # They were their parent's to bury, and have no record of ours: it and main have.
    assert [one["pid"] for one in records(ended) if one["role"] == "adopted"] in ([], [pid])


def test_a_nudge_that_does_not_help_is_given_up(launch: Launcher, mode: str) -> None:
    run = start(launch, mode, FAST + ",action=nudge", 2)
    run.wait_log(r"nothing helped: ", PATIENCE)
    assert foreign(run) == 2
    ended = finish(run)
    assert len(said(ended.err, "nudged by SIGCHLD")) == 3
    assert len(re.findall("nothing helped", ended.err)) == 1


def test_a_deaf_parent_is_ended_and_its_zombies_are_reaped_by_us(launch: Launcher,
                                                                mode: str) -> None:
    run = start(launch, mode, FAST + ",action=terminate-parent", 4)
    parent = negligent_pid(run)
    run.wait_log("asked to end by SIGTERM", PATIENCE)
    # Main does not wait for it, so it is a foreign zombie itself; its four are ours.
    wait_until(lambda: foreign(run) <= 1, "its zombies to be reaped")
    wait_until(lambda: len([line for line in run.err().splitlines()
                            if line.startswith("{") and '"first_seen":"death"' in line]) == 4,
               "their records")
    ended = finish(run)
    adopted = [one for one in records(ended) if one["role"] == "adopted" and one["pid"] != parent]
    assert [(one["first_seen"], one["verdict"]["cause"]) for one in adopted] == [
        ("death", "success")] * 4
    assert "ended by SIGKILL" not in ended.err


def test_a_parent_that_ignores_term_is_killed(launch: Launcher, mode: str) -> None:
    run = start(launch, mode, FAST + ",action=kill-parent", 2, "--ignore-term")
    run.wait_log("ended by SIGKILL", PATIENCE)
    wait_until(lambda: foreign(run) <= 1, "its zombies to be reaped")
    finish(run)


def test_terminate_goes_on_to_kill_where_term_is_ignored(launch: Launcher) -> None:
    run = start(launch, SUBREAPER, FAST + ",action=terminate-parent", 2, "--ignore-term")
    run.wait_log("asked to end by SIGTERM", PATIENCE)
    run.wait_log("ended by SIGKILL", PATIENCE)  # five seconds later
    wait_until(lambda: foreign(run) <= 1, "its zombies to be reaped")
    finish(run)


def test_who_is_exempt_is_left_alone(launch: Launcher, mode: str) -> None:
    run = start(launch, mode, FAST + ",action=kill-parent,exempt=reaperd_r*", 2)
    run.wait_log("left alone$", PATIENCE)
    settle_looks(run, 4)
    assert foreign(run) == 2
    ended = finish(run)
    assert len(said(ended.err, "left alone")) == 1
    assert not said(ended.err, "nudged by SIGCHLD")


def test_main_is_told_of_and_never_touched(launch: Launcher, mode: str) -> None:
    run = launch.start(["--foreign-zombies", FAST + ",action=kill-parent"],
                       roles("negligent", 3, "--reap-on-sigchld"), mode=mode)
    run.wait_log("left alone$", PATIENCE)
    settle_looks(run, 4)
    assert run.is_running() and foreign(run) == 3
    assert not said(run.err(), "nudged by SIGCHLD")
    run.send(signal.SIGTERM)
    assert run.end().code == 143


def test_the_init_of_a_nested_namespace_is_never_touched(launch: Launcher, mode: str) -> None:
    """Its end would be that of the whole namespace."""
    run = start(launch, mode, FAST + ",action=kill-parent", 2, before=("wait", "--", *UNSHARE,
                                                                       *roles()))
    run.wait_log("left alone$", PATIENCE)
    settle_looks(run, 4)
    assert foreign(run) == 2
    ended = finish(run)
    assert not said(ended.err, "ended by SIGKILL") and not said(ended.err, "nudged by SIGCHLD")


def test_thousands_are_told_as_a_number(launch: Launcher) -> None:
    run = start(launch, SUBREAPER, FAST + ",action=report", 1500)
    wait_until(lambda: len(re.findall(FOUND, run.err(), re.MULTILINE)) == 10, "ten lines",
               PATIENCE)
    run.wait_log("1490 more were found and 0 more are gone$", PATIENCE)
    assert len(re.findall(FOUND, finish(run).err, re.MULTILINE)) == 10


def test_without_an_interval_nobody_looks(launch: Launcher) -> None:
    runs = []
    for mode in MODES:
        runs.append(start(launch, mode, "interval=off,action=kill-parent,min_age=0", 20))
    settle(runs)
    assert wakeups_in_window(runs) == [0, 0]
    for run in runs:
        assert foreign(run) == 20
        assert not re.search("zombie", finish(run).err)


@pytest.mark.parametrize("value, words", [
    ("interval=soon", ["interval", "soon", "100ms"]),
    ("interval=1ms", ["interval", "1ms", "100ms"]),
    ("action=hug", ["action", "hug", "kill-parent"]),
    ("color=red", ["color", "min_age"]),
    ("min_age=", ["min_age", "duration"]),
    ("exempt=", ["exempt", "glob"]),
    ("", ["KEY=VALUE"]),
])
def test_a_wrong_value_is_one_line(launch: Launcher, value: str, words: list[str]) -> None:
    marker = launch.folder / "marker"
    ended = launch.run(["--foreign-zombies", value], ["touch", str(marker)])
    assert (ended.code, len(ended.errors()), marker.exists()) == (125, 1, False), ended.err
    assert [word for word in ["--foreign-zombies", *words] if word not in ended.err] == []
