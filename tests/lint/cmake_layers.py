"""What the CMake files link, against the layers: one library per folder of lib/, linked to what its
files include and to nothing that it may not use; and no source that nobody compiles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import cxx
import layers
from problems import Problem

_COMMAND = re.compile(r"^\s*(?P<name>\w+)\s*\((?P<words>[^()]*)\)", re.MULTILINE)
_PREFIX = "reaperd_"
_REMEDY = "correct LINKS in this file"


@dataclass
class Layer:
    """One reaperd_layer() call."""

    name: str
    line: int
    sources: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return f"lib/{self.name}"

    @property
    def linked_folders(self) -> set[str]:
        """Our layers among the links; warnings, threads and the like are none of them."""
        folders = {f"lib/{link.removeprefix(_PREFIX)}" for link in self.links if _PREFIX in link}
        return folders & set(layers.MAY_USE)


def commands_of(text: str) -> list[tuple[str, list[str], int]]:
    """(name, words, line) of each command without nested parentheses."""
    code = re.sub(r"#[^\n]*", lambda match: " " * len(match.group()), text)
    found = []
    for command in _COMMAND.finditer(code):
        line = code.count("\n", 0, command.start("name")) + 1
        found.append((command["name"].lower(), command["words"].split(), line))
    return found


def layer_calls(text: str) -> list[Layer]:
    found = []
    for name, words, line in commands_of(text):
        if name != "reaperd_layer":
            continue
        layer = Layer(words[0], line)
        into: list[str] | None = None
        for word in words[1:]:
            if word in ("SOURCES", "LINKS"):
                into = layer.sources if word == "SOURCES" else layer.links
            elif into is not None:
                into.append(word)
        found.append(layer)
    return found


def check(root: Path, tree: cxx.Tree) -> list[Problem]:
    problems: list[Problem] = []
    for folder in sorted({layers.layer_of(path) or "" for path in tree.files}):
        if folder.startswith("lib/"):
            problems += check_folder(root, tree, folder)
    return problems + check_all_compiled(root, tree)


def check_folder(root: Path, tree: cxx.Tree, folder: str) -> list[Problem]:
    where = f"{folder}/CMakeLists.txt"
    path = root / where
    calls = layer_calls(path.read_text()) if path.exists() else []
    if [call.folder for call in calls] != [folder]:
        remedy = f"call reaperd_layer({folder.removeprefix('lib/')} ...) there, once"
        return [Problem(where, 1, f"{folder} is not one library of its name", remedy)]
    [layer] = calls
    problems = []
    for used in sorted(layer.linked_folders - set(layers.MAY_USE[folder])):
        problems.append(Problem(where, layer.line, f"{folder} must not link {used}", _REMEDY))
    for used in sorted(included_folders(tree, folder) - reachable_links(root, layer)):
        what = f"{folder} includes {used} without linking it"
        problems.append(Problem(where, layer.line, what, _REMEDY))
    return problems


def included_folders(tree: cxx.Tree, folder: str) -> set[str]:
    used = {
        layers.layer_of(target)
        for path in tree.files
        if layers.layer_of(path) == folder
        for _, target in tree.own_includes(path)
    }
    return {name for name in used if name and name != folder and name.startswith("lib/")}


def reachable_links(root: Path, layer: Layer) -> set[str]:
    """Links are PUBLIC, so a layer has what its links have."""
    seen: set[str] = set()
    waiting = set(layer.linked_folders)
    while waiting:
        folder = waiting.pop()
        seen.add(folder)
        path = root / folder / "CMakeLists.txt"
        for call in layer_calls(path.read_text()) if path.exists() else []:
            waiting |= call.linked_folders - seen
    return seen


def check_all_compiled(root: Path, tree: cxx.Tree) -> list[Problem]:
    """A .cpp must be named by a CMakeLists.txt of its folder or one above (a GLOB names all)."""
    problems = []
    for path in tree.files:
        if path.endswith(".cpp") and not is_named(root, path):
            remedy = "add it to the SOURCES of its CMakeLists.txt, or delete it"
            problems.append(Problem(path, 1, "no CMakeLists.txt compiles this file", remedy))
    return problems


def is_named(root: Path, path: str) -> bool:
    for folder in list(Path(path).parents)[:-1]:
        cmake = root / folder / "CMakeLists.txt"
        if not cmake.exists():
            continue
        text = cmake.read_text()
        relative = Path(path).relative_to(folder)
        stem = relative.with_suffix("").as_posix()
        if re.search(rf"(?<![\w/]){re.escape(stem)}(?![\w/])", text) or "GLOB" in text:
            return True
    return False
