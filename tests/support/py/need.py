"""Tools that a test needs and the machine may lack.

At home a missing tool skips the test, and says which. On CI every tool has been installed by
./dev test, so there it fails: a test that silently never runs is worth nothing.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def on_ci() -> bool:
    return os.environ.get("CI") == "true"


def need(*tools: str) -> str:
    """Programs on PATH (or in the sbin folders): all must be there; the path of the first."""
    search = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    found = {tool: shutil.which(tool, path=search) for tool in tools}
    lacking = [tool for tool, path in found.items() if path is None]
    if lacking:
        missing(", ".join(lacking))
    return found[tools[0]] or ""


def need_file(path: str | Path, what: str = "") -> Path:
    """An absolute path that must exist, e.g. a kernel file or a program that is not on PATH."""
    if not Path(path).exists():
        missing(what or str(path))
    return Path(path)


def missing(what: str) -> NoReturn:
    """Skips the running test ("needs WHAT"); fails it on CI. For tools only: what the machine
    itself cannot do (a capability, a controller) is an ordinary pytest.skip with its reason."""
    if on_ci():
        pytest.fail(f"needs {what}: on CI that is a failure", pytrace=False)
    pytest.skip(f"needs {what}")
