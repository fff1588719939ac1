"""reaperd as leader of the terminal's session, in scripts, and as PID 1 under a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import paths
import procread
from launch import UNSHARE, roles, strays
from terminal_session import CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, Terminal
from waiting import wait_until

Start = Callable[..., Terminal]
NAMESPACE = ["/usr/bin/unshare", *UNSHARE[1:], "--mount-proc"]


def leader(*words: str) -> list[str]:
    return [str(paths.reaperd()), *words]


def pid1(*words: str) -> list[str]:
    """In the session of unshare, as `docker run -it` never is, but `kubectl debug` may be."""
    return [*NAMESPACE, str(paths.reaperd()), *words]


def pid1_leader(*words: str) -> list[str]:
    """PID 1 that leads the terminal's session, as in a container with a terminal."""
    return [*NAMESPACE, "/usr/bin/setsid", "--ctty", str(paths.reaperd()), *words]


PLACES = pytest.mark.parametrize("place", [leader, pid1, pid1_leader],
                                 ids=["leader", "pid1", "pid1-leader"])


@PLACES
def test_main_reads_and_its_code_comes_out(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--", "sh", "-c", "read x; echo got-$x; exit 7"))
    terminal.line("words")
    terminal.read_until("^got-words")
    assert terminal.end() == 7


@PLACES
@pytest.mark.parametrize("key, name", [(CTRL_C, "INT"), (CTRL_BACKSLASH, "QUIT")])
def test_keys_reach_main_once(under_terminal: Start, place: Callable, key: str,
                              name: str) -> None:
    terminal = under_terminal(place("--", *roles("echo", "--exit-on=HUP=3")))
    terminal.read_until("^ready echo")
    terminal.send(key)
    terminal.read_until(rf"signal {name}\b")
    # What comes after a second, different signal cannot be a late copy of the first.
    terminal.send(CTRL_BACKSLASH if key == CTRL_C else CTRL_C)
    terminal.read_until(r"signal (INT|QUIT)\b")
    assert len(re.findall(rf"signal {name}\b", terminal.transcript)) == 1


@PLACES
def test_ctrl_z_cannot_leave_main_stopped_for_ever(under_terminal: Start,
                                                   place: Callable) -> None:
    """There is no shell that could continue it."""
    terminal = under_terminal(place("--", "cat"))
    terminal.line("before")
    terminal.read_until("before\nbefore\n")
    terminal.send(CTRL_Z)
    terminal.line("after")
    terminal.read_until("after\nafter\n")
    terminal.send(CTRL_D)
    assert terminal.end() == 0


@pytest.mark.parametrize("place", [pid1, pid1_leader], ids=["pid1", "pid1-leader"])
def test_as_pid_1_a_main_that_stopped_gets_cont(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--", *roles("echo", "--default=TSTP", "--exit-on=INT=3")))
    terminal.read_until("^ready echo")
    terminal.send(CTRL_Z)
    terminal.read_until("signal CONT from=1 ")
    terminal.send(CTRL_C)
    assert terminal.end() == 3


@PLACES
def test_main_sees_size_and_changes_of_it(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--", *roles("echo", "--size", "--exit-on=INT=3")), (30, 99))
    terminal.read_until("^size 30x99")
    terminal.set_size(50, 132)
    terminal.read_until("signal WINCH")
    terminal.read_until("^size 50x132")
    terminal.send(CTRL_C)
    assert terminal.end() == 3


@PLACES
def test_stty_tells_the_size(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--", "stty", "size"), (41, 117))
    terminal.read_until("^41 117$")
    assert terminal.end() == 0


@PLACES
def test_main_is_the_foreground_group(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--", *roles("report")))
    seen = json.loads(terminal.read_until(r"^\{.*\}$").group(0))
    assert seen["terminal"] == 1
    assert seen["foreground"] == seen["pgrp"] == seen["pid"]


@pytest.mark.parametrize("place", [leader, pid1_leader], ids=["leader", "pid1-leader"])
def test_a_new_session_takes_the_terminal_along(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--new-session", "--", *roles("report", "--end=eof:4")))
    seen = json.loads(terminal.read_until(r"^\{.*\}$").group(0))
    assert seen["sid"] == seen["pid"]
    assert seen["terminal"] == 1
    assert seen["foreground"] == seen["pid"]
    terminal.send(CTRL_D)
    assert terminal.end() == 4


@pytest.mark.parametrize("place", [leader, pid1_leader], ids=["leader", "pid1-leader"])
def test_keys_work_in_a_new_session(under_terminal: Start, place: Callable) -> None:
    terminal = under_terminal(place("--new-session", "--",
                                    *roles("echo", "--size", "--exit-on=INT=3")))
    terminal.read_until("^size")
    terminal.set_size(50, 132)
    terminal.read_until("^size 50x132")
    terminal.send(CTRL_C)
    assert terminal.end() == 3
    assert "signal HUP" not in terminal.transcript


@pytest.mark.parametrize("place", [leader, pid1_leader], ids=["leader", "pid1-leader"])
@pytest.mark.parametrize("options", [[], ["--new-session"]], ids=["own-group", "new-session"])
def test_hang_up_reaches_main(under_terminal: Start, tmp_path: Path, place: Callable,
                              options: list[str]) -> None:
    lines = tmp_path / "lines"
    terminal = under_terminal(place(*options, "--", *roles("echo", f"--out={lines}",
                                                           "--exit-on=HUP=9")))
    wait_until(lambda: lines.exists() and "ready" in lines.read_text(encoding="ascii"), "main")
    terminal.close()
    assert terminal.end() == 9
    assert "signal HUP" in lines.read_text(encoding="ascii")


def test_hang_up_of_a_main_that_does_not_care_ends_it(under_terminal: Start) -> None:
    """Only the session's leader is told: reaperd, which must pass it on."""
    terminal = under_terminal(leader("--", "sh", "-c", "echo ready; exec sleep 1000"))
    terminal.read_until("^ready")
    terminal.close()
    assert terminal.end() == 129


def test_hang_up_of_the_shell_leaves_nobody(under_terminal: Start) -> None:
    terminal = under_terminal(["/bin/bash", "--norc", "--noprofile", "-i"])
    terminal.line(f"{paths.reaperd()} -- sleep 1000 &")
    terminal.line(f"{paths.reaperd()} -- {' '.join(roles('echo', '--exit-on=HUP=1'))}")
    terminal.read_until("^ready echo")
    terminal.close()
    terminal.end()
    wait_until(lambda: strays() == [], "the shell's jobs to end")


SCRIPTS = {
    "a command": ("$R -- true", 0),
    "a command that dies": ("$R -- sh -c 'kill -KILL $$'", 137),
    "a command that is missing": ("$R -- /no/such/program 2>/dev/null", 127),
    "a command that leaves an orphan": ("$R --grace 0 -- sh -c 'sleep 1000 & exit 3'", 3),
    "a new session": ("$R --new-session -- true", 0),
    "an interactive shell": ("$R -- bash --norc --noprofile -ic 'exit 4' 2>/dev/null", 4),
}


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_a_script_has_the_terminal_back_afterwards(under_terminal: Start, tmp_path: Path,
                                                   name: str) -> None:
    command, code = SCRIPTS[name]
    script = tmp_path / "script"
    script.write_text(f"R={paths.reaperd()}\n{command}\ncode=$?\nread -r line\n"
                      "echo \"code-$code got-$line\"\n", encoding="ascii")
    terminal = under_terminal(["/bin/bash", str(script)])
    # Typed before or after the command ended, the script reads it.
    terminal.line("words")
    terminal.read_until(f"^code-{code} got-words")
    assert terminal.end() == 0


def test_an_interactive_shell_as_main_of_pid_1_has_job_control(under_terminal: Start) -> None:
    terminal = under_terminal(pid1_leader("--", "bash", "--norc", "--noprofile", "-i"))
    terminal.line("echo rea\"\"dy")
    terminal.read_until("^ready")
    assert "no job control" not in terminal.transcript
    terminal.line("sleep 1000")
    wait_until(lambda: any((seen := procread.read_process(pid)) is not None
                           and seen.comm == "sleep" and seen.pgrp == terminal.foreground()
                           for pid in procread.descendants(terminal.pid)), "sleep in front")
    terminal.send(CTRL_Z)
    terminal.read_until("Stopped")
    terminal.line("kill %1; fg; echo co\"\"de-$?")
    terminal.read_until("^code-143")
    terminal.line("exit 8")
    assert terminal.end() == 8


@PLACES
@pytest.mark.parametrize("name", ["tini", "dumb-init", "catatonit"])
def test_the_other_names_under_a_terminal(under_terminal: Start, tmp_path: Path,
                                          place: Callable, name: str) -> None:
    link = tmp_path / name
    link.symlink_to(paths.reaperd())
    words = [str(link) if word == str(paths.reaperd()) else word
             for word in place("--", *roles("echo", "--exit-on=INT=5"))]
    terminal = under_terminal(words)
    terminal.read_until("^ready echo")
    terminal.send(CTRL_C)
    terminal.read_until("signal INT")
    assert terminal.end() == 5


def test_a_stop_signal_beats_a_main_that_reads(under_terminal: Start) -> None:
    terminal = under_terminal(leader("--", "cat"))
    terminal.line("words")
    terminal.read_until("words\nwords\n")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 143
