"""Where we mean to differ from the original, and why. `expect` turns what the original showed into
what we must show; a row whose difference cannot be seen any more fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from diff_engine import Outcome


@dataclass(frozen=True)
class Difference:
    """`cases` are patterns of case ids as the shell knows them."""

    name: str
    reason: str
    cases: tuple[str, ...]
    expect: Callable[[Outcome], Outcome]

    def applies(self, case_id: str) -> bool:
        return any(fnmatchcase(case_id, pattern) for pattern in self.cases)


DIFFERENCES: tuple[Difference, ...] = ()


def differences_of(case_id: str) -> list[Difference]:
    return [difference for difference in DIFFERENCES if difference.applies(case_id)]
