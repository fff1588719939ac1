"""The commands that the documentation shows work: blocks marked `<!-- tested -->` are run, and what
follows `-k` in a call of ./dev test is found among the tests of that stage.

In a tested block each line is a command of its own and must end with 0. `# -> TEXT` at its end says
the last line that it prints. `./dev run` and `reaperd` both are the program under test.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import markdown
import paths
from problems import Problem, expect_none
from project_files import text_files

_BLOCK = re.compile(r"^<!-- tested -->\n```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPECTED = re.compile(r"\s+# -> (?P<text>.*)$")
_KEYWORDS = {"and", "or", "not"}


@dataclass(frozen=True)
class Command:
    page: str
    line: int
    words: str
    last_line: str | None  # None: whatever it prints


def commands_of(page: str, text: str) -> list[Command]:
    found = []
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start("text")) + 1
        for number, line in enumerate(block["text"].splitlines(), first):
            expected = _EXPECTED.search(line)
            words = line[: expected.start()] if expected else line
            found.append(Command(page, number, words, expected["text"] if expected else None))
    return found


def pages(root: Path) -> list[tuple[str, str]]:
    return [(file.path, file.text) for file in text_files(root) if file.path.endswith(".md")]


def all_commands() -> list[Command]:
    return [one for page, text in pages(paths.ROOT) for one in commands_of(page, text)]


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A folder like a clone, whose ./dev run does not build."""
    program = paths.reaperd()
    (tmp_path / "build/dev").mkdir(parents=True)
    (tmp_path / "build/dev/bin").symlink_to(paths.BUILD)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "reaperd").symlink_to(program)
    dev = tmp_path / "dev"
    dev.write_text('#!/bin/sh\n[ "$1" = run ] && shift && exec reaperd "$@"\nexit 99\n')
    dev.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", all_commands(), ids=lambda one: f"{one.page}:{one.line}")
def test_a_tested_command_does_what_the_page_says(reader: Path, command: Command) -> None:
    environment = {"PATH": f"{reader}/bin:{os.environ['PATH']}", "HOME": "/root", "LANG": "C"}
    done = subprocess.run(
        ["sh", "-c", command.words], cwd=reader, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=20)
    said = f"{command.words}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    if command.last_line is not None:
        assert done.stdout.splitlines()[-1:] == [command.last_line], said


def test_the_readme_has_tested_commands() -> None:
    assert len([one for one in all_commands() if one.page == "README.md"]) >= 5


def unknown_selections(root: Path, page: str, text: str) -> list[Problem]:
    """Words behind -k that no file of the stage's folder has."""
    problems = []
    for call in markdown.dev_calls(text):
        if call.command != "test" or "-k" not in call.words:
            continue
        at = call.words.index("-k")
        for word in shlex.split(" ".join(call.words[at + 1 :]))[0].split():
            for stage in markdown.stages_named(call):
                if word not in _KEYWORDS and not is_in_tests(root, stage, word):
                    what = f"no test of stage {stage} is called like '{word}'"
                    problems.append(Problem(page, call.line, what, "correct the command"))
    return problems


def is_in_tests(root: Path, stage: str, word: str) -> bool:
    """In a name of a test or of a parameter, as far as a text shows it; modes stand in support."""
    folders = (root / "tests" / stage, root / "tests" / "support" / "py")
    return any(word in path.stem or word in path.read_text(encoding="utf-8")
               for folder in folders for path in folder.glob("*.py"))


def test_the_tests_named_by_the_pages_exist(root: Path) -> None:
    expect_none([problem for page, text in pages(root)
                 for problem in unknown_selections(root, page, text)])


PAGE = """Text
<!-- tested -->
```sh
echo a; echo b   # -> b
true  # an ordinary comment
```
```sh
never run
```
Type `./dev test one -- -k 'this and not that'`.
"""


def test_commands_and_their_last_lines_are_found() -> None:
    assert commands_of("a.md", PAGE) == [
        Command("a.md", 4, "echo a; echo b", "b"),
        Command("a.md", 5, "true  # an ordinary comment", None)]


def test_a_selection_without_a_test_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests" / "one").mkdir(parents=True)
    (tmp_path / "tests" / "one" / "test_one.py").write_text("def test_this(): pass\n")
    found = unknown_selections(tmp_path, "a.md", PAGE)
    assert [(problem.line, problem.what) for problem in found] == [
        (10, "no test of stage one is called like 'that'")]
