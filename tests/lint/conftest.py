"""Puts the scripts that ./dev uses on the path, and hands out the tree under test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "dev"))

import cxx  # noqa: E402  (needs the path above)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tree() -> cxx.Tree:
    return cxx.Tree(ROOT)
