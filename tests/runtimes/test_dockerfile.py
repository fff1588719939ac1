"""The repository's Dockerfile, built as it stands by podman and by Docker, and the image it gives.

Each build installs a compiler and compiles reaperd, about a minute and a half on two cores, so there is
one by podman and one by Docker for all the tests. The base image is made here by mmdebstrap, under the name that the
Dockerfile uses.
"""
from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from container_bed import Bed
from container_engine import Engine
from container_rootfs import debian_tar
from container_ways import main_with_traps
from need import need
from paths import ROOT

BASE = "docker.io/library/debian:bookworm-slim"
IMAGE = "localhost/reaperd:built"
LARGEST_BYTES = 3_355_443  # 3.2 MiB: the budget of the static binary


@pytest.fixture(scope="module")
def debian() -> Path:
    """The base image's root as a tar."""
    need("mmdebstrap")
    return debian_tar()


@pytest.fixture(scope="module")
def built_by_podman(request: pytest.FixtureRequest, debian: Path) -> Engine:
    """podman with the image."""
    engine: Engine = request.getfixturevalue("podman")
    engine.import_root(debian, BASE)
    engine.build(ROOT, IMAGE)
    return engine


@pytest.fixture(scope="module")
def built_by_docker(request: pytest.FixtureRequest, debian: Path) -> Engine:
    """Docker with the image."""
    engine: Engine = request.getfixturevalue("docker")
    engine.import_root(debian, BASE)
    engine.build(ROOT, IMAGE)
    return engine


@pytest.fixture(params=["built_by_podman", "built_by_docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both, one after the other."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_the_image_is_one_small_static_program(engine: Engine) -> None:
    size = int(engine.call("image", "inspect", "--format", "{{.Size}}", IMAGE, check=True).stdout)
    assert 0 < size < LARGEST_BYTES


def test_the_image_shows_the_help_by_default(engine: Engine) -> None:
    done = engine.run(IMAGE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: reaperd ")


def test_the_image_has_the_version_of_this_tree(engine: Engine, version: str) -> None:
    done = engine.run(IMAGE, "--version")
    assert (done.returncode, done.stdout) == (0, f"reaperd {version}\n")


def test_the_image_runs_itself_as_a_command(engine: Engine, version: str) -> None:
    done = engine.run(IMAGE, "--", "/sbin/reaperd", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"reaperd {version}\n", "")


@pytest.fixture(scope="module")
def programs(bed: Bed) -> Path:
    """A directory with a shell and `sleep`."""
    folder = bed / "programs"
    folder.mkdir()
    shutil.copy("/bin/busybox", folder / "busybox")
    for name in ("sh", "sleep"):
        (folder / name).symlink_to("busybox")
    return folder


def test_the_image_runs_and_stops_a_command_from_a_volume(engine: Engine, programs: Path) -> None:
    with engine.start("--volume", f"{programs}:/bin:ro", IMAGE, "--", "/bin/sh", "-c",
                      main_with_traps()) as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7


def test_an_image_built_upon_it_runs_and_stops(engine: Engine, programs: Path, bed: Bed) -> None:
    context = shutil.copytree(programs, bed / f"upon-{type(engine).__name__}", symlinks=True)
    command = json.dumps(["sh", "-c", main_with_traps()])
    (context / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY busybox sh sleep /bin/\nCMD {command}\n")
    engine.build(context, "localhost/upon:1")
    with engine.start("localhost/upon:1") as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7


def test_the_dockerfile_ignores_what_the_build_does_not_read() -> None:
    """.dockerignore is a list of what is taken: a new layer must be added there."""
    taken = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines()
             if line.startswith("!")}
    for name in taken:
        assert (ROOT / name).exists(), name
    assert taken == {"CMakeLists.txt", "CMakePresets.json", "cmake", "daemon", "lib"}
