"""OCI bundles for runc, without any engine above it."""
from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

from container_bed import Bed, run, wait_until

_numbers = itertools.count(1)


class Bundle:
    """A bundle whose root is used as it is; each `Bundle` is one container."""

    def __init__(self, bed: Bed, root: Path, *argv: str) -> None:
        self.name = f"{bed.cgroup}-{next(_numbers)}"
        self.state = bed / "runc"
        self.path = bed / self.name
        self.path.mkdir()
        self.log = self.path / "output"
        run(["runc", "spec"], cwd=self.path, check=True)
        self.config: dict[str, Any] = json.loads((self.path / "config.json").read_text())
        process = self.config["process"]
        process["terminal"] = False
        process["args"] = list(argv)
        del process["rlimits"]  # asks for more files than a root without CAP_SYS_RESOURCE may have
        self.config["root"]["path"] = str(root)
        self.config["linux"]["cgroupsPath"] = f"/{bed.cgroup}/{self.name}"
        self.process: subprocess.Popen[bytes] | None = None

    def runc(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A runc command with this bundle's state folder."""
        return run(["runc", "--root", self.state, *words], cwd=self.path)

    def _write(self) -> None:
        (self.path / "config.json").write_text(json.dumps(self.config))

    def run(self) -> subprocess.CompletedProcess[str]:
        """`runc run` in the foreground."""
        self._write()
        return self.runc("run", self.name)

    def run_by(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """A command of the caller's that runs the bundle."""
        self._write()
        return run(argv, cwd=self.path)

    def __enter__(self) -> "Bundle":
        self._write()
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                ["runc", "--root", str(self.state), "run", self.name], cwd=self.path,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_: object) -> None:
        self.runc("delete", "--force", self.name)
        if self.process is not None:
            self.process.wait()

    def wait_output(self, text: str) -> None:
        """Waits until the text is in the output."""
        wait_until(lambda: text in self.log.read_text(), f"{text!r} in {self.log}")

    def wait_exit(self, timeout: float = 20.0) -> int:
        """The exit code of `runc run`."""
        assert self.process is not None
        return self.process.wait(timeout)
