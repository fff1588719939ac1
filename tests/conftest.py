"""What every pytest stage shares: the way to tests/support/py, a time limit per test, and clean-up
when the whole run is stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

TESTS = Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS / "support" / "py"))

DEFAULT_LIMIT_SECONDS = 60


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "limit(seconds): time limit of a test, default 60")
    config.addinivalue_line("markers", "slow: left out of ./dev test --quick")
    config.option.strict_markers = True


def pytest_sessionstart(session: pytest.Session) -> None:
    """./dev test stops a stage that runs too long by TERM: fail the running test, leave through the
    fixtures, start no further test."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        session.shouldstop = "stopped by SIGTERM"
        pytest.fail("stopped by SIGTERM", pytrace=True)

    signal.signal(signal.SIGTERM, stop)
    # Ignored under nohup, and then by all that is started here: the tests count on the default.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that hangs fails by itself, with the line where it hung, and the rest goes on."""
    marker = item.get_closest_marker("limit")
    seconds = marker.args[0] if marker else DEFAULT_LIMIT_SECONDS

    def too_long(_number: int, _frame: FrameType | None) -> None:
        pytest.fail(f"ran longer than {seconds} s", pytrace=True)

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
