"""Waiting for a condition with a deadline: the only way in which a test here waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

DEFAULT_SECONDS = 10.0


def wait_until(
    condition: Callable[[], Value], what: str, seconds: float = DEFAULT_SECONDS,
    pause: float = 0.003,
) -> Value:
    """The first true value of `condition`; fails, naming `what`, when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}; last seen: {value!r}")
        time.sleep(pause)
