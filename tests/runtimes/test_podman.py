"""What only podman is asked for here: limits, stop signals, the termination log, pods."""
from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from container_bed import CGROUP_ROOT, Bed, run, wait_until
from container_engine import Container, Podman
from container_ways import (
    BAKED, MAKE_ORPHANS, TINY, adopted, kill_orphans_of, main_with_traps)


def test_limits_are_kept_and_main_sees_them(podman: Podman) -> None:
    fill = "i=0; while [ $i -lt 100 ]; do sleep 600 & i=$((i+1)); done; exit 0"
    done = podman.run("--memory=64m", "--pids-limit=20", "--cpus=0.5", BAKED, "sh", "-c", fill)
    assert done.returncode == 2
    assert "can't fork" in done.stderr


def test_main_killed_for_its_memory_gives_137(podman: Podman) -> None:
    done = podman.run("--memory=32m", "--memory-swap=32m", BAKED,
                      "dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1")
    assert done.returncode == 137


def pids_limit_of(container: Container) -> Path:
    """The file of the limit, in a group of either version of cgroups."""
    groups = Path(f"/proc/{container.inspect('{{.State.Pid}}')}/cgroup").read_text()
    for line in groups.splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers in ("", "pids"):
            file = CGROUP_ROOT / controllers / group.lstrip("/") / "pids.max"
            if file.exists():
                return file
    raise AssertionError(f"no limit of pids in:\n{groups}")


def test_no_pids_left_for_main_is_our_own_failure(podman: Podman, bed: Bed) -> None:
    """The limit falls when runc is through: its threads count too, and it may want one more."""
    go = bed / "go"
    os.mkfifo(go)
    with podman.start("--pids-limit=100", f"--volume={go}:/go", "--entrypoint=sh", BAKED, "-c",
                      "echo ready; read go < /go; exec reaperd -- true") as container:
        container.wait_log("ready")
        pids_limit_of(container).write_text("1")
        with go.open("w") as gate:
            gate.write("\n")
        assert container.wait_exit() == 125
        assert "Resource temporarily unavailable" in container.logs()


def test_stop_signal_sigrtmin_3_becomes_term(podman: Podman) -> None:
    """What runtimes send to a container that they take for a systemd one."""
    with podman.start("--stop-signal=SIGRTMIN+3", BAKED, "sh", "-c",
                      main_with_traps()) as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7


def test_podman_run_init_takes_the_path_from_its_configuration(podman: Podman, bed: Bed,
                                                              reaperd: Path) -> None:
    """As an operator sets it for every container."""
    config = bed / "containers-with-init.conf"
    config.write_text((bed / "containers.conf").read_text().replace(
        "[containers]", f'[containers]\ninit_path = "{reaperd}"'))
    done = run(podman.run_argv("--init", TINY, "/no/such/program"), cwd=bed.path,
               env={**podman.env, "CONTAINERS_CONF": str(config)})
    assert done.returncode == 1
    assert "(catatonit:1): failed to exec" in done.stderr


# An orphan that is dead stays, and main sees that it does; what asked for it main does not see.
SEE_THE_HELD = """
env | grep REAPERD && exit 90
(sh -c 'echo $$ > /tmp/orphan; exit 3' &)
tries=0
until [ -s /tmp/orphan ] && grep -q '^State:.Z' /proc/$(cat /tmp/orphan)/status; do
  tries=$((tries + 1)); [ $tries -lt 200 ] || exit 91
  sleep 0.05
done
sleep 0.3
kill -0 $(cat /tmp/orphan) || exit 92
exit 7
"""


@pytest.mark.parametrize("way", ["podman run --init", "docker-init"])
def test_as_a_runtimes_init_it_is_configured_by_the_environment(
        podman: Podman, reaperd: Path, way: str) -> None:
    """Such an init has no options of its own: this is the only way to ask for records and holds."""
    asked = ["--env", "REAPERD_DEATH_LOG=-", "--env",
             "REAPERD_HOLD=role=adopted,exit_codes=3,until=released"]
    words = [TINY, "sh", "-c", SEE_THE_HELD]
    if way == "docker-init":
        done = podman.run(*asked, "--volume", f"{reaperd}:/sbin/docker-init", "--entrypoint",
                          '["/sbin/docker-init", "--"]', *words)
    else:
        done = podman.run(*asked, *podman.with_init, *words)
    assert done.returncode == 7, done.stderr
    deaths = [json.loads(line) for line in done.stderr.splitlines()]
    [held] = [one for one in deaths if one["hold"]]
    assert (held["role"], held["end"]["code"], held["hold"]["released_by"]) == (
        "adopted", 3, "shutdown")
    [main] = [one for one in deaths if one["role"] == "main"]
    assert (main["end"]["code"], main["comm"]) == (7, "sh")


