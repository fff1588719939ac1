"""docs/hold-rules.md has every key of the table in lib/config/config_keys.cpp, and no other."""

from __future__ import annotations

import re
from pathlib import Path

_KEY_ROW = re.compile(r'^\s*\{"(?P<path>[\w.\[\]]+)",\s*Form::(?P<form>k\w+),', re.MULTILINE)
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_KEY_CELL = re.compile(r"^`(?P<path>(?:hold|foreign_zombies)[\w.\[\]]*)`$")
_SEVERAL = "kValues"


def key_rows(text: str) -> dict[str, bool]:
    """Path of each key, and whether it takes several values."""
    return {row["path"]: row["form"] == _SEVERAL for row in _KEY_ROW.finditer(text)}


def documented_rows(text: str) -> dict[str, bool]:
    """The same of tables with the columns key, value, several, meaning."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in _CELL_BORDER.split(line)]
        if len(cells) == 6 and (key := _KEY_CELL.match(cells[1])):
            rows[key["path"]] = cells[3] == "yes"
    return rows


def test_the_page_of_hold_rules_has_each_key_and_whether_it_takes_several(root: Path) -> None:
    keys = key_rows((root / "lib/config/config_keys.cpp").read_text())
    assert len(keys) > 30, "the table of keys looks different from what this test reads"
    assert documented_rows((root / "docs/hold-rules.md").read_text()) == keys


def test_the_page_of_hold_rules_has_every_word(root: Path) -> None:
    """Causes, roles and actions, from the tables of the model."""
    page = (root / "docs/hold-rules.md").read_text()
    words: list[str] = []
    for header, table in (
        ("verdict", "kCauses"), ("death_record", "kRoles"), ("foreign_zombie", "kForeignActions"),
    ):
        text = (root / f"lib/model/{header}.h").read_text()
        body = text[text.index(f" {table}{{"):].split("}}};")[0]
        words += re.findall(r'"([a-z-]+)"', body)
    assert len(words) == 23, "a table of words looks different from what this test reads"
    assert [word for word in words if f"`{word}`" not in page] == []


def test_rows_of_both_tables_are_read() -> None:
    code = '    {"hold.rules[].for",\n     Form::kValue, x},\n    {"hold.a", Form::kValues, y'
    page = "| `hold.rules[].for` | x | | a \\| b |\n| `hold.a` | x | yes | y |\n| `other` | | | |\n"
    expected = {"hold.rules[].for": False, "hold.a": True}
    assert key_rows(code) == expected == documented_rows(page)
