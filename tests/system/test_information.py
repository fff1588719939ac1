"""What reaperd tells: --help, --version, --explain, the log, the termination log."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from launch import PID1, SANITIZED, Ended, Launcher, roles

OPTIONS = [
    "--signal-target", "--process-group", "--new-session", "--rewrite", "--stop-signal",
    "--drain", "--drain-command", "--stop-timeout", "--force-on-second", "--grace", "--wait-for",
    "--exit-status", "--map", "--exit-by-signal", "--user", "--chdir", "--env",
    "--no-new-privileges", "--parent-death-signal", "--termination-log", "--log-level",
    "--log-format", "--explain", "--version", "--help",
]
TERMINATION_LINE = r"main (\S+) \(pid (\d+)\) (exit \d+|SIG\w+)(?: \([\w-]+\))? after \S+"


def test_help_fits_one_screen_and_names_every_option(launch: Launcher) -> None:
    ended = launch.run(["--help"], [])
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100
    assert [name for name in OPTIONS if name not in ended.out] == []


def test_help_tells_defaults(launch: Launcher) -> None:
    help_text = launch.run(["--help"], []).out
    for default in ("main", "own", "RTMIN+3", "never", "5s"):
        assert default in help_text


def test_version(launch: Launcher) -> None:
    ended = launch.run(["--version"], [])
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"reaperd \d+\.\d+\.\d+\S*\n", ended.out)


@pytest.mark.parametrize("option", ["--help", "--version", "--explain"])
def test_information_starts_nothing(launch: Launcher, option: str) -> None:
    marker = launch.folder / "marker"
    assert launch.run([option], ["touch", str(marker)]).code == 0
    assert not marker.exists()


def test_explain_tells_settings_signals_and_exits(launch: Launcher, mode: str) -> None:
    ended = launch.run(["--explain", "--rewrite", "HUP=USR2", "--map", "143=0",
                        "--stop-timeout", "7s", "--signal-target", "group"], ["true"], mode=mode,
                       environment={"REAPERD_DRAIN": "3s"})
    assert (ended.code, ended.err) == (0, "")
    for word in ("group", "HUP", "USR2", "143", "7s", "3s", "TERM", "RTMIN+3", "125",
                 "126", "127"):
        assert word in ended.out, word
    assert ("PID 1" in ended.out) if mode == PID1 else ("subreaper" in ended.out)


@pytest.mark.parametrize("prefix, word", [
    (["refuse", "pidfd_open=ENOSYS", "clone:CLONE_PIDFD=ENOSYS", "--"], "pidfd"),
    (["refuse", "waitid:WNOWAIT=EINVAL", "--"], "waitid"),
])
def test_explain_differs_where_the_kernel_lacks_something(launch: Launcher, prefix: list[str],
                                                          word: str) -> None:
    whole = launch.run(["--explain"], ["true"])
    poor = launch.run(["--explain"], ["true"], prefix=roles(*prefix))
    assert whole.code == poor.code == 0
    changed = set(poor.out.splitlines()) ^ set(whole.out.splitlines())
    assert any(word.lower() in line.lower() for line in changed), poor.out


@pytest.mark.skipif(SANITIZED, reason="the sanitizer needs /proc")
def test_explain_without_proc(launch: Launcher) -> None:
    prefix = ["unshare", "--mount", "sh", "-c", 'umount -l -R /proc; exec "$@"', "sh"]
    ended = launch.run(["--explain"], ["true"], prefix=prefix)
    assert ended.code == 0
    assert "/proc" in ended.out


def test_a_quiet_run_says_nothing(launch: Launcher, mode: str) -> None:
    ended = launch.run([], ["true"], mode=mode)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def logged(launch: Launcher, options: list[str]) -> Ended:
    """A run in which something happens that is told at debug, info and warning."""
    refusing = roles("refuse", "kill=EPERM", "pidfd_send_signal=EPERM", "--")
    run = launch.start(options, roles("echo"), prefix=refusing)
    run.wait_line("^ready echo")
    run.send_and_see(signal.SIGUSR1)
    os.kill(run.children()[0], signal.SIGKILL)
    return run.end()


def test_levels_grow(launch: Launcher) -> None:
    sizes = {level: len(logged(launch, ["--log-level", level]).errors())
             for level in ("error", "warn", "info", "debug")}
    assert sizes["error"] == 0
    assert sizes["error"] < sizes["warn"] <= sizes["info"] < sizes["debug"], sizes


def test_json_lines(launch: Launcher) -> None:
    ended = logged(launch, ["--log-level", "debug", "--log-format", "json"])
    records = [json.loads(line) for line in ended.errors()]
    assert records
    keys = set.intersection(*(set(record) for record in records))
    assert {"level", "message"} <= keys, keys
    assert any("USR1" in json.dumps(record) for record in records)


def test_json_of_a_hostile_name(launch: Launcher) -> None:
    ended = launch.run(["--log-format", "json"], ['/no/"such\\\n\x1bprogram'])
    assert ended.code == 127
    assert len(ended.errors()) == 1
    assert "program" in json.dumps(json.loads(ended.errors()[0]))


def test_text_of_a_hostile_name(launch: Launcher) -> None:
    ended = launch.run([], ["/no/such\nfake: line\x1b[2J"])
    assert ended.code == 127
    assert len(ended.errors()) == 1
    assert "\x1b" not in ended.err


def termination(launch: Launcher, mode: str, main: list[str], before: str = "",
                options: list[str] | None = None) -> tuple[Ended, str]:
    log = launch.folder / "termination-log"
    log.write_text(before, encoding="ascii")
    ended = launch.run([*(options or []), "--termination-log", str(log)], main, mode=mode)
    return ended, log.read_text(encoding="ascii")


@pytest.mark.parametrize("main, how", [
    (["exit", "1"], "exit 1"), (["kill-self", "KILL"], "SIGKILL"),
    (["kill-self", "SEGV"], "SIGSEGV"), (["exit", "255"], "exit 255"),
])
def test_an_abnormal_end_is_written_down(launch: Launcher, mode: str, main: list[str],
                                         how: str) -> None:
    _, text = termination(launch, mode, roles(*main))
    match = re.match(TERMINATION_LINE, text)
    assert match is not None, text
    assert match.group(1) == "reaperd_roles"
    assert match.group(3) == how
    assert text.count("\n") <= 1 and len(text) <= 1024


def test_a_command_that_could_not_be_started_is_written_down(launch: Launcher,
                                                             mode: str) -> None:
    ended, text = termination(launch, mode, ["/no/such/program"])
    assert ended.code == 127
    assert "/no/such/program" in text and "No such file" in text


def test_a_good_end_writes_nothing(launch: Launcher, mode: str) -> None:
    assert termination(launch, mode, ["true"])[1] == ""


def test_what_the_application_wrote_stays(launch: Launcher, mode: str) -> None:
    assert termination(launch, mode, roles("exit", 1), "its own words")[1] == "its own words"


def test_the_application_may_write_it_during_the_run(launch: Launcher) -> None:
    log = launch.folder / "log"
    log.touch()
    script = f"echo last words > {log}; exit 1"
    launch.run(["--termination-log", str(log)], ["sh", "-c", script])
    assert log.read_text(encoding="ascii") == "last words\n"


def test_dev_termination_log_is_the_default(launch: Launcher, open_folder: Path) -> None:
    log = open_folder / "dev" / "termination-log"
    log.parent.mkdir()
    log.touch()
    script = f'mount --bind {log.parent} /dev && exec "$@"'
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    assert launch.run([], roles("exit", 7), mode=PID1, prefix=prefix).code == 7
    assert re.match(TERMINATION_LINE, log.read_text(encoding="ascii"))


def test_a_link_is_not_followed(launch: Launcher) -> None:
    victim, link = launch.folder / "victim", launch.folder / "link"
    victim.touch()
    link.symlink_to(victim)
    launch.run(["--termination-log", str(link)], roles("exit", 7))
    assert victim.read_text(encoding="ascii") == ""


def test_a_pipe_nobody_reads_does_not_hang(launch: Launcher, mode: str) -> None:
    pipe = launch.folder / "pipe"
    os.mkfifo(pipe)
    ended = launch.run(["--termination-log", str(pipe)], roles("exit", 7), mode=mode, seconds=5)
    assert ended.code in (7, 125)


def test_a_full_pipe_as_stderr_stops_nothing(launch: Launcher, mode: str) -> None:
    """Nobody reads the log: lines are dropped, signals and deaths are served."""
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(write_end, True)
        script = f'exec "$@" 2>&{write_end}'
        run = launch.start(["--log-level", "debug"], roles("storm", 300, "--",
                                                           *roles("echo", "--exit-on=TERM=6")),
                           mode=mode, prefix=["bash", "-c", script, "bash"],
                           pass_fds=[write_end])
        run.wait_line("^ready echo")
        run.send(signal.SIGTERM)
        assert run.end(10).code == 6
    finally:
        os.close(read_end)
        os.close(write_end)
