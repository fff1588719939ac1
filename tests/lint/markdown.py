"""What the documentation says about files and commands, so that it can be held against them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from problems import Problem

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_DEV = re.compile(r"(?<![\w/])\./dev\s+(?P<command>[a-z]+)(?P<rest>[^\n`#;|&)]*)")
_REMEDY = "correct or drop it"


@dataclass(frozen=True)
class DevCall:
    """`./dev COMMAND WORDS...` as the text shows it."""

    line: int
    command: str
    words: list[str]


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def without_fences(text: str) -> str:
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(without_fences(text)):
        plain = re.sub(r"[`*\[\]]|\(.*?\)\Z", "", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def broken_links(root: Path, path: str) -> list[Problem]:
    """Relative links must lead to a file of the project, and #names to a heading there."""
    text = (root / path).read_text()
    problems = []
    for found in _LINK.finditer(without_fences(text)):
        target = found["target"]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (root / path).parent / name if name else root / path
        line = _line(text, found.start())
        if not file.exists() or not file.resolve().is_relative_to(root.resolve()):
            problems.append(Problem(path, line, f"a link to nothing: {target}", _REMEDY))
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            problems.append(Problem(path, line, f"no such heading: {target}", _REMEDY))
    return problems


def dev_calls(text: str) -> list[DevCall]:
    """Only in code, fenced or between backquotes: there it is what people type."""
    return [
        DevCall(_line(text, code.start() + found.start()), found["command"], found["rest"].split())
        for code in _CODE.finditer(text)
        for found in _DEV.finditer(code.group())
    ]


def wrong_dev_calls(path: str, text: str, commands: set[str], stages: set[str]) -> list[Problem]:
    """Commands of ./dev must exist, and the stages that ./dev test names."""
    problems = []
    for call in dev_calls(text):
        if call.command not in commands:
            what = f"./dev has no command '{call.command}'"
            problems.append(Problem(path, call.line, what, "./dev help lists them"))
        for stage in stages_named(call):
            if stage not in stages:
                what = f"./dev test has no stage '{stage}'"
                problems.append(Problem(path, call.line, what, "./dev test --list lists them"))
    return problems


def stages_named(call: DevCall) -> list[str]:
    """STAGE stands for any; what follows "--" is for the runner."""
    words = call.words[: call.words.index("--")] if "--" in call.words else call.words
    return [word for word in words if call.command == "test" and re.fullmatch("[a-z]+", word)]
