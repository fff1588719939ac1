"""What the documentation says of the code is there: options and their variables, files, functions;
and what the code says of the documentation."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import markdown
import pytest
from problems import Problem, expect_none
from project_files import TextFile, text_files

_OPTION_ROW = re.compile(
    r'^\s*\{"(?P<name>[a-z-]+)", "[^"]*", "(?P<variable>[A-Z_]*)"', re.MULTILINE)
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_DOC_LINK = re.compile(r"\bdocs/[\w/.-]+\.md(?:#[\w-]+)?")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"^(?:lib|daemon|tests|bench|scripts|docs|config|packaging)/[\w./{},-]+$")
_MEMBER = re.compile(r"^(?:\w+::)+(?P<name>[A-Z]\w+)$")
# Not ours, or of the tests and the tools.
_OTHER_VARIABLES = re.compile(
    r"REAPERD_(SERVICE_|PORT|NAME$|ENV_$|PROPERTY_|TEST_|BUILD$|STATIC$|RELEASE$|"
    r"GRACES$|_|$)")
_PLACEHOLDERS = ("NAME", "PRESET", "STAGE", "NNNN")


def option_rows(text: str) -> dict[str, str]:
    return {row["name"]: row["variable"] for row in _OPTION_ROW.finditer(text)}


def documented_rows(text: str) -> dict[str, str]:
    """Of a table with the columns option, variable, default."""
    rows = {}
    for line in text.splitlines():
        if line.startswith("| `--"):
            _, option, variable, *_ = _CELL_BORDER.split(line)
            rows[re.split(r"[ `]", option.strip(" `-"))[0]] = variable.strip(" `")
    return rows


@pytest.fixture(scope="module")
def options(root: Path) -> dict[str, str]:
    rows = option_rows((root / "daemon/option_table.cpp").read_text())
    assert len(rows) > 10, "the table of options looks different from what this test reads"
    return rows


@pytest.fixture(scope="module")
def files(root: Path) -> list[TextFile]:
    return list(text_files(root))


def test_the_page_of_options_has_each_with_its_variable(
    root: Path, options: dict[str, str]
) -> None:
    """explain, version and help share a row, which begins with the first of them."""
    documented = documented_rows((root / "docs/command-line.md").read_text())
    wanted = {name: variable for name, variable in options.items()
              if name not in ("version", "help")}
    assert documented == wanted


def test_the_readme_names_every_option(root: Path, options: dict[str, str]) -> None:
    readme = (root / "README.md").read_text()
    assert [name for name in options if f"`--{name}" not in readme] == []


def test_every_variable_that_a_page_names_exists(
    files: list[TextFile], options: dict[str, str]
) -> None:
    known = set(options.values())
    problems = []
    for file in files:
        if not file.path.endswith(".md"):
            continue
        for number, line in enumerate(file.lines, 1):
            for name in re.findall(r"\bREAPERD_[A-Z_]*", line):
                if name not in known and not _OTHER_VARIABLES.match(name):
                    what = f"there is no variable {name}"
                    problems.append(Problem(file.path, number, what, "see docs/command-line.md"))
    expect_none(problems)


def test_pages_named_by_the_code_exist(root: Path, files: list[TextFile]) -> None:
    problems = []
    for file in files:
        # tests/lint has wrong ones on purpose; pages have links, which test_docs.py follows
        if file.path.startswith("tests/lint/") or file.path.endswith(".md"):
            continue
        for number, line in enumerate(file.lines, 1):
            for link in _DOC_LINK.findall(line):
                if not leads_somewhere(root, link):
                    what = f"no such page: {link}"
                    problems.append(Problem(file.path, number, what, "correct it"))
    expect_none(problems)


def leads_somewhere(root: Path, link: str) -> bool:
    page, _, anchor = link.partition("#")
    path = root / page
    return path.exists() and (not anchor or anchor in markdown.anchors(path.read_text()))


def test_files_and_functions_named_by_pages_exist(root: Path, files: list[TextFile]) -> None:
    code = "\n".join(file.text for file in files if file.path.endswith((".cpp", ".h")))
    problems = []
    for file in files:
        if file.path.endswith(".md") and file.path != "CHANGELOG.md":
            problems += stale_names(root, file, code)
    expect_none(problems)


def stale_names(root: Path, file: TextFile, code: str) -> list[Problem]:
    problems = []
    for number, line in enumerate(file.lines, 1):
        for word in _CODE.findall(line):
            member = _MEMBER.match(word)
            if member and not re.search(rf"\b{member['name']}\b", code):
                what = f"nothing is called {word}"
            elif is_project_path(word) and not all(map(exists_in(root), expanded(word))):
                what = f"no such file: {word}"
            else:
                continue
            problems.append(Problem(file.path, number, what, "the code has changed: correct it"))
    return problems


def is_project_path(word: str) -> bool:
    return bool(_PATH.match(word)) and not any(part in word for part in _PLACEHOLDERS)


def exists_in(root: Path):
    """A file, a folder, or a pair named without its ending (`reap/plan` style)."""
    return lambda name: (root / name).exists() or (root / f"{name}.h").exists()


def expanded(word: str) -> list[str]:
    """a.{h,cpp} → a.h, a.cpp"""
    found = re.match(r"^(.*)\{(.*)\}(.*)$", word)
    if not found:
        return [word]
    before, middle, after = found.groups()
    return list(chain.from_iterable(expanded(before + part + after) for part in middle.split(",")))


def test_rows_of_both_tables_are_read() -> None:
    code = '  {"grace", "TIME|off", "REAPERD_GRACE", kStop,\n  {"env", "K=V", "", kChild,\n'
    page = "| `--grace TIME\\|off` | `REAPERD_GRACE` | x |\n| `--env K=V`, repeated | | none |\n"
    assert option_rows(code) == {"grace": "REAPERD_GRACE", "env": ""} == documented_rows(page)


def test_stale_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.h").write_text("")
    page = TextFile("x.md", "`lib/a.h` `lib/{a,b}.h` `lib/NAME.h` `A::Run` `A::Gone` `std::list`\n")
    found = [problem.what for problem in stale_names(tmp_path, page, "void Run();")]
    assert found == ["no such file: lib/{a,b}.h", "nothing is called A::Gone"]
