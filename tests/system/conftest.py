"""Fixtures of the system stage: a launcher that cleans up, and a folder that any user may use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch_fixtures import launch, mode  # noqa: F401: found by pytest under these names


@pytest.fixture(autouse=True, scope="session")
def root_only() -> None:
    """Namespaces, other users' processes, mounts: an ordinary user can make none of them."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are closed to other users; this one is open to all."""
    folder = Path(tempfile.mkdtemp(prefix="reaperd-system-", dir="/tmp"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
