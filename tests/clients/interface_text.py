"""The methods of an interface, as its file has them."""

from __future__ import annotations

import re

import paths

FILE = paths.ROOT / "lib/status/io.reaperd.Manager.varlink"
_METHOD = re.compile(r"^method (\w+)\(", re.MULTILINE)
_TYPE = re.compile(r"^type (\w+) \(", re.MULTILINE)
_ERROR = re.compile(r"^error (\w+) \(", re.MULTILINE)


def names() -> dict[str, list[str]]:
    text = FILE.read_text(encoding="utf-8")
    return {"methods": _METHOD.findall(text), "types": _TYPE.findall(text),
            "errors": _ERROR.findall(text)}
