"""scripts/dev/report.py counts right: what is not clearly passed or skipped has failed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

CTEST = """<testsuite name="x" tests="1">{}</testsuite>"""
RUN = (
    '<testcase name="A.Works" classname="A.Works" status="run">'
    "<system-out>fine</system-out></testcase>"
)
FAIL = (
    '<testcase name="A.Breaks" classname="A.Breaks" status="fail"><failure message="Failed"/>'
    "<system-out>expected 1, got 2</system-out></testcase>"
)
SKIP = (
    '<testcase name="A.Waits" classname="A.Waits" status="notrun">'
    '<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>'
    "<system-out>a_test.cpp:7: Skipped\n{}\n[  SKIPPED ] A.Waits</system-out></testcase>"
)
GONE = (
    '<testcase name="A.Gone" classname="A.Gone" status="notrun">'
    '<skipped message="Unable to find executable"/></testcase>'
)
DISABLED = '<testcase name="A.Off" classname="A.Off" status="disabled"><skipped/></testcase>'
PYTEST = '<testsuites><testsuite name="pytest">{}</testsuite></testsuites>'
PY_PASS = '<testcase classname="tests.a" file="tests/a.py" name="test_x" time="0.1" />'
PY_FAIL = (
    '<testcase classname="tests.a" file="tests/a.py" name="test_y">'
    '<failure message="m">assert 1 == 2</failure></testcase>'
)
PY_ERROR = (
    '<testcase classname="tests.a.TestBed" file="tests/a.py" name="test_z">'
    '<error message="m">no fixture</error></testcase>'
)
PY_SKIP = (
    '<testcase classname="tests.a" file="tests/a.py" name="test_s">'
    '<skipped type="pytest.skip" message="{}">here</skipped></testcase>'
)


@dataclass
class Said:
    text: str
    counts: tuple[int, ...]
    failed: list[str]


@pytest.fixture
def report(root: Path, tmp_path: Path):
    """Runs report.py over one report text (None: there is none)."""

    def run(xml: str | None, ended: str = "", ci: bool = False) -> Said:
        (tmp_path / "log").write_text("first line\nlast words\n")
        if xml is not None:
            (tmp_path / "x.xml").write_text(xml)
        command = [sys.executable, str(root / "scripts/dev/report.py"), "--stage=s"]
        command += ["--seconds=1.0", f"--log={tmp_path}/log", f"--counts={tmp_path}/counts",
                    f"--failed={tmp_path}/failed"]
        environment = {**os.environ, "CI": "true" if ci else ""}
        done = subprocess.run(
            [*command, f"unit={ended}={tmp_path}/x.xml"],
            capture_output=True, text=True, check=True, env=environment, timeout=30,
        )  # fmt: skip
        _, *numbers = (tmp_path / "counts").read_text().splitlines()[-1].split()
        failed = (tmp_path / "failed").read_text().splitlines()
        return Said(done.stdout, tuple(map(int, numbers)), failed)

    return run


COUNTS = [
    (CTEST.format(RUN + RUN), (2, 0, 0)),
    (CTEST.format(RUN + FAIL), (1, 1, 0)),
    (CTEST.format(RUN + SKIP.format("no v2 here")), (1, 0, 1)),
    (CTEST.format(RUN + GONE), (1, 1, 0)),
    (CTEST.format(RUN + DISABLED), (1, 1, 0)),
    (PYTEST.format(PY_PASS + PY_FAIL + PY_ERROR + PY_SKIP.format("later")), (1, 2, 1)),
    (PYTEST.format(""), (0, 1, 0)),
    ("<testsuite><testc", (0, 1, 0)),
    (None, (0, 1, 0)),
]


@pytest.mark.parametrize("xml, counts", COUNTS)
def test_the_numbers_are_right(report, xml: str | None, counts: tuple[int, ...]) -> None:
    said = report(xml)
    assert said.counts == counts
    assert len(said.failed) == counts[1] and all(name.startswith("s: ") for name in said.failed)


def test_failures_are_shown_in_full(report) -> None:
    said = report(CTEST.format(FAIL)).text
    assert "FAILED s: A.Breaks" in said and "expected 1, got 2" in said
    said = report(PYTEST.format(PY_FAIL)).text
    assert "tests/a.py::test_y" in said and "assert 1 == 2" in said
    assert "tests/a.py::TestBed::test_z" in report(PYTEST.format(PY_ERROR)).text


def test_reasons_of_skips_are_shown(report) -> None:
    assert "A.Waits: no v2 here" in report(CTEST.format(RUN + SKIP.format("no v2 here"))).text
    assert "tests/a.py::test_s: later" in report(PYTEST.format(PY_SKIP.format("later"))).text


@pytest.mark.parametrize("xml", [CTEST.format(SKIP), PYTEST.format(PY_SKIP)])
def test_a_missing_tool_skips_at_home_and_fails_on_ci(report, xml: str) -> None:
    assert report(xml.format("needs podman")).counts == (0, 0, 1)
    said = report(xml.format("needs podman"), ci=True)
    assert said.counts == (0, 1, 0) and "needs podman" in said.text


def test_on_ci_what_the_machine_cannot_do_stays_a_skip(report) -> None:
    assert report(CTEST.format(SKIP.format("no CAP_SYS_RESOURCE")), ci=True).counts == (0, 0, 1)


def test_a_runner_that_ended_badly_without_a_failed_test_fails_the_stage(report) -> None:
    said = report(CTEST.format(RUN), "ctest ended with 8")
    assert said.counts == (1, 1, 0)
    assert "ctest ended with 8" in said.text and "last words" in said.text


def test_the_status_of_the_runner_adds_nothing_to_a_named_failure(report) -> None:
    assert report(CTEST.format(FAIL), "ctest ended with 8").counts == (0, 1, 0)


def test_a_stage_that_ran_too_long_failed_whatever_its_report_says(report) -> None:
    said = report(CTEST.format(RUN + FAIL), "stopped after 5 s")
    assert said.counts == (1, 2, 0) and "stopped after 5 s" in said.text
