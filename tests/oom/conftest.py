"""Fixtures of the OOM stage: both beds, and each scenario played once per bed."""
from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from container_bed import Bed
from need import need
from oom_bed import DEATH_LOG, GuestBed, OomBed, OomRun, PodmanBed, has_death_log
from paths import reaperd_roles, reaperd_static


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """The scratch directory of this run."""
    if os.geteuid() != 0:
        pytest.skip("container engines are tested as root")
    need("setpriv", "busybox", "runc")
    made = Bed()
    yield made
    made.close()


@pytest.fixture(scope="session")
def reaperd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the static binary; a build beside us may replace the original."""
    return Path(shutil.copy(reaperd_static(), tmp_path_factory.mktemp("bin") / "reaperd"))


@pytest.fixture(scope="session")
def podman_bed(bed: Bed, reaperd: Path) -> Iterator[PodmanBed]:
    need("podman")
    made = PodmanBed(bed, reaperd, reaperd_roles())
    yield made
    made.close()


@pytest.fixture(scope="session")
def guest_bed(tmp_path_factory: pytest.TempPathFactory, reaperd: Path) -> GuestBed:
    need("setpriv")
    return GuestBed(tmp_path_factory.mktemp("guest"), reaperd, reaperd_roles())


@pytest.fixture(params=["podman", "guest"])
def any_bed(request: pytest.FixtureRequest) -> OomBed:
    """Each bed in turn; `-k guest` picks one."""
    return request.getfixturevalue(f"{request.param}_bed")


@pytest.fixture(scope="session")
def death_log(reaperd: Path) -> tuple[str, ...]:
    """The options that ask for the records, none while the program has no such option."""
    return ("--death-log", DEATH_LOG) if has_death_log(reaperd) else ()


@pytest.fixture(scope="session")
def play(death_log: tuple[str, ...]) -> Callable[[OomBed, str], OomRun]:
    """Plays a scenario, or gives what it gave before: a guest's boot takes seconds."""
    played: dict[tuple[str, str], OomRun] = {}

    def once(where: OomBed, scenario: str) -> OomRun:
        key = (where.name, scenario)
        if key not in played:
            played[key] = where.play(scenario, *death_log)
        return played[key]

    return once


@pytest.fixture
def need_records(death_log: tuple[str, ...]) -> None:
    """For tests of verdicts."""
    if not death_log:
        pytest.skip("this reaperd has no --death-log")
