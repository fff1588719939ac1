"""Job control under a hold rule: reaperd only looks at its children then, and must still see them
stop."""

from __future__ import annotations

import pytest

import procread
from terminal_session import CTRL_D, CTRL_Z, Shell
from test_job_control import bring_to_front, main_named, wait_foreground

RULES = ("comm=nobody,until=released", "role=main+adopted,for=100ms")


@pytest.mark.parametrize("rule", RULES)
def test_ctrl_z_stops_the_job_and_fg_continues_it(shell: Shell, rule: str) -> None:
    shell.start(f"$R --log-level error --hold '{rule}' -- cat")
    main = main_named(shell, "cat")
    wait_foreground(shell, main.pgrp)
    for word in ("one", "two"):
        shell.send(CTRL_Z)
        assert "Stopped" in shell.read_to_prompt()
        stopped = procread.read_process(main.pid)
        assert stopped is not None and stopped.state == "T"
        bring_to_front(shell)
        wait_foreground(shell, main.pgrp)
        shell.line(word)
        # Once by the terminal's echo, once by cat.
        shell.read_until(rf"{word}\n{word}\n")
    shell.send(CTRL_D)
    shell.read_to_prompt()
    assert shell.last_status() == 0


def test_ctrl_z_beside_a_held_one(shell: Shell) -> None:
    shell.start("$R --log-level info --hold 'exit_codes=3,until=released' -- "
                "sh -c '(sh -c \"exit 3\" &); exec cat'")
    shell.read_until("holding sh")
    main = main_named(shell, "cat")
    wait_foreground(shell, main.pgrp)
    shell.send(CTRL_Z)
    assert "Stopped" in shell.read_to_prompt()
    bring_to_front(shell)
    wait_foreground(shell, main.pgrp)
    shell.send(CTRL_D)
    shell.read_to_prompt()
    assert shell.last_status() == 0
