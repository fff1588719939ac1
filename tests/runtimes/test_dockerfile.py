"""The repository's Dockerfile, built as it stands by podman and Docker, and the image it gives.

A build installs a compiler and compiles reaperd: more than two minutes of two processors. Docker's
old builder, which knows no more than podman's and BuildKit's, builds it with REAPERD_TEST_LONG=1.
The base image is made here by mmdebstrap, under the name that the Dockerfile uses. The time is
spent in a fixture, where a test's time limit does not count.
"""
from __future__ import annotations

import json
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from container_bed import Bed, wait_until
from container_engine import Engine
from container_rootfs import debian_tar
from container_ways import main_with_traps
from need import need
from paths import ROOT

BASE = "docker.io/library/debian:bookworm-slim"
# The budgets of the static binaries.
LARGEST_BYTES = {"sbin/reaperd": 3_355_443, "bin/reaperctl": 2_097_152}


@pytest.fixture(scope="module")
def debian() -> Path:
    """The base image's root as a tar."""
    need("mmdebstrap")
    return debian_tar()


@dataclass(frozen=True)
class Built:
    """The image as one builder has made it."""

    engine: Engine
    image: str


BUILT_BY = ["podman", "docker_buildkit"]
if os.environ.get("REAPERD_TEST_LONG") == "1":
    BUILT_BY.append("docker_classic")


@pytest.fixture(scope="module", params=BUILT_BY)
def built(request: pytest.FixtureRequest, debian: Path) -> Built:
    """The Dockerfile's image, by each builder."""
    builder: str = request.param
    engine: Engine = request.getfixturevalue(builder.split("_")[0])
    image = f"localhost/reaperd:{builder}"
    engine.import_root(debian, BASE)
    engine.build(ROOT, image, builder)
    return Built(engine, image)


def test_the_image_is_two_small_programs_and_nothing_else(built: Built, bed: Bed) -> None:
    archive = bed / f"{built.image.rpartition(':')[2]}.tar"
    built.engine.call("save", "--output", archive, built.image, check=True)
    found = {}
    with tarfile.open(archive) as image:
        for part in image:
            if part.name.endswith(".tar"):  # a layer
                with tarfile.open(fileobj=image.extractfile(part)) as layer:
                    found |= {one.name: one.size for one in layer if not one.isdir()}
    assert found.keys() == LARGEST_BYTES.keys()
    assert {name: size for name, size in found.items() if size > LARGEST_BYTES[name]} == {}


def test_the_image_shows_the_help_by_default(built: Built) -> None:
    done = built.engine.run(built.image)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: reaperd ")


def test_the_image_has_the_version_of_this_tree(built: Built, version: str) -> None:
    done = built.engine.run(built.image, "--version")
    assert (done.returncode, done.stdout) == (0, f"reaperd {version}\n")


def test_the_image_runs_itself_as_a_command(built: Built, version: str) -> None:
    done = built.engine.run(built.image, "--", "/sbin/reaperd", "--version")
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


def test_the_image_runs_and_stops_a_command_from_a_volume(built: Built, programs: Path) -> None:
    with built.engine.start("--volume", f"{programs}:/bin:ro", built.image, "--", "/bin/sh", "-c",
                            main_with_traps()) as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7


def test_exec_of_its_reaperctl_shows_a_command_from_a_volume(built: Built, programs: Path) -> None:
    with built.engine.start("--volume", f"{programs}:/programs:ro", built.image, "--",
                            "/programs/busybox", "sleep", "600") as container:
        wait_until(lambda: built.engine.call("exec", container.name, "reaperctl", "ping"
                                             ).returncode == 0, "reaperd answers")
        assert "busybox sleep 600" in container.exec("reaperctl", "ps")


def test_an_image_built_upon_it_runs_and_stops(built: Built, programs: Path, bed: Bed) -> None:
    context = shutil.copytree(programs, bed / f"upon-{built.image.rpartition(':')[2]}",
                              symlinks=True)
    command = json.dumps(["sh", "-c", main_with_traps()])
    (context / "Dockerfile").write_text(
        f"FROM {built.image}\nCOPY busybox sh sleep /bin/\nCMD {command}\n")
    image = f"{built.image}-and-programs"
    built.engine.build(context, image)
    with built.engine.start(image) as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7