@pytest.mark.parametrize("script, line", [
    ("exit 3", r"main sh \(pid \d+\) exit 3 after \d+\w+\n?"),
    ("kill -SEGV $$", r"main sh \(pid \d+\) SIGSEGV after \d+\w+\n?"),
    ("exit 0", "")])
def test_writes_the_termination_log(podman: Podman, bed: Bed, script: str, line: str) -> None:
    log = bed / "termination-log"
    log.write_text("")
    podman.run("--volume", f"{log}:/dev/termination-log", "--read-only", BAKED, "sh", "-c", script)
    assert re.fullmatch(line, log.read_text())


def test_leaves_a_termination_log_alone_that_main_has_written(podman: Podman, bed: Bed) -> None:
    log = bed / "own-termination-log"
    log.write_text("")
    done = podman.run("--volume", f"{log}:/dev/termination-log", BAKED, "sh", "-c",
                      "echo my own reason > /dev/termination-log; exit 3")
    assert (done.returncode, log.read_text()) == (3, "my own reason\n")


def test_notify_socket_goes_to_main(podman: Podman) -> None:
    """In command mode main may speak to systemd through podman; reaperd itself says nothing."""
    done = podman.run("--env", "NOTIFY_SOCKET=/run/notify", BAKED, "env")
    assert "NOTIFY_SOCKET=/run/notify" in done.stdout.splitlines()


def test_exec_can_stop_the_container_from_inside(podman: Podman) -> None:
    with podman.start(BAKED, "sh", "-c", main_with_traps()) as container:
        container.wait_log("ready")
        container.exec("kill", "-TERM", "1", check=False)  # TERM for all may reach it as well
        assert container.wait_exit() == 7


def test_orphans_of_exec_are_told_from_mains(podman: Podman) -> None:
    """While the session that exec made is there; main's are adopted."""
    main = "(sh -c 'sleep 0.2; exit 42' &); exec sleep 900"
    with podman.start("--env=REAPERD_DEATH_LOG=-", BAKED, "sh", "-c", main) as container:
        container.exec("sh", "-c", "(sh -c 'sleep 0.2; exit 43' &); sleep 1")
        for code, role in ((42, "adopted"), (43, "entered")):
            log = container.wait_log(f'"code":{code},')
            line = next(line for line in log.splitlines() if f'"code":{code},' in line)
            assert f'"role":"{role}"' in line


def test_in_anothers_pid_namespace_it_is_a_subreaper(podman: Podman) -> None:
    """As in a pod with a shared namespace: it keeps its own orphans and touches nobody else's."""
    with podman.start(BAKED, "sleep", "900") as first:
        with podman.start(f"--pid=container:{first.name}", BAKED, "sh", "-c",
                          MAKE_ORPHANS) as second:
            ours = wait_until(lambda: below_second(second), "orphans below the second reaperd")
            second.exec("sh", "-c", "kill -KILL $(cat /tmp/orphans)")
            wait_until(lambda: not [one for one in second.processes() if one.pid in ours],
                       "the second reaperd has reaped its orphans")
            assert second.stop(30) < 15
            assert second.exit_code() == 143
        assert any(one.args == "sleep 900" for one in first.processes())
        assert first.running()


def below_second(container: Container) -> list[int]:
    """All orphans, once their parent is a reaperd that is not PID 1."""
    shown = container.processes()
    reaperds = [one.pid for one in shown if one.args.startswith("/sbin/reaperd") and one.pid != 1]
    found = [one.pid for one in shown if one.args == "sleep 500" and one.ppid in reaperds]
    return found if len(found) == 20 else []


def test_as_catatonit_it_holds_a_pod(podman: Podman, bed: Bed, reaperd: Path) -> None:
    """podman builds the pod's pause image around the helper called catatonit."""
    shutil.copy(reaperd, podman.helpers / "catatonit")
    in_cgroup = f"--cgroup-parent=/{bed.cgroup}"
    podman.call("pod", "create", "--name", "pod1", "--share", "ipc,pid", in_cgroup, check=True)
    try:
        podman.call("run", "--detach", "--pod", "pod1", "--name", "in-pod", in_cgroup, TINY,
                    "sh", "-c", MAKE_ORPHANS, check=True)
        inside = Container(podman, "in-pod")
        assert inside.exec("cat", "/proc/1/cmdline").replace("\0", " ") == "/catatonit -P "
        kill_orphans_of(inside)
        wait_until(lambda: not adopted(inside), "the pod's init has reaped")
        podman.call("pod", "stop", "--time=10", "pod1", check=True)
    finally:
        podman.call("pod", "rm", "--force", "--time=0", "pod1")
