"""The programs that a run compares: ours and the peers that are installed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

OURS = "reaperd-static"
OURS_DYNAMIC = "reaperd"
BARE = "bare exec"


@dataclass(frozen=True)
class Program:
    """One init: how it is named in the table and started in front of a command."""

    name: str
    argv: tuple[str, ...]
    ours: bool = False

    @property
    def path(self) -> str:
        """The file that is executed."""
        return self.argv[0]


# Every one of them runs as PID 1 here, so none needs its subreaper option.
PEERS = ("tini-static", "tini", "dumb-init", "catatonit")
PEER_PACKAGES = {"tini-static": "tini", "tini": "tini", "dumb-init": "dumb-init",
                 "catatonit": "catatonit"}


def default_paths() -> dict[str, Path]:
    """Where `./dev build` leaves our two programs; the environment may say otherwise."""
    build = ROOT / "build"
    return {
        OURS: Path(os.environ.get("REAPERD_STATIC", build / "static/bin/reaperd-static")),
        OURS_DYNAMIC: Path(os.environ.get("REAPERD_RELEASE", build / "release/bin/reaperd")),
    }


def find_programs(names: list[str] | None = None) -> tuple[list[Program], list[str]]:
    """The programs to measure, and one line for each that is missing."""
    found: list[Program] = []
    missing: list[str] = []
    for name, path in default_paths().items():
        if names and name not in names:
            continue
        if os.access(path, os.X_OK):
            found.append(Program(name, (str(path), "--"), ours=True))
        else:
            missing.append(f"{name}: not built ({path}); run ./dev build")
    for name in PEERS:
        if names and name not in names:
            continue
        path = shutil.which(name)
        if path:
            found.append(Program(name, (path, "--")))
        else:
            missing.append(f"{name}: not installed; apt-get install {PEER_PACKAGES[name]}")
    return found, missing


def copied(program: Program, folder: Path | None = None) -> Program:
    """The same program from a fresh copy, written in one call.

    How a file got into the page cache (piece by piece, by a linker, by read-ahead) decides how many
    pages one fault maps: 40 µs of a start of 800 µs, and some resident memory. Copies that were
    written alike make programs comparable. The base name stays: it selects a personality."""
    source = Path(program.path)
    target = (folder or ROOT / "build" / "bench" / "copies") / program.name / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{source.name}.{os.getpid()}")
    partial.write_bytes(source.read_bytes())
    partial.chmod(0o755)
    partial.replace(target)
    return replace(program, argv=(str(target), *program.argv[1:]))
