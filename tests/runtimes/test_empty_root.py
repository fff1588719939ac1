"""The static binary in a root with nothing but itself: no /proc, no devices, no users, no
libraries."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from container_bed import Bed, clean_environment, run, wait_until
from container_engine import Engine
from runc_bundle import Bundle

IMAGE = "localhost/alone:1"
NEW_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child"]


@pytest.fixture(scope="module")
def alone(bed: Bed, reaperd: Path) -> Path:
    """A directory with one file: /reaperd."""
    (bed / "alone").mkdir()
    shutil.copy(reaperd, bed / "alone/reaperd")
    return bed / "alone"


@pytest.fixture(scope="module")
def with_busybox(bed: Bed, alone: Path) -> Path:
    """The same and a static /busybox."""
    shutil.copytree(alone, bed / "alone2")
    shutil.copy("/bin/busybox", bed / "alone2/busybox")
    return bed / "alone2"


@pytest.mark.parametrize("namespace", [NEW_PID_NAMESPACE, []], ids=["pid_1", "subreaper"])
def test_runs_itself_in_a_chroot(alone: Path, namespace: list[str]) -> None:
    done = run([*namespace, "chroot", alone, "/reaperd", "--", "/reaperd", "--version"])
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("reaperd ")


@pytest.mark.parametrize("namespace", [NEW_PID_NAMESPACE, []], ids=["pid_1", "subreaper"])
def test_gives_the_status_of_a_static_child_in_a_chroot(with_busybox: Path,
                                                        namespace: list[str]) -> None:
    done = run([*namespace, "chroot", with_busybox, "/reaperd", "--", "/busybox", "sh", "-c",
                "exit 42"])
    assert (done.returncode, done.stdout, done.stderr) == (42, "", "")


def test_explains_what_is_lacking_in_a_chroot(alone: Path) -> None:
    done = run([*NEW_PID_NAMESPACE, "chroot", alone, "/reaperd", "--explain"])
    assert done.returncode == 0
    assert "/proc" in done.stdout


def test_a_user_cannot_be_resolved_without_passwd(alone: Path) -> None:
    done = run([*NEW_PID_NAMESPACE, "chroot", alone, "/reaperd", "--user", "somebody", "--",
                "/reaperd", "--version"])
    assert (done.returncode, done.stdout) == (125, "")
    assert "somebody" in done.stderr


def test_a_numeric_user_needs_no_passwd(alone: Path) -> None:
    done = run([*NEW_PID_NAMESPACE, "chroot", alone, "/reaperd", "--user", "1000:1000", "--",
                "/reaperd", "--version"])
    assert done.returncode == 0, done.stderr


def test_reaps_orphans_without_proc(with_busybox: Path) -> None:
    """Looked at from outside, since inside there is nothing to look with."""
    script = ("i=0; while [ $i -lt 10 ]; do (/busybox sleep 0.2 &); i=$((i+1)); done; "
              "echo made; read end; exit 6")
    inside = subprocess.Popen([*NEW_PID_NAMESPACE, "chroot", str(with_busybox), "/reaperd", "--",
                               "/busybox", "sh", "-c", script],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=clean_environment())
    assert inside.stdin is not None and inside.stdout is not None
    try:
        assert inside.stdout.readline() == b"made\n"
        (init,) = children(inside.pid)
        wait_until(lambda: len(children(init)) == 1, "only main is left below PID 1")
        inside.stdin.write(b"\n")
        inside.stdin.close()
        assert inside.wait(20) == 6
    finally:
        inside.kill()
        inside.wait()


def children(pid: int) -> list[int]:
    """Children of a process, zombies too."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_is_an_image_by_itself(request: pytest.FixtureRequest, bed: Bed, alone: Path,
                               engine: str) -> None:
    """As an image FROM scratch: the engine adds /proc and /dev, everything else is missing."""
    used: Engine = request.getfixturevalue(engine)
    archive = bed / f"alone-{engine}.tar"
    run(["tar", "-C", alone, "-c", "-f", archive, "."], check=True)
    used.import_root(archive, IMAGE, 'ENTRYPOINT ["/reaperd", "--"]')
    done = used.run(IMAGE, "/reaperd", "--version")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("reaperd ")
    missing = used.run(IMAGE, "sh")
    assert missing.returncode == 127
    assert "No such file or directory" in missing.stderr


def test_runc_starts_it_with_proc_as_the_only_mount(bed: Bed, alone: Path) -> None:
    """runc itself cannot do without /proc; it makes device nodes in the root, hence the copy."""
    root = shutil.copytree(alone, bed / "alone3")
    (root / "proc").mkdir()
    bundle = Bundle(bed, root, "/reaperd", "--", "/reaperd", "--version")
    bundle.config["root"]["readonly"] = False
    bundle.config["mounts"] = [
        one for one in bundle.config["mounts"] if one["destination"] == "/proc"]
    bundle.config["linux"]["maskedPaths"] = []
    bundle.config["linux"]["readonlyPaths"] = []
    done = bundle.run()
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("reaperd ")
