"""Wrong options and wrong environment: one line that names the option, the value and what was
expected; exit 125; nothing started."""

from __future__ import annotations

import pytest

from launch import Ended, Launcher

# Options, and words of which each must be in the line.
WRONG_OPTIONS: list[tuple[list[str], list[str]]] = [
    (["--no-such-option"], ["--no-such-option"]),
    (["-Z"], ["-Z"]),
    (["--grac", "5s"], ["--grac"]),
    (["--signal-target", "nobody"], ["--signal-target", "nobody", "main", "session"]),
    (["--process-group", "mine"], ["--process-group", "mine", "own", "inherit"]),
    (["--new-session=perhaps"], ["--new-session", "perhaps"]),
    (["--rewrite", "TERM"], ["--rewrite", "TERM"]),
    (["--rewrite", "TERM="], ["--rewrite", "TERM="]),
    (["--rewrite", "=TERM"], ["--rewrite", "=TERM"]),
    (["--rewrite", "NOSUCH=TERM"], ["--rewrite", "NOSUCH"]),
    (["--rewrite", "TERM=NOSUCH"], ["--rewrite", "NOSUCH"]),
    (["--rewrite", "65=1"], ["--rewrite", "65"]),
    (["--rewrite", "0=1"], ["--rewrite", "0"]),
    (["--rewrite", "-1=1"], ["--rewrite", "-1"]),
    (["--rewrite", "RTMIN+31=1"], ["--rewrite", "RTMIN+31"]),
    (["--stop-signal", "NOSUCH"], ["--stop-signal", "NOSUCH"]),
    (["--stop-signal", ""], ["--stop-signal"]),
    (["--stop-signal", "KILL"], ["--stop-signal", "KILL"]),
    (["--drain", "soon"], ["--drain", "soon"]),
    (["--drain", "-1s"], ["--drain", "-1s"]),
    (["--drain", "5"], ["--drain", "5"]),
    (["--drain", "5 s"], ["--drain", "5 s"]),
    (["--drain", "5d"], ["--drain", "5d"]),
    (["--drain", ""], ["--drain"]),
    (["--stop-timeout", "never ever"], ["--stop-timeout", "never ever"]),
    (["--stop-timeout", "99999999999999999999s"], ["--stop-timeout", "99999999999999999999s"]),
    (["--stop-timeout", "9223372036854775807h"], ["--stop-timeout", "9223372036854775807h"]),
    (["--grace", "maybe"], ["--grace", "maybe", "off"]),
    (["--wait-for", "none"], ["--wait-for", "none", "all"]),
    (["--exit-status", "last"], ["--exit-status", "last", "first-failure"]),
    (["--map", "143"], ["--map", "143"]),
    (["--map", "256=0"], ["--map", "256"]),
    (["--map", "0=256"], ["--map", "256"]),
    (["--map", "-1=0"], ["--map", "-1"]),
    (["--map", "NOSUCH=0"], ["--map", "NOSUCH"]),
    (["--map", "143="], ["--map", "143="]),
    (["--env", "NOVALUE"], ["--env", "NOVALUE"]),
    (["--env", "=x"], ["--env", "=x"]),
    (["--user", ""], ["--user"]),
    (["--user", "-5"], ["--user", "-5"]),
    (["--user", "4294967296"], ["--user", "4294967296"]),
    (["--user", "root:"], ["--user", "root:"]),
    (["--parent-death-signal", "NOSUCH"], ["--parent-death-signal", "NOSUCH"]),
    (["--termination-log", "/no/such/folder/log"], ["--termination-log", "/no/such/folder/log"]),
    (["--log-level", "loud"], ["--log-level", "loud", "info"]),
    (["--log-format", "xml"], ["--log-format", "xml", "json"]),
    (["--drain-command", ""], ["--drain-command"]),
    (["--drain-command", "/no/such/command"], ["--drain-command", "/no/such/command"]),
    (["--process-group=inherit", "--new-session"], ["--new-session", "--process-group"]),
    (["--grace"], ["--grace"]),
]

