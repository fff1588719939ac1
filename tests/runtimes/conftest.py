"""Fixtures of the runtime stage: engines, images and the ways to bring reaperd in.

Everything lives in one scratch directory and one private mount namespace (`container_bed.Bed`). An
engine starts when the first test asks for it, so a single test costs one engine and not four.
"""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_bed import Bed, run
from container_engine import Docker, Engine, Podman
from container_rootfs import make_tiny, pack
from container_ways import BAKED, TINY, Way
from need import need
from paths import reaperd_static



@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """The scratch directory of this run."""
    if os.geteuid() != 0:
        pytest.skip("container engines are tested as root")
    for tool in ("setpriv", "busybox", "runc"):
        need(tool)
    made = Bed()
    yield made
    made.close()


@pytest.fixture(scope="session")
def reaperd(bed: Bed) -> Path:
    """A copy of the static binary inside the bed; a build beside us may replace the original."""
    (bed / "bin").mkdir()
    shutil.copy(reaperd_static(), bed / "bin/reaperd")
    for name in ("docker-init", "podman-init", "catatonit", "pause"):
        (bed / "bin" / name).symlink_to("reaperd")
    return bed / "bin/reaperd"


@pytest.fixture(scope="session")
def version(reaperd: Path) -> str:
    """The version that `reaperd --version` prints."""
    return run([reaperd, "--version"], check=True).stdout.split()[1]


@pytest.fixture(scope="session")
def tiny(bed: Bed) -> Path:
    """A root with busybox only."""
    return make_tiny(bed / "tiny")


@pytest.fixture(scope="session")
def tiny_tar(bed: Bed, tiny: Path) -> Path:
    """The same as a tar."""
    return pack(tiny, bed / "tiny.tar")


@pytest.fixture(scope="session")
def baked(bed: Bed, reaperd: Path) -> Path:
    """A root with busybox and /sbin/reaperd."""
    root = make_tiny(bed / "baked")
    shutil.copy(reaperd, root / "sbin/reaperd")
    return root


@pytest.fixture(scope="session")
def baked_tar(bed: Bed, baked: Path) -> Path:
    """The same as a tar."""
    return pack(baked, bed / "baked.tar")


def _import_images(engine: Engine, tiny_tar: Path, baked_tar: Path) -> None:
    engine.import_root(tiny_tar, TINY)
    engine.import_root(baked_tar, BAKED, 'ENTRYPOINT ["/sbin/reaperd", "--"]')


@pytest.fixture(scope="session")
def podman(bed: Bed, reaperd: Path, tiny_tar: Path, baked_tar: Path) -> Iterator[Podman]:
    """podman with both images."""
    need("podman")
    engine = Podman(bed, reaperd)
    _import_images(engine, tiny_tar, baked_tar)
    yield engine
    engine.remove_all()


@pytest.fixture(scope="session")
def docker(bed: Bed, reaperd: Path, tiny_tar: Path, baked_tar: Path) -> Iterator[Docker]:
    """A Docker daemon whose init is a link named docker-init to our static binary."""
    need("dockerd")
    engine = Docker(bed, reaperd.parent / "docker-init")
    _import_images(engine, tiny_tar, baked_tar)
    yield engine
    engine.close()


def _podman_run_init(engine: Engine, init: Path) -> Way:
    return Way("podman_run_init", engine, ["--init", "--init-path", str(init)], TINY,
               "/run/podman-init --", missing_status=1, own_defaults=False)


def _podman_entrypoint(engine: Engine, init: Path) -> Way:
    return Way("podman_entrypoint", engine, [], BAKED, "/sbin/reaperd --")


def _podman_bind_mount(engine: Engine, init: Path) -> Way:
    return Way("podman_bind_mount", engine,
               ["--volume", f"{init}:/sup/reaperd:ro", "--entrypoint", '["/sup/reaperd","--"]'],
               TINY, "/sup/reaperd --")


def _docker_run_init(engine: Engine, init: Path) -> Way:
    return Way("docker_run_init", engine, ["--init"], TINY, "/sbin/docker-init --",
               own_defaults=False)


def _docker_entrypoint(engine: Engine, init: Path) -> Way:
    return Way("docker_entrypoint", engine, [], BAKED, "/sbin/reaperd --")


def _docker_bind_mount(engine: Engine, init: Path) -> Way:
    return Way("docker_bind_mount", engine,
               ["--volume", f"{init}:/sup/reaperd:ro", "--entrypoint", "/sup/reaperd"],
               TINY, "/sup/reaperd --", extra=["--"])


MAKERS = {make.__name__[1:]: make for make in (
    _podman_run_init, _podman_entrypoint, _podman_bind_mount, _docker_run_init, _docker_entrypoint,
    _docker_bind_mount)}


@pytest.fixture(params=list(MAKERS))
def way(request: pytest.FixtureRequest, reaperd: Path) -> Way:
    """Each way to bring reaperd in; `-k docker_run_init` picks one."""
    engine = request.getfixturevalue(request.param.split("_")[0])
    return MAKERS[request.param](engine, reaperd)
