"""The REAPERD_ variables: each means what its option means, gives way to it, and stays with us."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

import paths
from launch import PID1, Launcher, roles
from waiting import wait_until

# Every variable with a good value, for the test that none reaches the child.
EVERY_VARIABLE = {
    "REAPERD_SIGNAL_TARGET": "main",
    "REAPERD_PROCESS_GROUP": "own",
    "REAPERD_REWRITE": "HUP=USR1,USR2=none",
    "REAPERD_STOP_SIGNAL": "TERM,INT",
    "REAPERD_DRAIN": "0",
    "REAPERD_STOP_TIMEOUT": "1h",
    "REAPERD_FORCE_ON_SECOND": "1",
    "REAPERD_GRACE": "0",
    "REAPERD_WAIT_FOR": "main",
    "REAPERD_EXIT_STATUS": "main",
    "REAPERD_MAP": "143=0,7=9",
    "REAPERD_EXIT_BY_SIGNAL": "1",
    "REAPERD_NO_NEW_PRIVILEGES": "1",
    "REAPERD_CHDIR": "/",
    "REAPERD_PARENT_DEATH_SIGNAL": "TERM",
    "REAPERD_LOG_LEVEL": "error",
    "REAPERD_LOG_FORMAT": "text",
}


def test_none_of_them_reaches_the_child(launch: Launcher, mode: str) -> None:
    ended = launch.run([], roles("report"), mode=mode,
                       environment={**EVERY_VARIABLE, "APP_SETTING": "kept"})
    assert ended.code == 0, ended.err
    inside = json.loads(ended.out)["environment"]
    assert [name for name in inside if name.startswith("REAPERD_")] == []
    assert inside["APP_SETTING"] == "kept"


def test_the_rest_of_the_environment_is_untouched(launch: Launcher) -> None:
    odd = {"SPACE": "a b\tc", "EMPTY": "", "EQUALS": "a=b=c", "LOWER_case": "x"}
    without = json.loads(launch.run([], roles("report"), program="/usr/bin/env",
                                    separator=False, environment=odd).out)["environment"]
    inside = json.loads(launch.run([], roles("report"), environment=odd).out)["environment"]
    assert inside == without


@pytest.mark.parametrize("variables, main, expected", [
    ({"REAPERD_MAP": "143=0"}, ["kill-self", "TERM"], 0),
    ({"REAPERD_MAP": "7=9,8=10"}, ["exit", "8"], 10),
    ({"REAPERD_MAP": "SIGTERM=3"}, ["kill-self", "TERM"], 3),
])
def test_map(launch: Launcher, mode: str, variables: dict[str, str], main: list[str],
             expected: int) -> None:
    assert launch.run([], roles(*main), mode=mode, environment=variables).code == expected


def test_a_flag_beats_the_variable(launch: Launcher) -> None:
    ended = launch.run(["--chdir", "/usr"], ["pwd"], environment={"REAPERD_CHDIR": "/etc"})
    assert ended.out == "/usr\n"


def test_a_repeatable_flag_replaces_the_list_of_the_variable(launch: Launcher) -> None:
    ended = launch.run(["--map", "7=9"], roles("exit", 8), environment={"REAPERD_MAP": "8=10"})
    assert ended.code == 8


def test_chdir(launch: Launcher) -> None:
    assert launch.run([], ["pwd"], environment={"REAPERD_CHDIR": "/etc"}).out == "/etc\n"


def test_new_session(launch: Launcher) -> None:
    seen = json.loads(launch.run([], roles("report"),
                                 environment={"REAPERD_NEW_SESSION": "1"}).out)
    assert seen["sid"] == seen["pid"]


@pytest.mark.parametrize("word", ["0", "false", "no"])
def test_a_switch_can_be_set_to_off(launch: Launcher, word: str) -> None:
    ended = launch.run([], roles("report"), environment={"REAPERD_NO_NEW_PRIVILEGES": word})
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["no_new_privileges"] == 0


@pytest.mark.parametrize("word", ["1", "true", "yes"])
def test_a_switch_can_be_set_to_on(launch: Launcher, word: str) -> None:
    ended = launch.run([], roles("report"), environment={"REAPERD_NO_NEW_PRIVILEGES": word})
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["no_new_privileges"] == 1


def test_process_group(launch: Launcher) -> None:
    seen = json.loads(launch.run([], roles("report"),
                                 environment={"REAPERD_PROCESS_GROUP": "inherit"}).out)
    assert seen["pgrp"] != seen["pid"]


def test_user(launch: Launcher) -> None:
    ended = launch.run([], ["id", "-u"], environment={"REAPERD_USER": "nobody"})
    assert ended.out == "65534\n"


def test_rewrite_and_stop_signal_lists(launch: Launcher, mode: str) -> None:
    variables = {"REAPERD_REWRITE": "HUP=USR1,USR2=none", "REAPERD_STOP_SIGNAL": "ALRM,PWR",
                 "REAPERD_STOP_TIMEOUT": "200ms", "REAPERD_GRACE": "0"}
    run = launch.start([], roles("echo"), mode=mode, environment=variables)
    run.wait_line("^ready")
    run.send_and_see(signal.SIGUSR2)
    run.send(signal.SIGHUP)
    run.wait_line("^signal USR1")
    # TERM is no stop signal now: it is forwarded and no timeout runs.
    run.send(signal.SIGTERM)
    run.wait_line("^signal TERM")
    assert run.is_running()
    run.send(signal.SIGALRM)
    assert run.end().code == 137
    assert "signal USR2" not in run.out()


def test_force_on_second(launch: Launcher) -> None:
    run = launch.start([], roles("echo"), environment={"REAPERD_FORCE_ON_SECOND": "1"})
    run.wait_line("^ready")
    run.send(signal.SIGTERM)
    run.wait_line("^signal TERM")
    run.send(signal.SIGTERM)
    assert run.end().code == 137


def test_wait_for_and_exit_status(launch: Launcher) -> None:
    run = launch.start([], roles("orphans", 1, "--orphan-end=eof:9", "--end=exit:0"),
                       stdin=subprocess.PIPE,
                       environment={"REAPERD_WAIT_FOR": "all",
                                    "REAPERD_EXIT_STATUS": "first-failure"})
    run.wait_line("^ready")
    wait_until(lambda: len(run.children()) == 1, "main to be reaped")
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.end().code == 9


def test_they_reach_docker_init_which_has_no_other_way(launch: Launcher) -> None:
    program = launch.folder / "docker-init"
    program.symlink_to(paths.reaperd())
    ended = launch.run([], roles("kill-self", "TERM"), mode=PID1, program=program,
                       environment={"REAPERD_MAP": "143=0"})
    assert ended.code == 0


def test_env_and_drain_command_have_no_variable(launch: Launcher) -> None:
    ended = launch.run([], ["sh", "-c", "echo ${ADDED-none}"],
                       environment={"REAPERD_ENV": "ADDED=x"})
    assert "x" not in ended.out
