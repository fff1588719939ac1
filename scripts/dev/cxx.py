"""Reads our C++ files as far as the checks need it: code without comments and strings, and which of
our files includes which. No compiler: a whole tree takes a fraction of a second."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("lib", "daemon", "ctl", "gateway", "tests", "bench", "docs")
SUFFIXES = (".cpp", ".h", ".h.in")

# What a compiler would skip or take as one token, in the order in which it must be tried.
_TOKEN = re.compile(
    r"""
      //(?:\\\n|[^\n])*                           # line comment
    | /\*.*?(?:\*/|\Z)                            # block comment
    | R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"  # raw string
    | "(?:\\.|[^"\\\n])*"                         # string
    | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'         # character, not a digit separator
    """,
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)


@dataclass(frozen=True)
class Include:
    line: int
    name: str
    quoted: bool


def _blank(match: re.Match[str]) -> str:
    """Spaces in place of the text; line ends stay, so that line numbers do."""
    return re.sub(r"[^\n]", " ", match.group())


def without_comments(text: str) -> str:
    return _TOKEN.sub(lambda m: _blank(m) if m.group().startswith("/") else m.group(), text)


def code_only(text: str) -> str:
    """Neither comments nor the contents of strings; line numbers stay."""
    return _TOKEN.sub(_blank, text)


def includes_of(text: str) -> list[Include]:
    code = without_comments(text)
    return [
        Include(code.count("\n", 0, found.start()) + 1, found[1] or found[2], found[1] is not None)
        for found in _INCLUDE.finditer(code)
    ]


class Tree:
    """All C++ files below a root, by path relative to it ("lib/reap/plan.h")."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, str] = {}
        for folder in FOLDERS:
            for path in sorted((root / folder).rglob("*")):
                if path.name.endswith(SUFFIXES) and path.is_file():
                    self.files[path.relative_to(root).as_posix()] = path.read_text()

    def resolve(self, includer: str, name: str) -> str | None:
        """The file of ours that a quoted include means: beside the includer, else from an include
        root of the build. CMake makes x.h of x.h.in."""
        beside = (Path(includer).parent / name).as_posix()
        for candidate in (beside, *(f"{base}{name}" for base in INCLUDE_ROOTS)):
            for name_of_file in (_normal(candidate), _normal(candidate) + ".in"):
                if name_of_file in self.files:
                    return name_of_file
        return None

    def own_includes(self, path: str) -> list[tuple[Include, str]]:
        """The includes of a file that are files of ours, resolved."""
        found = []
        for include in includes_of(self.files[path]):
            target = self.resolve(path, include.name) if include.quoted else None
            if target is not None:
                found.append((include, target))
        return found

    def reachable(self, path: str) -> set[str]:
        """The file and all files of ours that it includes, directly or not."""
        seen: set[str] = set()
        waiting = [path]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            waiting += [target for _, target in self.own_includes(current)]
        return seen


INCLUDE_ROOTS = ("lib/", "", "tests/", "tests/support/")


def _normal(path: str) -> str:
    """a/../b -> b, without asking the file system."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
