"""The documentation leads somewhere: links, and the commands that it tells people to type."""

from __future__ import annotations

import subprocess
from pathlib import Path

import markdown
import pytest
from problems import expect_none
from project_files import text_files


def output_of(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(root / "dev"), *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


@pytest.fixture(scope="module")
def commands(root: Path) -> set[str]:
    lines = output_of(root, "help").splitlines()
    return {line.split()[0] for line in lines if line.startswith("  ")}


@pytest.fixture(scope="module")
def stages(root: Path) -> set[str]:
    return {line.split()[0] for line in output_of(root, "test", "--list").splitlines()}


def test_links_lead_to_files_and_headings(root: Path) -> None:
    pages = [file.path for file in text_files(root) if file.path.endswith(".md")]
    expect_none([problem for page in pages for problem in markdown.broken_links(root, page)])


def test_the_dev_commands_of_every_page_exist(
    root: Path, commands: set[str], stages: set[str]
) -> None:
    problems = []
    for file in text_files(root):
        if file.path.endswith(".md"):
            problems += markdown.wrong_dev_calls(file.path, file.text, commands, stages)
    expect_none(problems)


def test_help_names_every_command_of_the_house(commands: set[str]) -> None:
    assert {"run", "build", "test", "bench", "lint", "format", "package"} <= commands


PAGE = """# One page
See [two](docs/two.md), [its part](docs/two.md#a-part-of-it), [here](#one-page), <https://x.org>,
[web](https://x.org/a), [bad](docs/three.md),
[worse](docs/two.md#nothing), [out](../secret.md).
```
[not a link](nowhere.md)
```
"""


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "one.md").write_text(PAGE)
    (tmp_path / "docs" / "two.md").write_text("# Two\n## A `part` of it\n")
    found = [(problem.line, problem.what) for problem in markdown.broken_links(tmp_path, "one.md")]
    assert found == [
        (3, "a link to nothing: docs/three.md"),
        (4, "no such heading: docs/two.md#nothing"),
        (4, "a link to nothing: ../secret.md"),
    ]


def test_wrong_dev_calls_are_found() -> None:
    text = "`./dev fly` or\n```\n./dev test --quick nostage # why\n./dev test unit -- -k x\n```\n"
    found = markdown.wrong_dev_calls("a.md", text, {"test"}, {"unit"})
    assert [(problem.line, problem.what) for problem in found] == [
        (1, "./dev has no command 'fly'"),
        (3, "./dev test has no stage 'nostage'"),
    ]
