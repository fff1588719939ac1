"""What a client that follows the protocol may ask, and a glance at each answer: shared by the tests
of clients, so that each of them calls every method that takes the right *read*."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paths
from served import Served

Object = dict[str, Any]
_ROW = re.compile(r"^\| `(?P<name>\w+)` \| read \|", re.MULTILINE)


@dataclass(frozen=True)
class ReadCall:
    """right: whether an answer of this run is as it must be."""

    method: str
    right: Callable[[Served, Object], bool]
    parameters: Callable[[Served], Object] | None = None


def _main(run: Served, reply: Object) -> bool:
    main = reply["status"]["main"]
    return bool(reply["status"]["pid"] == run.run.pid and main["state"] == "alive")


def _first_death(run: Served, record: Object) -> bool:
    return bool(record["pid"] == run.first_dead and record["end"]["code"] == 3
                and record["verdict"]["cause"] == "exit-error" and record["role"] == "adopted")


# TABLE: all methods with the right read but Monitor, which is followed.
READ_CALLS = (
    ReadCall("Ping", lambda run, reply: bool(re.fullmatch("[0-9a-f]{16}", reply["instance"]))),
    ReadCall("GetStatus", _main),
    ReadCall("ListProcesses", lambda run, reply: run.first_dead not in
             [one["pid"] for one in reply["processes"]] and len(reply["processes"]) >= 1,
             lambda run: {"limit": 50}),
    ReadCall("ListDeaths",
             lambda run, reply: any(_first_death(run, one) for one in reply["deaths"]),
             lambda run: {"pid": run.first_dead, "cause": "exit-error"}),
    ReadCall("Inspect", lambda run, reply: _first_death(run, reply["record"]),
             lambda run: {"pid": run.first_dead}),
    ReadCall("ListHeld", lambda run, reply: reply == {"held": [], "more": False}),
    ReadCall("ListHoldRules", lambda run, reply: reply["rules"] == [] and reply["held"] == 0),
    ReadCall("ListZombies", lambda run, reply: reply == {"zombies": [], "more": False}),
    ReadCall("ListBlockers", lambda run, reply: len(reply["blockers"]) >= 1),
    ReadCall("Explain", lambda run, reply: reply["text"].startswith("reaperd ")),
)


def documented_read_methods() -> list[str]:
    page = (paths.ROOT / "docs/status-protocol.md").read_text(encoding="utf-8")
    return _ROW.findall(page)


def check_all(run: Served, call: Callable[[str, Object | None], Object]) -> None:
    """Calls all by a client, as `call` does it."""
    asked = {one.method: call(one.method, one.parameters(run) if one.parameters else None)
             for one in READ_CALLS}
    wrong = {one.method: asked[one.method] for one in READ_CALLS
             if not one.right(run, asked[one.method])}
    assert wrong == {}, json.dumps(wrong, indent=1)


def check_followed(pid: int, code: int, answers: list[Object]) -> None:
    """The answers of Monitor from its snapshot to the reap of a process that lived at its start."""
    snapshots = [one["snapshot"] for one in answers if one.get("snapshot")]
    events = [one["event"] for one in answers if one.get("event")]
    assert len(snapshots) + len(events) == len(answers)
    assert pid in [one["pid"] for part in snapshots for one in part["processes"]]
    assert [part["more"] for part in snapshots] == [True] * (len(snapshots) - 1) + [False]
    first = snapshots[0]["seq"] + 1
    assert [one["seq"] for one in events] == list(range(first, first + len(events)))
    died = [one["died"] for one in events if one.get("died") and one["died"]["pid"] == pid]
    assert [one["end"]["code"] for one in died] == [code]
    record = events[-1]["reaped"]
    assert (record["pid"], record["end"]["code"]) == (pid, code)
    assert record["seq"] == died[0]["death_seq"]
