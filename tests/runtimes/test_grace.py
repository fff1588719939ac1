"""What is left when main has ended: reaperd's own defaults give it time, within the runtime's ten
seconds."""
from __future__ import annotations

import pytest
from container_engine import Container, Docker, Engine, Podman
from container_ways import BAKED, TINY

LEAVES_A_CAREFUL_ORPHAN = (
    "sh -c 'trap \"echo orphan tidied up; exit\" TERM; echo ready; sleep 600 & wait' & "
    "trap 'exit 7' TERM; while :; do wait; done")

LEAVES_A_STUBBORN_ORPHAN = (
    "sh -c 'trap \"\" TERM; echo ready; sleep 600; sleep 600' & "
    "trap 'exit 7' TERM; while :; do wait; done")


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines, by their ENTRYPOINT image."""
    return request.getfixturevalue(request.param)


def test_an_orphan_gets_term_and_time_to_tidy_up(engine: Engine) -> None:
    with engine.start(BAKED, "sh", "-c", LEAVES_A_CAREFUL_ORPHAN) as container:
        container.wait_log("ready")
        container.stop(10)
        assert container.exit_code() == 7
        assert "orphan tidied up" in container.logs()


def test_a_stubborn_orphan_does_not_cost_mains_exit_code(engine: Engine) -> None:
    """The runtime would kill PID 1 after its ten seconds, and main's 7 would become 137."""
    with engine.start(BAKED, "sh", "-c", LEAVES_A_STUBBORN_ORPHAN) as container:
        container.wait_log("ready")
        took = container.stop(10)
        assert (container.exit_code(), took < 9.8) == (7, True), took
        assert "did not end in time: sh " in container.logs(), "names who was left"


def test_stop_timeout_kills_a_main_that_ignores_term(engine: Engine) -> None:
    with start_with_options(engine, "--stop-timeout", "500ms", "--", "sh", "-c",
                            "trap '' TERM; echo ready; sleep 600; sleep 600") as container:
        container.wait_log("ready")
        took = container.stop(30)
        assert (container.exit_code(), took < 15) == (137, True), took


def start_with_options(engine: Engine, *words: str) -> Container:
    """reaperd with options of its own, from the image that has it."""
    return engine.start("--entrypoint", "/sbin/reaperd", BAKED, *words)


@pytest.mark.parametrize("way", ["docker_run_init", "podman_run_init"])
def test_a_personality_leaves_orphans_to_the_kernel(request: pytest.FixtureRequest,
                                                     way: str) -> None:
    """As the programs whose names they carry: no grace unless REAPERD_GRACE asks for it."""
    engine: Docker | Podman = request.getfixturevalue(way.split("_")[0])
    with engine.start(*engine.with_init, TINY, "sh", "-c", LEAVES_A_CAREFUL_ORPHAN) as container:
        container.wait_log("ready")
        container.stop(10)
        assert container.exit_code() == 7
        assert "orphan tidied up" not in container.logs()


@pytest.mark.parametrize("way", ["docker_run_init", "podman_run_init"])
def test_a_personality_gives_grace_when_the_environment_asks(request: pytest.FixtureRequest,
                                                             way: str) -> None:
    engine: Docker | Podman = request.getfixturevalue(way.split("_")[0])
    with engine.start(*engine.with_init, "--env", "REAPERD_GRACE=20s", TINY,
                      "sh", "-c", LEAVES_A_CAREFUL_ORPHAN) as container:
        container.wait_log("ready")
        took = container.stop(30)
        # Not ended early, it would last to the eight seconds that a stop leaves for the grace.
        assert (container.exit_code(), took < 7) == (7, True), f"{took:.1f} s: not ended early"
        assert "orphan tidied up" in container.logs()
