"""What the child is given: group, session, user, folder, environment, and everything untouched
that we were given ourselves."""

from __future__ import annotations

import json
import os
import pwd
import resource
import signal
from typing import Any

import pytest

from launch import SUBREAPER, Ended, Launcher, roles


def seen_by(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def report(launch: Launcher, options: list[str], mode: str = SUBREAPER,
           **how: Any) -> dict[str, Any]:
    return seen_by(launch.run(options, roles("report"), mode=mode, **how))


def baseline(launch: Launcher, **how: Any) -> dict[str, Any]:
    """The same report without an init in between."""
    return seen_by(launch.run([], roles("report"), program="/usr/bin/env", separator=False, **how))


@pytest.mark.parametrize("options", [[], ["--process-group", "own"]])
def test_a_group_of_its_own_is_the_default(launch: Launcher, mode: str,
                                           options: list[str]) -> None:
    seen = report(launch, options, mode)
    assert seen["pgrp"] == seen["pid"]
    assert seen["sid"] != seen["pid"]


def test_process_group_inherit(launch: Launcher, mode: str) -> None:
    seen = report(launch, ["--process-group", "inherit"], mode)
    assert seen["pgrp"] != seen["pid"]


def test_new_session(launch: Launcher, mode: str) -> None:
    seen = report(launch, ["--new-session"], mode)
    assert seen["sid"] == seen["pgrp"] == seen["pid"]


def test_user_by_name_brings_its_groups_and_home(launch: Launcher, mode: str) -> None:
    entry = pwd.getpwnam("www-data")
    seen = report(launch, ["--user", "www-data"], mode, environment={"USER": "untouched"})
    assert seen["uids"] == [entry.pw_uid] * 3
    assert seen["gids"] == [entry.pw_gid] * 3
    assert set(seen["groups"]) == set(os.getgrouplist("www-data", entry.pw_gid))
    assert seen["environment"]["HOME"] == entry.pw_dir
    assert seen["environment"]["USER"] == "untouched"


def test_home_asked_for_by_name_counts_more_than_that_of_the_user(launch: Launcher) -> None:
    seen = report(launch, ["--user", "www-data", "--env", "HOME=/explicit"], SUBREAPER)
    assert seen["environment"]["HOME"] == "/explicit"


def test_user_with_a_group(launch: Launcher, mode: str) -> None:
    seen = report(launch, ["--user", "www-data:daemon"], mode)
    assert seen["gids"] == [1, 1, 1]
    assert set(seen["groups"]) <= {1}


def test_numeric_user_that_no_file_knows(launch: Launcher, mode: str) -> None:
    seen = report(launch, ["--user", "54321:54322"], mode)
    assert seen["uids"] == [54321] * 3
    assert seen["gids"] == [54322] * 3
    assert set(seen["groups"]) <= {54322}


def test_user_may_drop_what_root_could_do(launch: Launcher) -> None:
    ended = launch.run(["--user", "nobody"], ["cat", "/etc/shadow"])
    assert ended.code == 1
    assert "Permission denied" in ended.err


def test_chdir(launch: Launcher, mode: str) -> None:
    assert report(launch, ["--chdir", "/usr/share"], mode)["cwd"] == "/usr/share"


def test_a_relative_chdir_starts_where_we_were(launch: Launcher) -> None:
    assert report(launch, ["--chdir", "share"], cwd="/usr")["cwd"] == "/usr/share"


def test_env_adds_and_replaces(launch: Launcher, mode: str) -> None:
    seen = report(launch, ["--env", "NEW=a=b", "--env=LANG=C.UTF-8", "--env", "EMPTY="], mode,
                  environment={"LANG": "C"})["environment"]
    assert (seen["NEW"], seen["LANG"], seen["EMPTY"]) == ("a=b", "C.UTF-8", "")


def test_the_last_of_two_values_wins(launch: Launcher) -> None:
    assert report(launch, ["--env", "A=1", "--env", "A=2"])["environment"]["A"] == "2"


def test_no_new_privileges(launch: Launcher, mode: str) -> None:
    assert report(launch, ["--no-new-privileges"], mode)["no_new_privileges"] == 1
    assert report(launch, [], mode)["no_new_privileges"] == 0


def test_nothing_else_differs_from_a_run_without_us(launch: Launcher) -> None:
    ours, bare = report(launch, [], umask=0o027, cwd="/usr"), baseline(
        launch, umask=0o027, cwd="/usr")
    same = ("descriptors", "ignored", "blocked", "pending", "uids", "gids", "groups", "umask",
            "cwd", "core_soft", "core_hard", "dumpable", "no_new_privileges", "terminal",
            "parent_death_signal", "timer_slack_ns", "environment")
    assert {key: ours[key] for key in same} == {key: bare[key] for key in same}


def test_the_child_is_no_subreaper(launch: Launcher) -> None:
    assert report(launch, [])["subreaper"] == 0


@pytest.mark.parametrize("limit", [0, 4096])
def test_the_core_limit_is_as_inherited(launch: Launcher, limit: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard not in (resource.RLIM_INFINITY,) and hard < limit:
        pytest.skip(f"the hard core limit is {hard}")
    seen = report(launch, ["--exit-by-signal"], prefix=roles("limit", f"core={limit}", "--"))
    assert (seen["core_soft"], seen["core_hard"]) == (limit, limit)


def test_ignored_signals_are_given_on_as_inherited(launch: Launcher, mode: str) -> None:
    seen = report(launch, [], mode,
                  prefix=roles("with-signals", "--ignore=HUP,PIPE,USR2,TTIN,TTOU,RTMIN+4", "--"))
    expected = {signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU,
                signal.SIGRTMIN + 4}
    assert set(seen["ignored"]) == expected
    assert seen["blocked"] == []


def test_blocked_signals_are_given_on_as_inherited(launch: Launcher, mode: str) -> None:
    seen = report(launch, [], mode,
                  prefix=roles("with-signals", "--block=TERM,CHLD,TSTP,ABRT,RTMIN,RTMAX", "--"))
    expected = {signal.SIGTERM, signal.SIGCHLD, signal.SIGTSTP, signal.SIGABRT, signal.SIGRTMIN,
                signal.SIGRTMAX}
    assert set(seen["blocked"]) == expected
    assert seen["ignored"] == []


def test_sigchld_is_default_in_the_child_even_if_we_had_it_ignored(launch: Launcher,
                                                                   mode: str) -> None:
    seen = report(launch, [], mode, prefix=roles("with-signals", "--ignore=CHLD,HUP", "--"))
    assert seen["ignored"] == [signal.SIGHUP]


def test_a_blocked_term_at_entry_does_not_make_us_deaf(launch: Launcher, mode: str) -> None:
    run = launch.start([], roles("echo", "--exit-on=TERM=8"), mode=mode,
                       prefix=roles("with-signals", "--block=TERM,USR1", "--ignore=USR1", "--"))
    run.wait_line("^ready")
    run.send(signal.SIGTERM)
    assert run.end().code == 8


def test_descriptors_we_were_given_pass_through(launch: Launcher, mode: str) -> None:
    first, second = os.pipe()
    try:
        seen = report(launch, [], mode, pass_fds=[first, second])
        assert seen["descriptors"] == sorted([0, 1, 2, first, second])
    finally:
        os.close(first)
        os.close(second)


@pytest.mark.parametrize("name", ["LISTEN_PID", "WATCHDOG_PID"])
def test_a_variable_that_names_us_names_the_child(launch: Launcher, mode: str,
                                                  name: str) -> None:
    naming_us = ["sh", "-c", f'export {name}=$$; exec "$@"', "sh"]
    seen = report(launch, [], mode, prefix=naming_us)
    assert seen["environment"][name] == str(seen["pid"])


@pytest.mark.parametrize("name", ["LISTEN_PID", "WATCHDOG_PID"])
def test_a_variable_that_names_another_is_left_alone(launch: Launcher, mode: str,
                                                     name: str) -> None:
    seen = report(launch, [], mode, environment={name: "31999"})
    assert seen["environment"][name] == "31999"


def test_the_sd_variables_pass_through(launch: Launcher, mode: str) -> None:
    given = {"NOTIFY_SOCKET": "/run/no/such.sock", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b",
             "WATCHDOG_USEC": "30000000", "JOURNAL_STREAM": "1:2"}
    seen = report(launch, [], mode, environment=given)["environment"]
    assert {name: seen.get(name) for name in given} == given


def test_a_hundred_thousand_byte_variable_survives(launch: Launcher) -> None:
    big = "x" * 100_000
    assert report(launch, [], environment={"BIG": big})["environment"]["BIG"] == big
