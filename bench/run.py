#!/usr/bin/python3
"""Measures reaperd against tini, dumb-init, catatonit and bare exec, in one interleaved run.

    bench/run.py [--quick] [--only ROW…] [--rounds N] [--live N…] [--programs NAME…]
                 [--json FILE] [--markdown] [--update-readme] [--strict] [--high-priority]
    bench/run.py --micro [ARG…]       the inner loops (bench/micro, Google Benchmark)
    bench/run.py --update-limits      new baselines for the regression gate (tests/gate)

Needs root (private pid namespaces). A row that cannot be measured says why."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchlib import gate, report, tools
from benchlib.budgets import judge
from benchlib.container import PRIORITY, Session
from benchlib.measure import MEASURES
from benchlib.plan import Plan, say
from benchlib.programs import BARE, ROOT, copied, find_programs
from benchlib.rows import GROUPS, LIVE_COUNTS, select_groups
from benchlib.stats import Results


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about a minute, smaller crowds")
    parser.add_argument("--only", nargs="+", metavar="ROW",
                        help=f"groups ({', '.join(GROUPS)}) or beginnings of row names")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (3)")
    parser.add_argument("--live", type=int, nargs="+", metavar="N", default=list(LIVE_COUNTS),
                        choices=LIVE_COUNTS, help="live orphans in front (0 1000 5000 20000)")
    parser.add_argument("--programs", nargs="+", metavar="NAME", help="only these programs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", action="store_true", help="print markdown, not a table")
    parser.add_argument("--update-readme", action="store_true",
                        help="put the table between the bench markers of README.md")
    parser.add_argument("--high-priority", action="store_true",
                        help="against other load; starves it: not on a machine that others use")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a budget is missed")
    parser.add_argument("--update-limits", action="store_true",
                        help="measure the gate's figures and write them to bench/limits.json")
    parser.add_argument("--micro", nargs=argparse.REMAINDER, metavar="ARG",
                        help="run the Google Benchmarks of the inner loops instead, with ARGs")
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    try:
        args.groups = select_groups(args.only)
    except ValueError as error:
        parser.error(str(error))
    return args


def main(argv: list[str]) -> int:
    """Runs the measurements and shows them."""
    args = parse(argv)
    if args.micro is not None:
        return subprocess.run([ROOT / "build/release/bin/reaperd_micro", *args.micro],
                              check=False).returncode
    if os.geteuid() != 0:
        say("bench: needs root, for private pid namespaces")
        return 1
    if args.update_limits:
        return update_limits()
    programs, missing = find_programs(args.programs)
    for line in missing:
        say(f"bench: left out: {line}")
    if not programs:
        say("bench: nothing to measure")
        return 1
    # A TERM must end the containers, too: through the context managers, as ^C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    Session.prefix = PRIORITY if args.high_priority else ()
    plan = Plan(programs=[copied(p) for p in programs], tools=tools.build(), rounds=args.rounds,
                quick=args.quick, live=tuple(args.live), results=Results())
    host = report.machine()
    begin = time.monotonic()
    for group in GROUPS:
        if group in args.groups:
            MEASURES[group](plan)
    names = [p.name for p in programs] + [BARE]
    show(plan.results, names, host, args.markdown, time.monotonic() - begin)
    if args.json:
        paths = {p.name: p.path for p in programs}
        args.json.write_text(json.dumps(report.as_json(plan.results, paths, host), indent=1,
                                        ensure_ascii=False) + "\n", encoding="utf-8")
    if args.update_readme:
        readme = ROOT / "README.md"
        block = report.markdown(plan.results, names, host)
        readme.write_text(report.replace_block(readme.read_text(encoding="utf-8"), block),
                          encoding="utf-8")
    missed = [row for row, verdict in judge(plan.results).items() if verdict.passed is False]
    return 1 if missed and args.strict else 0


def update_limits() -> int:
    """Makes today's figures the baselines; what is a budget stays and is only compared."""
    measured = gate.measure_all()
    changes = gate.write_baselines(measured)
    limits = gate.read_limits()
    for name, value in measured.items():
        print(f"{name}: {value:g} (at most {limits[name].most:g})")
    print("\n".join(["", "changed:", *changes] if changes else ["", "no baseline changed"]))
    return 0


def show(results: Results, names: list[str], host: dict, as_markdown: bool,
         seconds: float) -> None:
    """Prints the table, the machine and the count of budgets."""
    if as_markdown:
        print(report.markdown(results, names, host))
        return
    print(report.table(results, names))
    verdicts = judge(results).values()
    kept = sum(1 for v in verdicts if v.passed)
    missed = sum(1 for v in verdicts if v.passed is False)
    print(f"\n{report.describe(host)}\n{seconds:.0f} s; budgets: {kept} kept, {missed} missed, "
          f"{len(verdicts) - kept - missed} not judged")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
