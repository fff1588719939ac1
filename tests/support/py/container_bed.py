"""A scratch place for container engines that leaves nothing on the machine.

A `Bed` is one directory, one private mount namespace for the whole pytest process and one name for
the control groups of everything that runs in it. Engines mount overlays, network namespaces and
volumes; in a private mount namespace those end with the process, whatever happens to the test.
Control groups do not, so they all get a parent whose name is ours and which `close()` removes.

Not promised: that processes of a test run that was itself killed by SIGKILL end. Daemons are
started with a parent-death signal for that case, containers are not.
"""
from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import waiting

CLONE_NEWNS = 0x00020000
# Three builds with a compiler in each need 3 GB. Where memory is plenty the bed is a tmpfs: writing
# and removing a hundred thousand files of a compiler takes minutes on a busy disk.
TMPFS_BYTES = 6 * 1024**3
CGROUP_ROOT = Path("/sys/fs/cgroup")
DOCKER_CLIENT = "/usr/bin/docker"  # a newer client in /usr/local/bin may lack BuildKit builds


Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], what: str) -> Value:
    """Waits for a container or its engine, which take their time: seconds on a loaded machine."""
    return waiting.wait_until(condition, what, seconds=30, pause=0.05)


def clean_environment() -> dict[str, str]:
    """Ours without the variables that name the binaries under test: reaperd refuses variables that
    begin like its own and that it does not know."""
    return {key: value for key, value in os.environ.items() if not key.startswith("REAPERD_")}


def run(argv: Sequence[str | os.PathLike[str]], timeout: float = 60.0, check: bool = False,
        **keywords: object) -> subprocess.CompletedProcess[str]:
    """`subprocess.run` with text, captured output and a time limit; `check` shows both outputs."""
    keywords.setdefault("env", clean_environment())
    done = subprocess.run([os.fspath(word) for word in argv], text=True, capture_output=True,
                          timeout=timeout, stdin=keywords.pop("stdin", subprocess.DEVNULL),
                          **keywords)  # type: ignore[call-overload]
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))}\nexit {done.returncode}\n"
                             f"stdout: {done.stdout}\nstderr: {done.stderr}")
    return done


def enter_private_mounts() -> None:
    """Moves this process into a mount namespace of its own from which nothing propagates back."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"unshare(CLONE_NEWNS): {os.strerror(code)}")
    run(["mount", "--make-rprivate", "/"], check=True)


def available_bytes() -> int:
    """Memory that may be used without pushing anybody out."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


class Daemon:
    """A background program that dies with us and whose output is kept in a file."""

    def __init__(self, argv: list[str | os.PathLike[str]], log: Path,
                 env: dict[str, str] | None = None) -> None:
        self.log = log
        self.argv = [os.fspath(word) for word in argv]
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self.argv], stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, env=env)

    def wait_ready(self, probe: Callable[[], bool]) -> None:
        """Waits for `probe`; a daemon that ends meanwhile fails at once, with its log."""
        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.argv[0]} ended with {self.process.returncode}:\n"
                                     + self.log.read_text(errors="replace")[-4000:])
            return probe()
        wait_until(ready, f"{self.argv[0]} answers (log {self.log})")

    def stop(self, timeout: float = 30.0) -> None:
        """TERM, then KILL at the deadline."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Bed:
    """The scratch directory with its cgroup name; see the file's head."""

    def __init__(self) -> None:
        # A short path, because unix sockets inside it may have 107 bytes.
        self.path = Path(tempfile.mkdtemp(prefix="reaperd-bed-", dir="/var/tmp"))
        self.path.chmod(0o755)
        self.cgroup = f"reaperd-bed-{os.getpid()}"
        enter_private_mounts()
        if available_bytes() > 2 * TMPFS_BYTES:
            run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES},mode=755", "tmpfs", self.path],
                check=True)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def close(self) -> None:
        """Unmounts what is still mounted below the directory, then removes it and the cgroups."""
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for point in reversed(mounts):
            if point == str(self.path) or point.startswith(f"{self.path}/"):
                run(["umount", "-l", point])
        shutil.rmtree(self.path, ignore_errors=True)
        remove_cgroups(self.cgroup)
        if self.path.exists():
            raise AssertionError(f"{self.path} could not be removed")


def remove_cgroups(name: str) -> None:
    """Removes the empty cgroup trees called `name` from every hierarchy."""
    for hierarchy in CGROUP_ROOT.iterdir():
        for folder, _, _ in os.walk(hierarchy / name, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass  # a member still ending; the parent of a busy group stays too
