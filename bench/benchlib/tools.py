"""Builds the small static C++ tools of bench/tools/ when their sources are newer.

They are built here and not by CMake, so that the regression gate and `run.py` work with whatever
preset was built, and so that hardening or sanitizer flags never reach the measuring side."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchlib.programs import ROOT

SOURCES = ROOT / "bench" / "tools"
TARGETS = {
    "stamp": ("stamp.cpp",),
    "startup": ("startup.cpp",),
    "workload": ("workload.cpp", "phases.cpp", "observer.cpp", "orphans.cpp", "reaper_stats.cpp"),
}
FLAGS = ("-std=c++20", "-O2", "-static", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra",
         "-Werror")


def build(output: Path | None = None) -> dict[str, Path]:
    """Compiles what is out of date and returns name → program."""
    folder = output or ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    newest = max(f.stat().st_mtime for f in SOURCES.iterdir())
    programs = {}
    for name, files in TARGETS.items():
        target = folder / name
        programs[name] = target
        if target.exists() and target.stat().st_mtime >= newest:
            continue
        # Made beside and renamed: two stages may build at the same time.
        partial = folder / f".{name}.{os.getpid()}"
        subprocess.run([os.environ.get("CXX", "g++"), *FLAGS, "-o", str(partial),
                        *(str(SOURCES / f) for f in files)], check=True)
        partial.replace(target)
    return programs