WRONG_ENVIRONMENT: list[tuple[str, str]] = [
    ("REAPERD_SIGNAL_TARGET", "nobody"),
    ("REAPERD_PROCESS_GROUP", "mine"),
    ("REAPERD_REWRITE", "HUP=USR1,NOSUCH=TERM"),
    ("REAPERD_STOP_SIGNAL", "TERM,NOSUCH"),
    ("REAPERD_DRAIN", "soon"),
    ("REAPERD_STOP_TIMEOUT", "5"),
    ("REAPERD_GRACE", "maybe"),
    ("REAPERD_WAIT_FOR", "none"),
    ("REAPERD_EXIT_STATUS", "last"),
    ("REAPERD_MAP", "143=0,7"),
    ("REAPERD_PARENT_DEATH_SIGNAL", "NOSUCH"),
    ("REAPERD_LOG_LEVEL", "loud"),
    ("REAPERD_LOG_FORMAT", "xml"),
    ("REAPERD_USER", "nobody-by-that-name"),
    ("REAPERD_CHDIR", "/no/such/folder"),
]


def check_refused(ended: Ended, words: list[str]) -> None:
    assert ended.code == 125
    assert ended.out == ""
    assert len(ended.errors()) == 1, ended.err
    assert [word for word in words if word not in ended.err] == [], ended.err


@pytest.mark.parametrize("options, words", WRONG_OPTIONS, ids=lambda value: " ".join(value))
def test_a_wrong_option_is_named_with_its_value(launch: Launcher, options: list[str],
                                                words: list[str]) -> None:
    marker = launch.folder / "marker"
    # An option that lacks its value is the last word; else the command follows.
    command = [] if options == ["--grace"] else ["touch", str(marker)]
    check_refused(launch.run(options, command), words)
    assert not marker.exists()


@pytest.mark.parametrize("name, value", WRONG_ENVIRONMENT)
def test_a_wrong_variable_is_named_with_its_value(launch: Launcher, mode: str, name: str,
                                                  value: str) -> None:
    marker = launch.folder / "marker"
    ended = launch.run([], ["touch", str(marker)], mode=mode, environment={name: value})
    check_refused(ended, [name, value.split(",")[-1]])
    assert not marker.exists()


@pytest.mark.parametrize("option", [
    "--hold", "--foreign-zombies", "--reap", "--watch", "--records", "--death-log",
    "--status-socket", "--socket-group", "--config", "--trust-config", "--check",
])
def test_options_that_do_not_exist_yet_are_unknown(launch: Launcher, option: str) -> None:
    check_refused(launch.run([option], ["true"]), [option])


@pytest.mark.parametrize("options", [["--log-format", "journal"], ["--map", "137=oom"]])
def test_values_that_do_not_exist_yet_are_wrong(launch: Launcher, options: list[str]) -> None:
    check_refused(launch.run(options, ["true"]), options[:1] + [options[1].partition("=")[0]])


@pytest.mark.parametrize("options", [[], ["--"], ["--grace", "5s"], ["--grace", "5s", "--"]])
def test_no_command_is_an_error(launch: Launcher, mode: str, options: list[str]) -> None:
    check_refused(launch.run(options, [], mode=mode), ["COMMAND"])


def test_of_two_wrong_options_one_is_named(launch: Launcher) -> None:
    ended = launch.run(["--grace=maybe", "--drain=soon"], ["true"])
    check_refused(ended, [])
    assert "maybe" in ended.err or "soon" in ended.err


def test_a_hostile_value_cannot_write_to_the_terminal(launch: Launcher) -> None:
    ended = launch.run(["--grace", "\x1b[2J\r\nfake line"], ["true"])
    assert ended.code == 125
    assert len(ended.errors()) == 1
    assert "\x1b" not in ended.err and "\r" not in ended.err


def test_a_very_long_value_is_still_one_line(launch: Launcher) -> None:
    check_refused(launch.run(["--grace", "x" * 100_000], ["true"]), ["--grace"])
