"""The rows of the table: identifier, words for people, unit, and which group measures them."""

from __future__ import annotations

from dataclasses import dataclass

LIVE_COUNTS = (0, 1000, 5000, 20_000)


@dataclass(frozen=True)
class Row:
    """One line of the table. Smaller is better in every row."""

    id: str
    title: str
    unit: str
    group: str
    digits: int = 1


def _live(count: int) -> str:
    return "none live" if count == 0 else f"{count} live"


def _reap_rows() -> list[Row]:
    rows = []
    for live in LIVE_COUNTS:
        rows.append(Row(f"cpu_burst_{live}", f"CPU per reap, burst, {_live(live)}", "µs", "reap"))
    for live in LIVE_COUNTS:
        rows.append(Row(f"cpu_trickle_{live}", f"CPU per reap, 3000/s, {_live(live)}", "µs",
                        "reap"))
    rows.append(Row("cpu_storm_0", "CPU per reap, one kill to 5000", "µs", "reap"))
    for live in LIVE_COUNTS:
        for q in ("p50", "p99"):
            rows.append(Row(f"{q}_burst_{live}", f"death to reaped {q}, burst, {_live(live)}",
                            "ms", "reap", 2))
    for live in LIVE_COUNTS:
        for q in ("p50", "p99"):
            rows.append(Row(f"{q}_trickle_{live}", f"death to reaped {q}, 3000/s, {_live(live)}",
                            "ms", "reap", 2))
    rows.append(Row("bytes_per_child", "own memory per live child", "B", "reap", 0))
    return rows


def _record_rows() -> list[Row]:
    rows = [Row(f"record_{detail}", f"record, {detail}: CPU on top of the reap", "µs", "records",
                2)
            for detail in ("minimal", "standard", "full")]
    rows.append(Row("record_bytes", "own memory per record, strings included", "B", "records", 0))
    rows.append(Row("pss_scribe", "proportional memory with a death log, both processes", "KiB",
                    "records", 0))
    rows.append(Row("discovery_share", "looking for the living: CPU, 5000 live, 300 deaths/s", "%",
                    "records", 2))
    return rows


def _hold_rows() -> list[Row]:
    rows = [Row(f"cpu_held_{count}", f"CPU per reap, burst, {count} held", "µs", "holds")
            for count in (0, 64, 1000, 10_000)]
    rows += [Row(f"hold_over_{q}", f"held for 200 ms: reaped later than that, {q}", "ms", "holds",
                 2) for q in ("p50", "p99")]
    rows.append(Row("hold_release", "stop signal to the last of 1000 held reaped", "ms", "holds",
                    2))
    return rows


def _socket_rows() -> list[Row]:
    rows = [Row("status_call", "status socket: a call of GetStatus", "µs", "socket", 0)]
    for when, words in (("idle", "idle"), ("loaded", "2000 deaths/s")):
        rows += [Row(f"status_{q}_{when}", f"GetStatus {q}, {words}", "ms", "socket", 3)
                 for q in ("p50", "p99")]
    rows.append(Row("bytes_per_client", "own memory per client that has asked once", "B",
                    "socket", 0))
    return rows


ROWS: tuple[Row, ...] = (
    Row("exec_to_main", "exec of init to main of the child", "µs", "startup", 0),
    Row("whole_run", "exec of init to its exit, child exits at once", "µs", "startup", 0),
    *_reap_rows(),
    *_record_rows(),
    *_hold_rows(),
    *_socket_rows(),
    Row("stop_flood", "stop signal to main, 25000 zombies waiting", "ms", "flood", 2),
    Row("syscalls_single", "system calls per reap, one by one", "", "syscalls", 2),
    Row("syscalls_minimal", "the same with --records minimal", "", "syscalls", 2),
    Row("syscalls_burst", "system calls per reap, burst", "", "syscalls", 2),
    Row("idle_wakeups", "wake-ups in 60 s idle", "", "idle", 0),
    Row("rss", "resident memory with one child", "KiB", "idle", 0),
    Row("pss", "proportional memory with one child", "KiB", "idle", 0),
    Row("private_dirty", "private dirty memory with one child", "KiB", "idle", 0),
    Row("size", "program file, stripped", "KB", "size", 0),
)

GROUPS = ("startup", "reap", "records", "holds", "socket", "flood", "syscalls", "idle", "size")
BY_ID = {row.id: row for row in ROWS}


def select_groups(only: list[str] | None) -> set[str]:
    """Groups for a list of group names, row names or beginnings of row names."""
    if not only:
        return set(GROUPS)
    groups = set()
    for word in only:
        if word in GROUPS:
            groups.add(word)
            continue
        matching = {row.group for row in ROWS if row.id.startswith(word)}
        if not matching:
            raise ValueError(f"no such row: {word} (groups: {', '.join(GROUPS)}; rows: "
                             f"{', '.join(BY_ID)})")
        groups |= matching
    return groups
