"""What must hold however reaperd came in front of the command.

One way alone: `./dev test runtimes -- -k docker_run_init`.
"""
from __future__ import annotations

import pytest
from container_bed import run, wait_until
from container_engine import Container, Engine
from container_ways import MAKE_ORPHANS, TINY, Way, kill_orphans_of, main_with_traps, zombies

RESTRICTED = ("--read-only", "--cap-drop=all", "--user=1000:1000",
              "--security-opt=no-new-privileges")


def test_is_pid_1_before_the_command(way: Way) -> None:
    done = way.run("cat", "/proc/1/cmdline")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.replace("\0", " ").startswith(f"{way.pid1} cat ")


@pytest.mark.parametrize("script, status", [
    ("exit 0", 0), ("exit 42", 42), ("exit 255", 255), ("kill -KILL $$", 137)])
def test_gives_the_exit_status_of_main(way: Way, script: str, status: int) -> None:
    assert way.run("sh", "-c", script).returncode == status


def test_says_which_command_is_missing(way: Way) -> None:
    done = way.run("/no/such/program")
    assert done.returncode == way.missing_status
    assert "No such file or directory" in done.stderr


def test_passes_stdin_and_both_outputs(way: Way) -> None:
    argv = way.engine.run_argv("--interactive", *way.options, way.image, *way.extra,
                               "sh", "-c", "cat; echo problem >&2")
    with open(__file__, encoding="utf-8") as text:
        done = run(argv, env=way.engine.env, cwd=way.engine.bed.path, stdin=text)
        text.seek(0)
        assert (done.returncode, done.stdout, done.stderr) == (0, text.read(), "problem\n")


def test_reaps_orphans(way: Way) -> None:
    with way.start("sh", "-c", MAKE_ORPHANS) as container:
        kill_orphans_of(container)
        wait_until(lambda: not orphans_left(container), "all orphans reaped")
        assert container.running()


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_without_an_init_the_same_orphans_stay_zombies(request: pytest.FixtureRequest,
                                                        engine: str) -> None:
    """The control: shows that the test before would see zombies if they stayed."""
    plain: Engine = request.getfixturevalue(engine)
    with plain.start(TINY, "sh", "-c", MAKE_ORPHANS) as container:
        kill_orphans_of(container)
        wait_until(lambda: len(zombies(container)) == 20, "20 zombies")


def orphans_left(container: Container) -> list[str]:
    """Everything but PID 1 and main."""
    return [one.args for one in container.processes()
            if one.pid != 1 and one.args not in ("sleep 600", "exec sleep 600")]


def test_forwards_signals_to_main(way: Way) -> None:
    names = ("HUP", "USR1", "USR2", "WINCH", "INT")
    with way.start("sh", "-c", main_with_traps(*names)) as container:
        container.wait_log("ready")
        for name in names:
            container.kill(f"SIG{name}")
            container.wait_log(f"got {name}")
        container.kill("SIGTERM")
        assert container.wait_exit() == 7


def test_stop_ends_main_by_term_long_before_the_kill(way: Way) -> None:
    with way.start("sh", "-c", main_with_traps()) as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7


def test_stop_of_a_main_without_handlers_gives_143(way: Way) -> None:
    with way.start("sleep", "1000") as container:
        wait_until(lambda: any(one.args == "sleep 1000" for one in container.processes()),
                   "main runs")
        assert container.stop(30) < 15
        assert container.exit_code() == 143


def test_works_without_rights_on_a_read_only_root(way: Way) -> None:
    script = "id -u; touch /x; grep -E 'CapEff|NoNewPrivs' /proc/1/status; exit 9"
    done = way.run("sh", "-c", script, options=RESTRICTED)
    assert done.returncode == 9
    assert done.stdout.split() == ["1000", "CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
    assert done.stderr == "touch: /x: Read-only file system\n"


def test_stop_works_for_a_user_without_rights(way: Way) -> None:
    with way.start("sh", "-c", main_with_traps(), options=RESTRICTED) as container:
        container.wait_log("ready")
        assert container.stop(30) < 15
        assert container.exit_code() == 7
