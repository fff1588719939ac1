"""Each program of docs/examples, under reaperd as PID 1 and as subreaper, sees what it claims."""

from __future__ import annotations

import pytest

import programs
from launch import Launcher
from programs import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_its_claim_holds(launch: Launcher, mode: str, example: Example) -> None:
    ended = programs.run(launch, mode, example.name, few_pids=example.few_pids)
    assert (programs.masked(ended.out), ended.code) == (list(example.lines), 0), ended.err
    assert ended.err == ""


def test_held_pid_refuses_where_numbers_wrap_late(launch: Launcher) -> None:
    ended = programs.run(launch, "subreaper", "held-pid")
    assert ended.code == 2
    assert ended.out.startswith("needs a pid namespace")
