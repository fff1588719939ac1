"""The ways in which people put reaperd in front of a command, as one interface for the tests.

Each way names the words before the command, what PID 1 then is called, and what a command that does
not exist gives: the personalities keep the exit status of the program whose name they carry.
"""
from __future__ import annotations

import subprocess
from dataclasses import dataclass, field

from container_bed import wait_until
from container_engine import Container, Engine

TINY = "localhost/tiny:1"  # busybox only
BAKED = "localhost/with-reaperd:1"  # the same, with ENTRYPOINT ["/sbin/reaperd", "--"]


@dataclass(frozen=True)
class Way:
    """An engine, the options that bring reaperd in, and the image."""

    name: str
    engine: Engine
    options: list[str]
    image: str
    pid1: str
    missing_status: int = 127
    own_defaults: bool = True  # false: defaults of a personality (no grace, as tini)
    extra: list[str] = field(default_factory=list)

    def run(self, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """The command in the foreground."""
        return self.engine.run(*options, *self.options, self.image, *self.extra, *command)

    def start(self, *command: str, options: tuple[str, ...] = ()) -> Container:
        """The command in the background."""
        return self.engine.start(*options, *self.options, self.image, *self.extra, *command)


def main_with_traps(*signals: str, on_term: str = "exit 7") -> str:
    """Shell text of a main that names each signal it gets and ends on TERM as asked.

    It waits for a sleeping child instead of sleeping itself: a shell runs a trap at once only
    when it is in `wait`.
    """
    traps = "".join(f"trap 'echo got {name}' {name}; " for name in signals)
    return f"{traps}trap '{on_term}' TERM; sleep 1000 & echo ready; while :; do wait; done"


ORPHANS = 20

# A main that starts sleepers through a shell that ends at once: PID 1 becomes their parent. Their
# numbers go to a file, so that the test ends them when it has seen them alive. `exec` makes main a
# program that never waits for anything.
MAKE_ORPHANS = (f"i=0; while [ $i -lt {ORPHANS} ]; do (sleep 500 & echo $! >> /tmp/orphans); "
                "i=$((i+1)); done; exec sleep 600")


def kill_orphans_of(container: Container) -> None:
    """Waits until all orphans have PID 1 as parent, then kills them in one go."""
    wait_until(lambda: len(adopted(container)) == ORPHANS, f"{ORPHANS} orphans below PID 1")
    container.exec("sh", "-c", "kill -KILL $(cat /tmp/orphans)")


def adopted(container: Container) -> list[int]:
    """Live or dead orphans whose parent is PID 1."""
    return [one.pid for one in container.processes()
            if one.ppid == 1 and ("sleep 500" in one.args or "[sleep]" in one.args)]


def zombies(container: Container) -> list[int]:
    """Dead and not reaped processes."""
    return [one.pid for one in container.processes() if one.state.startswith("Z")]
