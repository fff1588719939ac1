"""containerd with its `ctr` client, as below Kubernetes."""
from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

from container_bed import Bed, Daemon, run

_numbers = itertools.count(1)


class Containerd:
    """A containerd of the bed's own."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.socket = bed / "containerd.sock"
        config = bed / "containerd.toml"
        config.write_text(f"""
version = 2
root = "{bed / 'ctd'}"
state = "{bed / 'ctd-state'}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{self.socket}"
""")
        self.daemon = Daemon(["containerd", "-c", config], bed / "containerd.log")
        self.daemon.wait_ready(lambda: self.ctr("version").returncode == 0)

    def ctr(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """One call of the client."""
        return run(["ctr", "-a", self.socket, *words], cwd=self.bed.path)

    def new_name(self) -> str:
        """A container's name."""
        return f"ctd{next(_numbers)}"

    def run_argv(self, name: str, *words: str | Path) -> list[str]:
        """The words of `ctr run --rm OPTIONS (IMAGE|--rootfs DIR) NAME COMMAND`, `NAME` inserted
        by the caller."""
        return ["ctr", "-a", str(self.socket), "run", "--rm",
                "--cgroup", f"/{self.bed.cgroup}/{name}", *map(str, words)]

    def close(self) -> None:
        """Ends containers that failed tests have left, and the daemon."""
        for name in self.ctr("tasks", "ls", "--quiet").stdout.split():
            self.ctr("tasks", "rm", "--force", name)
        self.daemon.stop()
