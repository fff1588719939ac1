"""Where the programs under test are. ./dev test says it by environment; the defaults make a plain
`/usr/bin/python3 -m pytest tests/system` work after ./dev build dev static."""

from __future__ import annotations

import os
from pathlib import Path

import need

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("REAPERD_BUILD") or ROOT / "build/dev/bin")
STATIC = Path(os.environ.get("REAPERD_STATIC") or ROOT / "build/static/bin/reaperd-static")


def reaperd() -> Path:
    return need.need_file(BUILD / "reaperd", "reaperd: run ./dev build")


def reaperctl() -> Path:
    return need.need_file(BUILD / "reaperctl", "reaperctl: run ./dev build")


def reaperd_roles() -> Path:
    """The helper program whose roles make orphans, zombies and bad children."""
    return need.need_file(BUILD / "reaperd_roles", "reaperd_roles: run ./dev build")


def example(name: str) -> Path:
    """A program of docs/examples."""
    return need.need_file(BUILD / "examples" / name, f"examples/{name}: run ./dev build")


def reaperd_static() -> Path:
    return need.need_file(STATIC, "reaperd-static: run ./dev build static")


def reaperctl_static() -> Path:
    return need.need_file(STATIC.parent / "reaperctl", "reaperctl: run ./dev build static")
