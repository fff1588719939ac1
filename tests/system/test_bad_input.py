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
    (["--hold", "cause=nonsense,for=1s"], ["--hold", "cause=nonsense", "unknown-sigkill"]),
    (["--hold", "@/no/such/file"], ["--hold", "/no/such/file"]),
    (["--foreign-zombies", "nudge"], ["--foreign-zombies", "nudge", "KEY=VALUE"]),
    (["--foreign-zombies", "action=eat"], ["--foreign-zombies", "eat", "kill-parent"]),
    (["--reap", "sometimes"], ["--reap", "sometimes", "auto"]),
    (["--watch", "0"], ["--watch", "'0'", "100ms"]),
    (["--records", "most"], ["--records", "most", "minimal"]),
    (["--death-log", "/no/such/folder/log"], ["--death-log", "/no/such/folder/log"]),
    (["--status-socket", "relative"], ["--status-socket", "relative", "absolute"]),
    (["--status-socket", "/dev/null/sock"], ["--status-socket", "/dev/null"]),
    (["--socket-group", "no-such-group"], ["--socket-group", "no-such-group"]),
    (["--status-socket=none", "--socket-group=0"], ["--status-socket", "--socket-group"]),
    (["--exit-by-signal", "--map=143=0"], ["--exit-by-signal", "--map"]),
    (["--map", "137=oom"], ["--map", "137=oom"]),
    (["--map", "oom=256"], ["--map", "oom=256"]),
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
    ("REAPERD_HOLD", "comm=x,cause=nonsense"),
    ("REAPERD_FOREIGN_ZOMBIES", "action=eat"),
    ("REAPERD_REAP", "sometimes"),
    ("REAPERD_WATCH", "soon"),
    ("REAPERD_RECORDS", "most"),
    ("REAPERD_STATUS_SOCKET", "relative"),
    ("REAPERD_SOCKET_GROUP", "no-such-group"),
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


@pytest.mark.parametrize("option", ["--config", "--trust-config", "--check"])
def test_options_that_do_not_exist_yet_are_unknown(launch: Launcher, option: str) -> None:
    check_refused(launch.run([option], ["true"]), [f"there is no option '{option}'"])


def test_a_value_that_does_not_exist_yet_is_wrong(launch: Launcher) -> None:
    check_refused(launch.run(["--log-format", "journal"], ["true"]), ["--log-format", "journal"])


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
