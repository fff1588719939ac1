"""The libraries are linked as the layers say, and every source is compiled by someone."""

from __future__ import annotations

from pathlib import Path

import cmake_layers
import cxx
from problems import expect_none

MODEL = "reaperd_layer(model\n  SOURCES event.cpp  # values\n  LINKS reaperd_base)\n"
SYS = "reaperd_layer(sys SOURCES procfs.cpp LINKS reaperd_model)\n"


def whats(root: Path, files: dict[str, str]) -> list[str]:
    """The findings of a small right tree with some files replaced or added."""
    right = {
        "lib/base/CMakeLists.txt": "reaperd_layer(base)\n",
        "lib/base/text.h": "",
        "lib/model/CMakeLists.txt": MODEL,
        "lib/model/event.cpp": '#include "base/text.h"\n',
        "lib/sys/CMakeLists.txt": SYS,
        "lib/sys/procfs.cpp": '#include "base/text.h"\n',
    }
    for name, text in (right | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return [problem.what for problem in cmake_layers.check(root, cxx.Tree(root))]


def test_our_libraries_are_linked_as_the_layers_say(root: Path, tree: cxx.Tree) -> None:
    expect_none(cmake_layers.check(root, tree))


def test_a_right_tree_has_no_findings(tmp_path: Path) -> None:
    assert whats(tmp_path, {}) == []


def test_a_link_upward_is_found(tmp_path: Path) -> None:
    bad = MODEL.replace("reaperd_base", "reaperd_base reaperd_sys")
    assert whats(tmp_path, {"lib/model/CMakeLists.txt": bad}) == ["lib/model must not link lib/sys"]


def test_an_include_without_its_link_is_found(tmp_path: Path) -> None:
    bad = "reaperd_layer(model SOURCES event.cpp LINKS reaperd_warnings)\n"
    assert "lib/model includes lib/base without linking it" in whats(
        tmp_path, {"lib/model/CMakeLists.txt": bad}
    )


def test_a_folder_without_its_library_is_found(tmp_path: Path) -> None:
    found = whats(tmp_path, {"lib/sys/CMakeLists.txt": "add_library(odd procfs.cpp)\n"})
    assert found == ["lib/sys is not one library of its name"]


def test_a_source_that_nobody_compiles_is_found(tmp_path: Path) -> None:
    found = whats(tmp_path, {"lib/sys/forgotten.cpp": ""})
    assert found == ["no CMakeLists.txt compiles this file"]
