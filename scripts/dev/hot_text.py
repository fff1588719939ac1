#!/usr/bin/python3
"""Writes cmake/hot_text.ld: which functions of reaperd-static run in an ordinary run, so that the
linker puts them side by side.

What is touched is resident with all that lies around it (docs/kernel-facts.md, "What a fault of a
file maps"): scattered over two megabytes, 300 KiB of functions make nearly all of it resident, and
each stretch costs a fault at the start. Names that no longer exist do no harm, and what is missing
lies where it lay; the gate's rss_kib tells when it is time to write the file anew (./dev hot).
"""

from __future__ import annotations

import bisect
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "cmake" / "hot_text.ld"
# An orphan that fails, one that lives for a while, a signal, a short main: as PID 1 and not.
RUN = ("sh", "-c", "(exit 3) & (sleep 0.1 & exit 0); kill -USR1 $PPID; trap 'exit 0' USR1; "
       "sleep 0.3; exit 7")
PREFIXES = (("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"), ())


@dataclass(frozen=True)
class Section:
    """An input section of the link, as its map tells it."""

    address: int
    size: int
    name: str
    file: str

    def statement(self) -> str:
        member = re.match(r".*/([^/(]+)\(([^)]+)\)$", self.file)
        if self.name.startswith(".text."):
            return f"*({self.name})"  # of a function's own name
        if member:
            return f"*{member[1]}:{member[2]}({self.name})"
        return f"*{Path(self.file).name}({self.name})"


def read_map(text: str) -> list[Section]:
    """The sections with code, by address."""
    entry = re.compile(r"^ (\.text\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$")
    # A long name stands on a line of its own.
    text = re.sub(r"^( \.text\S*)\n\s+", r"\1 ", text, flags=re.MULTILINE)
    found = []
    for line in text.splitlines():
        if match := entry.match(line):
            size = int(match[3], 16)
            if size > 0:
                found.append(Section(int(match[2], 16), size, match[1], match[4]))
    return sorted(found, key=lambda section: section.address)


def addresses_run(folder: Path) -> set[int]:
    """Where callgrind saw instructions run."""
    found = set()
    for output in folder.glob("callgrind.*"):
        for line in output.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"0x([0-9a-f]+) ", line):
                found.add(int(match[1], 16))
    return found


def sections_run(sections: list[Section], addresses: set[int]) -> list[Section]:
    starts = [section.address for section in sections]
    hit = set()
    for address in addresses:
        section = sections[bisect.bisect_right(starts, address) - 1]
        if section.address <= address < section.address + section.size:
            hit.add(section)
    return sorted(hit, key=lambda section: section.address)


def main() -> int:
    program, link_map = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="reaperd-hot-") as folder:
        for prefix in PREFIXES:
            subprocess.run(
                [*prefix, "valgrind", "--tool=callgrind", "--quiet", "--dump-instr=yes",
                 f"--callgrind-out-file={folder}/callgrind.{len(prefix)}",
                 str(program), "--", *RUN],
                check=False, stdin=subprocess.DEVNULL)
        addresses = addresses_run(Path(folder))
    hot = sections_run(read_map(link_map.read_text(encoding="utf-8", errors="replace")), addresses)
    if len(hot) < 200:
        print(f"only {len(hot)} sections ran: the map is not of this program", file=sys.stderr)
        return 1
    statements = sorted({section.statement() for section in hot})
    lines = "\n".join(f"    {statement}" for statement in statements)
    SCRIPT.write_text(
        "/* Written by ./dev hot: the functions that run in an ordinary run, side by side. */\n"
        "SECTIONS\n{\n  .text.hot_run :\n  {\n" + lines + "\n  }\n}\nINSERT BEFORE .text;\n",
        encoding="utf-8")
    print(f"{SCRIPT.relative_to(ROOT)}: {len(statements)} sections, "
          f"{sum(section.size for section in hot)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
