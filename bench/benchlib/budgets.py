"""The budgets: for each row that has one, the limit, from this run's own figures, and the verdict.

A budget is a ratio to a peer or to ourselves wherever a machine's speed would matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from benchlib.programs import BARE, OURS, PEERS
from benchlib.stats import Results


@dataclass(frozen=True)
class Verdict:
    """One budget applied to one row."""

    limit: float | None
    words: str
    passed: bool | None  # None: could not be judged
    reason: str = ""


@dataclass(frozen=True)
class Budget:
    """`limits` gives pairs (limit, words); the smallest one counts."""

    row: str
    limits: tuple[tuple[Callable[[Results], float | None], str], ...]


def fixed(value: float) -> Callable[[Results], float | None]:
    """A limit that does not depend on the run."""
    return lambda _: value


def times(factor: float, row: str, program: str) -> Callable[[Results], float | None]:
    """`factor` times what `program` has in `row`."""

    def limit(results: Results) -> float | None:
        value = results.median(row, program)
        return None if value is None else factor * value

    return limit


def best_peer(results: Results, row: str) -> tuple[float, str] | None:
    """The best peer's median in a row and its name; bare exec is no init."""
    peers = [(cell.median, name) for name, cell in results.row(row).items()
             if name in PEERS and name != BARE and cell.median is not None]
    return min(peers) if peers else None


def times_best(factor: float, row: str) -> Callable[[Results], float | None]:
    """`factor` times the best peer's."""

    def limit(results: Results) -> float | None:
        best = best_peer(results, row)
        return None if best is None else factor * best[0]

    return limit


def _larger(*limits: Callable[[Results], float | None]) -> Callable[[Results], float | None]:
    """The largest of those that are known."""

    def limit(results: Results) -> float | None:
        known = [value for value in (each(results) for each in limits) if value is not None]
        return max(known) if known else None

    return limit


def _cpu_live(live: int) -> Budget:
    row = f"cpu_burst_{live}"
    limits = [(times(4, "cpu_burst_0", OURS), "4 × ours at none"), (fixed(20.0), "20 µs")]
    if live == 20_000:
        limits.append((times(1 / 50, row, "tini"), "tini / 50"))
    return Budget(row, tuple(limits))


BUDGETS: tuple[Budget, ...] = (
    Budget("exec_to_main", ((times(1.0, "exec_to_main", "tini-static"), "1.00 × tini-static"),)),
    Budget("cpu_burst_0", ((times_best(1.3, "cpu_burst_0"), "1.3 × best peer"),)),
    _cpu_live(5000),
    _cpu_live(20_000),
    Budget("p99_burst_5000", ((fixed(50.0), "50 ms"),)),
    Budget("p99_burst_20000", ((fixed(500.0), "500 ms"),)),
    Budget("p99_trickle_5000", ((fixed(50.0), "50 ms"),)),
    Budget("p99_trickle_20000", ((fixed(500.0), "500 ms"),)),
    Budget("record_minimal", ((fixed(1.0), "1 µs"),)),
    Budget("record_standard", ((fixed(25.0), "25 µs"),)),
    Budget("record_full", ((fixed(60.0), "60 µs"),)),
    Budget("record_bytes", ((fixed(1024.0), "1024 B"),)),
    Budget("discovery_share", ((fixed(1.0), "1"),)),
    Budget("cpu_held_1000", ((times(3, "cpu_held_0", OURS), "3 × at 0 held"),)),
    Budget("status_p99_loaded", ((_larger(fixed(5.0), times(3, "status_p99_idle", OURS)),
                                 "5 ms or 3 × idle"),)),
    Budget("syscalls_minimal", ((fixed(5.0), "5"),)),
    Budget("syscalls_burst", ((fixed(3.0), "3"),)),
    Budget("stop_flood", ((fixed(10.0), "10 ms"),)),
    Budget("idle_wakeups", ((fixed(0.0), "0"),)),
    Budget("rss", ((fixed(1.8 * 1024), "1.8 MiB"),)),
    Budget("private_dirty", ((fixed(128.0), "128 KiB"),)),
    Budget("bytes_per_child", ((fixed(512.0), "512 B"),)),
    Budget("size", ((fixed(3200.0), "3.2 MB"),)),
)


def judge(results: Results, program: str = OURS) -> dict[str, Verdict]:
    """Row → verdict, for every budget whose row was measured for anybody."""
    verdicts = {}
    for budget in BUDGETS:
        if not results.row(budget.row):
            continue
        known = [(limit(results), words) for limit, words in budget.limits]
        known = [(value, words) for value, words in known if value is not None]
        value = results.median(budget.row, program)
        words = " and ".join(words for _, words in budget.limits)
        if value is None or not known:
            reason = f"{program} has no figure" if value is None else "the peer was not measured"
            verdicts[budget.row] = Verdict(None, words, None, reason)
            continue
        limit, deciding = min(known)
        verdicts[budget.row] = Verdict(limit, deciding, value <= limit)
    return verdicts
