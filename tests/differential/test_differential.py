"""reaperd under the name of another init against that init itself: status, output, and what the
command saw, row by row of the tables in cases_*.py. `pytest -k "tini and exit"` picks rows."""

from __future__ import annotations

import dataclasses
import difflib
import itertools

import pytest

import cases_ends
import cases_options
import cases_signals
import cases_surroundings
from conftest import Pairs
from diff_engine import Case, Outcome
from diff_programs import SELF_CHECK
from differences import DIFFERENCES, Difference, differences_of

CASES = list(itertools.chain(cases_options.cases(), cases_ends.cases(), cases_signals.cases(),
                             cases_surroundings.cases()))


def explained(expected: Outcome, ours: Outcome) -> str:
    """What differs, line by line: "-" was expected, "+" is what we showed."""
    lines = []
    for field in dataclasses.fields(Outcome):
        one, other = getattr(expected, field.name), getattr(ours, field.name)
        if one == other:
            continue
        if isinstance(one, str):
            one, other = (one,), (other,)
        lines.append(f"{field.name}:")
        lines += [line for line in difflib.ndiff(one, other) if not line.startswith("?")]
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_same_as_the_original(case: Case, pairs: Pairs) -> None:
    if SELF_CHECK and case.racy:
        pytest.skip("the original does now this, now that")
    pair = pairs.get(case)
    expected = pair.real
    for difference in [] if SELF_CHECK else differences_of(case):
        changed = difference.expect(case, expected)
        assert changed != expected, f"difference is gone: {difference.name}"
        expected = changed
    assert pair.ours == expected, explained(expected, pair.ours)


def test_every_row_has_a_name_of_its_own() -> None:
    ids = [case.id for case in CASES]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_every_difference_belongs_to_a_row(difference: Difference) -> None:
    assert any(difference in differences_of(case) for case in CASES)
