"""Why did my container crash: as PID 1 of a podman container reaperd holds the crashed main, and
somebody can come in and look."""
from __future__ import annotations

import time

from container_bed import run, wait_until
from container_engine import Container, Podman
from container_ways import BAKED, TINY

HOLD_S = 12  # five calls of podman take their time on a busy machine
CRASH = "sleep 1000 & kill -SEGV $$"


def start_crashing(podman: Podman, rule: str) -> Container:
    container = podman.start("--env", f"REAPERD_HOLD={rule}", BAKED, "sh", "-c", CRASH)
    container.wait_log("holding sh (pid ")
    return container


def dead_main(container: Container) -> int:
    """Its pid, once it is a zombie; 0 before."""
    dead = [one.pid for one in container.processes() if one.state.startswith("Z")]
    assert len(dead) <= 1, dead
    return dead[0] if dead else 0


def check_what_is_left_of_main(container: Container) -> None:
    main = wait_until(lambda: dead_main(container), "main to be dead")
    stat = container.exec("cat", f"/proc/{main}/stat")
    assert stat.startswith(f"{main} (sh) Z 1 "), stat
    # The wait status, as the kernel keeps it: killed by SIGSEGV (a core may be noted beside).
    assert int(stat.split()[-1]) & 0x7F == 11
    assert "State:\tZ" in container.exec("cat", f"/proc/{main}/status")
    shown = {one.args: one.state for one in container.processes()}
    assert shown["sleep 1000"].startswith("S"), shown


def test_a_crashed_main_can_be_read_by_exec_until_its_time_is_over(podman: Podman) -> None:
    begun = time.monotonic()
    with start_crashing(podman, f"role=main,cause=abnormal,for={HOLD_S}s") as container:
        check_what_is_left_of_main(container)
        assert container.running()
        assert container.wait_exit() == 139
        assert time.monotonic() - begun >= HOLD_S
        assert "): timeout\n" in container.logs()


def test_podman_stop_ends_the_hold_with_mains_status(podman: Podman) -> None:
    with start_crashing(podman, "role=main,cause=abnormal,until=released") as container:
        check_what_is_left_of_main(container)
        assert container.stop(20) < 10
        assert container.exit_code() == 139
        assert "): shutdown\n" in container.logs()


def test_a_main_that_succeeds_ends_its_container_at_once(podman: Podman) -> None:
    begun = time.monotonic()
    done = podman.run("--env", "REAPERD_HOLD=role=main,cause=abnormal,until=released", BAKED,
                      "sh", "-c", "exit 0")
    assert done.returncode == 0
    assert time.monotonic() - begun < 20


def test_podman_run_init_holds_by_the_environment(podman: Podman) -> None:
    """As tini or catatonit would be called: no options of ours can be given."""
    name = "held-by-init"
    podman.call("run", "--detach", "--name", name, *podman.extra, *podman.with_init, "--env",
                "REAPERD_HOLD=role=main,cause=abnormal,until=released", TINY,
                "sh", "-c", CRASH, check=True)
    with Container(podman, name) as container:
        check_what_is_left_of_main(container)
        assert container.stop(20) < 10
        assert container.exit_code() == 139


def test_what_is_held_counts_against_pids_limit_and_gives_way(podman: Podman) -> None:
    """64 are allowed; 16 at most are held; what the container needs it gets."""
    make = ("i=0; while [ $i -lt 40 ]; do (sh -c 'exit 7' &); i=$((i+1)); done; "
            "n=0; while [ $n -lt 40 ]; do sleep 100 & n=$((n+1)); done; echo all-$n; exit 4")
    done = run(podman.run_argv("--pids-limit=64", "--env",
                               "REAPERD_HOLD=exit_codes=7,until=released", BAKED, "sh", "-c", make),
               cwd=podman.bed.path, env=podman.env)
    assert done.returncode == 4, done.stderr
    assert "all-40" in done.stdout
    assert "holding sh" in done.stderr and ": budget" in done.stderr
