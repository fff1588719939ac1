"""What only the Docker engine is asked for here: its view of our version, the environment as the
only way to pass options to `docker run --init`, health checks, restarts, exec."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

from container_bed import run, wait_until
from container_engine import Docker
from container_ways import BAKED, TINY, main_with_traps, zombies

# A helper in main's process group, and main; both tell when they get USR1.
MAIN_AND_HELPER = (
    "sh -c 'trap \"echo helper got USR1\" USR1; sleep 600 & echo ready; while :; do wait; done' & "
    "trap 'echo main got USR1' USR1; trap 'exit 7' TERM; echo ready; while :; do wait; done")


def test_docker_shows_our_version(docker: Docker, reaperd: Path, version: str) -> None:
    parts = {part["Name"]: part for part in docker.server_version()["Components"]}
    assert parts["docker-init"]["Version"] == version
    own = run([reaperd.parent / "docker-init", "--version"], check=True).stdout
    assert own.startswith(f"tini version {version}")
    info = docker.call("info", check=True)
    assert "docker-init" in info.stdout
    assert "N/A" not in info.stdout
    assert "docker-init" not in "".join(line for line in docker.daemon.log.read_text().splitlines()
                                        if "level=warning" in line)


def test_docker_run_init_hides_our_environment_from_main(docker: Docker) -> None:
    done = docker.run("--init", "--env", "REAPERD_GRACE=1s", "--env", "REAPERD_SIGNAL_TARGET=group",
                      "--env", "KEPT=yes", TINY, "env")
    assert done.returncode == 0
    assert "KEPT=yes" in done.stdout.splitlines()
    assert "REAPERD" not in done.stdout


def test_docker_run_init_refuses_a_bad_environment(docker: Docker) -> None:
    """As tini refuses a bad option: status 1, nothing started."""
    done = docker.run("--init", "--env", "REAPERD_GRACE=soon", TINY, "echo", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert "REAPERD_GRACE" in done.stderr and "soon" in done.stderr


def test_docker_run_init_signals_main_only(docker: Docker) -> None:
    with docker.start("--init", TINY, "sh", "-c", MAIN_AND_HELPER) as container:
        container.wait_log("ready", 2)
        container.kill("SIGUSR1")
        container.wait_log("main got USR1")
        container.kill("SIGTERM")
        assert container.wait_exit() == 7
        assert "helper got USR1" not in container.logs()


def test_docker_run_init_signals_the_group_when_the_environment_says_so(docker: Docker) -> None:
    with docker.start("--init", "--env", "REAPERD_SIGNAL_TARGET=group", TINY, "sh", "-c",
                      MAIN_AND_HELPER) as container:
        container.wait_log("ready", 2)
        container.kill("SIGUSR1")
        container.wait_log("main got USR1")
        container.wait_log("helper got USR1")


def test_docker_run_init_rewrites_when_the_environment_says_so(docker: Docker) -> None:
    with docker.start("--init", "--env", "REAPERD_REWRITE=HUP=USR1,USR2=none", TINY, "sh", "-c",
                      main_with_traps("HUP", "USR1", "USR2")) as container:
        container.wait_log("ready")
        container.kill("SIGUSR2")
        container.kill("SIGHUP")
        assert "got HUP" not in container.wait_log("got USR1")
        container.kill("SIGTERM")
        assert container.wait_exit() == 7
        assert "got USR2" not in container.logs()


def test_docker_run_init_maps_the_exit_status_when_the_environment_says_so(docker: Docker) -> None:
    options = ("--init", "--env", "REAPERD_MAP=143=0,3=4", TINY)
    assert docker.run(*options, "sh", "-c", "kill -TERM $$").returncode == 0
    assert docker.run(*options, "sh", "-c", "exit 3").returncode == 4
    assert docker.run(*options, "sh", "-c", "exit 5").returncode == 5


def test_docker_run_init_takes_tinis_own_environment(docker: Docker) -> None:
    with docker.start("--init", "--env", "TINI_KILL_PROCESS_GROUP=", TINY, "sh", "-c",
                      MAIN_AND_HELPER) as container:
        container.wait_log("ready", 2)
        container.kill("SIGUSR1")
        container.wait_log("helper got USR1")


def test_docker_entrypoint_takes_options_from_the_environment(docker: Docker) -> None:
    """Whoever runs an image sets what its author did not."""
    done = docker.run("--env", "REAPERD_MAP=3=4", BAKED, "sh", "-c", "env; exit 3")
    assert done.returncode == 4
    assert "REAPERD" not in done.stdout


def test_a_health_check_disturbs_neither_main_nor_the_reaping(docker: Docker) -> None:
    """Each check leaves an orphan that PID 1 gets and that ends a little later."""
    check = "(sleep 0.1 &); echo x >> /tmp/checks; test -e /tmp/healthy"
    with docker.start("--health-cmd", check, "--health-interval=100ms", "--health-retries=2", BAKED,
                      "sh", "-c", main_with_traps()) as container:
        wait_until(lambda: health(docker, container.name) == "unhealthy", "unhealthy")
        container.exec("touch", "/tmp/healthy")
        wait_until(lambda: health(docker, container.name) == "healthy", "healthy")
        wait_until(lambda: int(container.exec("wc", "-l", "/tmp/checks").split()[0]) > 10,
                   "ten checks")
        assert container.running()
        container.kill("SIGTERM")
        assert container.wait_exit() == 7


def health(docker: Docker, name: str) -> str:
    """Docker's opinion on a container."""
    return docker.call("inspect", "--format", "{{.State.Health.Status}}", name).stdout.strip()


