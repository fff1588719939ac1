"""The tools that read the sources find nothing: clang-format, clang-tidy, cppcheck, shellcheck.

Each by hand: ./dev lint CHECK.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from need import need

# check -> its tool, its time limit in seconds, and whether --quick leaves it out
CHECKS = [
    pytest.param("format", "clang-format", id="format"),
    pytest.param("shell", "shellcheck", id="shell"),
    pytest.param(
        "cppcheck", "cppcheck", id="cppcheck", marks=[pytest.mark.limit(300), pytest.mark.slow]
    ),
    pytest.param(
        "tidy", "clang-tidy", id="tidy", marks=[pytest.mark.limit(1700), pytest.mark.slow]
    ),
]


@pytest.mark.parametrize("check, tool", CHECKS)
def test_the_tool_finds_nothing(root: Path, check: str, tool: str) -> None:
    need(tool)
    done = subprocess.run(
        [str(root / "dev"), "lint", check], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"./dev lint {check}:\n{done.stdout}{done.stderr}", pytrace=False)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def house(root: Path, tmp_path: Path) -> Path:
    """A tree with our ./dev and our settings, but no sources."""
    for name in ("dev", ".clang-format", ".clang-tidy"):
        shutil.copy(root / name, tmp_path / name)
    shutil.copytree(root / "scripts", tmp_path / "scripts")
    return tmp_path


BAD = [
    ("format", "clang-format", "lib/base/a.cpp", "int   a ;\n"),
    ("cppcheck", "cppcheck", "lib/base/a.cpp", "int F() {\n  int a[2] = {};\n  return a[2];\n}\n"),
    ("shell", "shellcheck", "scripts/a.sh", "#!/bin/sh\necho $1\n"),
]


@pytest.mark.parametrize("check, tool, path, text", BAD, ids=[row[0] for row in BAD])
def test_a_bad_file_is_found(house: Path, check: str, tool: str, path: str, text: str) -> None:
    need(tool)
    write(house / path, text)
    done = subprocess.run(
        [str(house / "dev"), "lint", check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert path in done.stdout + done.stderr
