"""The text files of the project: what a clone holds, without what builds and tools leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".cache", "data", "corpus"}
CODE_SUFFIXES = {".cpp", ".h", ".py", ".sh"}


@dataclass(frozen=True)
class TextFile:
    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def is_code(self) -> bool:
        return Path(self.path).suffix in CODE_SUFFIXES or self.text.startswith("#!")


def text_files(root: Path) -> Iterator[TextFile]:
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS & set(relative.parts) or not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            yield TextFile(relative.as_posix(), content.decode("utf-8", errors="replace"))
