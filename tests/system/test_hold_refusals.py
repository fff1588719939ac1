"""Holds that cannot be had as written: exit 125, each problem in a line, and nothing is started.
And --hold by the environment, also for other programs' names."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import paths
from crew import DeathLog, held_by
from launch import PID1, SANITIZED, SUBREAPER, Launcher, roles

# Rules, and words of which each must be in the line.
WRONG_RULES: list[tuple[list[str], list[str]]] = [
    (["coom=x"], ["--hold", "coom=x", "unknown key 'coom'", "did you mean 'comm'"]),
    (["comm"], ["--hold", "comm"]),
    ([""], ["--hold"]),
    (["comm=x,,for=1s"], ["--hold"]),
    (["comm="], ["--hold", "comm"]),
    (["comm=x,comm=y"], ["--hold", "comm"]),
    (["for=5x"], ["--hold", "5x", "duration"]),
    (["for=1s,until=released"], ["for", "until"]),
    (["until=never"], ["until", "never", "released"]),
    (["until=replaced"], ["replaced", "command mode"]),
    (["until=barrier:nope"], ["barrier", "nope"]),
    (["keep=0"], ["keep", "0"]),
    (["cause=bad"], ["cause", "bad", "abnormal"]),
    (["exit_codes=3,signals=9"], ["exit_codes", "signals"]),
    (["exit_codes=256"], ["exit_codes", "256"]),
    (["exit_codes=9-3"], ["exit_codes", "9-3"]),
    (["cause=success,signals=TERM"], ["cause", "signals"]),
    (["signals=TERM,exclude_signals=15"], ["signals", "exclude_signals"]),
    (["signals=NOSUCH"], ["signals", "NOSUCH"]),
    (["role=mian"], ["role", "mian", "main"]),
    (["min_run_time=2s,max_run_time=1s"], ["min_run_time", "max_run_time"]),
    (["uid=me"], ["uid", "me"]),
    (["name=lease"], ["name", "lease"]),
    (["name=a b"], ["name", "a b"]),
    (["name=x,comm=a,for=1s", "name=x,comm=b,for=1s"], ["x"]),
    (["@/no/such/file"], ["--hold", "/no/such/file"]),
    (["@/dev/null"], ["--hold", "/dev/null"]),
]


def check_refused(launch: Launcher, options: list[str], words: list[str], mark: Path,
                  **how: Any) -> list[str]:
    ended = launch.run(options, ["touch", str(mark)], seconds=5, **how)
    assert ended.code == 125, ended.err
    assert ended.out == ""
    assert not mark.exists(), "main was started"
    errors = [line for line in ended.errors() if "warning" not in line]
    assert errors and all(word in "\n".join(errors) for word in words), ended.err
    return errors


@pytest.mark.parametrize("rules, words", WRONG_RULES, ids=[" ".join(r) for r, _ in WRONG_RULES])
def test_a_wrong_rule_is_refused_in_one_line(launch: Launcher, tmp_path: Path, rules: list[str],
                                             words: list[str]) -> None:
    options = [word for rule in rules for word in ("--hold", rule)]
    lines = check_refused(launch, options, words, tmp_path / "mark")
    assert len(lines) == 1, lines
    assert lines[0].startswith("reaperd: ")


def lines_told(lines: list[str]) -> set[str]:
    assert all("hold.json:" in line for line in lines), lines
    return {line.split("hold.json:")[1].split(":")[0] for line in lines}


def test_every_wrong_value_of_a_file_is_told_with_its_line(launch: Launcher,
                                                           tmp_path: Path) -> None:
    path = tmp_path / "hold.json"
    path.write_text("""{
  "rules": [
    {"name": "a", "match": {"cuase": "signal"}, "for": "1s"},
    {"name": "b", "for": "5x"}
  ],
  "limits": {"max_held": -1}
}
""")
    lines = check_refused(launch, ["--hold", f"@{path}"], [], tmp_path / "mark")
    assert lines_told(lines) == {"3", "4", "6"} and len(lines) == 3
    assert "hold.rules[0].match: unknown key 'cuase'; did you mean 'cause'?" in lines[0]


def test_every_contradiction_of_a_file_is_told_with_its_line(launch: Launcher,
                                                             tmp_path: Path) -> None:
    path = tmp_path / "hold.json"
    path.write_text("""{
  "rules": [
    {"match": {"comm": "x"}, "for": "1s"},
    {"name": "c", "until": {"barrier": "nope"}},
    {"name": "c", "match": {"cause": "success", "signals": "TERM"}, "for": "1s"}
  ],
  "barriers": {"b": {"timeout": "1s"}}
}
""")
    lines = check_refused(launch, ["--hold", f"@{path}"], [], tmp_path / "mark")
    assert lines_told(lines) == {"3", "4", "5", "7"}


@pytest.mark.parametrize("text, words", [
    ("{", ["hold.json:1"]), ("[]", ["hold.json:1", "object"]), ("", ["hold.json"]),
    ('{"rules": [], "rules": []}', ["hold.json:1", "rules"]),
    ('{"hold": {"rulse": []}}', ["hold.json:1", "rulse", "rules"]),
    ('\n\n{"rules": [{"name": "x" "for": "1s"}]}', ["hold.json:3"]),
])
def test_a_file_that_is_not_as_it_should_be(launch: Launcher, tmp_path: Path, text: str,
                                            words: list[str]) -> None:
    path = tmp_path / "hold.json"
    path.write_text(text)
    check_refused(launch, ["--hold", f"@{path}"], words, tmp_path / "mark")


def test_a_file_that_everybody_may_write_is_refused(launch: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "hold.json"
    path.write_text('{"rules": []}')
    path.chmod(0o666)
    check_refused(launch, ["--hold", f"@{path}"], ["can be written by everybody"],
                  tmp_path / "mark")


def test_a_file_of_another_user_is_warned_of(launch: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "hold.json"
    path.write_text('{"rules": [{"name": "x", "for": "1s"}]}')
    os.chown(path, 54321, 54321)
    ended = launch.run(["--hold", f"@{path}"], ["true"])
    assert ended.code == 0
    assert len(ended.errors()) == 1 and "hold.json" in ended.err and "54321" in ended.err


@pytest.mark.parametrize("rules, words", [
    (["comm=x"], ["neither for nor until", "limits.max_time (15m00s)"]),
    (["comm=x,for=1h"], ["1h00m", "limits.max_time"]),
    (["for=1s", "comm=x,for=1s"], ["hold-2", "never reached", "hold-1"]),
], ids=["no end", "too long", "never reached"])
def test_what_is_odd_is_a_warning(launch: Launcher, rules: list[str], words: list[str]) -> None:
    ended = launch.run([word for rule in rules for word in ("--hold", rule)], ["true"])
    assert ended.code == 0
    assert len(ended.errors()) == 1 and ended.err.startswith("reaperd: warning: "), ended.err
    assert all(word in ended.err for word in words), ended.err


def test_a_rule_with_an_end_is_silent(launch: Launcher) -> None:
    ended = launch.run(["--hold", "comm=x,for=1s", "--hold", "comm=y,until=released"], ["true"])
    assert (ended.code, ended.err) == (0, "")


# --- surroundings


@pytest.mark.skipif(SANITIZED, reason="the sanitizer needs /proc, even to read that it should not")
def test_without_proc_holding_is_refused_and_reaping_is_not(launch: Launcher,
                                                             tmp_path: Path) -> None:
    bare = ("unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$0" "$@"')
    mark = tmp_path / "mark"
    (line,) = check_refused(launch, ["--hold", "comm=x,for=1s"], ["--hold needs /proc"], mark,
                            prefix=bare)
    assert "none is mounted" in line
    assert launch.run([], ["touch", str(mark)], prefix=bare).code == 0
    assert mark.exists()


def test_with_the_proc_of_another_pid_namespace_holding_is_refused(launch: Launcher,
                                                                   tmp_path: Path) -> None:
    check_refused(launch, ["--hold", "comm=x,for=1s"],
                  ["--hold needs a /proc of our own pid namespace", "unshare --mount-proc"],
                  tmp_path / "mark", mode=PID1, mount_proc=False)


# --- by the environment


def hold_in_environment(launch: Launcher, value: str, folder: Path, mode: str,
                        **how: Any) -> dict[str, str | None]:
    """Which rule held which of two orphans that exit with 3 and 4."""
    log = DeathLog(folder / "deaths")
    run = launch.start(
        [], ["sh", "-c", "(sh -c 'exit 3' &); (sh -c 'exit 4' &); exec sleep 1000"], mode=mode,
        environment={"REAPERD_HOLD": value, "REAPERD_DEATH_LOG": str(log.path)}, **how)
    log.wait(lambda found: len(found) >= 2, "both orphans reaped")
    run.send(signal.SIGTERM)
    assert run.end().code == 143
    return {str(record["end"]["code"]): held_by(record) for record in log.records()
            if record["role"] == "adopted"}


@pytest.mark.parametrize("mode", (PID1, SUBREAPER))
def test_a_semicolon_separates_rules(launch: Launcher, tmp_path: Path, mode: str) -> None:
    assert hold_in_environment(
        launch, "name=a,exit_codes=3,for=200ms;name=b,exit_codes=4+5,for=200ms", tmp_path,
        mode) == {"3": "a", "4": "b"}


def test_as_tini_it_holds_what_the_environment_says(launch: Launcher, tmp_path: Path) -> None:
    """The only way to configure `docker run --init`."""
    link = tmp_path / "docker-init"
    link.symlink_to(paths.reaperd())
    assert hold_in_environment(
        launch, "name=a,exit_codes=3,for=200ms;name=b,exit_codes=4,for=200ms", tmp_path, PID1,
        program=link) == {"3": "a", "4": "b"}


def test_as_tini_wrong_rules_are_refused_as_tini_refuses(launch: Launcher, tmp_path: Path) -> None:
    link = tmp_path / "docker-init"
    link.symlink_to(paths.reaperd())
    mark = tmp_path / "mark"
    ended = launch.run([], ["touch", str(mark)], mode=PID1, program=link,
                       environment={"REAPERD_HOLD": "comm=x,for=1s;coom=y"})
    assert ended.code == 1
    assert not mark.exists()
    assert "REAPERD_HOLD" in ended.err and "coom" in ended.err


def test_the_option_comes_before_the_environment(launch: Launcher, tmp_path: Path) -> None:
    log = DeathLog(tmp_path / "deaths")
    ended = launch.run(["--hold", "name=option,role=main,for=100ms", "--death-log", str(log.path)],
                       ["sh", "-c", "exit 3"],
                       environment={"REAPERD_HOLD": "name=variable,role=main,for=100ms"})
    assert ended.code == 3
    assert [held_by(record) for record in log.records()] == ["option"]


def test_main_does_not_see_the_variable(launch: Launcher) -> None:
    ended = launch.run([], roles("report"), environment={"REAPERD_HOLD": "comm=x,for=1s"})
    assert ended.code == 0
    assert "REAPERD_HOLD" not in ended.out
