"""Every text file keeps the rules of file_rules.py; and these rules find what they should."""

from __future__ import annotations

import warnings
from pathlib import Path

import file_rules
import pytest
from problems import expect_none
from project_files import TextFile, text_files


def test_our_files_keep_the_rules(root: Path) -> None:
    problems = []
    for file in text_files(root):
        problems += file_rules.check(file)
        if file.is_code and len(file.lines) > file_rules.LONG_LINES:
            warnings.warn(f"{file.path} has {len(file.lines)} lines", stacklevel=1)
    expect_none(problems)


NOT_ONCE = "#pragma once is not the first directive"
HEADER = "// What it is.\n#pragma once\n"

CASES = [
    ("lib/a.h", HEADER, []),
    ("lib/a.h", "#pragma once\n", ["a header without an opening comment"]),
    ("lib/a.h", "// What.\n#include <a>\n#pragma once\n", [NOT_ONCE]),
    ("lib/a.h", "// What, and\n// #pragma once\n", [NOT_ONCE]),
    ("lib/a.cpp", "int a;\n" * 600, []),
    ("lib/a.cpp", "int a;\n" * 601, ["601 lines, more than 600"]),
    ("docs/a.md", "text\n" * 5000, []),
    ("docs/a.md", "see TO" + "DO\n", ["unfinished: TO" + "DO"]),
    ("lib/a.cpp", "mkstemp(\"/tmp/aXX" + "XXXX\");\n", []),
    ("README.md", "see ../sha" + "red/design.md\n", ["points outside: ../sha" + "red"]),
    ("README.md", "use sha" + "red libraries in /usr/share/doc\n", []),
    ("dev", "#!/bin/sh\nx=1 \n", ["blanks at the end"]),
    ("a.py", "\tx = 1\n", ["a tab"]),
    ("a.py", "x = " + "1" * 97 + "\n", ["101 columns, more than 100"]),
    ("a.txt", "x", ["no line end at the end"]),
]


@pytest.mark.parametrize("path, text, found", CASES)
def test_a_rule_finds_what_it_should(path: str, text: str, found: list[str]) -> None:
    assert [problem.what for problem in file_rules.check(TextFile(path, text))] == found


def test_builds_and_repositories_are_not_read(tmp_path: Path) -> None:
    for name in ("build/dev/a.txt", ".git/config", "tests/a.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x\n")
    (tmp_path / "tests" / "binary").write_bytes(b"\0\1")
    assert [file.path for file in text_files(tmp_path)] == ["tests/a.txt"]
