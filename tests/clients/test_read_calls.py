"""The table of calls that all clients make is complete."""

from __future__ import annotations

import calls


def test_every_method_that_may_be_read_is_called() -> None:
    called = [one.method for one in calls.READ_CALLS]
    assert sorted([*called, "Monitor"]) == sorted(calls.documented_read_methods())
