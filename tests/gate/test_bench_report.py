"""What bench/run.py says about its figures: quantiles, verdicts, the README block."""

from __future__ import annotations

import pytest
from benchlib import gate, report
from benchlib.budgets import judge
from benchlib.programs import OURS
from benchlib.rows import ROWS, select_groups
from benchlib.stats import Results, quantile


def results_of(figures: dict[str, dict[str, float]]) -> Results:
    results = Results()
    for row, cells in figures.items():
        for program, value in cells.items():
            results.add(row, program, value)
    return results


def test_quantiles_lie_between_neighbours() -> None:
    values = [4.0, 1.0, 3.0, 2.0]
    assert quantile(values, 0.0) == 1.0
    assert quantile(values, 0.5) == 2.5
    assert quantile(values, 1.0) == 4.0


def test_a_budget_relative_to_a_peer_uses_the_same_run() -> None:
    slow = results_of({"exec_to_main": {OURS: 900.0, "tini-static": 890.0}})
    fast = results_of({"exec_to_main": {OURS: 880.0, "tini-static": 890.0}})
    assert judge(slow)["exec_to_main"].passed is False
    assert judge(fast)["exec_to_main"].passed is True


def test_the_strictest_of_several_limits_counts() -> None:
    results = results_of({"cpu_burst_0": {OURS: 3.0, "tini": 3.0},
                          "cpu_burst_20000": {OURS: 11.0, "tini": 500.0}})
    verdict = judge(results)["cpu_burst_20000"]
    assert verdict.limit == 10.0
    assert verdict.passed is False


def test_what_was_not_measured_is_not_judged() -> None:
    verdict = judge(results_of({"rss": {"tini": 700.0}}))["rss"]
    assert verdict.passed is None
    assert OURS in verdict.reason


def test_a_cut_off_cell_shows_in_the_table_and_is_explained_below() -> None:
    results = results_of({"cpu_burst_0": {OURS: 3.0}})
    results.note("p99_burst_0", "tini", "fell behind: cut off")
    text = report.table(results, [OURS, "tini"])
    assert "cut off" in text.splitlines()[-3]
    assert text.splitlines()[-1].startswith("* death to reaped p99")


def test_only_the_block_between_the_markers_is_replaced() -> None:
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    replaced = report.replace_block(text, "new")
    assert replaced == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    with pytest.raises(ValueError):
        report.replace_block("no markers", "new")


def test_rows_are_chosen_by_group_or_by_the_beginning_of_a_name() -> None:
    assert select_groups(["size", "cpu_burst"]) == {"size", "reap"}
    assert select_groups(None) == {row.group for row in ROWS}
    with pytest.raises(ValueError):
        select_groups(["nonsense"])


def test_a_call_that_strace_cuts_in_two_counts_once_and_the_child_does_not() -> None:
    trace = "\n".join((
        '7 execve("/usr/bin/unshare", ["unshare"], 0x7 /* 2 vars */) = 0',
        '8 execve("/x/reaperd", ["reaperd"], 0x7 /* 2 vars */) = 0',
        "8 brk(NULL) = 0x1",
        "8 wait4(9, <unfinished ...>",
        '9 execve("/bin/true", ["true"], 0x7 /* 2 vars */) = 0',
        "8 <... wait4 resumed>NULL, 0, NULL) = 9",
        "8 exit_group(0) = ?",
    ))
    assert gate.calls_after_exec(trace, "/x/reaperd") == ["brk", "wait4", "exit_group"]
