"""reaperctl where a person uses it: `top` on a terminal, and the words that shells complete."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import need
from crew import hold_file
from launch import Launcher, base_environment
from status_bed import Bed, ctl, reaperctl
from terminal_session import CTRL_C, CTRL_Z, Shell, Terminal
from waiting import wait_until

ENTER, LEAVE = r"\x1b\[\?1049h", r"\x1b\[\?1049l"
DRAWN = r"\x1b\[H(?s:(.*?))\x1b\[J"  # one whole screen


@contextmanager
def terminal(words: Sequence[object], size: tuple[int, int]) -> Iterator[Terminal]:
    made = Terminal([str(word) for word in words], {**base_environment(), "TERM": "xterm"}, size)
    try:
        yield made
    finally:
        made.kill()


def top(bed: Bed, size: tuple[int, int] = (24, 80)) -> AbstractContextManager[Terminal]:
    return terminal([reaperctl(), "--socket", bed.path, "top"], size)


def lines_of(screen: str) -> list[str]:
    """Of one whole screen, without colours; the terminal has made a CR of its own for each LF."""
    return [re.sub(r"\x1b\[[0-9;]*[mK]|\r", "", line) for line in screen.split("\n")]


def screen_with(shown: Terminal, pattern: str) -> list[str]:
    """The lines of the first whole screen that shows it."""
    last: list[str] = []

    def found() -> list[str]:
        last[:] = lines_of(shown.read_until(DRAWN).group(1))
        return last if re.search(pattern, "\n".join(last), re.MULTILINE) else []

    try:
        return wait_until(found, f"a screen with {pattern!r}")
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *last])) from None


# --- top


def test_top_shows_who_dies_and_who_is_held(launch: Launcher, open_folder: Path) -> None:
    options = ["--hold", "comm=crashed,until=released,name=crashes"]
    with Bed(launch, open_folder, options) as bed, top(bed) as shown:
        shown.read_until(ENTER)
        before = bed.crew.one("dead", "early", "exit:3")
        screen_with(shown, rf"\b{before}\b.*exit 3.*early")
        held = bed.crew.one("dead", "crashed", "signal:SEGV")
        lines = screen_with(shown, rf"\b{held}\b.*crashes")
        assert len(lines) <= 24 and all(len(line) <= 80 for line in lines), lines
        bed.call("Release", pid=held)
        screen_with(shown, r"\bheld 0 of ")
        shown.send("q")
        shown.read_until(LEAVE)
        assert shown.end() == 0


def test_top_fits_the_window_when_that_changes(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed, top(bed, (24, 200)) as shown:
        for number in range(30):
            bed.crew.one("dead", f"number-{number}", "exit:3")
        screen_with(shown, r"number-29")
        for rows, columns in ((10, 40), (5, 20), (2, 10), (1, 1), (24, 80)):
            shown.read_until(DRAWN)
            shown.set_size(rows, columns)
            wait_until(lambda: fits(shown, rows, columns),  # noqa: B023
                       f"a screen of {rows} lines and {columns} columns")
        screen_with(shown, r"number-29")


def fits(shown: Terminal, rows: int, columns: int) -> bool:
    """Where not even the labels fit, the terminal cuts: it was told not to wrap."""
    lines = lines_of(shown.read_until(DRAWN).group(1))
    return len(lines) <= rows and (columns < 12 or all(len(line) <= columns for line in lines))


@pytest.mark.parametrize("how", [CTRL_C, "q"])
def test_top_obeys_while_reaperd_does_not_answer(launch: Launcher, open_folder: Path,
                                                 how: str) -> None:
    with Bed(launch, open_folder) as bed, top(bed, (24, 80)) as shown:
        shown.read_until(DRAWN)
        os.kill(bed.crew.run.pid, signal.SIGSTOP)
        try:
            shown.set_size(10, 40)
            wait_until(lambda: fits(shown, 10, 40), "a screen of the new size")
            shown.send(how)
            shown.read_until(LEAVE)
            assert shown.end() == 0
        finally:
            os.kill(bed.crew.run.pid, signal.SIGCONT)


@contextmanager
def top_in_a_shell(bed: Bed) -> Iterator[tuple[Shell, str]]:
    """With what the terminal was set to before."""
    shell = Shell(base_environment())
    try:
        before = shell.run("stty -a")
        shell.start(f"{reaperctl()} --socket {bed.path} top")
        shell.read_until(DRAWN)
        yield shell, before
    finally:
        shell.kill()


@pytest.mark.parametrize("how", [CTRL_C, "q", "Q", signal.SIGTERM, signal.SIGHUP])
def test_top_leaves_the_terminal_as_it_was(launch: Launcher, open_folder: Path,
                                           how: str | signal.Signals) -> None:
    with Bed(launch, open_folder) as bed, top_in_a_shell(bed) as (shell, before):
        if isinstance(how, str):
            shell.send(how)
        else:
            os.kill(shell.foreground(), how)
        shell.read_until(LEAVE)
        shell.read_to_prompt()
        assert shell.last_status() == 0
        assert shell.run("stty -a") == before


def test_top_stops_and_goes_on(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed, top_in_a_shell(bed) as (shell, before):
        shell.send(CTRL_Z)
        shell.read_until(LEAVE)
        shell.read_to_prompt()
        assert shell.run("stty -a") == before, "while it is stopped"
        died = bed.crew.one("dead", "meanwhile", "exit:3")
        shell.line("fg")
        shell.read_until(ENTER)
        screen_with(shell, rf"\b{died}\b.*meanwhile")
        shell.send("q")
        shell.read_until(LEAVE)
        shell.read_to_prompt()
        assert shell.last_status() == 0


def test_top_ends_with_the_run_and_says_so(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed, top(bed) as shown:
        shown.read_until(DRAWN)
        os.kill(bed.crew.run.pid, signal.SIGTERM)
        shown.read_until(LEAVE)
        shown.read_until(r"^reaperctl: ")
        assert shown.end() == 3


def test_top_needs_a_terminal(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        for words in (["top"], ["top", "--json"]):
            told = bed.ctl(*words)
            assert (told.returncode, told.stdout) == (2, "")
            assert "reaperctl events" in told.stderr


# --- completions


def completed_by(shell: str, folder: Path, line: str, path: str) -> list[str]:
    """What the shell itself offers for the last word of `line`."""
    need.need(shell)
    script = folder / f"completions.{shell}"
    script.write_text(ctl("completions", shell).stdout)
    ask = {
        "bash": f'source {script}; COMP_WORDS=({line[:-1] if line.endswith(" ") else line}'
                f'{" " + chr(39) * 2 if line.endswith(" ") else ""}); '
                'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _reaperctl; '
                'printf "%s\\n" "${COMPREPLY[@]}"',
        "fish": f'source {script}; complete -C "{line}"',
    }[shell]
    flags = {"bash": ["--norc", "--noprofile"], "fish": ["--no-config"]}[shell]
    told = subprocess.run([shell, *flags, "-c", ask], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, encoding="utf-8", timeout=30,
                          env={**base_environment(), "PATH": path, "HOME": str(folder)})
    assert told.stderr == "", told
    return [offer.split("\t")[0] for offer in told.stdout.split("\n") if offer]


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_completes_what_there_is(launch: Launcher, open_folder: Path, tmp_path: Path,
                                         shell: str) -> None:
    options = ["--hold", "comm=crashed,until=released,name=crashes"]
    with Bed(launch, open_folder, options) as bed:
        alive = bed.crew.one("live", "alive")
        dead = bed.crew.one("dead", "passing", "exit:3")
        held = bed.crew.one("dead", "crashed", "exit:3")
        bed.wait_death(dead)
        bed.wait_held(held)
        # The completions call what is in the PATH, which finds the socket by the variable.
        program = tmp_path / "bin" / "reaperctl"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nREAPERD_STATUS_SOCKET={bed.path} exec {reaperctl()} "$@"\n')
        program.chmod(0o755)
        path = f"{program.parent}:{base_environment()['PATH']}"

        def offered(line: str) -> list[str]:
            return completed_by(shell, tmp_path, line, path)

        assert offered("reaperctl stat") == ["status"]
        assert {"top", "why", "ps"} <= set(offered("reaperctl "))
        assert str(dead) in offered("reaperctl why ")
        assert str(alive) in offered("reaperctl wait ")
        assert offered("reaperctl deaths --cause oom") == ["oom-kill"]
        assert sorted(offered("reaperctl rules ")[:2]) == ["add", "remove"]
        assert "USR1" in offered("reaperctl signal U")
        assert str(alive) in offered("reaperctl signal TERM ")
        assert offered("reaperctl signal --color never TERM m") == ["main"]
        assert [word for word in offered("reaperctl release ") if word.isdigit()] == [str(held)]
        assert sorted(offered("reaperctl release --rule ")) == ["crashes", "lease"]
        assert offered("reaperctl --color ne") == ["never"]
        assert offered("reaperctl deaths --fol") == ["--follow"]
        assert offered("reaperctl nonsense x") == []


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_asks_the_socket_that_was_typed(launch: Launcher, open_folder: Path, tmp_path: Path,
                                                shell: str) -> None:
    path = f"{reaperctl().parent}:{base_environment()['PATH']}"
    barrier = {"barriers": {"jobs": {"release_when": {"count": 9}, "timeout": "1h"}},
               "rules": [{"name": "b", "match": {"comm": "crashed"}, "until": {"barrier": "jobs"}}]}
    with Bed(launch, open_folder, ["--hold", hold_file(tmp_path, barrier)]) as bed:
        alive = bed.crew.one("live", "alive")
        # bash takes the = for a word of its own.
        ways = [f"--socket {bed.path}", f"--socket={bed.path}"]
        ways += [f"--socket = {bed.path}"] if shell == "bash" else []
        for way in ways:
            assert str(alive) in completed_by(shell, tmp_path, f"reaperctl {way} wait ", path)
            assert str(alive) in completed_by(shell, tmp_path, f"reaperctl wait {way} ", path)
            assert completed_by(shell, tmp_path, f"reaperctl {way} stat", path) == ["status"]
            assert completed_by(shell, tmp_path, f"reaperctl {way} release --barrier ",
                                path) == ["jobs"]


@contextmanager
def zsh(folder: Path) -> Iterator[Terminal]:
    """One that has loaded our completions."""
    need.need("zsh")
    (folder / "_reaperctl").write_text(ctl("completions", "zsh").stdout)
    environment = {**base_environment(), "TERM": "dumb", "PS1": "", "ZDOTDIR": str(folder),
                   "PATH": f"{reaperctl().parent}:{base_environment()['PATH']}"}
    shell = Terminal(["/usr/bin/zsh", "-f", "-i"], environment, (24, 500))
    try:
        shell.line(f"PS1='<<'prompt'>>'; fpath=({folder} $fpath); autoload -U compinit; "
                   f"compinit -u -d {folder}/dump; echo loa''ded")
        shell.read_until("^loaded")
        yield shell
    finally:
        shell.kill()


def test_zsh_completes_a_verb_on_its_line(tmp_path: Path) -> None:
    with zsh(tmp_path) as shell:
        shell.send("reaperctl comp\tba\t; echo ende''d\n")
        shell.read_until("complete -F _reaperctl reaperctl")
        shell.read_until("^ended")


def test_zsh_completes_what_the_typed_socket_tells(launch: Launcher, open_folder: Path,
                                                   tmp_path: Path) -> None:
    options = ["--hold", "comm=crashed,until=released"]
    with Bed(launch, open_folder, options) as bed, zsh(tmp_path) as shell:
        held = bed.crew.one("dead", "crashed", "exit:3")
        bed.wait_held(held)
        shell.send(f"reaperctl --socket {bed.path} release {str(held)[0]}\t\n")
        shell.read_until("^1 zombie released")
        shell.send(f"reaperctl --socket={bed.path} signal UR\tma\t&& echo se''nt\n")
        shell.read_until("^sent")
