"""The programs of test_multiprocessing.py: pools.py ROLE START_METHOD."""
from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType


def square(number: int) -> int:
    """Some work."""
    return number * number


def abandon(seconds: str) -> int:
    """A worker that starts a program, does not wait for it, and ends at once."""
    subprocess.Popen(["sleep", seconds])
    os._exit(0)


def compute(method: str) -> int:
    """A pool that is used and closed as the manual says."""
    with multiprocessing.get_context(method).Pool(4) as pool:
        print("sum", sum(pool.imap_unordered(square, range(100))), flush=True)
        pool.close()
        pool.join()
    return 5


def serve(method: str) -> int:
    """Three workers, each replaced when it dies, until TERM. No Pool: it hangs for ever when a
    worker is killed while it has the queue's lock."""
    asked = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    context = multiprocessing.get_context(method)

    def start() -> BaseProcess:
        worker = context.Process(target=signal.pause)
        worker.start()
        return worker

    workers = [start() for _ in range(3)]
    signal.signal(signal.SIGTERM, end)  # after the fork: workers die of TERM as usual
    print("ready", flush=True)
    while not asked.is_set():
        closed = wait([worker.sentinel for worker in workers], timeout=0.05)
        for place, worker in enumerate(workers):
            if worker.sentinel in closed:  # a little before the worker can be waited for
                worker.join()
                workers[place] = start()
    for worker in workers:
        worker.terminate()
        worker.join()
    return 6


def leave_orphans(method: str) -> int:
    """Workers whose programs outlive them a little."""
    context = multiprocessing.get_context(method)
    workers = [context.Process(target=abandon, args=("0.2",)) for _ in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("abandoned", flush=True)
    signal.pause()
    return 0


ROLES = {"compute": compute, "serve": serve, "abandon": leave_orphans}

if __name__ == "__main__":
    sys.exit(ROLES[sys.argv[1]](sys.argv[2]))
