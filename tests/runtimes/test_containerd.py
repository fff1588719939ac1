"""containerd through `ctr run`: from an image with ENTRYPOINT and from a plain root."""
from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_bed import Bed, run, wait_until
from container_engine import Podman
from container_ways import BAKED, main_with_traps
from containerd_bed import Containerd
from need import need


@pytest.fixture(scope="module")
def containerd(bed: Bed) -> Iterator[Containerd]:
    """The daemon."""
    need("containerd")
    made = Containerd(bed)
    yield made
    made.close()


@pytest.fixture(scope="module")
def image(containerd: Containerd, podman: Podman, bed: Bed) -> str:
    """The image with reaperd as its entrypoint, brought over from podman as an OCI archive."""
    archive = bed / "baked.oci"
    podman.call("save", "--format", "oci-archive", "--output", archive, BAKED, check=True)
    done = containerd.ctr("images", "import", archive)
    assert done.returncode == 0, done.stderr
    return BAKED


def test_ctr_run_of_an_image_uses_its_entrypoint(containerd: Containerd, image: str) -> None:
    """ctr takes the image's ENTRYPOINT only when no command is given, so that is given here."""
    name = containerd.new_name()
    done = run(containerd.run_argv(name, image, name, "/sbin/reaperd", "--", "sh", "-c",
                                   "cat /proc/1/cmdline; exit 42"))
    assert done.returncode == 42
    assert done.stdout.replace("\0", " ").startswith("/sbin/reaperd -- sh -c ")


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("exit 255", 255),
                                            ("kill -TERM $$", 143)])
def test_ctr_run_gives_mains_status(containerd: Containerd, baked: Path, script: str,
                                    status: int) -> None:
    name = containerd.new_name()
    done = run(containerd.run_argv(name, "--rootfs", baked, name, "/sbin/reaperd", "/bin/sh", "-c",
                                   script))
    assert done.returncode == status


def test_ctr_kill_of_the_task_ends_main(containerd: Containerd, baked: Path) -> None:
    name = containerd.new_name()
    client = subprocess.Popen(
        containerd.run_argv(name, "--rootfs", baked, name, "/sbin/reaperd", "/bin/sh", "-c",
                            main_with_traps("HUP")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert client.stdout is not None
    try:
        assert client.stdout.readline() == b"ready\n"
        containerd.ctr("tasks", "kill", "--signal", "SIGHUP", name)
        assert client.stdout.readline() == b"got HUP\n"
        containerd.ctr("tasks", "kill", "--signal", "SIGTERM", name)
        assert client.wait(20) == 7
    finally:
        client.kill()
        client.wait()


def test_ctr_exec_leaves_no_zombie(containerd: Containerd, baked: Path) -> None:
    name = containerd.new_name()
    client = subprocess.Popen(
        containerd.run_argv(name, "--rootfs", baked, name, "/sbin/reaperd", "/bin/sh", "-c",
                            main_with_traps()),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert client.stdout is not None
    try:
        assert client.stdout.readline() == b"ready\n"
        done = containerd.ctr("tasks", "exec", "--exec-id", "e1", name, "/bin/sh", "-c",
                              "(/bin/sleep 0.1 > /dev/null 2>&1 &)")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: len(containerd.ctr("tasks", "ps", name).stdout.split("\n")) == 5,
                   "three processes, a heading and an empty line")
        containerd.ctr("tasks", "kill", name)
        assert client.wait(20) == 7
    finally:
        client.kill()
        client.wait()
