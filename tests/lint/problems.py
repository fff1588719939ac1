"""How a check reports: where, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Problem:
    path: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}\n    -> {self.remedy}"


def expect_none(problems: list[Problem]) -> None:
    """Fails with the list, without a Python traceback: the reader wants the places."""
    if problems:
        listed = "\n".join(str(problem) for problem in problems)
        pytest.fail(f"{len(problems)} problem(s):\n{listed}", pytrace=False)
