"""Fixtures of the examples stage: a launcher that cleans up, and the two ways to be an init."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import MODES, Launcher


@pytest.fixture(autouse=True, scope="session")
def root_only() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: pid namespaces")


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path)
    try:
        yield launcher
    finally:
        launcher.clean()


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param
