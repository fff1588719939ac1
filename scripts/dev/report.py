#!/usr/bin/python3
"""Says how a stage of ./dev test went, from the JUnit files of its runners.

Prints one line for the stage, every failure in full and the reason of every skip, and adds the
numbers to the file of counts, the names of failures to that of names. Unclear results count as
failed: no report, no test, a runner that ended badly without naming a failure, a test that was not
run.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

LOG_TAIL_LINES = 60


@dataclass
class Outcome:
    """What the test cases of one or more reports came to."""

    passed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips

    @property
    def tests(self) -> int:
        return self.passed + len(self.failures) + len(self.skips)


def case_name(case: ElementTree.Element) -> str:
    """ctest's name; or `file::test` as pytest takes it on its command line."""
    name = case.get("name", "?")
    file = case.get("file", "")
    if not file:
        return name
    module = file.removesuffix(".py").replace("/", ".")
    group = case.get("classname", "").removeprefix(module).strip(".")
    return "::".join(part for part in (file, group, name) if part)


def printed_by(case: ElementTree.Element) -> str:
    """What the test wrote: ctest puts a test's whole output there."""
    parts = [case.findtext("system-out") or "", case.findtext("system-err") or ""]
    return "\n".join(part for part in parts if part.strip())


def gtest_skip_reason(text: str) -> str:
    """GoogleTest prints the reason on the lines after "FILE:LINE: Skipped"."""
    match = re.search(r": Skipped\n(.+)", text)
    return match.group(1).strip() if match else "no reason given"


def judge(case: ElementTree.Element, outcome: Outcome) -> None:
    """Adds one test case. ctest says "notrun" with <skipped> both for a test that skipped itself
    and for one whose program is missing; only the first names SKIP_ in its message."""
    name = case_name(case)
    failed = [child for child in case if child.tag in ("failure", "error")]
    skipped = case.find("skipped")
    if failed:
        text = "\n".join((child.text or child.get("message") or "").strip() for child in failed)
        outcome.failures.append((name, f"{text}\n{printed_by(case)}".strip()))
    elif skipped is None and case.get("status", "run") == "run":
        outcome.passed += 1
    elif case.get("status") is None and skipped is not None:
        outcome.skips.append((name, skipped.get("message") or "no reason given"))
    elif skipped is not None and (skipped.get("message") or "").startswith("SKIP_"):
        outcome.skips.append((name, gtest_skip_reason(printed_by(case))))
    else:
        reason = skipped.get("message") if skipped is not None else None
        outcome.failures.append((name, f"not run: {reason or case.get('status')}"))


def log_tail(log: Path) -> str:
    """The end of the log: all that is known when the runner died before it could report."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError as error:
        return str(error)
    return "\n".join([f"end of {log}:", *lines[-LOG_TAIL_LINES:]]) if lines else ""


def read_part(name: str, ended: str, path: Path, log: Path) -> Outcome:
    """The outcome of one runner. `ended` tells how it ended badly, "" when it did not."""
    outcome = Outcome()
    problem = ended
    try:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            judge(case, outcome)
    except (OSError, ElementTree.ParseError) as error:
        problem = problem or f"no report: {error}"
    if outcome.tests == 0:
        problem = problem or "no test ran"
    if problem.startswith("stopped") or (problem and not outcome.failures):
        outcome.failures.append((f"{name}: {problem}", log_tail(log)))
    return outcome


def missing_tools_fail(outcome: Outcome) -> None:
    """On CI every tool is there, so a test that could not run for want of one has failed."""
    missing = [skip for skip in outcome.skips if skip[1].startswith("needs ")]
    outcome.skips = [skip for skip in outcome.skips if skip not in missing]
    outcome.failures += [(name, f"skipped on CI: {reason}") for name, reason in missing]


def collect(options: argparse.Namespace) -> Outcome:
    outcome = Outcome(failures=[(problem, "") for problem in options.broken])
    for part in options.parts:
        name, ended, path = part.split("=", 2)
        outcome.add(read_part(name, ended, Path(path), options.log))
    if os.environ.get("CI") == "true":
        missing_tools_fail(outcome)
    return outcome


def describe(stage: str, seconds: str, outcome: Outcome) -> str:
    lines = []
    for name, text in outcome.failures:
        lines += [f"--- FAILED {stage}: {name}", text, ""]
    lines += [f"    skipped: {name}: {reason}" for name, reason in outcome.skips]
    lines.append(
        f"{stage:<13} {outcome.passed:>5} passed {len(outcome.failures):>3} failed "
        f"{len(outcome.skips):>3} skipped  {seconds:>6} s"
    )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--seconds", required=True)
    parser.add_argument("--log", required=True, type=Path)
    parser.add_argument("--counts", required=True, type=Path)
    parser.add_argument("--failed", required=True, type=Path)
    parser.add_argument("--broken", action="append", default=[], help="why nothing could run")
    parser.add_argument("parts", nargs="*", metavar="NAME=HOW-IT-ENDED=JUNIT-FILE")
    options = parser.parse_args()
    outcome = collect(options)
    print(describe(options.stage, options.seconds, outcome), flush=True)
    with options.counts.open("a") as counts:
        counts.write(
            f"{options.stage} {outcome.passed} {len(outcome.failures)} {len(outcome.skips)}\n"
        )
    with options.failed.open("a") as failed:
        failed.writelines(f"{options.stage}: {name}\n" for name, _ in outcome.failures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
