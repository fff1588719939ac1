"""docs/status-protocol.md has a row for each method of the status socket that does something."""

from __future__ import annotations

import re
from pathlib import Path

_ENDPOINT = re.compile(
    r'Endpoint\{\s*"io\.reaperd\.Manager\.(?P<name>\w+)",\s*Right::k(?P<right>\w+),(?P<rest>.*?)\}'
    r"(?=,\n    Endpoint|,\n\};)", re.DOTALL)
_ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<right>read|admin) \| (?P<doc>.*) \|$", re.MULTILINE)


def endpoints(code: str) -> list[tuple[str, str, str]]:
    """Name, right and description of each method, in the order of the table."""
    return [(found["name"], found["right"].lower(), re.findall(r'"([^"]*)"', found["rest"])[-1])
            for found in _ENDPOINT.finditer(code)]


def test_the_page_has_the_rows_of_the_table(root: Path) -> None:
    methods = endpoints((root / "lib/status/endpoints.cpp").read_text())
    assert len(methods) > 20, "endpoints.cpp looks different from what this test reads"
    page = (root / "docs/status-protocol.md").read_text().split("## Methods")[1]
    page = page.split("## Following")[0]
    assert _ROW.findall(page) == [method for method in methods if method[2] != "later"]


def test_endpoints_are_read() -> None:
    code = ('{\n    Endpoint{"io.reaperd.Manager.A",\n Right::kRead, x, {}, "does a"},\n'
            '    Endpoint{"io.reaperd.Manager.B", Right::kAdmin, kB, "later"},\n};')
    assert endpoints(code) == [("A", "read", "does a"), ("B", "admin", "later")]
