"""Real deaths for want of memory, and deaths by KILL beside them: what reaperd gives as its status
and what it says of each. The scenarios are in tests/support/py/oom_bed.py."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from oom_bed import GuestBed, OomBed, OomRun, PodmanBed

Play = Callable[[OomBed, str], OomRun]

# TABLE: scenario -> reaperd's status, whether the OOM killer took somebody.
ENDS = {
    "main_is_the_victim": (137, True),
    "an_orphan_is_the_victim": (3, True),
    "kill_alone": (4, False),
    "main_is_killed": (137, False),
    "kill_soon_after": (5, True),
    "kill_much_later": (7, True),
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
}


@pytest.mark.limit(100)
@pytest.mark.parametrize("scenario", ENDS)
def test_the_status_is_mains_and_the_killer_was_there(play: Play, any_bed: OomBed,
                                                      scenario: str) -> None:
    ran = play(any_bed, scenario)
    assert (ran.status, ran.oom_killed) == ENDS[scenario], ran


@pytest.mark.limit(100)
@pytest.mark.usefixtures("need_records")
@pytest.mark.parametrize("scenario", VERDICTS)
def test_the_verdict_is_right(play: Play, any_bed: OomBed, scenario: str) -> None:
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
    assert ran.causes("victim")[0] in {"oom-kill", "possible-oom"}, ran.death_log
    assert ran.causes("bystander")[0] in {"possible-oom", "unknown-sigkill"}, ran.death_log


def test_a_container_within_its_limit_is_left_alone(podman_bed: PodmanBed) -> None:
    """So that a status 137 above comes from the limit, not from the bed."""
    done = podman_bed.podman.run("--memory=32m", "--entrypoint", '["/sbin/reaperd", "--"]',
                                 "localhost/oom:1", "victim", "eat-memory", "8")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["ready", "eat-memory"]), done
