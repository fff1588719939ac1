"""reaperctl in containers: by `exec` whoever runs there, from a sidecar that shares the directory
of the socket, and in an image that holds nothing else."""
from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from container_bed import Bed, wait_until
from container_engine import Container, Engine
from container_rootfs import pack
from paths import reaperctl_static

WITH_CTL = "localhost/with-reaperctl:1"  # busybox, reaperd as ENTRYPOINT, reaperctl
ALONE = "localhost/reaperd-and-reaperctl:1"  # the two programs and nothing else
SHARED = "/run/reaperd"
SOCKET = f"{SHARED}/reaperd.sock"
ENTRYPOINT = 'ENTRYPOINT ["/sbin/reaperd", "--"]'
MAIN = ("sleep", "600")
UNREACHABLE = 3

RESTRICTED = ("--read-only", "--cap-drop=all", "--user=1000:1000",
                 "--security-opt=no-new-privileges")
# TABLE: who runs and on what root -> where reaperd then listens.
PLACES = {
    "root": ((), SOCKET),
    "user": (("--user=1000:1000",), "/dev/shm/reaperd-1000/reaperd.sock"),
    "user_without_a_name": (("--user=4321:4321",), "/dev/shm/reaperd-4321/reaperd.sock"),
    "read_only_but_run": (("--read-only", "--tmpfs=/run"), SOCKET),
    "read_only": (("--read-only",), "/dev/shm/reaperd-0/reaperd.sock"),
    "read_only_user_without_rights": (RESTRICTED, "/dev/shm/reaperd-1000/reaperd.sock"),
}


@pytest.fixture(scope="module")
def roots(bed: Bed, reaperd: Path, baked: Path) -> dict[str, Path]:
    """The tars of both images."""
    with_ctl = shutil.copytree(baked, bed / "with-ctl", symlinks=True)
    shutil.copy(reaperctl_static(), with_ctl / "bin/reaperctl")
    alone = bed / "alone-with-ctl"
    for program, place in ((reaperd, "sbin/reaperd"), (reaperctl_static(), "bin/reaperctl")):
        (alone / place).parent.mkdir(parents=True)
        shutil.copy(program, alone / place)
    return {WITH_CTL: pack(with_ctl, bed / "with-ctl.tar"),
            ALONE: pack(alone, bed / "alone-with-ctl.tar")}


@pytest.fixture(scope="module", params=["podman", "docker"])
def engine(request: pytest.FixtureRequest, roots: dict[str, Path]) -> Engine:
    used: Engine = request.getfixturevalue(request.param)
    for image, archive in roots.items():
        used.import_root(archive, image, ENTRYPOINT)
    return used


def no_tmpfs(engine: Engine) -> tuple[str, ...]:
    """podman gives a container with a read-only root a tmpfs for /run, unless told not to."""
    return ("--read-only-tmpfs=false",) if engine.prefix[0] == "podman" else ()


def wait_for_main(container: Container) -> None:
    wait_until(lambda: any(one.args == " ".join(MAIN) for one in container.processes()), "main")


def wait_for_socket(container: Container) -> None:
    """At a place that reaperd picks itself it listens only after it has started main."""
    wait_until(lambda: exec_ctl(container, "ping").returncode == 0, "an answer")


