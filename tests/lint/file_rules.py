"""Rules that hold for single files: how headers open, how long a file may be, words that say that
something is unfinished, stray blanks."""

from __future__ import annotations

import re

import cxx
from problems import Problem
from project_files import TextFile

LONG_LINES = 400  # a file above this is listed
TOO_LONG_LINES = 600  # and above this it fails
LINE_WIDTH = 100

# Spelled apart, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
# The papers beside the clone are not part of it: say the fact itself.
OUTSIDE = re.compile(
    r"(\.\./|/work/)sha" r"red\b|\bsha" r"red/(design|style|kernel|compat|testbeds)"
)


def check_header(file: TextFile) -> list[Problem]:
    if not file.path.endswith(".h"):
        return []
    problems = []
    if not file.text.startswith(("//", "/*")):
        remedy = "open with what it is, who owns it, what it promises and what not"
        problems.append(Problem(file.path, 1, "a header without an opening comment", remedy))
    directives = [line for line in cxx.code_only(file.text).splitlines() if line.startswith("#")]
    if not directives or directives[0].split() != ["#pragma", "once"]:
        remedy = "put #pragma once below the opening comment"
        problems.append(Problem(file.path, 1, "#pragma once is not the first directive", remedy))
    return problems


def check_size(file: TextFile) -> list[Problem]:
    count = len(file.lines)
    if not file.is_code or count <= TOO_LONG_LINES:
        return []
    what = f"{count} lines, more than {TOO_LONG_LINES}"
    return [Problem(file.path, count, what, "cut it where a reader would")]


def check_words(file: TextFile) -> list[Problem]:
    problems = []
    for number, line in enumerate(file.lines, 1):
        if found := UNFINISHED.search(line):
            remedy = "finish it, or open an issue and drop the word"
            problems.append(Problem(file.path, number, f"unfinished: {found[0]}", remedy))
        if found := OUTSIDE.search(line):
            remedy = "the project stands alone: write the fact here or in docs/"
            problems.append(Problem(file.path, number, f"points outside: {found[0]}", remedy))
    return problems


def check_blanks(file: TextFile) -> list[Problem]:
    """Width where no formatter decides it; prose and tables may be wider."""
    problems = []
    width_matters = file.path.endswith((".py", ".sh")) or file.text.startswith("#!")
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip() and not file.path.endswith(".md"):
            problems.append(Problem(file.path, number, "blanks at the end", "remove them"))
        if "\t" in line and file.is_code:
            problems.append(Problem(file.path, number, "a tab", "use spaces (.editorconfig)"))
        if width_matters and len(line) > LINE_WIDTH:
            what = f"{len(line)} columns, more than {LINE_WIDTH}"
            problems.append(Problem(file.path, number, what, "break the line"))
    if file.text and not file.text.endswith("\n"):
        problems.append(Problem(file.path, len(file.lines), "no line end at the end", "add one"))
    return problems


RULES = (check_header, check_size, check_words, check_blanks)


def check(file: TextFile) -> list[Problem]:
    return [problem for rule in RULES for problem in rule(file)]
