"""No figure of bench/limits.json may be exceeded: instructions, system calls, wake-ups, memory,
size.

Renewing the baselines after a change that is worth its price: `bench/run.py --update-limits`."""

from __future__ import annotations

import os

import need
import pytest
from benchlib import gate, syscall_count
from benchlib.programs import OURS, OURS_DYNAMIC

LIMITS = gate.read_limits()


@pytest.fixture(autouse=True)
def _machine() -> None:
    """Without private pid namespaces nothing here can be measured."""
    if os.geteuid() != 0:
        pytest.skip("private pid namespaces need root")
    need.need("unshare", "taskset", "g++")


@pytest.mark.limit(120)
@pytest.mark.parametrize("metric", sorted(gate.METRICS))
def test_stays_within_its_limit(metric: str) -> None:
    tools, measure = gate.METRICS[metric]
    for tool in tools:
        need.need(tool)
    need.need_file(gate.program_path(OURS_DYNAMIC if metric.endswith("_dynamic") else OURS),
                   "our programs: run ./dev build release static")
    if "syscalls" in metric and syscall_count.method() is None:
        need.missing("perf or strace")
    limit = LIMITS[metric]
    value = measure()
    assert value <= limit.most, (
        f"{metric} is {value}, more than {limit.most:g} "
        f"({describe(limit)}). {limit.reason} If the price is meant: bench/run.py --update-limits")


def describe(limit: gate.Limit) -> str:
    """Where the number comes from."""
    if limit.budget is not None:
        return "a budget"
    return f"baseline {limit.baseline:g} + {limit.margin:.0%}"


def test_every_metric_has_a_limit_with_a_reason() -> None:
    assert set(LIMITS) == set(gate.METRICS)
    for limit in LIMITS.values():
        assert len(limit.reason) > 20
        assert (limit.budget is None) != (limit.baseline is None)
