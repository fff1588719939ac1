"""The examples that need reaperd's deliberate delay (--hold, barriers) and its eye on foreign
zombies: the same facts, with the zombies of orphans and of other parents."""

from __future__ import annotations

import json
from pathlib import Path

import programs
from launch import Launcher


def test_a_held_orphan_keeps_its_number_while_numbers_wrap(launch: Launcher, mode: str) -> None:
    ended = programs.run(launch, mode, "held-pid", "adopted", few_pids=True,
                         options=["--hold", "comm=held,until=released"])
    assert ended.out.splitlines() == [
        "3 wraps while the zombie is kept: its number is given again: no",
        "state: Z",
    ], ended.err
    assert ended.code == 0


def test_without_a_rule_the_orphan_is_reaped_and_its_number_given_again(
        launch: Launcher, mode: str) -> None:
    """The counterpart: held-pid does see a number that comes back."""
    ended = programs.run(launch, mode, "held-pid", "adopted", few_pids=True)
    assert "given again: yes" in ended.out
    assert ended.code == 1


def test_a_barrier_keeps_all_jobs_until_the_last_one_is_dead(
        launch: Launcher, mode: str, tmp_path: Path) -> None:
    barriers = tmp_path / "hold.json"
    barriers.write_text(json.dumps({"barriers": {"jobs": {"release_when": {"count": 6}}}}))
    ended = programs.run(launch, mode, "barrier", "orphans",
                         options=["--hold", f"@{barriers}",
                                  "--hold", "comm=job*,until=barrier:jobs"])
    assert ended.out.splitlines() == [
        "5 of 6 jobs dead: 5 zombies kept",
        "the last one is dead: 0 zombies kept",
    ], ended.err
    assert ended.code == 0


def test_foreign_zombies_are_nudged_away_or_their_parent_ended(
        launch: Launcher, mode: str) -> None:
    """The careless parent reaps when nudged, and lives; the deaf one is ended. The age leaves time
    to count the zombies before."""
    ended = programs.run(
        launch, mode, "negligent-parent", "alone",
        options=["--foreign-zombies", "interval=300ms,action=terminate-parent,min_age=1s"])
    assert ended.out.splitlines() == [
        "a careless parent: 5 zombies",
        "after a SIGCHLD: 0 zombies",
        "a deaf parent, after a SIGCHLD: 5 zombies",
        "after its end by signal 15: 0 zombies",
    ], ended.err
    assert ended.code == 0
