"""Real deaths for want of memory, and deaths by KILL beside them: what reaperd gives as its status
and what it says of each. The scenarios are in tests/support/py/oom_bed.py."""
from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from oom_bed import GUEST_ONLY, GuestBed, OomBed, OomRun, PodmanBed

Play = Callable[[OomBed, str], OomRun]

# TABLE: scenario -> reaperd's status, whether the OOM killer took somebody.
ENDS = {
    "main_is_the_victim": (137, True),
    "an_orphan_is_the_victim": (3, True),
    "kill_alone": (4, False),
    "main_is_killed": (137, False),
    "kill_soon_after": (5, True),
    "kill_much_later": (7, True),
    "numbers_run_out": (8, False),
    "whole_group_is_the_victim": (9, True),
}

# TABLE: scenario -> name of the dead -> the verdicts that are right.
VERDICTS: dict[str, dict[str, set[str]]] = {
    "main_is_the_victim": {"victim": {"oom-kill"}},
    "an_orphan_is_the_victim": {"victim": {"oom-kill"}},
    "kill_alone": {"bystander": {"unknown-sigkill"}},
    "main_is_killed": {"sh": {"unknown-sigkill"}},
    # Which of the two is seen first is chance.
    "kill_soon_after": {"victim": {"oom-kill", "possible-oom"},
                        "bystander": {"possible-oom", "unknown-sigkill"}},
    "kill_much_later": {"victim": {"oom-kill"}, "bystander": {"unknown-sigkill"}},
    "whole_group_is_the_victim": {"victim": {"oom-kill"}, "bystander": {"oom-kill"}},
}


def skip_if_guest_only(bed: OomBed, scenario: str) -> None:
    if scenario in GUEST_ONLY and bed.name != GuestBed.name:
        pytest.skip("a container may not write to its group")


@pytest.mark.limit(100)
@pytest.mark.parametrize("scenario", ENDS)
def test_the_status_is_mains_and_the_killer_was_there(play: Play, any_bed: OomBed,
                                                      scenario: str) -> None:
    skip_if_guest_only(any_bed, scenario)
    ran = play(any_bed, scenario)
    assert (ran.status, ran.oom_killed) == ENDS[scenario], ran


@pytest.mark.limit(100)
@pytest.mark.usefixtures("need_records")
@pytest.mark.parametrize("scenario", VERDICTS)
def test_the_verdict_is_right(play: Play, any_bed: OomBed, scenario: str) -> None:
    skip_if_guest_only(any_bed, scenario)
    ran = play(any_bed, scenario)
    for comm, right in VERDICTS[scenario].items():
        causes = ran.causes(comm)
        assert len(causes) == 1 and causes[0] in right, ran.death_log


@pytest.mark.limit(100)
def test_two_that_are_found_dead_together_are_reaped(play: Play, guest_bed: GuestBed) -> None:
    ran = play(guest_bed, "kill_at_once")
    assert (ran.status, ran.oom_killed) == (6, True), ran


@pytest.mark.limit(100)
@pytest.mark.usefixtures("need_records")
def test_of_two_that_are_found_dead_together_the_kernels_log_names_the_victim(
        play: Play, guest_bed: GuestBed) -> None:
    """The counter alone cannot tell them apart; in the first pid namespace the log can."""
    ran = play(guest_bed, "kill_at_once")
    assert ran.causes("victim") == ["oom-kill"], ran.death_log
    assert ran.causes("bystander") == ["possible-oom"], ran.death_log
    [victim] = ran.evidence("victim")
    assert victim.startswith("the kernel log names pid ") and victim.endswith(
        ": killed process victim"), victim


@pytest.mark.limit(100)
@pytest.mark.usefixtures("need_records")
def test_in_a_container_the_counter_is_the_evidence(play: Play, podman_bed: PodmanBed) -> None:
    [evidence] = play(podman_bed, "main_is_the_victim").evidence("victim")
    assert re.fullmatch(r"memory\.\S+ oom_kill of /\S* rose 0→1, the only SIGKILL since the last "
                        r"reading", evidence)


@pytest.mark.limit(100)
@pytest.mark.usefixtures("need_records")
def test_a_fork_that_fails_releases_half_of_the_held(play: Play, guest_bed: GuestBed) -> None:
    """pids.events tells; the oldest go first."""
    ran = play(guest_bed, "numbers_run_out")
    held = sorted((one for one in ran.deaths() if one["hold"]), key=lambda one: one["seq"])
    assert [one["hold"]["released_by"] for one in held] == ["pressure"] * 4 + ["shutdown"] * 4


def test_a_container_within_its_limit_is_left_alone(podman_bed: PodmanBed) -> None:
    """So that a status 137 above comes from the limit, not from the bed."""
    done = podman_bed.podman.run("--memory=32m", "--entrypoint", '["/sbin/reaperd", "--"]',
                                 "localhost/oom:1", "victim", "eat-memory", "8")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["ready", "eat-memory"]), done
