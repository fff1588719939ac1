"""docs/death-records.md names each key that lib/status prints, and each word that stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PAGE = "docs/death-records.md"
_KEY = re.compile(r"\b(?:Key|Null|Bool|Number|String\w*|Time)\(\s*\"(?P<name>\w+)\"\s*[,)]")
_LIST_KEY = re.compile(r"\bWriteWords\((?:out\.)?json, \"(?P<name>\w+)\"")
_TABLE = re.compile(r"EnumNames<(?P<enum>\w+), \d+> k\w+\{\{\{(?P<rows>.*?)\}\}\};", re.DOTALL)
_WORD = re.compile(r"\{\w+::k\w+, \"(?P<word>[\w-]+)\"\}")
_CAUSE_ROW = re.compile(r"^\| `(?P<cause>[a-z-]+)` \| .* \| `.*` \|$", re.MULTILINE)


def printed_keys(code: str) -> list[str]:
    return [found["name"] for found in (*_KEY.finditer(code), *_LIST_KEY.finditer(code))]


def record_code(root: Path) -> str:
    """What prints a death record: the rest of the file prints other values."""
    parts = [(root / "lib/status" / name).read_text() for name in ("json_parts.cpp",
                                                                   "status_json.cpp")]
    return "".join(parts).split("std::string HoldInfoJson")[0]


def words_of(header: str) -> dict[str, list[str]]:
    """The words of each table of a header, in order."""
    return {table["enum"]: _WORD.findall(table["rows"]) for table in _TABLE.finditer(header)}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / PAGE).read_text()


@pytest.fixture(scope="module")
def words(root: Path) -> dict[str, list[str]]:
    headers = ("verdict.h", "death_record.h", "records_spec.h")
    text = "".join((root / "lib/model" / name).read_text() for name in headers)
    return words_of(text)


def test_the_page_names_every_key(root: Path, page: str) -> None:
    keys = printed_keys(record_code(root))
    assert len(set(keys)) > 40, "status_json.cpp looks different from what this test reads"
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_the_page_names_every_word(page: str, words: dict[str, list[str]]) -> None:
    assert {"Cause", "Detail", "Role", "FirstSight", "ReleaseReason", "RecordsMode"} <= set(words)
    for enum, of_it in words.items():
        assert of_it, f"no words of {enum} were read"
        assert [word for word in of_it if f"`{word}`" not in page] == [], enum


def test_the_causes_stand_in_the_order_of_their_decision(
    page: str, words: dict[str, list[str]]
) -> None:
    verdicts = page.split("## Verdicts")[1].split("## Detail")[0]
    assert _CAUSE_ROW.findall(verdicts) == words["Cause"]


def test_the_example_has_the_keys_in_order(root: Path, page: str) -> None:
    example = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL).group(1))
    printed = printed_keys(record_code(root))
    assert list(example)[:2] == ["seq", "instance"]
    assert [key for key in example if key not in printed] == []
    only = {"cmdline_truncated", "environ", "environ_truncated"}
    table = page.split("## Keys")[1].split("`end` has")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    documented = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    assert [key for key in documented if key not in only] == list(example)


def test_keys_and_words_are_read() -> None:
    code = 'json.Key("a")\n.Number("b", x).StringOrNull(\n"c", y); out.Time("d", t); Null("e");'
    assert printed_keys(code + 'WriteWords(json, "f", x); Name("g", 1)') == list("abcdef")
    header = 'EnumNames<E, 2> kEs{{{\n    {E::kA, "a-b"},\n    {E::kC, "c"},\n}}};'
    assert words_of(header) == {"E": ["a-b", "c"]}
