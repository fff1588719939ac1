"""A run of reaperd that is asked by clients: its main starts a worker, an orphan, for each line of
a fifo."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from launch import Launcher, Run
from waiting import wait_until

# A worker tells its pid in a file of its name, and ends with the code that it reads from its fifo.
_WORKER = 'echo $$ > "$1.pid.new"; mv "$1.pid.new" "$1.pid"; read code < "$1.end"; exit "$code"'
# It holds the fifo open both ways: else a writer that is not gone yet is an end of the next read.
_MAIN = f"""
exec 3<> start
while read -r name <&3; do
  mkfifo "$name.end"
  (sh -c '{_WORKER}' worker "$name" 3>&- &)
done
"""


@dataclass(frozen=True)
class Served:
    """Where it listens, and its workers, as processes of the namespace of this test."""

    run: Run
    folder: Path
    socket: Path
    first_dead: int  # the pid of a worker that has ended with code 3

    def start_worker(self, name: str) -> int:
        """Its pid."""
        write_line(self.folder / "start", name)
        told = self.folder / f"{name}.pid"
        wait_until(told.exists, f"worker {name}")
        return int(told.read_text())

    def end_worker(self, name: str, code: int) -> None:
        write_line(self.folder / f"{name}.end", str(code))


def write_line(fifo: Path, line: str) -> None:
    """Without waiting for a reader for ever."""
    descriptor = wait_until(lambda: open_for_writing(fifo), f"a reader of {fifo}")
    assert descriptor is not None
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def open_for_writing(fifo: Path) -> int | None:
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def start(launch: Launcher, folder: Path, *options: str) -> Served:
    os.mkfifo(folder / "start")
    socket = folder / "reaperd.sock"
    run = launch.start(["--status-socket", str(socket), *options], ["sh", "-c", _MAIN], cwd=folder)
    wait_until(socket.exists, "the status socket")
    served = Served(run, folder, socket, 0)
    pid = served.start_worker("first")
    served.end_worker("first", 3)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the first worker")
    return Served(run, folder, socket, pid)
