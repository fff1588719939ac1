"""Records in a flood of deaths: all reaped, each counted, bounded memory, less detail while it
lasts and all of it afterwards."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import death_log
import procread
from death_log import Record, Shell, others, told_lost
from launch import PID1, SANITIZED, SUBREAPER, Launcher, roles
from waiting import wait_until

DEATHS = int(os.environ.get("REAPERD_TEST_DEATHS", "200000"))
# The program with its libraries, 2 MiB of kept records, the table, and the sanitizer's own.
MOST_MEMORY_KB = 24 * 1024 * (100 if SANITIZED else 1)  # freed memory is kept for a while there
GROWTH_KB = 2 * 1024 * (100 if SANITIZED else 1)  # freed memory is kept for a while there


def resident_kb(pid: int) -> int:
    field = procread.status_field(pid, "VmRSS")
    assert field is not None
    return int(field.split()[0])


@pytest.fixture
def log_path(tmp_path: Path) -> Iterator[Path]:
    """A log of 150 MB is not left to pytest, which keeps three of them."""
    path = tmp_path / "deaths"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.limit(600)
@pytest.mark.parametrize("mode, deaths, dead", [(PID1, DEATHS, ["--dead"]),
                                                (SUBREAPER, DEATHS // 8, [])])
def test_a_flood_is_recorded(launch: Launcher, log_path: Path, mode: str, deaths: int,
                             dead: list[str]) -> None:
    shell = Shell(launch, "--death-log", str(log_path), "--log-level", "info", mode=mode)
    resident = []
    for part in range(4):
        words = " ".join(roles("storm", deaths // 4, "--burst=500", *dead))
        shell.tell(f"{words}; echo part {part}")
        shell.run.wait_line(f"^part {part}$", 500)
        resident.append(resident_kb(shell.run.pid))
    wait_until(lambda: len(others(shell.run)) == 1 and not shell.run.zombies(),
               "all to be reaped", 60)
    assert max(resident) < MOST_MEMORY_KB
    assert resident[3] - resident[1] < GROWTH_KB, resident  # not with the number of deaths
    # The storm is over: what dies now is told in full again, once tokens have come back.
    wait_until(lambda: full_detail(shell, log_path), "full detail", 10)
    shell.end()
    records = read_lines(log_path)
    assert records[-1]["role"] == "main"
    numbers = {record["seq"] for record in records}
    assert len(numbers) == len(records)
    assert max(numbers) == len(records) + told_lost(records)
    assert sum(record["role"] == "adopted" for record in records) + told_lost(records) >= deaths
    details = Counter(record["detail"] for record in records)
    assert details["minimal"] > deaths // 20 and details["standard"] >= 64, details


def full_detail(shell: Shell, path: Path) -> bool:
    words = " ".join(roles("orphans", 1, "--orphan-end=exit:77"))
    shell.tell(words)
    wait_until(lambda: b'"code":77' in tail_of(path), "its line")
    last = [record for record in death_log.parse(tail_of(path)) if record["end"]["code"] == 77][-1]
    return bool(last["detail"] == "full")


def tail_of(path: Path) -> bytes:
    """Whole lines at its end."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 16384))
        text = stream.read()
    return text[text.find(b"\n") + 1:]


def read_lines(path: Path) -> list[Record]:
    """All lines, of which only every hundredth is looked at closely: there are many."""
    records = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream):
            record = json.loads(line)
            records.append(death_log.check(record) if number % 100 == 0 else record)
    return records
