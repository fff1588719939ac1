#!/usr/bin/python3
"""Runs clang-tidy over the files of build/dev/compile_commands.json, two at a time.

A file that was clean is not read again until something that it is made of changes: its text, our
headers below it, its compile command, the checks, or the tool. Clean results are kept as empty
files named by the hash of all that, in ~/.cache/reaperd-tidy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cxx

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "dev"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reaperd-tidy"
CACHE_DAYS = 30
LIMIT_SECONDS = 300
# Options of GCC that clang does not know must not be findings.
EXTRA = [
    "--extra-arg=-Wno-unknown-warning-option",
    "--extra-arg=-Wno-ignored-optimization-argument",
]


@dataclass(frozen=True)
class Unit:
    """One compilation: the source by path from the root, and its command."""

    source: str
    command: str


def units() -> list[Unit]:
    """Ours only, each source once, although several targets may compile it."""
    found: dict[str, Unit] = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build"):
            source = path.relative_to(ROOT).as_posix()
            command = entry.get("command") or shlex.join(entry["arguments"])
            found.setdefault(source, Unit(source, command))
    return sorted(found.values(), key=lambda unit: unit.source)


def changed_files() -> set[str]:
    """What git sees as different from the last commit, new files included."""
    names: set[str] = set()
    for command in ("git diff --name-only HEAD", "git ls-files --others --exclude-standard"):
        printed = subprocess.check_output(command.split(), cwd=ROOT, text=True)
        names.update(printed.splitlines())
    return names


def key_of(unit: Unit, made_of: set[str], common: bytes) -> str:
    digest = hashlib.sha256(common + unit.command.replace(str(ROOT), "").encode())
    for name in sorted(made_of):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def common_key() -> bytes:
    """What holds for every file: the tool and its settings."""
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    places = [ROOT / ".clang-tidy"]
    for folder in cxx.FOLDERS:
        places += sorted((ROOT / folder).rglob(".clang-tidy"))
    settings = b"".join(path.read_bytes() for path in places)
    return version + settings + " ".join(EXTRA).encode()


def check(unit: Unit) -> tuple[Unit, str, float]:
    """The findings in one file ("" when clean) and how long it took."""
    command = ["clang-tidy", "--quiet", "-p", str(BUILD), *EXTRA, unit.source]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
        )
        text = "" if done.returncode == 0 else done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        text = f"{unit.source}:1: clang-tidy took more than {LIMIT_SECONDS} s"
    return unit, text, time.monotonic() - start


def drop_old_results() -> None:
    for path in CACHE.iterdir():
        if path.stat().st_mtime < time.time() - CACHE_DAYS * 86400:
            path.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changed", action="store_true", help="only what git sees changed")
    parser.add_argument("--times", action="store_true", help="print how long each file took")
    parser.add_argument("--fresh", action="store_true", help="read also what was clean")
    parser.add_argument("sources", nargs="*", help="only these (paths from the root)")
    options = parser.parse_args()

    CACHE.mkdir(parents=True, exist_ok=True)
    drop_old_results()
    tree = cxx.Tree(ROOT)
    made_of = {unit: tree.reachable(unit.source) for unit in units() if unit.source in tree.files}
    if options.sources:
        made_of = {unit: files for unit, files in made_of.items() if unit.source in options.sources}
    if options.changed:
        changed = changed_files()
        made_of = {unit: files for unit, files in made_of.items() if files & changed}
    common = common_key()
    keys = {unit: key_of(unit, files, common) for unit, files in made_of.items()}
    todo = [unit for unit in keys if options.fresh or not (CACHE / keys[unit]).exists()]

    bad = 0
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        for unit, text, seconds in pool.map(check, todo):
            if options.times:
                print(f"{seconds:6.1f} s  {unit.source}")
            if text:
                bad += 1
                print(text.strip(), flush=True)
            else:
                (CACHE / keys[unit]).touch()
    known = len(keys) - len(todo)
    print(f"clang-tidy: {len(todo)} files read, {known} known clean, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
