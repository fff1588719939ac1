"""Below an interactive shell: reaperd must feel as if the command ran alone."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import procread
from terminal_session import CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, PROMPT, Shell
from waiting import wait_until


def below(shell: Shell) -> list[procread.Process]:
    seen = (procread.read_process(pid) for pid in procread.descendants(shell.pid))
    return [process for process in seen if process is not None and not process.is_zombie]


def main_named(shell: Shell, comm: str) -> procread.Process:
    """The command below reaperd, once it runs."""
    found = wait_until(lambda: [process for process in below(shell) if process.comm == comm],
                       f"a process named {comm}")
    return found[0]


def wait_foreground(shell: Shell, group: int) -> None:
    wait_until(lambda: shell.foreground() == group, f"group {group} in the foreground")


def bring_to_front(shell: Shell) -> None:
    """`fg`. What is typed before the shell has let go of the terminal would meet its line editor;
    of a running job nobody else is told."""
    shell.start("fg")
    wait_until(lambda: shell.foreground() != shell.pid, "the job in the foreground")


def test_a_command_runs_and_its_code_comes_back(shell: Shell) -> None:
    assert shell.run("$R -- sh -c 'echo hello; exit 7'") == "hello\n"
    assert shell.last_status() == 7


def test_main_is_in_the_foreground_and_can_read(shell: Shell) -> None:
    shell.start("$R -- sh -c 'read x; echo got-$x'")
    shell.line("words")
    assert "got-words" in shell.read_to_prompt()


@pytest.mark.parametrize("key, code", [(CTRL_C, 130), (CTRL_BACKSLASH, 131)])
def test_keys_end_main(shell: Shell, key: str, code: int) -> None:
    shell.start("$R -- sleep 1000")
    main = main_named(shell, "sleep")
    wait_foreground(shell, main.pgrp)
    shell.send(key)
    shell.read_to_prompt()
    assert shell.last_status() == code


def test_ctrl_c_reaches_main_once(shell: Shell) -> None:
    shell.start("$R -- $H echo --exit-on=QUIT=3")
    shell.read_until("^ready echo")
    shell.send(CTRL_C)
    shell.read_until("signal INT")
    shell.send(CTRL_BACKSLASH)
    text = shell.read_to_prompt()
    assert "signal INT" not in text
    assert shell.last_status() == 3


def test_exit_by_signal_looks_like_the_command_itself(shell: Shell) -> None:
    """A loop in the shell ends at ^C only if the command died of INT."""
    shell.start("for i in 1 2 3; do $R --exit-by-signal -- sleep 1000; done; echo after")
    main = main_named(shell, "sleep")
    wait_foreground(shell, main.pgrp)
    shell.send(CTRL_C)
    shell.read_to_prompt()
    assert shell.last_status() == 130
    assert not [process for process in below(shell) if process.comm == "sleep"]


def test_ctrl_z_stops_the_job_and_fg_continues_it(shell: Shell) -> None:
    shell.start("$R -- cat")
    main = main_named(shell, "cat")
    wait_foreground(shell, main.pgrp)
    for word in ("one", "two", "three"):
        shell.send(CTRL_Z)
        assert "Stopped" in shell.read_to_prompt()
        stopped = procread.read_process(main.pid)
        assert stopped is not None and stopped.state == "T"
        assert shell.foreground() == shell.pid
        bring_to_front(shell)
        wait_foreground(shell, main.pgrp)
        shell.line(word)
        # Once by the terminal's echo, once by cat.
        shell.read_until(rf"{word}\n{word}\n")
    shell.send(CTRL_D)
    shell.read_to_prompt()
    assert shell.last_status() == 0


def test_ctrl_z_and_bg(shell: Shell) -> None:
    shell.start("$R -- $H echo --default=TSTP,TTIN,TTOU --exit-on=TERM=6")
    shell.read_until("^ready echo")
    shell.send(CTRL_Z)
    assert "Stopped" in shell.read_to_prompt()
    shell.line("bg")
    shell.read_until("signal CONT")
    assert "Running" in shell.wait_job("Running")
    assert shell.foreground() == shell.pid
    shell.run("kill %1; wait %1")
    assert shell.last_status() == 6
    assert shell.run("echo still-$((40+2))") == "still-42\n"


def test_a_job_stopped_in_the_background_ends_by_kill(shell: Shell) -> None:
    shell.start("$R -- sleep 1000")
    main = main_named(shell, "sleep")
    wait_foreground(shell, main.pgrp)
    shell.send(CTRL_Z)
    shell.read_to_prompt()
    shell.run("kill %1; bg >/dev/null 2>&1; wait %1")
    assert shell.last_status() == 143
    assert below(shell) == []


def test_a_background_start_takes_nothing(shell: Shell) -> None:
    shell.run("$R -- sleep 1000 &")
    main_named(shell, "sleep")
    assert shell.foreground() == shell.pid
    assert shell.run("echo mine-$((1+1))") == "mine-2\n"
    assert "Running" in shell.run("jobs")
    shell.run("kill %1; wait %1")
    assert shell.last_status() == 143


def test_a_background_reader_stops_until_fg(shell: Shell) -> None:
    shell.run("$R -- cat &")
    shell.wait_job("Stopped")
    bring_to_front(shell)
    main = main_named(shell, "cat")
    wait_foreground(shell, main.pgrp)
    shell.line("typed")
    shell.read_until("typed\ntyped\n")
    shell.send(CTRL_D)
    shell.read_to_prompt()
    assert shell.last_status() == 0


def test_a_background_writer_stops_where_the_terminal_says_so(shell: Shell) -> None:
    shell.run("stty tostop")
    shell.run("$R -- sh -c 'echo written; exit 5' &")
    shell.wait_job("Stopped")
    # It ends at once: whether it is ever seen in the foreground is chance.
    shell.start("fg")
    assert "written" in shell.read_to_prompt()
    assert shell.last_status() == 5


@pytest.mark.parametrize("key, code", [(CTRL_C, 130), (CTRL_BACKSLASH, 131)])
def test_keys_after_fg_of_a_running_background_job(shell: Shell, key: str, code: int) -> None:
    shell.run("$R -- sleep 1000 &")
    main_named(shell, "sleep")
    bring_to_front(shell)
    shell.send(key)
    shell.read_to_prompt()
    assert shell.last_status() == code


def test_ctrl_z_after_fg_of_a_running_background_job(shell: Shell) -> None:
    shell.run("$R -- sleep 1000 &")
    main = main_named(shell, "sleep")
    bring_to_front(shell)
    shell.send(CTRL_Z)
    assert "Stopped" in shell.read_to_prompt()
    stopped = procread.read_process(main.pid)
    assert stopped is not None and stopped.state == "T"
    bring_to_front(shell)
    wait_until(lambda: (seen := procread.read_process(main.pid)) is not None
               and seen.state == "S", "main to run again")
    shell.send(CTRL_C)
    shell.read_to_prompt()
    assert shell.last_status() == 130


def test_main_reads_after_fg_of_a_running_background_job(shell: Shell, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    shell.run(f"$R -- sh -c 'read x < {gate}; read x; echo got-$x' &")
    wait_until(lambda: len(below(shell)) == 2, "main")
    bring_to_front(shell)
    gate.write_text("go\n", encoding="ascii")
    shell.line("words")
    shell.read_until("got-words\n")
    shell.read_to_prompt()
    assert shell.last_status() == 0


def test_first_in_a_pipeline(shell: Shell) -> None:
    shell.start("$R -- cat | tr a-z A-Z")
    main_named(shell, "cat")
    shell.line("words")
    shell.send(CTRL_D)
    assert "WORDS" in shell.read_to_prompt()
    assert shell.last_status() == 0


def test_last_in_a_pipeline_whose_head_reads_the_terminal(shell: Shell) -> None:
    """Taking the foreground away from the pipeline would stop its first program."""
    shell.start("cat | $R -- sed -u s/^/got-/")
    main_named(shell, "sed")
    # The second read comes surely after whatever was done to the foreground.
    for word in ("one", "two"):
        shell.line(word)
        shell.read_until(f"got-{word}\n")
    shell.send(CTRL_D)
    shell.read_to_prompt()
    assert shell.last_status() == 0


def test_in_the_middle_of_a_pipeline(shell: Shell) -> None:
    assert shell.run("seq 50 | $R -- sort -rn | head -1") == "50\n"


def test_ctrl_c_ends_a_pipeline(shell: Shell) -> None:
    shell.start("$R -- sleep 1000 | cat")
    main_named(shell, "sleep")
    main_named(shell, "cat")
    shell.send(CTRL_C)
    shell.read_to_prompt()
    wait_until(lambda: below(shell) == [], "the pipeline to be gone")


def test_ctrl_z_stops_a_pipeline_and_fg_continues_it(shell: Shell) -> None:
    shell.start("$R -- cat | tr a-z A-Z")
    cat = main_named(shell, "cat")
    main_named(shell, "tr")
    shell.send(CTRL_Z)
    assert "Stopped" in shell.read_to_prompt()
    assert (seen := procread.read_process(cat.pid)) is not None and seen.state == "T"
    bring_to_front(shell)
    shell.line("words")
    shell.send(CTRL_D)
    assert "WORDS" in shell.read_to_prompt()


def test_command_substitution(shell: Shell) -> None:
    assert shell.run("echo \"<$($R -- echo inner)>\"") == "<inner>\n"


def test_a_failed_start_leaves_the_terminal_to_the_shell(shell: Shell) -> None:
    assert "cannot start /no/such/program" in shell.run("$R -- /no/such/program")
    assert shell.last_status() == 127
    assert shell.foreground() == shell.pid


def test_inherited_group_shares_the_keys(shell: Shell) -> None:
    shell.start("$R --process-group inherit -- sleep 1000")
    main_named(shell, "sleep")
    shell.send(CTRL_C)
    shell.read_to_prompt()
    assert shell.last_status() == 130


def test_inherited_group_stops_and_continues(shell: Shell) -> None:
    shell.start("$R --process-group inherit -- cat")
    main_named(shell, "cat")
    shell.send(CTRL_Z)
    assert "Stopped" in shell.read_to_prompt()
    bring_to_front(shell)
    shell.line("typed")
    shell.read_until("typed\ntyped\n")
    shell.send(CTRL_D)
    shell.read_to_prompt()
    assert shell.last_status() == 0


def test_a_new_session_does_not_steal_the_shells_terminal(shell: Shell) -> None:
    text = shell.run("$R --new-session -- $H report")
    assert '"terminal":0' in text
    assert shell.foreground() == shell.pid
    assert shell.run("echo here-$((3+4))") == "here-7\n"


def test_a_shell_with_job_control_as_main(shell: Shell) -> None:
    shell.start('$R --env "PS1=$PS1" -- bash --norc --noprofile -i')
    inner = shell.read_to_prompt()
    assert "no job control" not in inner
    shell.start("sleep 1000")
    sleep = main_named(shell, "sleep")
    wait_foreground(shell, sleep.pgrp)
    shell.send(CTRL_Z)
    assert "Stopped" in shell.read_to_prompt()
    bring_to_front(shell)
    wait_foreground(shell, sleep.pgrp)
    shell.send(CTRL_C)
    shell.read_to_prompt()
    assert shell.last_status() == 130
    shell.line("exit 9")
    shell.read_to_prompt()
    assert shell.last_status() == 9
    assert shell.foreground() == shell.pid


def test_the_modes_of_the_terminal_are_left_alone(shell: Shell) -> None:
    before = shell.run("stty -g")
    assert shell.run("$R -- stty -g") == before
    assert re.fullmatch(r"[0-9a-f:]+\n", before)
    assert shell.run("stty -g") == before
    assert PROMPT not in before
