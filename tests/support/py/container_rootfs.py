"""Root file systems for container tests: one with busybox only, and a small Debian.

The Debian one takes 20 to 30 seconds to make, so its tar is kept outside the clone and made again
when it is missing or older than a week (an older one would make apt inside it fetch every update).
"""
from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from container_bed import run

APPLETS = ("cat", "dd", "echo", "env", "false", "grep", "id", "kill", "ls", "ps", "sh", "sleep",
           "stty", "test", "touch", "true", "wc")
CACHE = Path(os.environ.get("REAPERD_TEST_CACHE", "/var/cache/reaperd-tests"))
WEEK_S = 7 * 24 * 3600

# As in the published debian:bookworm-slim: no fsync for each unpacked file, no documents, no
# translations. A build in it then costs what it costs its users.
LIKE_SLIM = (
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    '--aptopt=Acquire::Languages "none"',
)


def make_tiny(root: Path) -> Path:
    """A root with a static busybox, two users and empty mount points: 2 MB, made in no time."""
    for folder in ("bin", "etc", "tmp", "proc", "sys", "dev", "run", "sbin"):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nuser:x:1000:\n")
    return root


def pack(root: Path, archive: Path) -> Path:
    """A tar of a root, as `docker import` and `podman import` take it."""
    run(["tar", "-C", root, "-c", "-f", archive, "."], check=True)
    return archive


def debian_tar() -> Path:
    """The tar of a Debian bookworm minbase, from the cache or freshly made."""
    archive = CACHE / "bookworm-slim.tar"
    if archive.exists() and time.time() - archive.stat().st_mtime < WEEK_S:
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = CACHE / f"bookworm-slim.{os.getpid()}.tar"
    try:
        run(["mmdebstrap", "--variant=minbase", *LIKE_SLIM, "bookworm", fresh], timeout=300,
            check=True)
        fresh.rename(archive)  # a second test run beside us sees the old tar or the new, never half
    finally:
        fresh.unlink(missing_ok=True)
    return archive
