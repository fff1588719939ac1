"""The three faces of a run: a table for people, markdown for README, JSON for programs."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from benchlib.budgets import Verdict, best_peer, judge
from benchlib.programs import BARE, OURS
from benchlib.rows import ROWS, Row
from benchlib.stats import Results, Series

BEGIN = "<!-- bench:begin -->"
END = "<!-- bench:end -->"


def machine() -> dict:
    """What the figures were measured on."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "load": [round(x, 2) for x in os.getloadavg()]}


def describe(host: dict) -> str:
    """The machine in one line."""
    loads = " ".join(f"{x:.2f}" for x in host["load"])
    return f"{host['cores']} × {host['cpu']}, Linux {host['kernel']}, load {loads} before"


def number(value: float, digits: int) -> str:
    """Few digits: more than the spread supports would be noise."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"


def cell_text(cell: Series | None, row: Row) -> str:
    """Median and spread, or why there is none."""
    if cell is None or cell.median is None:
        return "cut off" if cell and any("cut off" in n for n in cell.notes) else "–"
    text = number(cell.median, row.digits)
    if len(cell.values) > 1 and cell.spread is not None:
        text += f" ±{cell.spread * 100:.0f}%"
    return text + ("*" if cell.notes else "")


def verdict_text(verdict: Verdict | None, row: Row) -> str:
    """Limit and pass or miss."""
    if verdict is None:
        return ""
    if verdict.passed is None:
        return f"{verdict.words}: not judged ({verdict.reason})"
    word = "pass" if verdict.passed else "MISS"
    if verdict.words.split()[-1] in ("ms", "µs", "MiB", "KiB", "B", "MB") or row.unit == "":
        return f"≤ {verdict.words}: {word}"
    return f"≤ {verdict.words} = {number(verdict.limit, row.digits)}: {word}"


def ratio_text(results: Results, row: Row) -> str:
    """Ours against the best peer of this run."""
    ours, best = results.median(row.id, OURS), best_peer(results, row.id)
    if ours is None or best is None:
        return ""
    return f"{ours / best[0]:.2f}" if best[0] > 0 else ("=" if ours == 0 else "")


def grid(results: Results, programs: list[str]) -> list[list[str]]:
    """Header and rows as text."""
    lines = [["", *programs, "ours / best peer", "budget"]]
    verdicts = judge(results)
    for row in ROWS:
        cells = results.row(row.id)
        if not cells:
            continue
        title = f"{row.title}, {row.unit}" if row.unit else row.title
        lines.append([title, *(cell_text(cells.get(p), row) for p in programs),
                      ratio_text(results, row), verdict_text(verdicts.get(row.id), row)])
    return lines


def columns(results: Results, names: list[str]) -> list[str]:
    """The programs in the order of the table; bare exec only where it was measured."""
    return [n for n in names if n != BARE or any(BARE in results.row(r) for r in results.rows())]


def remarks(results: Results) -> list[str]:
    """One line per remark, programs with the same one together."""
    said: dict[tuple[str, str], list[str]] = {}
    for row in ROWS:
        for program, cell in results.row(row.id).items():
            for note in cell.notes:
                said.setdefault((row.title, note), []).append(program)
    return [f"{title}: {', '.join(programs)}: {note}"
            for (title, note), programs in said.items()]


def table(results: Results, names: list[str]) -> str:
    """Aligned columns for a terminal."""
    lines = grid(results, columns(results, names))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    out = []
    for line in lines:
        cells = [text.ljust(width) if i in (0, len(widths) - 1) else text.rjust(width)
                 for i, (text, width) in enumerate(zip(line, widths))]
        out.append("  ".join(cells).rstrip())
    notes = [f"* {note}" for note in remarks(results)]
    return "\n".join(out + ([""] + notes if notes else []))


def markdown(results: Results, names: list[str], host: dict) -> str:
    """The block for README: the table, the machine, how to repeat it."""
    lines = grid(results, columns(results, names))
    out = ["| " + " | ".join(lines[0]) + " |",
           "|" + "---|" + "--:|" * (len(lines[0]) - 2) + "---|"]
    out += ["| " + " | ".join(line) + " |" for line in lines[1:]]
    out += ["", f"Medians of one interleaved run by `./dev bench`; ± is the farther of p10 and "
                f"p90. Smaller is better. Machine: {describe(host)}."]
    notes = remarks(results)
    if notes:
        out += ["", *(f"- \\* {note}" for note in notes)]
    return "\n".join(out)


def as_json(results: Results, programs: dict[str, str], host: dict) -> dict:
    """Everything, the single values included."""
    verdicts = judge(results)
    return {
        "machine": host,
        "programs": programs,
        "rows": {row.id: {"title": row.title, "unit": row.unit,
                          "cells": {p: c.as_json() for p, c in results.row(row.id).items()}}
                 for row in ROWS if results.row(row.id)},
        "budgets": {row: {"limit": v.limit, "words": v.words, "passed": v.passed,
                          "reason": v.reason} for row, v in verdicts.items()},
    }


def replace_block(text: str, block: str) -> str:
    """`text` with everything between the two markers replaced."""
    start, end = text.find(BEGIN), text.find(END)
    if start < 0 or end < start:
        raise ValueError(f"no lines {BEGIN} and {END} in it")
    return text[:start] + BEGIN + "\n" + block + "\n" + text[end:]
