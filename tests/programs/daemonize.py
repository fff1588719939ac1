"""Becomes a daemon the classic way and writes down how it ended: two forks with a session between.

    daemonize.py FOLDER [SECONDS]

The command ends with 0 as soon as the daemon has its signal handler, as a well-made daemon does it.
"""
from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType


def main() -> None:
    folder = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else None
    ready_read, ready_write = os.pipe()
    if os.fork() != 0:
        os.close(ready_write)
        os.read(ready_read, 1)
        os._exit(0)
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    asked = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, end)
    with open(folder / "log", "a", encoding="ascii", buffering=1) as log:
        log.write("started\n")
        (folder / "pid.new").write_text(str(os.getpid()))
        (folder / "pid.new").rename(folder / "pid")
        os.write(ready_write, b"x")
        os.close(ready_write)
        log.write("ended by TERM\n" if asked.wait(seconds) else "ended by itself\n")


main()
