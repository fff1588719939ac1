"""A small virtual machine: Debian's kernel, busybox, and what a test puts in.

For what the machine itself cannot do: all controllers of cgroup v2, and the first pid namespace
with its kernel log. It boots from memory, has no disk and no network, runs one shell script as
root and powers off: 4 to 5 seconds, emulated, without KVM.

    guest = Guest(folder)
    guest.add(paths.reaperd_static(), "bin/reaperd")
    run = guest.run("reaperd -- true; cp /proc/self/cgroup /out/")
    assert run.status == 0 and run.text("cgroup") == "0::/\\n"

What the script leaves in /out comes back through a second serial port, as a tar. Below
/sys/fs/cgroup the controllers memory, pids and cpu are enabled for groups. Background children of
the script need their output redirected, or the script's end is not the end of its output.
"""
from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from container_bed import run
from container_rootfs import CACHE
from need import missing, need

KERNEL_PACKAGE = "linux-image-cloud-amd64"
MEMORY_MB = 512

# PID 1 of the guest. Only what ends up in /out matters to the test; the console is for people.
INIT = """#!/bin/busybox sh
export PATH=/bin HOME=/
busybox mkdir -p /proc /sys /dev /out /tmp
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t cgroup2 cgroup /sys/fs/cgroup
busybox --install -s /bin
echo "+memory +pids +cpu" > /sys/fs/cgroup/cgroup.subtree_control
sh /script </dev/null >/out/script.out 2>/out/script.err
echo $? > /out/script.status
stty -F /dev/ttyS1 raw
tar -C /out -cf /dev/ttyS1 .
echo GUEST-DONE
poweroff -f
"""


@dataclass(frozen=True)
class GuestRun:
    """What came back."""

    status: int
    out: str
    err: str
    console: str
    files: dict[str, bytes]

    def text(self, name: str) -> str:
        """A file of /out; "" when the script left none of that name."""
        return self.files.get(name, b"").decode(errors="replace")


class Guest:
    """A root in memory, made anew for each run."""

    def __init__(self, folder: Path) -> None:
        need("qemu-system-x86_64", "cpio", "busybox")
        self.kernel = kernel()
        self.folder = folder
        self.root = folder / "root"
        (self.root / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", self.root / "bin/busybox")
        (self.root / "init").write_text(INIT)
        (self.root / "init").chmod(0o755)

    def add(self, source: Path, target: str) -> None:
        """Copies a program in; it must be static."""
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, self.root / target)

    def link(self, target: str, name: str) -> None:
        (self.root / name).symlink_to(target)

    def run(self, script: str, seconds: float = 45.0) -> GuestRun:
        """Boots, runs the script with `sh`, powers off."""
        (self.root / "script").write_text(script)
        image = self.folder / "initramfs"
        with image.open("wb") as output:
            names = "\n".join(sorted(str(path.relative_to(self.root))
                                     for path in self.root.rglob("*")))
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(),
                           cwd=self.root, stdout=output, check=True, timeout=30)
        answer, console = self.folder / "answer", self.folder / "console"
        answer.unlink(missing_ok=True)
        self._boot(image, answer, console, seconds)
        shown = console.read_text(errors="replace")
        assert "GUEST-DONE" in shown, f"the guest did not come to its end:\n{shown[-3000:]}"
        files = unpack(answer.read_bytes())
        return GuestRun(int(files["script.status"]), files["script.out"].decode(errors="replace"),
                        files["script.err"].decode(errors="replace"), shown, files)

    def _boot(self, image: Path, answer: Path, console: Path, seconds: float) -> None:
        # As few kernel messages as can be, and a restart, which ends qemu, if the guest panics.
        append = "console=ttyS0 loglevel=1 panic=-1 random.trust_cpu=1"
        argv = ["qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max",
                "-m", str(MEMORY_MB), "-smp", "1", "-display", "none", "-no-reboot", "-nic", "none",
                "-serial", f"file:{console}", "-serial", f"file:{answer}",
                "-kernel", str(self.kernel), "-initrd", str(image), "-append", append]
        try:
            # It dies with the test run, whatever ends that.
            run(["setpriv", "--pdeathsig", "KILL", *argv], timeout=seconds, check=True)
        except subprocess.TimeoutExpired:
            shown = console.read_text(errors="replace") if console.exists() else ""
            raise AssertionError(
                f"the guest ran longer than {seconds} s:\n{shown[-3000:]}") from None


def unpack(archive: bytes) -> dict[str, bytes]:
    """Regular files of a tar, by name."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                files[member.name.removeprefix("./")] = content.read()
    return files


def kernel() -> Path:
    """Debian's kernel for clouds, without its modules: from the cache, else fetched by apt and
    unpacked. Installing the package would build an initrd for this machine."""
    if platform.machine() != "x86_64":
        import pytest
        pytest.skip("the guest is an x86-64 one")
    kept = sorted(CACHE.glob("vmlinuz-*"))
    if kept:
        return kept[-1]
    need("apt-get", "apt-cache", "dpkg-deb")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        depends = run(["apt-cache", "depends", KERNEL_PACKAGE]).stdout.split()
        packages = [word for word in depends if word.startswith("linux-image-")]
        fetched = run(["apt-get", "download", packages[-1] if packages else KERNEL_PACKAGE],
                      cwd=folder, timeout=120)
        debs = list(folder.glob("*.deb"))
        if not debs:
            missing(f"a kernel for the guest: {fetched.stderr.strip()[-300:]}")
        run(["dpkg-deb", "-x", debs[0], folder / "unpacked"], timeout=120, check=True)
        image = next((folder / "unpacked/boot").glob("vmlinuz-*"))
        kept_as = CACHE / image.name
        # Beside us another run may do the same: it sees the whole file or none.
        partial = CACHE / f".{image.name}.{os.getpid()}"
        shutil.copy(image, partial)
        partial.rename(kept_as)
        return kept_as