def exec_ctl(container: Container, *words: str,
             options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return container.engine.call("exec", *options, container.name, "reaperctl", *words)


@pytest.mark.parametrize("place", PLACES)
def test_exec_ps_shows_main_whoever_it_runs_as(engine: Engine, place: str) -> None:
    options, socket = PLACES[place]
    if "--read-only" in options:
        options += no_tmpfs(engine)
    with engine.start(*options, WITH_CTL, *MAIN) as container:
        wait_for_socket(container)
        done = exec_ctl(container, "ps")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout.splitlines()[0].split() == [
            "PID", "PPID", "STATE", "ROLE", "AGE", "RSS", "COMMAND"]
        (main,) = [line.split() for line in done.stdout.splitlines() if "main" in line]
        assert main[1:4] == ["1", "alive", "main"] and main[-2:] == list(MAIN)
        assert exec_ctl(container, "--socket", socket, "ping").returncode == 0


def test_exec_json_status_is_that_of_pid_1(engine: Engine) -> None:
    with engine.start(WITH_CTL, *MAIN) as container:
        wait_for_socket(container)
        done = exec_ctl(container, "--json", "status")
        status = json.loads(done.stdout)
        assert (status["pid"], status["pid1"], status["main"]["state"]) == (1, True, "alive")


def test_another_user_is_not_let_in_unless_the_group_is(engine: Engine) -> None:
    other = ("--user=1000:1000",)
    with engine.start(WITH_CTL, *MAIN) as container:
        wait_for_socket(container)
        done = exec_ctl(container, "ps", options=other)
        assert (done.returncode, done.stdout) == (UNREACHABLE, "")
        assert "Permission denied" in done.stderr
    with engine.start("--env", "REAPERD_SOCKET_GROUP=1000", WITH_CTL, *MAIN) as container:
        wait_for_socket(container)
        assert "main" in exec_ctl(container, "ps", options=other).stdout
        refused = exec_ctl(container, "shutdown", options=other)
        assert (refused.returncode, refused.stdout) == (1, ""), refused.stderr
        assert container.running()


def test_without_a_place_reaperd_runs_and_reaperctl_tells_where_it_looked(engine: Engine) -> None:
    """A read-only root without /run and /dev/shm."""
    options = ("--read-only", "--ipc=none", *no_tmpfs(engine))
    with engine.start(*options, WITH_CTL, *MAIN) as container:
        wait_for_main(container)
        done = exec_ctl(container, "ps")
        assert (done.returncode, done.stdout) == (UNREACHABLE, "")
        for place in (SOCKET, "/dev/shm/reaperd-0/reaperd.sock"):
            assert place in done.stderr
        assert container.logs() == ""


def test_under_init_the_variable_asks_for_a_socket(engine: Engine) -> None:
    """As tini or catatonit reaperd has none of itself."""
    asked = ("--env", "REAPERD_STATUS_SOCKET=auto")
    for variables, wait in (((), wait_for_main), (asked, wait_for_socket)):
        with engine.start(*engine.with_init, *variables, "--entrypoint", "", WITH_CTL,
                          *MAIN) as container:
            wait(container)
            done = exec_ctl(container, "ps")
            assert done.returncode == (0 if variables else UNREACHABLE), done.stderr


def test_in_an_image_with_nothing_else(engine: Engine) -> None:
    """Main is a reaperctl, too: it follows the events of its own reaperd, which listens at a path
    that was named before it starts main. /run need not be there."""
    socket = "/reaperd/reaperd.sock"
    main = ("/bin/reaperctl", "--socket", socket, "events")
    with engine.start("--env", f"REAPERD_STATUS_SOCKET={socket}", ALONE, *main) as container:
        container.wait_log("snapshot")
        done = container.engine.call("exec", container.name, "/bin/reaperctl", "ps")
        assert (done.returncode, done.stderr) == (0, "")
        assert " ".join(main) in done.stdout
        status = container.engine.call("exec", container.name, "/bin/reaperctl", "status")
        assert "1 monitor" in status.stdout


@dataclass(frozen=True)
class Shared:
    """An application whose socket is in a directory that others mount, too."""

    engine: Engine
    app: Container
    folder: Path

    def sidecar(self, *words: str, user: str = "0:0") -> subprocess.CompletedProcess[str]:
        """reaperctl in a container of its own."""
        return self.engine.run(f"--user={user}", "--volume", f"{self.folder}:{SHARED}",
                               "--entrypoint", "/bin/reaperctl", ALONE, "--socket", SOCKET, *words)


@pytest.fixture(params=[(), ("--user=1000:1000", "--group-add=2000")],
                ids=["app_of_root", "app_of_user"])
def shared(request: pytest.FixtureRequest, engine: Engine, bed: Bed) -> Iterator[Shared]:
    """The directory is as an emptyDir of Kubernetes: open to all."""
    folder = bed / f"shared-{engine.prefix[0].rpartition('/')[2]}"
    folder.mkdir()
    folder.chmod(0o777)
    with engine.start(*request.param, "--volume", f"{folder}:{SHARED}", "--env",
                      f"REAPERD_STATUS_SOCKET={SOCKET}", "--env", "REAPERD_SOCKET_GROUP=2000",
                      WITH_CTL, *MAIN) as app:
        wait_for_main(app)
        yield Shared(engine, app, folder)
    shutil.rmtree(folder)


def test_a_sidecar_of_root_sees_and_commands(shared: Shared) -> None:
    done = shared.sidecar("ps")
    assert (done.returncode, done.stderr) == (0, "")
    assert "sleep 600" in done.stdout
    assert "reaperctl" not in done.stdout, "pid 1 of the sidecar is not that of the application"
    assert shared.sidecar("signal", "TERM", "main").returncode == 0
    assert shared.app.wait_exit() == 143


def test_a_sidecar_in_the_sockets_group_sees_and_does_not_command(shared: Shared) -> None:
    seen = shared.sidecar("ps", user="1234:2000")
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "[sleep]" in seen.stdout and "600" not in seen.stdout
    assert json.loads(shared.sidecar("--json", "status", user="1234:2000").stdout)["pid"] == 1
    for words in (("shutdown",), ("signal", "KILL", "main"), ("log-level", "debug")):
        refused = shared.sidecar(*words, user="1234:2000")
        assert (refused.returncode, refused.stdout) == (1, ""), refused.stderr
    assert shared.app.running()


def test_a_sidecar_of_a_stranger_sees_nothing(shared: Shared) -> None:
    done = shared.sidecar("ps", user="1234:1234")
    assert (done.returncode, done.stdout) == (UNREACHABLE, "")
    assert "Permission denied" in done.stderr


def test_a_sidecar_finds_a_restarted_application_in_the_same_place(shared: Shared) -> None:
    """The socket that the killed one left behind is replaced."""
    before = shared.sidecar("ping").stdout
    shared.app.kill("SIGKILL")
    shared.app.wait_exit()
    gone = shared.sidecar("ping")
    assert gone.returncode == UNREACHABLE and "Connection refused" in gone.stderr
    shared.engine.call("start", shared.app.name, check=True)
    wait_for_main(shared.app)
    after = shared.sidecar("ping")
    assert after.returncode == 0 and after.stdout != before
