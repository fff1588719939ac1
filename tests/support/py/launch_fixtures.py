"""Fixtures of the stages that start the program as an init; their conftest.py names them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import MODES, Launcher


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launcher]:
    """Cleans up whatever its runs left."""
    launcher = Launcher(tmp_path)
    try:
        yield launcher
    finally:
        launcher.clean()


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """As PID 1, and as subreaper."""
    return request.param
