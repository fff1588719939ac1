"""What the status socket costs, of our program alone: a call, idle and beside 2000 deaths a second,
and a client that says nothing."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from benchlib.container import Session, WorkloadError
from benchlib.plan import Plan, guarded, say
from benchlib.programs import OURS, Program
from benchlib.records import recording
from benchlib.stats import quantile

CALL = json.dumps({"method": "io.reaperd.Manager.GetStatus"}).encode() + b"\0"
WARM_CALLS = 200
CALLS = 5000
CLIENTS = 50
DEATHS_GAP_US = 500  # 2000 a second


class Client:
    """One connection; the kernel's time for a call and Python's are the same in all rows."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(path)

    def call(self) -> float:
        """Seconds that a call took."""
        begun = time.perf_counter()
        self._socket.sendall(CALL)
        answer = b""
        while not answer.endswith(b"\0"):
            part = self._socket.recv(65536)
            if not part:
                raise WorkloadError("the status socket ended the connection")
            answer += part
        taken = time.perf_counter() - begun
        if b'"status"' not in answer[:64]:
            raise WorkloadError(f"no status: {answer[:200]!r}")
        return taken

    def close(self) -> None:
        self._socket.close()


@contextmanager
def _serving(program: Program, plan: Plan) -> Iterator[tuple[Session, str]]:
    with tempfile.TemporaryDirectory(prefix="reaperd-bench-") as folder:
        path = str(Path(folder) / "reaperd.sock")
        which = recording(program, "--status-socket", path)
        with Session(which, plan.tools["workload"]) as session:
            yield session, path


def measure(plan: Plan) -> None:
    """All rows of the group, for our static program."""
    ours = next((p for p in plan.programs if p.name == OURS), None)
    if ours is None:
        return
    for _ in range(plan.rounds):
        say("status socket: calls, idle and beside 2000 deaths a second")
        guarded(plan, "status_p50_idle", ours, lambda p: _calls(plan, p))
    say(f"status socket: {CLIENTS} silent clients")
    guarded(plan, "bytes_per_client", ours, lambda p: _memory(plan, p))


def _note(plan: Plan, program: Program, when: str, taken: list[float]) -> None:
    for q in (50, 99):
        plan.results.add(f"status_p{q}_{when}", program.name, quantile(taken, q / 100) * 1e3)


def _calls(plan: Plan, program: Program) -> None:
    calls = CALLS // 5 if plan.quick else CALLS
    with _serving(program, plan) as (session, path):
        client = Client(path)
        for _ in range(WARM_CALLS):
            client.call()
        taken = [client.call() for _ in range(calls)]
        plan.results.add("status_call", program.name, sum(taken) / calls * 1e6)
        _note(plan, program, "idle", taken)
        _note(plan, program, "loaded", _beside_deaths(session, client, calls))
        client.close()


def _beside_deaths(session: Session, client: Client, calls: int) -> list[float]:
    answers: list[dict] = []
    deaths = 4000
    storm = threading.Thread(target=lambda: answers.append(
        session.ask(f"trickle {deaths} {DEATHS_GAP_US} 30000", 60)))
    storm.start()
    taken = []
    while storm.is_alive() and len(taken) < 4 * calls:
        taken.append(client.call())
        time.sleep(0.0005)  # a monitor that asks without a pause would be the load itself
    storm.join()
    if not answers or answers[0]["reaped"] != deaths:
        raise WorkloadError(f"trickle: {answers}")
    return taken


def _memory(plan: Plan, program: Program) -> None:
    """By one client after another, each of which has asked once."""
    with _serving(program, plan) as (session, path):
        first = [Client(path) for _ in range(4)]  # whatever grows once has grown
        for client in first:
            client.call()
        before = session.ask("memory")["private_dirty_kib"]
        clients = [Client(path) for _ in range(CLIENTS)]
        for client in clients:
            client.call()
        grown = session.ask("memory")["private_dirty_kib"] - before
        plan.results.add("bytes_per_client", program.name, max(0, grown) * 1024 / CLIENTS)
        for client in [*first, *clients]:
            client.close()