def test_orphans_of_docker_exec_are_reaped(docker: Docker) -> None:
    with docker.start(BAKED, "sleep", "600") as container:
        container.exec("sh", "-c", "sleep 500 > /dev/null 2>&1 & echo $! > /tmp/orphan")
        orphan = int(container.exec("cat", "/tmp/orphan"))
        wait_until(lambda: [one.ppid for one in container.processes() if one.pid == orphan] == [1],
                   "PID 1 has the orphan")
        container.exec("kill", "-KILL", str(orphan))
        wait_until(lambda: all(one.pid != orphan for one in container.processes()), "reaped")
        assert not zombies(container)


def test_on_failure_restarts_see_mains_status_each_time(docker: Docker) -> None:
    with docker.start("--restart=on-failure:2", BAKED, "sh", "-c",
                      "echo run; exit 3") as container:
        wait_until(lambda: container.inspect("{{.RestartCount}} {{.State.Running}}") == "2 false",
                   "two restarts and the end")
        assert container.exit_code() == 3
        assert container.logs().count("run") == 3


def test_a_stopped_container_can_start_again(docker: Docker) -> None:
    with docker.start(BAKED, "sh", "-c", main_with_traps()) as container:
        container.wait_log("ready")
        container.stop()
        docker.call("start", container.name, check=True)
        container.wait_log("ready", 2)
        container.stop()
        assert container.exit_code() == 7


def test_survives_pause_and_unpause(docker: Docker) -> None:
    with docker.start(BAKED, "sh", "-c", main_with_traps("USR1")) as container:
        container.wait_log("ready")
        docker.call("pause", container.name, check=True)
        docker.call("unpause", container.name, check=True)
        container.kill("SIGUSR1")
        container.wait_log("got USR1")


def test_main_can_write_to_a_closed_client(docker: Docker) -> None:
    """The client goes away, the container's pipes stay: main and reaperd go on."""
    name = "closed-client"
    client = subprocess.Popen(docker.run_argv("--name", name, BAKED, "sh", "-c",
                                              main_with_traps("USR1")),
                              env=docker.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, cwd=docker.bed.path)
    assert client.stdout is not None
    assert os.read(client.stdout.fileno(), 100) == b"ready\n"
    client.kill()
    client.wait()
    docker.call("kill", "--signal=USR1", name, check=True)
    wait_until(lambda: "got USR1" in docker.call("logs", name).stdout, "main goes on")
    docker.call("stop", name, check=True)
