"""Fixtures of the examples stage: a launcher that cleans up, and the two ways to be an init."""

from __future__ import annotations

import os

import pytest

from launch_fixtures import launch, mode  # noqa: F401: found by pytest under these names


@pytest.fixture(autouse=True, scope="session")
def root_only() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: pid namespaces")
