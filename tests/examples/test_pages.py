"""docs/zombies.md and its Chinese twin name every program, and show what it really prints.

A page shows a program's output in a fenced block below `<!-- output: NAME -->`.
"""

from __future__ import annotations

import re

import pytest

import paths
import programs
from launch import SUBREAPER, Launcher
from programs import EXAMPLES, Example

PAGES = ("zombies.md", "zombies.zh.md")
_SHOWN = re.compile(
    r"^<!-- output: (?P<name>[\w-]+) -->\n```text\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def page_text(page: str) -> str:
    return (paths.ROOT / "docs" / page).read_text(encoding="utf-8")


def outputs_in(text: str) -> list[tuple[str, str]]:
    return [(found["name"], found["text"]) for found in _SHOWN.finditer(text)]


def test_every_program_is_run_by_a_test() -> None:
    sources = {f"examples/{path.name}" for path in (paths.ROOT / "docs/examples").glob("*.cpp")}
    assert {example.source for example in EXAMPLES} == sources, "edit tests/examples/programs.py"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_every_program_and_shows_its_output_once_in_order(page: str) -> None:
    text = page_text(page)
    assert [one.name for one in EXAMPLES if f"]({one.source})" not in text] == []
    assert [name for name, _ in outputs_in(text)] == [example.name for example in EXAMPLES]


def test_both_pages_have_the_same_parts() -> None:
    """Headings in depth, links to facts, options, outputs: a change of one needs the other."""
    english, chinese = (page_text(page) for page in PAGES)
    for pattern in (r"^#+(?= )", r"\(kernel-facts\.md#[\w-]+\)", r"`--[a-z-]+"):
        expression = re.compile(pattern, re.MULTILINE)
        assert expression.findall(english) == expression.findall(chinese), pattern
    assert outputs_in(english) == outputs_in(chinese)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_output_in_the_pages_is_that_of_a_run(launch: Launcher, example: Example) -> None:
    ended = programs.run(launch, SUBREAPER, example.name, few_pids=example.few_pids)
    for page in PAGES:
        shown = dict(outputs_in(page_text(page))).get(example.name, "")
        assert programs.masked(shown) == programs.masked(ended.out), page


def test_outputs_are_found_in_a_page() -> None:
    page = "a\n<!-- output: b-c -->\n```text\n  x: 3 signals\n```\n\n```text\nno\n```\n"
    [(name, text)] = outputs_in(page)
    assert (name, programs.masked(text)) == ("b-c", ["  x: N signals"])
