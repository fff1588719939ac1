"""Fixtures of the clients stage: a run of reaperd with a status socket, to ask and to follow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import served
from launch import Launcher
from launch_fixtures import launch  # noqa: F401: found by pytest under this name
from served import Served


@pytest.fixture(autouse=True, scope="session")
def root_only() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: pid namespaces")


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name, since a socket's path has at most 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="reaperd-clients-", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def reaperd(launch: Launcher, folder: Path) -> Served:  # noqa: F811
    """A reaperd whose main starts workers by name; one of them has died before, with code 3."""
    return served.start(launch, folder)
